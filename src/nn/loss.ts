/** Losses with both reductions named; targets are class indices (i32) or tensors of the output's shape. */
import type { Tensor } from '../engine/index.ts';

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
  /** One number: the reduction over the batch that the loss is named for. */
  value(output: Tensor, batch: Batch): Tensor;
  /** The loss of every sample, (batch). */
  perSample(output: Tensor, batch: Batch): Tensor;
  /** ∂value/∂output, the shape of the output: what feedback rules send. */
  error(output: Tensor, batch: Batch): Tensor;
}
