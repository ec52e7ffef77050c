/** Loss and accuracy on a part of a data set, batch by batch with a mask. */

import type { Part } from '../data/index.ts';
import { loader } from '../data/index.ts';
import { argmax, cast, eq, jit, mul, sum, type Tensor } from '../engine/index.ts';
import { breathe } from '../methods/breathe.ts';
import { type Batch, overFeatures, toTensors } from '../nn/index.ts';
import type { Task } from './task.ts';

export interface Evaluation {
  readonly loss: number;
  /** A fraction; null for regression. */
  readonly accuracy: number | null;
}

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
