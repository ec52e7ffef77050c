/** Means, variances and norms, composed of sums; where a square root meets 0 the derivative is 0. */
import type { CheckRow } from '../check-row.ts';
import { ConfigError } from '../errors.ts';
import { normalizeAxes, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { div, sub } from './arithmetic.ts';
import { gt } from './compare.ts';
import type { TensorLike } from './constant.ts';
import { max } from './extrema.ts';
import { where } from './logic.ts';
import { abs } from './piecewise.ts';
import { sqrt, square } from './power.ts';
import { asTensor } from './promote.ts';
import type { SumOptions } from './reduce.ts';
import { sum } from './reduce.ts';

type Axes = number | readonly number[];

const countAlong = (name: string, x: Tensor, axes: Axes | undefined): number =>
  sizeOf(normalizeAxes(name, axes, x.rank).map((a) => x.shape[a]!));

/** The mean over the given axes, or over all. */
export function mean(x: TensorLike, axes?: Axes, options: SumOptions = {}): Tensor {
  const t = asTensor(x);
  return div(sum(t, axes, options), countAlong('mean', t, axes));
}

export interface VarianceOptions extends SumOptions {
  /** Subtracted from the count that divides: 0 for a population, 1 for an unbiased estimate from a sample. */
  readonly ddof?: number;
}

/** The mean squared distance from the mean over the given axes, or over all. */
export function variance(x: TensorLike, axes?: Axes, { ddof = 0, ...options }: VarianceOptions = {}): Tensor {
  const t = asTensor(x);
  const distance = sub(t, mean(t, axes, { ...options, keepDims: true }));
  return div(sum(square(distance), axes, options), countAlong('variance', t, axes) - ddof);
}

/** The square root of `variance`. */
export const std = (x: TensorLike, axes?: Axes, options: VarianceOptions = {}): Tensor =>
  rootOf(variance(x, axes, options));

export interface NormOptions extends SumOptions {
  /** 1: sum of magnitudes; 2: Euclidean; Infinity: largest magnitude. */
  readonly order?: 1 | 2 | typeof Number.POSITIVE_INFINITY;
}

/** The norm over the given axes, or over all; Euclidean unless said. */
export function norm(x: TensorLike, axes?: Axes, { order = 2, ...options }: NormOptions = {}): Tensor {
  if (order === 2) return rootOf(sum(square(x), axes, options));
  if (order === 1) return sum(abs(x), axes, options);
  if (order === Number.POSITIVE_INFINITY) return max(abs(x), axes, options);
  throw new ConfigError(`norm: there is no norm of order ${order}`, { order, help: 'orders are 1, 2 and Infinity' });
}

/** √x for x ≥ 0 with derivative 0 at 0: both branches are chosen, so that no infinite slope meets a zero. */
function rootOf(x: Tensor): Tensor {
  const isPositive = gt(x, 0);
  return where(isPositive, sqrt(where(isPositive, x, 1)), x);
}

const block = { shape: [3, 4, 2] } as const;

export const momentChecks: readonly CheckRow[] = [
  { name: 'mean', f: (x) => mean(x!, [0, 2]), args: [block] },
  { name: 'variance', f: (x) => variance(x!, 1, { ddof: 1, keepDims: true }), args: [block] },
  { name: 'std', f: (x) => std(x!, [1, 2]), args: [block] },
  { name: 'norm', f: (x) => norm(x!, 1), args: [block] },
  { name: 'norm.one', f: (x) => norm(x!, 1, { order: 1 }), args: [{ shape: [3, 4, 2], kinks: [0], apart: 1e-3 }] },
  {
    name: 'norm.largest',
    f: (x) => norm(x!, 1, { order: Number.POSITIVE_INFINITY }),
    args: [{ shape: [3, 4, 2], domain: [0.1, 4], apart: 1e-3 }],
  },
];
