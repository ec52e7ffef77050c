/** Metrics: numbers to report, not to differentiate. */

import type { Tensor } from '../engine/index.ts';
import { argmax, cast, eq, isInteger, mul, sameShape, sum } from '../engine/index.ts';
import type { Batch } from './loss.ts';
import { overFeatures, sampleWeights, targetError } from './loss.ts';

export type Metric = (output: Tensor, batch: Batch) => Tensor;

/** The share of samples (and positions) whose largest output is the labelled class; targets are class indices, or values whose largest one names the class. */
export const accuracy: Metric = (output, batch) => {
  const isIndex = isInteger(batch.y.dtype) && sameShape(batch.y.shape, output.shape.slice(0, -1));
  if (!isIndex && !sameShape(batch.y.shape, output.shape)) throw targetError(output, batch.y);
  const label = isIndex ? cast(batch.y, 'i32') : argmax(batch.y, -1);
  const hits = cast(eq(argmax(output, -1), label), output.dtype); // (B, …positions)
  return sum(mul(overFeatures(hits, 'mean'), sampleWeights(output, batch, 'mean')));
};
