/**
 * An op of one's own: `cotangent graph examples/own-op.ts --grad`.
 *
 * `softThreshold` is a kernel in JavaScript with its derivative; `spikesAbove` finds where a signal crosses a threshold, a number of places that is not known before it has looked.
 */
import { add, cast, gt, mul, op, sum, type Tensor, where } from 'cotangent/engine';

/** sign(x)·max(|x| − t, 0), element by element. */
const softThreshold = op<{ readonly threshold: number }>({
  name: 'softThreshold',
  infer: ([x]) => [x!],
  js: ([x], [y], { params: { threshold } }) => {
    x!.forEach((v, i) => {
      y![i] = Math.sign(v) * Math.max(Math.abs(v) - threshold, 0);
    });
  },
  jvp: ({ outs: [y], tangents: [dx] }) => [dx == null ? null : where(gt(mul(y!, y!), 0), dx, 0)],
});

/** The places of all elements above a threshold, at most `capacity` of them, and how many there are. */
const spikesAbove = op<{ readonly threshold: number; readonly capacity: number }>({
  name: 'spikesAbove',
  infer: (_, { capacity }) => [{ shape: [capacity], dtype: 'i32' }],
  isCounted: true,
  js: ([x], [places], { params: { threshold } }) => {
    let count = 0;
    x!.forEach((v, i) => {
      if (v > threshold) places![count++] = i;
    });
    return count;
  },
});

export const shapes = { x: [6] };

/** What is left of a signal above a threshold, squared, and 0.1 for each of its spikes. */
export default function f(x: Tensor): Tensor {
  const [y] = softThreshold([x], { threshold: 0.5 });
  const [, count] = spikesAbove([x], { threshold: 0.5, capacity: 6 });
  return add(sum(mul(y!, y!)), mul(0.1, cast(count!, x.dtype)));
}
