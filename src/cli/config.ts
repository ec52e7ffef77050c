/** Config files: JSON with the same keys as the options, which the command line overrides. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ConfigError } from '../engine/errors.ts';
import { type Options, readOptions, type Values } from './verb.ts';

export interface Merged<O extends Options> {
  readonly values: Values<O>;
  /** Keys that were given, here or there. */
  readonly given: ReadonlySet<string>;
}

/** Merges the command line over a config file, if there is one, over the options' own values. */
export async function mergedValues<O extends Options>(
  options: O,
  given: Readonly<Record<string, unknown>>,
  cwd: string,
): Promise<Merged<O>> {
  const { config: file } = given;
  if (typeof file !== 'string') return { values: readOptions(options, given, {}), given: new Set(Object.keys(given)) };
  const raw = await readConfig(resolve(cwd, file), file);
  const fromFile = readOptions(options, raw, { file });
  const fromCommand = readOptions(options, given, {});
  const values = Object.fromEntries(
    Object.keys(options).map((key) => [key, Object.hasOwn(given, key) ? fromCommand[key] : fromFile[key]]),
  ) as Values<O>;
  return { values, given: new Set([...Object.keys(raw), ...Object.keys(given)]) };
}

/** Reads a file of options; `train-rows` and `trainRows` are the same key. */
async function readConfig(path: string, name: string): Promise<Record<string, unknown>> {
  const content = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw new ConfigError(`${name} cannot be read: ${cause.code ?? cause.message}`, {
      file: name,
      help: 'give a JSON file with options',
    });
  });
  const value = parsed(content, name);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new ConfigError(`${name} is not a JSON object`, {
      file: name,
      help: 'write { "rules": ["backprop"], "seeds": 3 }',
    });
  return Object.fromEntries(Object.entries(value).map(([key, v]) => [camelCase(key), v]));
}

function parsed(content: string, name: string): unknown {
  try {
    return JSON.parse(content);
  } catch (error) {
    throw new ConfigError(`${name} is not JSON: ${(error as Error).message}`, {
      file: name,
      help: 'check its commas and quotes',
    });
  }
}

const camelCase = (key: string): string => key.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
