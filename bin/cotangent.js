#!/usr/bin/env node
/** Starts the command line: the built files of an installed package, or the sources of a checkout, which bring their own Node. */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const source = join(root, 'src', 'cli', 'main.ts');
const built = join(root, 'dist', 'cli', 'main.js');
const ownNode = ['node', 'node.exe'].map((name) => join(root, 'node_modules', 'node', 'bin', name)).find(existsSync);

// Node refuses to strip types below node_modules, so an installed package always runs its built files.
const isCheckout = existsSync(source) && !root.split(sep).includes('node_modules');

if (!isCheckout)
  await start(built, 'The package holds no built command line: install it again, or run `npm run build`.');
else if (process.features.typescript) await start(source);
else if (ownNode) relay(spawn(ownNode, [source, ...process.argv.slice(2)], { stdio: 'inherit' }));
else fail('This checkout needs the Node 24 that it brings itself: run `npm ci` first.');

async function start(file, missing) {
  if (existsSync(file)) await import(pathToFileURL(file).href);
  else fail(missing);
}

/** Passes signals down and the exit code up. */
function relay(child) {
  // Ctrl-C in a terminal reaches the whole process group: passing it on would deliver it twice, and twice means "stop at once".
  const sharesTerminal = process.platform === 'win32' || hasTerminal();
  process.on('SIGINT', () => sharesTerminal || child.kill('SIGINT'));
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => fail(error.message));
  child.on('exit', (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : code));
}

function hasTerminal() {
  try {
    closeSync(openSync('/dev/tty', 'r'));
    return true;
  } catch {
    return false;
  }
}

function fail(message) {
  process.stderr.write(`cotangent: ${message}\n`);
  process.exitCode = 2;
}
