/** The kinds of values that options take, as zod types that read both the command line's text and JSON's values. */
import { z } from 'zod';
import type { Dtype } from '../engine/dtype.ts';
import type { Budget } from '../methods/learner.ts';

type Read<T> = (text: unknown) => T | undefined;

/** A type that refuses with `… is not <what>`. */
const field = <T>(what: string, read: Read<T>): z.ZodType<T> =>
  z.unknown().transform((value, ctx) => {
    const found = read(value);
    if (found !== undefined) return found;
    ctx.issues.push({ code: 'custom', input: value, message: `${show(value)} is not ${what}` });
    return z.NEVER;
  });

const show = (value: unknown): string => JSON.stringify(value) ?? String(value);

/** A number, or the text of one. */
export const numberOf = (value: unknown): number | undefined => {
  const n = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof n === 'number' && !Number.isNaN(n) ? n : undefined;
};

const numberThat =
  (holds: (n: number) => boolean): Read<number> =>
  (value) => {
    const n = numberOf(value);
    return n !== undefined && holds(n) ? n : undefined;
  };

/** A number that is finite. */
export const finite = (): z.ZodType<number> => field('a number', numberThat(Number.isFinite));

export const whole = (least = 0): z.ZodType<number> =>
  field(
    `a whole number of at least ${least}`,
    numberThat((n) => Number.isSafeInteger(n) && n >= least),
  );

/** A whole number of threads, or `auto`. */
export const threadCount = (): z.ZodType<number | 'auto'> =>
  field("a whole number from 1 to 16, or 'auto'", (value) =>
    value === 'auto' ? value : numberThat((n) => Number.isInteger(n) && n >= 1 && n <= 16)(value),
  );

export const above = (bound: number): z.ZodType<number> =>
  field(
    `a number above ${bound}`,
    numberThat((n) => Number.isFinite(n) && n > bound),
  );

export const atLeast = (bound: number): z.ZodType<number> =>
  field(
    `a number of at least ${bound}`,
    numberThat((n) => Number.isFinite(n) && n >= bound),
  );

export const text = (): z.ZodType<string> =>
  field('a text', (value) => (typeof value === 'string' && value !== '' ? value : undefined));

export const flag = (): z.ZodType<boolean> =>
  field('true or false', (value) => (typeof value === 'boolean' ? value : undefined));

export const choice = <const T extends string>(...known: readonly T[]): z.ZodType<T> =>
  field(`one of ${known.join(', ')}`, (value) => known.find((k) => k === value));

const parts = (value: unknown): unknown[] | undefined => {
  if (typeof value === 'string')
    return value
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '');
  return Array.isArray(value) ? value : undefined;
};

/** Names separated by commas, or an array of them. */
export const names = (): z.ZodType<string[]> =>
  field('a list of names', (value) => {
    const found = parts(value);
    return found?.length && found.every((name) => typeof name === 'string') ? (found as string[]) : undefined;
  });

/** How many seeds, or which ones. */
export type Seeds = number | readonly number[];

/** `3` is three seeds, `1,2,5` are these. */
export const seeds = (): z.ZodType<Seeds> =>
  field('a number of seeds (3) or a list of seeds (1,2,5)', (value) => {
    const isList = Array.isArray(value) || (typeof value === 'string' && value.includes(','));
    const found = isList ? parts(value)!.map(numberOf) : [numberOf(value)];
    if (found.length === 0 || !found.every((n) => Number.isSafeInteger(n) && n! >= 0)) return undefined;
    if (isList) return found as number[];
    return found[0]! > 0 ? found[0]! : undefined;
  });

export type Amount = Budget;

const units: readonly (readonly [RegExp, Amount['kind'], number])[] = [
  [/^(epochs?)?$/, 'epochs', 1],
  [/^steps?$/, 'steps', 1],
  [/^samples?$/, 'samples', 1],
  [/^evaluations?$/, 'evaluations', 1],
  [/^flops?$/, 'flops', 1],
  [/^(s|sec|seconds?)$/, 'seconds', 1],
  [/^min(utes?)?$/, 'seconds', 60],
];

/** `5epochs`, `500steps`, `1e5samples`, `1e6evaluations`, `2e12flops`, `30s`. */
export const budget = (): z.ZodType<Amount> =>
  field('a budget such as 5epochs, 2e12flops or 30s', (value) => {
    const [, digits, unit] = /^\s*([\d.]+(?:e[+-]?\d+)?)\s*([a-z]*)\s*$/i.exec(String(value)) ?? [];
    const amount = numberOf(digits);
    const known = units.find(([name]) => unit !== undefined && name.test(unit.toLowerCase()));
    return amount !== undefined && amount > 0 && known ? { kind: known[1], value: amount * known[2] } : undefined;
  });

export type Every = { readonly unit: 'steps' | 'epochs'; readonly value: number };

/** `200steps`, `2epochs`. */
export const every = (): z.ZodType<Every> =>
  field('an interval such as 200steps or 2epochs', (value) => {
    const [, digits, unit] = /^\s*(\d+)\s*(steps?|epochs?)\s*$/i.exec(String(value)) ?? [];
    const amount = numberOf(digits);
    if (amount === undefined || amount < 1) return undefined;
    return { unit: unit!.toLowerCase().startsWith('step') ? 'steps' : 'epochs', value: amount };
  });

/** `0.01`, or `dfa=0.001,backprop=0.01`: rates by name, `default` for the others. */
export const rates = (): z.ZodType<Readonly<Record<string, number>>> =>
  field('a learning rate above 0 (0.01) or one for each rule (dfa=0.001,backprop=0.01)', (value) => {
    const entries = typeof value === 'object' && value !== null ? Object.entries(value) : rateEntries(value);
    const found = entries.map(([name, rate]) => [name, numberOf(rate)] as const);
    const isGood = found.length > 0 && found.every(([name, rate]) => name !== '' && rate !== undefined && rate > 0);
    return isGood ? (Object.fromEntries(found) as Record<string, number>) : undefined;
  });

const rateEntries = (value: unknown): [string, unknown][] =>
  (parts(String(value)) as string[]).map((part) => {
    const at = part.indexOf('=');
    return at < 0 ? ['default', part] : [part.slice(0, at).trim(), part.slice(at + 1)];
  });

/** `a=2,b=-3`: numbers by name. */
export const assignments = (): z.ZodType<Readonly<Record<string, number>>> =>
  field('a list of numbers by name such as a=2,b=-3', (value) => {
    const entries =
      typeof value === 'object' && value !== null
        ? Object.entries(value)
        : (parts(String(value)) as string[]).map(
            (part) => part.split('=', 2).map((piece) => piece.trim()) as [string, unknown],
          );
    const found = entries.map(([name, number]) => [name, numberOf(number)] as const);
    const isGood = found.length > 0 && found.every(([name, n]) => /^[A-Za-z_]\w*$/.test(name) && n !== undefined);
    return isGood ? (Object.fromEntries(found) as Record<string, number>) : undefined;
  });

/** What an input looks like: a shape, and a dtype where it is not the default float. */
export interface InputShape {
  readonly shape: readonly number[];
  readonly dtype?: Dtype;
}

const shapePattern = /^\s*([A-Za-z_]\w*)\s*=\s*([\d\s,]*?)\s*(?::\s*(f32|f64|i32|u32|bool))?\s*$/;

/** `x=2,3` and `n=4:i32`, each its own text; in a config file a list of them. */
export const shapes = (): z.ZodType<Readonly<Record<string, InputShape>>> =>
  field('an input such as x=2,3 or n=4:i32', (value) => {
    const all = Array.isArray(value) ? value : [value];
    const matches = all.map((text) => shapePattern.exec(String(text)));
    if (!matches.every((match) => match !== null)) return undefined;
    return Object.fromEntries(
      matches.map(([, name, extents, dtype]) => [name, inputShape(extents!, dtype as Dtype | undefined)]),
    );
  });

function inputShape(extents: string, dtype: Dtype | undefined): InputShape {
  const shape = extents
    .split(',')
    .filter((n) => n.trim() !== '')
    .map(Number);
  return dtype === undefined ? { shape } : { shape, dtype };
}
