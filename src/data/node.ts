/** Node's own modules, asked for when needed and never imported, so that browser bundles stay free of them. */
import { UnsupportedError } from '../engine/errors.ts';

type Builtin = {
  readonly 'node:crypto': typeof import('node:crypto');
  readonly 'node:fs/promises': typeof import('node:fs/promises');
  readonly 'node:os': typeof import('node:os');
  readonly 'node:path': typeof import('node:path');
};

export const isNode = (): boolean => typeof globalThis.process?.getBuiltinModule === 'function';

export const environment = (name: string): string | undefined => globalThis.process?.env?.[name];

/** Gives a module of Node, or refuses where there is none. */
export function nodeModule<Name extends keyof Builtin>(name: Name): Builtin[Name] {
  if (isNode()) return globalThis.process.getBuiltinModule(name) as Builtin[Name];
  throw new UnsupportedError(`${name} does not exist here: this is not Node`, {
    module: name,
    help: "in a browser give a source: urlSource('/data')",
  });
}
