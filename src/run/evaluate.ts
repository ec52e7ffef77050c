/** Loss and accuracy on a part of a data set, batch by batch with a mask. */

import type { Part } from '../data/index.ts';
import { loader } from '../data/index.ts';
import { argmax, cast, type Dtype, eq, fromArray, jit, mul, sum, type Tensor } from '../engine/index.ts';
import { type Batch, overFeatures } from '../nn/index.ts';
import { breathe } from './breathe.ts';
import type { Task } from './task.ts';

export interface Evaluation {
  readonly loss: number;
  /** A fraction; null for regression. */
  readonly accuracy: number | null;
}

interface HostBatch {
  readonly x: Int32Array | Float32Array | Float64Array;
  readonly xShape: readonly number[];
  readonly y: Int32Array | Float32Array | Float64Array;
  readonly yShape: readonly number[];
  readonly mask: Float32Array | Float64Array;
}

/** A host batch as tensors; labels and ids become i32. */
export function toTensors({ x, xShape, y, yShape, mask }: HostBatch, withMask: boolean): Batch {
  const batch = { x: fromArray(x, xShape, dtypeOf(x)), y: fromArray(y, yShape, dtypeOf(y)) };
  return withMask ? { ...batch, mask: fromArray(mask, [mask.length], dtypeOf(mask)) } : batch;
}

const dtypeOf = (values: HostBatch['x']): Dtype =>
  values instanceof Int32Array ? 'i32' : values instanceof Float64Array ? 'f64' : 'f32';

/** Measures predictions on held-out rows; the compiled pass is kept. */
export class Evaluator<State> {
  readonly #task: Task;
  readonly #batch: number;
  readonly #pass: (state: State, batch: Batch) => { loss: Tensor; hits: Tensor };

  constructor(predict: (state: State, x: Tensor) => Tensor, task: Task, batch = 200) {
    this.#task = task;
    this.#batch = batch;
    this.#pass = jit((state: State, b: Batch) => {
      const output = predict(state, b.x);
      const { mask, ...unmasked } = b;
      const loss = sum(mul(task.loss.perSample(output, unmasked), mask!));
      const hits = task.isClassification
        ? sum(mul(overFeatures(cast(eq(argmax(output, -1), b.y), output.dtype), 'mean'), mask!))
        : loss;
      return { loss, hits };
    });
  }

  async measure(state: State, part: Part, signal?: AbortSignal): Promise<Evaluation> {
    const batches = loader({
      set: part,
      batch: Math.min(this.#batch, part.n),
      drop: false,
      normaliser: this.#task.normaliser,
    });
    let loss = 0;
    let hits = 0;
    for (const host of batches.epoch(0)) {
      signal?.throwIfAborted();
      const result = this.#pass(state, toTensors(host, true));
      loss += (await result.loss.read())[0]!;
      hits += (await result.hits.read())[0]!;
      await breathe();
    }
    return { loss: loss / part.n, accuracy: this.#task.isClassification ? hits / part.n : null };
  }
}
