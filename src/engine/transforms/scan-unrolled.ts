/** A scan as a plain JavaScript loop: where every step is to be seen, and as the oracle of the others. */
import { reshape, sliceAxis, stack } from '../ops/movement.ts';
import { asTensor } from '../ops/promote.ts';
import type { Tensor } from '../tensor.ts';
import { flatten, unflatten } from '../tree.ts';
import { tensorsIn } from './body.ts';

/** Runs the step `length` times; results are stacked in the order of their steps. */
export function unrolled<C, X, Y>(
  f: (carry: C, x: X) => readonly [C, Y],
  init: C,
  xs: X,
  length: number,
  reverse: boolean,
): [carry: C, ys: Y] {
  const [sequences, buildX] = tensorsIn(xs);
  const [leaves, def] = flatten(init);
  let carry = unflatten<C>(
    def,
    leaves.map((x) => asTensor(x as Tensor | number)),
  );
  const ys = new Array<Y>(length);
  for (let step = 0; step < length; step++) {
    const t = reverse ? length - 1 - step : step;
    const slices = sequences.map((s) => reshape(sliceAxis(s, 0, t, t + 1), s.shape.slice(1)));
    [carry, ys[t]] = f(carry, buildX(slices)) as [C, Y];
  }
  const parts = ys.map((y) => flatten(y));
  const [, yDef] = parts[0]!;
  const stacked = parts[0]![0].map((_, k) => stack(parts.map(([list]) => asTensor(list[k] as Tensor | number))));
  return [carry, unflatten<Y>(yDef, stacked)];
}
