/** Many networks from one start that learn side by side, one sample each at a time; corrections by the mean are kept as one number a unit, so that an update is one outer product in place. */
import {
  broadcastTo,
  expandDims,
  type FloatDtype,
  matmul,
  mean,
  sum,
  type Tensor,
  vmap,
  zeros,
} from '../../engine/index.ts';
import { type Correction, correctionOf, fire, type HebbianNetwork, type HebbianUnits } from './network.ts';

/** The hidden matrices of C networks. */
export interface Hidden {
  /** Of each matrix between hidden layers, (C, d, d). */
  readonly weights: readonly Tensor[];
  /** What is to be taken off every weight into a unit, (C, d). */
  readonly shifts: readonly Tensor[];
}

/** C copies of a network's hidden matrices. */
export const copies = ({ weights }: HebbianNetwork, count: number): Hidden => {
  const inner = weights.slice(1, -1);
  return {
    weights: inner.map((w) => broadcastTo(w, [count, ...w.shape])),
    shifts: inner.map((w) => zeros([count, w.shape[1]!], w.dtype as FloatDtype)),
  };
};

/** Pre-activations of a corrected matrix: x·(W − k) = x·W − k·Σx. */
const through = (x: Tensor, w: Tensor, shift: Tensor): Tensor =>
  matmul(x, w).sub(sum(x, -1, { keepDims: true }).mul(shift));

/** One update of all C networks, each by its own sample (C, d); `eta` (C) is 0 where a network has no sample now. All activities are those of the weights before. */
export function learnOnce(
  net: HebbianNetwork,
  units: HebbianUnits,
  correction: Correction,
  hidden: Hidden,
  x: Tensor,
  eta: Tensor,
): Hidden {
  const first = fire(units, matmul(x, net.weights[0]!).add(net.biases[0]!)); // (C, d)
  const own = (weights: readonly Tensor[], shifts: readonly Tensor[], a1: Tensor, rate: Tensor) => {
    let pre = a1;
    const next = weights.map((w, i) => {
      const post = fire(units, through(pre, w, shifts[i]!).add(net.biases[i + 1]!));
      const changed = changedBy(pre, post, w, shifts[i]!, rate, correction);
      pre = post;
      return changed;
    });
    return { weights: next.map((n) => n.w), shifts: next.map((n) => n.shift) };
  };
  return vmap(own)([...hidden.weights], [...hidden.shifts], first, eta);
}

function changedBy(pre: Tensor, post: Tensor, w: Tensor, shift: Tensor, rate: Tensor, correction: Correction) {
  const gain = matmul(expandDims(pre.mul(rate), 1), expandDims(post, 0)); // (d, d)
  if (correction === 'frobenius') return { w: w.add(gain.sub(correctionOf(gain, w, correction))), shift };
  const perUnit = post.mul(mean(pre)).mul(rate); // mean over the inputs of a unit
  const grown = correction === 'mean' ? mean(perUnit) : correction === 'row' ? perUnit : 0;
  return { w: w.add(gain), shift: shift.add(grown) };
}

/** The hidden matrices with their corrections folded in, (C, d, d). */
export const folded = ({ weights, shifts }: Hidden): Tensor[] =>
  weights.map((w, i) => w.sub(expandDims(shifts[i]!, 1)));

/** Output vectors of all C networks for rows (B, d): (C, B, d). */
export function outputsOfAll(net: HebbianNetwork, units: HebbianUnits, inner: readonly Tensor[], x: Tensor): Tensor {
  const first = fire(units, matmul(x, net.weights[0]!).add(net.biases[0]!)); // (B, d), common to all
  const one = (weights: readonly Tensor[]): Tensor => {
    const last = weights.reduce<Tensor>((a, w, i) => fire(units, matmul(a, w).add(net.biases[i + 1]!)), first);
    return matmul(last, net.weights.at(-1)!).add(net.biases.at(-1)!);
  };
  return vmap(one)([...inner]);
}
