/** What a verb is: a name, options as data with a zod type each, examples, and what it does. */

import type { z } from 'zod';
import { ConfigError } from '../engine/errors.ts';
import { nearest } from '../methods/registry/near.ts';
import { choice, flag, text, threadCount, whole } from './fields.ts';
import type { Terminal, Ui } from './ui/index.ts';

export interface Option<T = unknown> {
  /** As on the command line: `--train-rows <n>`. */
  readonly flags: string;
  /** One line for --help, the default in it. */
  readonly about: string;
  readonly type: z.ZodType<T>;
  /** Taken when neither the command line nor a config file says anything; absent where nothing stands for nothing. */
  readonly standard?: T;
  /** May be given more than once; the type sees a list. */
  readonly isMany?: boolean;
}

export type Options = Readonly<Record<string, Option>>;

type ValueOf<O> = O extends { readonly type: z.ZodType<infer T> }
  ? O extends { readonly standard: unknown }
    ? T
    : T | undefined
  : never;

/** The values of a verb's options by key. */
export type Values<O extends Options> = { readonly [K in keyof O]: ValueOf<O[K]> };

/** The streams and the environment that a verb may use. */
export interface Io {
  readonly stdout: Terminal;
  readonly stderr: Terminal;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folder that relative paths start from. */
  readonly cwd: string;
}

export interface Call<O extends Options> {
  readonly values: Values<O & typeof commonOptions>;
  readonly args: readonly string[];
  /** Keys that the command line or a config file gave. */
  readonly given: ReadonlySet<string>;
  readonly ui: Ui;
  readonly io: Io;
  /** Runs something that answers Ctrl-C by itself: the first one aborts the signal, the second ends the process. */
  interruptible<R>(work: (signal: AbortSignal) => Promise<R>): Promise<R>;
}

export interface Verb<O extends Options = Options> {
  readonly name: string;
  readonly summary: string;
  /** Positional arguments as commander writes them: `<name>`, `[file]`. */
  readonly args?: readonly { readonly name: string; readonly about: string }[];
  readonly options: O;
  /** Command and what it does. */
  readonly examples: readonly (readonly [command: string, what: string])[];
  /** Returns the exit code. */
  run(call: Call<O>): Promise<number>;
}

/** Types a verb. */
export const defineVerb = <const O extends Options>(verb: Verb<O>): Verb => verb as unknown as Verb;

/** An option whose value may be absent. */
export const option = <T>(flags: string, about: string, type: z.ZodType<T>): Option<T> => ({ flags, about, type });

/** An option with a value of its own when nothing is said. */
export const preset = <T>(
  flags: string,
  about: string,
  type: z.ZodType<T>,
  standard: NoInfer<T>,
): Option<T> & { readonly standard: T } => ({ flags, about, type, standard });

/** What every verb takes. */
export const commonOptions = {
  json: preset('--json', 'write JSON Lines to stdout; everything for people goes to stderr', flag(), false),
  seed: preset('--seed <n>', 'seed of everything random (default 1)', whole(), 1),
  out: option('--out <path>', 'file or folder to write to', text()),
  config: option('--config <file>', 'JSON file with options; the command line wins over it', text()),
} as const;

/** Options of the engine, for the verbs that compute. */
export const engineOptions = {
  backend: option('--backend <name>', 'wasm or js (default wasm)', choice('wasm', 'js')),
  dtype: option('--dtype <name>', 'f32 or f64 (default f32)', choice('f32', 'f64')),
  profile: option(
    '--profile <name>',
    'rounding on wasm: strict or fma (default: what the machine offers)',
    choice('strict', 'fma'),
  ),
  threads: option(
    '--threads <n>',
    'threads of each run, or auto for one per core; the results are the same (default 1)',
    threadCount(),
  ),
} as const;

/** Reads raw values by the types of the options; refuses with a ConfigError that names the option. */
export function readOptions<O extends Options>(
  options: O,
  raw: Readonly<Record<string, unknown>>,
  where: Where,
): Values<O> {
  const unknown = Object.keys(raw).find((key) => !Object.hasOwn(options, key));
  if (unknown !== undefined) throw unknownKey(unknown, options, where);
  return Object.fromEntries(
    Object.entries(options).map(([key, spec]) => [
      key,
      Object.hasOwn(raw, key) ? readOne(key, spec, raw[key], where) : spec.standard,
    ]),
  ) as Values<O>;
}

/** Where values come from: the command line, or a file. */
export type Where = { readonly file?: string };

function readOne(key: string, spec: Option, value: unknown, { file }: Where): unknown {
  const read = spec.type.safeParse(value);
  if (read.success) return read.data;
  const name = file === undefined ? longFlag(spec) : `${file}: ${key}`;
  throw new ConfigError(`${name}: ${read.error.issues[0]!.message}`, {
    option: key,
    value,
    help: `${longFlag(spec)}: ${spec.about}`,
  });
}

function unknownKey(key: string, options: Options, { file }: Where): ConfigError {
  const known = Object.keys(options);
  const near = nearest(key, known);
  return new ConfigError(`${file ?? 'options'}: unknown key "${key}"`, {
    key,
    help: near.length > 0 ? `did you mean ${near.join(' or ')}?` : `keys are ${known.join(', ')}`,
  });
}

/** `--train-rows` of `--train-rows <n>`. */
export const longFlag = ({ flags }: Pick<Option, 'flags'>): string => /--[\w-]+/.exec(flags)![0];
