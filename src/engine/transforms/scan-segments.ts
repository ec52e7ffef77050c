/** `checkpointEvery`: a scan over segments, each of which is a checkpointed scan; reverse mode keeps one carry per segment and runs the segments again, one at a time. */
import { concat, reshape, sliceAxis } from '../ops/movement.ts';
import type { Tensor } from '../tensor.ts';
import { flatten, unflatten } from '../tree.ts';
import { tensorsIn } from './body.ts';
import { checkpoint } from './checkpoint.ts';
import { type RunOptions, runScan } from './scan.ts';

/** Whole segments go through an outer scan; the steps that are left over are a segment of their own, the last in the order of the loop. */
export function segmented<C, X, Y>(
  f: (carry: C, x: X) => readonly [C, Y],
  init: C,
  xs: X,
  { length, checkpointEvery: every, reverse = false, flag }: RunOptions & { readonly checkpointEvery: number },
): [carry: C, ys: Y] {
  const [sequences, build] = tensorsIn(xs);
  const whole = Math.floor(length / every);
  const rest = length - whole * every;
  const from = reverse ? rest : 0;
  const part = (a: number, b: number) => sequences.map((s) => sliceAxis(s, 0, a, b));
  const run = (steps: number) =>
    checkpoint((carry: C, x: X): readonly [C, Y] => runScan(f, carry, x, { length: steps, reverse, flag }));
  const grouped = part(from, from + whole * every).map((s) => reshape(s, [whole, every, ...s.shape.slice(1)]));
  const [middle, nested] = runScan(run(every), init, build(grouped), { length: whole, reverse, flag });
  const [ys, def] = flatten(nested);
  const joined = (ys as Tensor[]).map((y) => reshape(y, [whole * every, ...y.shape.slice(2)]));
  if (rest === 0) return [middle, unflatten<Y>(def, joined)];
  const [left, right] = reverse ? [0, rest] : [whole * every, length];
  const [carry, last] = run(rest)(middle, build(part(left, right)));
  const ends = flatten(last)[0] as Tensor[];
  const all = joined.map((y, i) => concat(reverse ? [ends[i]!, y] : [y, ends[i]!], 0));
  return [carry, unflatten<Y>(def, all)];
}
