/** Search spaces: named hyper-parameters on a logarithmic, linear or discrete scale, and the points that a search tries. */
import { ConfigError } from '../engine/index.ts';
import { pow } from '../engine/portable.ts';
import { foldIn, HostRandom, type KeyWords } from '../engine/threefry.ts';
import { fnv1a } from './checkpoint.ts';

export type HyperValue = number | string | boolean;

/** Hyper-parameters by name. */
export type Hyper = Readonly<Record<string, HyperValue>>;

/** The values that one hyper-parameter may take. */
export type Dimension =
  | {
      readonly scale: 'log' | 'linear';
      readonly low: number;
      readonly high: number;
      /** Rounds to whole numbers. */
      readonly isInteger?: boolean;
    }
  | { readonly scale: 'choice'; readonly values: readonly HyperValue[] };

export type Space = Readonly<Record<string, Dimension>>;

/** From `low` to `high` in equal ratios. */
export const logScale = (low: number, high: number): Dimension => ({ scale: 'log', low, high });
/** From `low` to `high` in equal steps. */
export const linearScale = (low: number, high: number): Dimension => ({ scale: 'linear', low, high });
/** Whole numbers from `low` to `high`. */
export const wholeScale = (low: number, high: number): Dimension => ({ scale: 'linear', low, high, isInteger: true });
/** One of these values. */
export const oneOf = (...values: readonly HyperValue[]): Dimension => ({ scale: 'choice', values });

/** `trials` rates from `low` to `high` in equal ratios; a single one is their geometric mean. */
export const logGrid = (trials: number, low: number, high: number): number[] =>
  levelsOf(logScale(low, high), trials) as number[];

/**
 * Every combination of levels, exactly `trials` of them, the last name in the alphabet moving first.
 * Choices give all their values, the other dimensions share what is left equally; refuses a number of trials that no such grid has.
 */
export function gridPoints(space: Space, trials: number): Hyper[] {
  checkSpace(space, trials);
  const names = Object.keys(space).sort();
  const choices = names.map((name) => space[name]!).filter((d) => d.scale === 'choice');
  const perChoice = choices.reduce((n, d) => n * d.values.length, 1);
  const scaled = names.length - choices.length;
  const count = scaled === 0 ? 1 : Math.round((trials / perChoice) ** (1 / scaled));
  const size = perChoice * count ** scaled;
  if (size !== trials)
    throw noSuchGrid(names, trials, [perChoice * Math.max(1, count) ** scaled, perChoice * (count + 1) ** scaled]);
  return names.reduce<Hyper[]>(
    (points, name) => points.flatMap((p) => levelsOf(space[name]!, count).map((value) => ({ ...p, [name]: value }))),
    [{}],
  );
}

/** Independent draws; point i depends on the key, i and the dimension's name alone, so rules with the same dimension try the same values and a longer search begins with the shorter one. */
export function randomPoints(space: Space, trials: number, key: KeyWords): Hyper[] {
  checkSpace(space, trials);
  return Array.from({ length: trials }, (_, i) =>
    Object.fromEntries(
      Object.keys(space)
        .sort()
        .map((name) => [name, drawn(space[name]!, foldIn(foldIn(key, i), nameWord(name)))]),
    ),
  );
}

/** Refuses a space that has no points, or a number of trials that is none. */
export function checkSpace(space: Space, trials: number): void {
  if (!Number.isInteger(trials) || trials < 1)
    throw new ConfigError(`${trials} trials are no search`, { trials, help: 'use a whole number of 1 or more' });
  for (const [name, d] of Object.entries(space)) {
    const wrong = d.scale === 'choice' ? emptyChoice(d.values) : badRange(d);
    if (wrong !== null)
      throw new ConfigError(`the hyper-parameter ${name} ${wrong}`, {
        name,
        help: "for example { scale: 'log', low: 1e-4, high: 1 }",
      });
  }
}

const emptyChoice = (values: readonly HyperValue[]): string | null =>
  values.length === 0 ? 'has no values to choose from' : null;

function badRange({ scale, low, high, isInteger }: Exclude<Dimension, { readonly scale: 'choice' }>): string | null {
  if (!(Number.isFinite(low) && Number.isFinite(high) && low <= high)) return `cannot go from ${low} to ${high}`;
  if (scale === 'log' && low <= 0) return `is on a logarithmic scale from ${low}, which is not above 0`;
  const isWhole = Number.isInteger(low) && Number.isInteger(high);
  return isInteger === true && !isWhole ? `takes whole numbers, but goes from ${low} to ${high}` : null;
}

/** The value at a share of the way from low to high; rounded to a few digits, the ends exact. */
function valueAt(d: Dimension, share: number, digits: number): HyperValue {
  if (d.scale === 'choice') return d.values[Math.min(d.values.length - 1, Math.floor(share * d.values.length))]!;
  const { scale, low, high } = d;
  if (share === 0 || share === 1) return share === 0 ? low : high;
  const value = scale === 'log' ? low * pow(high / low, share) : low + (high - low) * share;
  return d.isInteger === true ? Math.round(value) : Number(value.toPrecision(digits));
}

function levelsOf(d: Dimension, count: number): HyperValue[] {
  if (d.scale === 'choice') return [...d.values];
  if (count === 1) return [valueAt(d, 0.5, 3)];
  return Array.from({ length: count }, (_, i) => valueAt(d, i / (count - 1), 3));
}

function drawn(d: Dimension, key: KeyWords): HyperValue {
  const random = new HostRandom(key);
  if (d.scale === 'linear' && d.isInteger === true) return d.low + random.integer(d.high - d.low + 1);
  return valueAt(d, random.uniform(), 4);
}

const nameWord = (name: string): number => Number.parseInt(fnv1a(new TextEncoder().encode(name)), 16);

/** Names of the dimensions whose value in `point` is an end of the range: the best value may lie beyond. */
export const edgesOf = (space: Space, point: Hyper): string[] =>
  Object.entries(space).flatMap(([name, d]) =>
    d.scale !== 'choice' && d.low < d.high && (point[name] === d.low || point[name] === d.high) ? [name] : [],
  );

function noSuchGrid(names: readonly string[], trials: number, sizes: readonly number[]): ConfigError {
  const near = [...new Set(sizes)].join(' or ');
  return new ConfigError(`no grid over ${names.join(', ')} has ${trials} points`, {
    trials,
    names,
    help: `use ${near} trials, or search at random`,
  });
}
