/** For the tests of this folder: runs an optimiser on one f64 parameter vector with a given sequence of credits. */

import type { Tensor, Tree } from '../engine/index.ts';
import { tensor } from '../engine/index.ts';
import type { Optimizer } from './optimizer.ts';
import { applyUpdates } from './optimizer.ts';

/** The parameters after each credit, from the start values given. */
export function trajectory(
  optimizer: Optimizer,
  start: readonly number[],
  credits: readonly (readonly number[])[],
): number[][] {
  let params: Tree = { w: tensor([...start], { dtype: 'f64' }) };
  let state = optimizer.init(params);
  return credits.map((credit) => {
    const [step, next] = optimizer.update({ w: tensor([...credit], { dtype: 'f64' }) }, state, { params });
    params = applyUpdates(params, step);
    state = next;
    return (params as { w: Tensor }).w.toArray() as number[];
  });
}

/** A reference in plain numbers: one coordinate at a time, written as its paper or PyTorch's documentation states it. */
export function reference(
  start: readonly number[],
  credits: readonly (readonly number[])[],
  coordinate: () => (p: number, g: number, t: number) => number,
): number[][] {
  const rules = start.map(coordinate);
  let params = [...start];
  return credits.map((credit, t) => {
    params = params.map((p, i) => rules[i]!(p, credit[i]!, t + 1));
    return params;
  });
}

/** Credits with both signs and several magnitudes; the last coordinate is always 0. */
export const credits: readonly (readonly number[])[] = Array.from({ length: 25 }, (_, t) => [
  Math.sin(3 * t + 1),
  1e-3 * Math.cos(5 * t),
  t === 7 ? -40 : 0.1,
  0,
]);
export const start: readonly number[] = [1, -2, 0.5, 3];
