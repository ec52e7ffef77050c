/** Losses of the distance between output and target: squared error, Huber, hinge. */

import type { Tensor } from '../engine/index.ts';
import { abs, ConfigError, cast, clamp, gt, le, maximum, mul, neg, square, sub, where } from '../engine/index.ts';
import type { Batch, BatchReduction, Loss } from './loss.ts';
import { defineLoss, featureCount, overFeatures, targetsLike } from './loss.ts';

export interface MseOptions {
  /** Over the elements of a sample; `half-sum` is ½·Σ, whose slope is output − target. */
  readonly features?: 'mean' | 'sum' | 'half-sum';
  readonly batch?: BatchReduction;
}

/** The squared error; class indices become one-hot rows. */
export function mse({ features = 'mean', batch = 'mean' }: MseOptions = {}): Loss {
  const half = features === 'half-sum' ? 0.5 : 1;
  return defineLoss({
    name: 'mse',
    config: { features, batch },
    perSample: (y, targets) =>
      mul(overFeatures(square(sub(y, targetsLike(y, targets))), features === 'mean' ? 'mean' : 'sum'), half),
    slope: (y, targets) => mul(sub(y, targetsLike(y, targets)), features === 'mean' ? 2 / featureCount(y) : 2 * half),
  });
}

export interface HuberOptions {
  /** Where the parabola becomes a line. */
  readonly delta?: number;
  readonly features?: 'mean' | 'sum';
  readonly batch?: BatchReduction;
}

/** ½d² up to |d| = delta, delta·(|d| − ½·delta) beyond. */
export function huber({ delta = 1, features = 'mean', batch = 'mean' }: HuberOptions = {}): Loss {
  if (!(delta > 0)) throw new ConfigError(`huber: delta is ${delta}; it must be above 0`, { delta });
  return defineLoss({
    name: 'huber',
    config: { delta, features, batch },
    perSample(y, targets) {
      const d = sub(y, targetsLike(y, targets));
      const line = mul(sub(abs(d), delta / 2), delta);
      return overFeatures(where(le(abs(d), delta), mul(square(d), 0.5), line), features);
    },
    slope: (y, targets) =>
      mul(clamp(sub(y, targetsLike(y, targets)), -delta, delta), features === 'sum' ? 1 : 1 / featureCount(y)),
  });
}

export interface HingeOptions {
  readonly margin?: number;
  readonly features?: 'mean' | 'sum';
  readonly batch?: BatchReduction;
}

/** max(0, margin − t·y) for each output; targets in {0, 1} and class indices count as t = ±1, one class against the rest. */
export function hinge({ margin = 1, features = 'mean', batch = 'mean' }: HingeOptions = {}): Loss {
  return defineLoss({
    name: 'hinge',
    config: { margin, features, batch },
    perSample: (y, targets) => overFeatures(maximum(sub(margin, mul(signs(y, targets), y)), 0), features),
    slope(y, targets) {
      const t = signs(y, targets);
      return mul(where(gt(sub(margin, mul(t, y)), 0), neg(t), 0), features === 'sum' ? 1 : 1 / featureCount(y));
    },
  });
}

const signs = (y: Tensor, batch: Batch): Tensor => sub(mul(cast(gt(targetsLike(y, batch), 0), y.dtype), 2), 1);
