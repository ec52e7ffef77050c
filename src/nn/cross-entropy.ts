/** Cross-entropy on logits. */

import type { Tensor } from '../engine/index.ts';
import {
  add,
  ConfigError,
  expandDims,
  isInteger,
  logistic,
  logSoftmax,
  mean,
  mul,
  neg,
  oneHot,
  sameShape,
  softmax,
  softplus,
  squeeze,
  sub,
  sum,
  takeAlong,
} from '../engine/index.ts';
import type { Batch, BatchReduction, Loss } from './loss.ts';
import { defineLoss, featureCount, overFeatures, targetError, targetsLike } from './loss.ts';

export interface CrossEntropyOptions {
  readonly batch?: BatchReduction;
  /** Over positions, where an output is (batch, …positions, classes). */
  readonly features?: 'mean' | 'sum';
  /** Share of the target that is spread evenly over all classes. */
  readonly smoothing?: number;
}

/** −Σ t·log softmax(z) over the last axis; targets are class indices (i32, without the last axis) or probabilities. Indices must lie in range: see `checkLabels`. */
export function crossEntropy({ batch = 'mean', features = 'mean', smoothing = 0 }: CrossEntropyOptions = {}): Loss {
  if (!(smoothing >= 0 && smoothing < 1))
    throw new ConfigError(`crossEntropy: smoothing is ${smoothing}; it must be in [0, 1)`, { smoothing });
  return defineLoss({
    name: 'crossEntropy',
    config: { batch, features, smoothing },
    perSample(z, { y }) {
      const logp = logSoftmax(z, -1);
      const hard = isIndex(z, y)
        ? neg(squeeze(takeAlong(logp, expandDims(y, -1), -1), -1))
        : neg(sum(mul(probabilities(z, y), logp), -1));
      const spread = smoothing === 0 ? hard : add(mul(hard, 1 - smoothing), mul(mean(logp, -1), -smoothing));
      return overFeatures(spread, features); // (B, …positions) → (B)
    },
    slope(z, { y }) {
      const t = isIndex(z, y) ? oneHot(y, z.shape.at(-1)!, z.dtype) : probabilities(z, y);
      const smooth = smoothing === 0 ? t : add(mul(t, 1 - smoothing), smoothing / z.shape.at(-1)!);
      const mass = sum(smooth, -1, { keepDims: true }); // 1 unless the targets are no probabilities
      const slope = sub(mul(softmax(z, -1), mass), smooth);
      return features === 'sum' ? slope : mul(slope, z.shape.at(-1)! / featureCount(z));
    },
  });
}

const isIndex = (z: Tensor, y: Tensor): boolean => isInteger(y.dtype) && sameShape(y.shape, z.shape.slice(0, -1));

function probabilities(z: Tensor, y: Tensor): Tensor {
  if (isInteger(y.dtype) || !sameShape(z.shape, y.shape)) throw targetError(z, y);
  return y;
}

export interface BinaryCrossEntropyOptions {
  readonly batch?: BatchReduction;
  readonly features?: 'mean' | 'sum';
}

/** softplus(z) − t·z for each logit z: the negative log-likelihood of targets t in [0, 1]; class indices become one-hot rows. */
export function binaryCrossEntropy({ batch = 'mean', features = 'mean' }: BinaryCrossEntropyOptions = {}): Loss {
  return defineLoss({
    name: 'binaryCrossEntropy',
    config: { batch, features },
    perSample: (z, targets: Batch) => overFeatures(sub(softplus(z), mul(targetsLike(z, targets), z)), features),
    slope: (z, targets) => mul(sub(logistic(z), targetsLike(z, targets)), features === 'sum' ? 1 : 1 / featureCount(z)),
  });
}
