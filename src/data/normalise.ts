/** Normalisation as a value: fitted on the training part, applied to any other, saved as plain data. */
import { ConfigError, ShapeError } from '../engine/errors.ts';
import type { Features, Part } from './part.ts';

export type NormaliseBy = 'feature' | 'channel' | 'scalar';

/** y = (x / unit − mean) / std, with one mean and std for each group of features. */
export interface Normaliser {
  readonly by: NormaliseBy;
  readonly featureShape: readonly number[];
  readonly mean: readonly number[];
  /** Population standard deviation (divided by n); 1 where a group is constant. */
  readonly std: readonly number[];
}

/** Measures means and population standard deviations over the rows of a part; channels are the first feature axis. Ids get mean 0 and deviation 1. */
export function fitNormaliser(part: Part, by: NormaliseBy = 'feature'): Normaliser {
  const featureShape = part.shape.slice(1);
  const { groups, run } = layoutOf(by, featureShape);
  const count = part.x.length / groups;
  if (part.n === 0) throw new ConfigError('a normaliser cannot be fitted on a part without rows', { n: 0 });
  if (part.x instanceof Int32Array) return { by, featureShape, ...identity(groups) };
  const mean = meanOf(part.x, groups, run, count, (v) => v).map((m) => m / part.unit);
  const spread = meanOf(part.x, groups, run, count, (v, g) => {
    const d = v / part.unit - mean[g]!;
    return d * d;
  });
  // A group whose spread is only rounding of its mean counts as constant.
  const std = spread.map(Math.sqrt).map((s, g) => (s > 1e-11 * Math.abs(mean[g]!) ? s : 1));
  return { by, featureShape, mean, std };
}

/** Normalises every value of a part; the result has unit 1. Ids stay as they are. */
export function normalise(part: Part, normaliser: Normaliser): Part {
  if (part.x instanceof Int32Array) return part;
  const x = new Float64Array(part.x.length);
  normalisedWriter(part, normaliser)(x, 0, part.x);
  return { ...part, x, unit: 1 };
}

/** Writes whole rows of a part, divided by its unit and normalised, into `out` from `at`. */
export type RowWriter = (out: Int32Array | Float32Array | Float64Array, at: number, x: Features) => void;

/** Makes the writer of a part's rows; bytes with few groups go through a table of all 256 values. */
export function normalisedWriter(part: Part, normaliser: Normaliser | undefined): RowWriter {
  const { unit } = part;
  if (normaliser !== undefined) requireFeatures(part, normaliser);
  if (part.x instanceof Int32Array) return (out, at, x) => out.set(x, at);
  const { mean, std } = normaliser ?? identity(1);
  const { groups, run } = layoutOf(normaliser?.by ?? 'scalar', part.shape.slice(1));
  if (part.x instanceof Uint8Array && run > 1) {
    const value = (i: number): number => ((i & 255) / unit - mean[i >> 8]!) / std[i >> 8]!;
    return tableWriter(
      Float64Array.from({ length: 256 * groups }, (_, i) => value(i)),
      groups,
      run,
    );
  }
  return (out, at, x) => {
    for (let i = 0, g = 0; i < x.length; g = g + 1 === groups ? 0 : g + 1) {
      const [m, s] = [mean[g]!, std[g]!];
      for (const end = i + run; i < end; i++) out[at + i] = (x[i]! / unit - m) / s;
    }
  };
}

const identity = (groups: number): Pick<Normaliser, 'mean' | 'std'> => ({
  mean: new Array<number>(groups).fill(0),
  std: new Array<number>(groups).fill(1),
});

function tableWriter(table: Float64Array, groups: number, run: number): RowWriter {
  return (out, at, x) => {
    for (let i = 0, g = 0; i < x.length; g = g + 1 === groups ? 0 : g + 1) {
      for (const end = i + run; i < end; i++) out[at + i] = table[256 * g + x[i]!]!;
    }
  };
}

/** Refuses a part whose rows are not what the normaliser was fitted on. */
function requireFeatures(part: Part, { featureShape }: Normaliser): void {
  const found = part.shape.slice(1);
  if (found.length === featureShape.length && found.every((size, i) => size === featureShape[i])) return;
  throw new ShapeError(`the normaliser was fitted on rows of [${featureShape}], these rows are [${found}]`, {
    expected: featureShape,
    found,
    help: 'fit a normaliser on the training part of this data set',
  });
}

/** Values come in runs of one group; the groups follow one another cyclically. */
function layoutOf(by: NormaliseBy, featureShape: readonly number[]): { groups: number; run: number } {
  const size = featureShape.reduce((a, b) => a * b, 1);
  if (by === 'scalar') return { groups: 1, run: size };
  if (by === 'feature') return { groups: size, run: 1 };
  if (by === 'channel' && featureShape.length > 1) return { groups: featureShape[0]!, run: size / featureShape[0]! };
  throw new ConfigError(`cannot normalise rows of [${featureShape}] by "${by}"`, {
    by,
    featureShape,
    help: 'use feature, scalar, or channel where rows have the shape [channels, …]',
  });
}

function meanOf(
  x: Features,
  groups: number,
  run: number,
  count: number,
  value: (v: number, group: number) => number,
): number[] {
  const sums = new Array<number>(groups).fill(0);
  for (let i = 0, g = 0; i < x.length; g = g + 1 === groups ? 0 : g + 1) {
    let sum = 0;
    for (const end = i + run; i < end; i++) sum += value(x[i]!, g);
    sums[g]! += sum;
  }
  return sums.map((sum) => sum / count);
}
