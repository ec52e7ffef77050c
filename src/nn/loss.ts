/** Losses with both reductions named; targets are class indices (i32) or tensors of the output's shape. */

import type { Tensor } from '../engine/index.ts';
import {
  cast,
  DataError,
  div,
  isInteger,
  maximum,
  mul,
  oneHot,
  ones,
  range,
  reshape,
  ShapeError,
  sameShape,
  showShape,
  sum,
  Tracer,
} from '../engine/index.ts';

export interface Batch {
  /** Inputs, (batch, ...sample). */
  readonly x: Tensor;
  /** Targets: (batch) class indices in i32, or (batch, ...output) values. */
  readonly y: Tensor;
  /** 1 for samples that count, 0 for padding: (batch). */
  readonly mask?: Tensor;
}

export interface Loss {
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  /** One number: the reduction over the batch that the loss is named for. */
  value(output: Tensor, batch: Batch): Tensor;
  /** The loss of every sample, (batch). */
  perSample(output: Tensor, batch: Batch): Tensor;
  /** ∂value/∂output, the shape of the output: what feedback rules send. */
  error(output: Tensor, batch: Batch): Tensor;
}

/** Over the samples of a batch; padding counts in neither. */
export type BatchReduction = 'mean' | 'sum';

export interface LossSpec {
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>> & { readonly batch: BatchReduction };
  readonly perSample: (output: Tensor, batch: Batch) => Tensor;
  /** ∂perSample[i]/∂output[i], in closed form. */
  readonly slope: (output: Tensor, batch: Batch) => Tensor;
}

/** A loss from what it is for one sample. */
export function defineLoss({ name, config, perSample, slope }: LossSpec): Loss {
  return {
    name,
    config,
    perSample,
    value: (output, batch) => sum(mul(perSample(output, batch), sampleWeights(output, batch, config.batch))),
    error(output, batch) {
      const weights = sampleWeights(output, batch, config.batch);
      return mul(slope(output, batch), reshape(weights, [output.shape[0]!, ...range(output.rank - 1).map(() => 1)]));
    },
  };
}

/** What each sample counts, (batch): 1, or its share of the samples that are not padding. */
export function sampleWeights(output: Tensor, { mask }: Batch, reduction: BatchReduction): Tensor {
  const count = output.shape[0]!;
  if (mask === undefined) return mul(ones([count], output.dtype), reduction === 'mean' ? 1 / count : 1);
  if (mask.rank !== 1 || mask.shape[0] !== count)
    throw new ShapeError(`loss: the mask ${showShape(mask.shape)} does not belong to ${count} samples`, {
      mask: mask.shape,
      output: output.shape,
      help: 'one number per sample: 1 counts, 0 is padding',
    });
  const own = cast(mask, output.dtype);
  return reduction === 'sum' ? own : div(own, maximum(sum(own), 1e-30)); // a batch of nothing but padding weighs 0
}

/** Targets in the output's shape and dtype; class indices become one-hot rows over the last axis, unless that has one element only. */
export function targetsLike(output: Tensor, { y }: Batch): Tensor {
  const wanted = output.shape;
  const isColumn = wanted.at(-1) === 1 && sameShape(y.shape, wanted.slice(0, -1));
  if (isInteger(y.dtype) && !isColumn && sameShape(y.shape, wanted.slice(0, -1)))
    return oneHot(y, wanted.at(-1)!, output.dtype);
  if (!isColumn && !sameShape(y.shape, wanted)) throw targetError(output, y);
  return cast(reshape(y, wanted), output.dtype);
}

/** The typed refusal of targets that do not fit an output. */
export const targetError = (output: Tensor, y: Tensor): ShapeError =>
  new ShapeError(
    `loss: targets ${y.dtype}${showShape(y.shape)} do not fit an output of shape ${showShape(output.shape)}`,
    {
      output: output.shape,
      targets: y.shape,
      help: `pass class indices in i32 of shape ${showShape(output.shape.slice(0, -1))}, or values of shape ${showShape(output.shape)}`,
    },
  );

/** Sum or mean over all axes but the first: (batch, …) → (batch). */
export function overFeatures(x: Tensor, reduction: 'mean' | 'sum'): Tensor {
  if (x.rank === 1) return x;
  const total = sum(x, range(x.rank - 1, 1));
  return reduction === 'sum' ? total : mul(total, 1 / featureCount(x));
}

/** Elements per sample. */
export const featureCount = (x: Tensor): number => Math.max(1, x.size / Math.max(1, x.shape[0]!));

/** Refuses class indices outside [0, classes) where their values are known; call it where batches are made, as losses do not look. */
export function checkLabels(y: Tensor, classes: number): void {
  if (y instanceof Tracer || !isInteger(y.dtype)) return;
  y.readSync().forEach((label, i) => {
    if (label < 0 || label >= classes)
      throw new DataError(`label ${label} of sample ${i} is not one of ${classes} classes`, {
        label,
        index: i,
        classes,
        help: `labels run from 0 to ${classes - 1}`,
      });
  });
}
