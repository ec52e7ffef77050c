/** Takes a call on the small MLP apart into plain numbers for the oracle. */
import type { Tensor } from '../../engine/index.ts';
import type { CreditCall } from '../rule.ts';
import type { Matrix, PlainLayer } from './oracle.ts';
import { linearUnit, softplusUnit, tanhUnit } from './oracle.ts';

export interface PlainCall {
  readonly layers: PlainLayer[];
  readonly x: Matrix;
  readonly labels: number[];
}

/** The model must be the kind `mlp`: tanh, softplus, identity. */
export function plainCall<State>({ params, batch }: CreditCall<State>): PlainCall {
  const units = [tanhUnit, softplusUnit, linearUnit];
  const layers = (params as unknown as { w: Tensor; b: Tensor }[]).map(({ w, b }, i) => ({
    w: w.toArray() as Matrix,
    b: b.toArray() as number[],
    ...units[i]!,
  }));
  return { layers, x: batch.x.toArray() as Matrix, labels: batch.y.toArray() as number[] };
}
