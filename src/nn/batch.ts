/** Batches of numbers, as loaders give them, as batches of tensors. */
import { type Dtype, fromArray } from '../engine/index.ts';
import type { Batch } from './loss.ts';

/** A batch of plain numbers with its shapes; the mask is 0 for padding. */
export interface HostBatch {
  readonly x: Int32Array | Float32Array | Float64Array;
  readonly xShape: readonly number[];
  readonly y: Int32Array | Float32Array | Float64Array;
  readonly yShape: readonly number[];
  readonly mask: Float32Array | Float64Array;
}

/** A host batch as tensors; labels and ids become i32. */
export function toTensors({ x, xShape, y, yShape, mask }: HostBatch, withMask = false): Batch {
  const batch = { x: fromArray(x, xShape, dtypeOf(x)), y: fromArray(y, yShape, dtypeOf(y)) };
  return withMask ? { ...batch, mask: fromArray(mask, [mask.length], dtypeOf(mask)) } : batch;
}

const dtypeOf = (values: HostBatch['x']): Dtype =>
  values instanceof Int32Array ? 'i32' : values instanceof Float64Array ? 'f64' : 'f32';
