/** The equations of the paper as printed, for plain networks: patterns appended for real, losses written out; what the rules are checked against. */
import {
  add,
  concat,
  div,
  matmul,
  mean,
  mul,
  relu,
  softplus,
  sqrt,
  square,
  stopGradient,
  sub,
  type Tensor,
} from '../../engine/index.ts';
import type { LabelCode } from '../../methods/forward-forward/options.ts';

/** Weights (in, out) with the rows that meet a pattern last. */
export interface Weights {
  readonly w: Tensor;
  readonly c: Tensor;
}

/** Encoded samples of one class each. */
export interface Encoded {
  /** (B, D) */
  readonly x: Tensor;
  /** (B, P) */
  readonly pattern: Tensor | null;
}

const rms = (x: Tensor): Tensor => div(x, add(sqrt(mean(square(x), 1, { keepDims: true })), 1e-8));

/** [image, pattern] normalised as one vector, or the image alone. */
const firstInput = ({ x, pattern }: Encoded): Tensor => rms(pattern === null ? x : concat([x, pattern], 1));

/** Activities of every layer; each layer's input is stopped. */
export function forward(layers: readonly Weights[], sample: Encoded, label: LabelCode): Tensor[] {
  const all: Tensor[] = [];
  layers.forEach(({ w, c }, l) => {
    const below = l === 0 ? firstInput(sample) : rms(stopGradient(all[l - 1]!));
    const z = l > 0 && label === 'icp-every-layer' ? concat([below, rms(sample.pattern!)], 1) : below;
    all.push(relu(add(matmul(z, w), c)));
  });
  return all;
}

export const goodness = (h: Tensor): Tensor => mean(square(h), 1);

/** Mean over pairs of softplus(−α(G₊ − G₋)). */
export const symbaLoss = (alpha: number) => (good: Tensor, bad: Tensor) => mean(softplus(mul(-alpha, sub(good, bad))));

/** Mean over pairs of softplus(θ − G₊) + softplus(G₋ − θ). */
export const hintonLoss = (theta: number) => (good: Tensor, bad: Tensor) =>
  mean(add(softplus(sub(theta, good)), softplus(sub(bad, theta))));

/** The loss of every layer. */
export function localLosses(
  layers: readonly Weights[],
  pair: readonly [Encoded, Encoded],
  label: LabelCode,
  loss: (good: Tensor, bad: Tensor) => Tensor,
): Tensor[] {
  const [good, bad] = pair.map((one) => forward(layers, one, label).map(goodness)) as [Tensor[], Tensor[]];
  return good.map((g, l) => loss(g, bad[l]!));
}
