/** The command in a checkout: sources run without a build, arguments, exit codes and Ctrl-C pass through. */
import { type SpawnOptions, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { repository } from '../../scripts/entries.ts';
import { findNode, findOnPath } from './tools.ts';

// Types make the file one that Node 20 cannot run itself.
const main = `
const [verb, code]: string[] = process.argv.slice(2);
let interrupts: number = 0;
process.on('SIGINT', () => {
  interrupts += 1;
  if (interrupts === 1) setTimeout(() => { console.log('interrupts ' + interrupts); process.exit(130); }, 800);
});
if (verb === 'exit') { console.log(process.versions.node.split('.')[0] + ' ' + process.argv.length); process.exitCode = Number(code); }
else { console.log('ready'); setTimeout(() => {}, 20_000); }
`;

const node20 = findNode(20);
const python = findOnPath('python3');
const parent = realpathSync(mkdtempSync(join(tmpdir(), 'cotangent-checkout-')));

const checkout = join(parent, 'checkout');
const bare = join(parent, 'bare');
const unbuilt = join(parent, 'node_modules', 'cotangent');

beforeAll(() => {
  for (const root of [checkout, bare, unbuilt]) {
    mkdirSync(join(root, 'src/cli'), { recursive: true });
    cpSync(join(repository, 'bin'), join(root, 'bin'), { recursive: true });
    writeFileSync(
      join(root, 'package.json'),
      '{ "name": "cotangent", "version": "0.0.0", "type": "module", "bin": "bin/cotangent.js" }',
    );
    writeFileSync(join(root, 'src/cli/main.ts'), main);
  }
  symlinkSync(realpathSync(join(repository, 'node_modules')), join(checkout, 'node_modules'), 'junction');
});

afterAll(() => rmSync(parent, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command in its own session, so that no terminal delivers signals beside ours. */
function start(
  command: string,
  args: readonly string[],
  options: SpawnOptions = {},
  onReady?: (pid: number) => void,
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: checkout,
      detached: true,
      timeout: 30_000,
      ...options,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [stdout, stderr] = ['', ''];
    child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      if (stdout === 'ready\n') onReady?.(child.pid!);
    });
    child.stderr!.setEncoding('utf8').on('data', (text) => (stderr += text));
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

const launcher = (root = checkout) => join(root, 'bin/cotangent.js');

describe('the launcher under the Node that runs the tests', () => {
  it('runs the sources in the same process', async () => {
    const { code, stdout } = await start(process.execPath, [launcher(), 'exit', '7']);
    expect([code, stdout]).toEqual([7, `${process.versions.node.split('.')[0]} 4\n`]);
  });

  it('asks for a build where it is installed without one', async () => {
    const { code, stderr } = await start(process.execPath, [launcher(unbuilt)]);
    expect(code).toBe(2);
    expect(stderr).toContain('npm run build');
  });
});

describe.skipIf(!node20)('the launcher under Node 20 (skipped where PATH holds none)', () => {
  it("runs the sources with the checkout's own Node and keeps the exit code", async () => {
    const { code, stdout } = await start(node20!, [launcher(), 'exit', '7']);
    expect([code, stdout]).toEqual([7, '24 4\n']);
  });

  it('asks for npm ci where there is no such Node', async () => {
    const { code, stderr } = await start(node20!, [launcher(bare)]);
    expect(code).toBe(2);
    expect(stderr).toContain('npm ci');
  });

  it.skipIf(process.platform === 'win32').each([
    ['SIGINT', 130, 'ready\ninterrupts 1\n'],
    ['SIGTERM', 143, 'ready\n'],
  ] as const)('passes %s on and answers %i', async (signal, expected, output) => {
    const { code, stdout } = await start(node20!, [launcher()], {}, (pid) => process.kill(pid, signal));
    expect([code, stdout]).toEqual([expected, output]);
  });

  it('is what npx runs in a checkout, without a build', async () => {
    const env = { ...process.env, PATH: [dirname(node20!), process.env.PATH].join(delimiter) };
    const npx = join(dirname(node20!), 'npx');
    const { code, stdout, stderr } = await start(existsSync(npx) ? npx : 'npx', ['--no', 'cotangent', 'exit', '7'], {
      env,
    });
    expect([code, stdout], stderr).toEqual([7, '24 4\n']);
  });

  // A terminal sends Ctrl-C to the launcher and to its child; the child must see one interrupt, not two.
  // The launcher is held back for a moment, since the system merges two signals that arrive together.
  it.skipIf(!python)('delivers Ctrl-C in a terminal once (skipped where PATH holds no Python)', async () => {
    const terminal = `
import os, pty, signal, sys, time
pid, fd = pty.fork()
if pid == 0: os.execv(sys.argv[1], sys.argv[1:])
seen, sent = b'', False
while True:
    try: data = os.read(fd, 1024)
    except OSError: break
    if not data: break
    seen += data
    if b'ready' in seen and not sent:
        os.kill(pid, signal.SIGSTOP)
        sent = os.write(fd, b'\\x03') == 1
        time.sleep(0.2)
        os.kill(pid, signal.SIGCONT)
print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), seen.split()[-1].decode())
`;
    const { stdout, stderr } = await start(python!, ['-c', terminal, node20!, launcher()]);
    expect(stdout, stderr).toBe('130 1\n');
  });
});
