/** A file of the user's own, imported so that its `cotangent` is the one that runs it. */

import { readFile } from 'node:fs/promises';
import * as nodeModule from 'node:module';
import { extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ConfigError, CotangentError } from '../engine/errors.ts';

const isSource = import.meta.url.endsWith('.ts');

/** Imports a .ts, .js or .mjs file; returns what it exports. */
export async function importUserFile(file: string, cwd: string): Promise<Readonly<Record<string, unknown>>> {
  const path = resolve(cwd, file);
  await readFile(path).catch((cause: NodeJS.ErrnoException) => {
    throw new ConfigError(`${file} cannot be read: ${cause.code ?? cause.message}`, {
      file,
      help: 'give the path of a .ts or .js file',
    });
  });
  if (!['.ts', '.mts', '.js', '.mjs'].includes(extname(path)))
    throw new ConfigError(`${file} is no module: its name ends in "${extname(path)}"`, {
      file,
      help: 'give a .ts or .js file',
    });
  useOwnPackage();
  try {
    return (await import(pathToFileURL(path).href)) as Record<string, unknown>;
  } catch (error) {
    throw error instanceof CotangentError ? error : unloadable(file, error as Error);
  }
}

const unloadable = (file: string, { name, message, stack }: Error): ConfigError => {
  const place = stack
    ?.split('\n')
    .find((line) => line.includes(file))
    ?.trim();
  return new ConfigError(`${file} cannot be loaded: ${name}: ${message}`, {
    file,
    help: `check it${place === undefined ? '' : `, ${place}`}`,
  });
};

let isHooked = false;

/** Two copies of the package would not know each other's tensors, so `cotangent` always means this one. */
function useOwnPackage(): void {
  if (isHooked || nodeModule.registerHooks === undefined) return;
  isHooked = true;
  nodeModule.registerHooks({
    resolve(specifier, context, next) {
      if (specifier !== 'cotangent' && !specifier.startsWith('cotangent/')) return next(specifier, context);
      return { url: ownEntry(specifier.slice('cotangent/'.length)), shortCircuit: true };
    },
  });
}

/** The file of an entry of this package, beside the folder of this file. */
function ownEntry(subpath: string): string {
  const extension = isSource ? 'ts' : 'js';
  const file =
    subpath === ''
      ? `index.${extension}`
      : subpath.startsWith('methods/')
        ? `${subpath}.${extension}`
        : `${subpath}/index.${extension}`;
  return new URL(`../${file}`, import.meta.url).href;
}
