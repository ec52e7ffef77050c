/** A square ReLU network whose hidden matrices learn by Hebb's rule, one sample at a time: what fires together is wired together, less what all weights gain. */
import {
  ConfigError,
  cast,
  expandDims,
  type FloatDtype,
  gt,
  log,
  matmul,
  mean,
  random,
  relu,
  sqrt,
  sub,
  sum,
  type Tensor,
  where,
} from '../../engine/index.ts';

/** What is taken off an update so that weights do not only grow. */
export type Correction = 'mean' | 'row' | 'frobenius' | 'none';
export const CORRECTIONS: readonly Correction[] = ['mean', 'row', 'frobenius', 'none'];

/** Hidden units: ReLU, or the steps of the predecessor, which has them in the output layer too. */
export type HebbianUnits = 'relu' | 'step';

export interface HebbianSpec {
  /** Width of every layer. */
  readonly width: number;
  /** Hidden layers, L. */
  readonly layers: number;
  readonly units: HebbianUnits;
}

/** One network: L + 1 matrices (in, out) and biases; those between hidden layers are `weights[1 … L − 1]`. */
export interface HebbianNetwork {
  readonly weights: readonly Tensor[];
  readonly biases: readonly Tensor[];
}

/** First weights: U(±√(6/d)) or, for the predecessor, U(±1/√d); biases U(±1/√d) always. */
export function drawHebbian(
  { width, layers }: HebbianSpec,
  key: Tensor,
  dtype: FloatDtype,
  law: 'he' | 'predecessor' = 'he',
): HebbianNetwork {
  const keys = random.split(key, 2 * (layers + 1));
  const uniform = (i: number, shape: number[], bound: number): Tensor =>
    random.uniform(keys[i]!, shape, { low: -bound, high: bound, dtype });
  const narrow = 1 / Math.sqrt(width);
  const bound = law === 'he' ? Math.sqrt(6 / width) : narrow;
  const all = Array.from({ length: layers + 1 }, (_, l) => l);
  return {
    weights: all.map((l) => uniform(2 * l, [width, width], bound)),
    biases: all.map((l) => uniform(2 * l + 1, [width], narrow)),
  };
}

/** A unit's answer to its input. */
export const fire = (units: HebbianUnits, z: Tensor): Tensor => (units === 'relu' ? relu(z) : cast(gt(z, 0), z.dtype));

/** Rows of unit length; a row of nothing but zeros stays. */
export function unitLength(x: Tensor): Tensor {
  const length = sqrt(sum(x.square(), -1, { keepDims: true }));
  return x.div(where(gt(length, 0), length, 1));
}

/** Activities of the hidden layers for rows (B, d): a₁ … a_L. */
export function activities({ weights, biases }: HebbianNetwork, units: HebbianUnits, x: Tensor): Tensor[] {
  const found: Tensor[] = [];
  weights.slice(0, -1).forEach((w, l) => {
    found.push(fire(units, matmul(l === 0 ? x : found[l - 1]!, w).add(biases[l]!)));
  });
  return found;
}

/** The output vector of rows, linear. */
export function outputOf(net: HebbianNetwork, units: HebbianUnits, x: Tensor): Tensor {
  const last = activities(net, units, x).at(-1) ?? x;
  return matmul(last, net.weights.at(-1)!).add(net.biases.at(-1)!);
}

/** ln‖o‖ of rows, (B). */
export const logNorm = (o: Tensor): Tensor => log(sum(o.square(), -1)).mul(0.5);

/** What a matrix between hidden layers gains by one sample, (in, out): η·pre·postᵀ less its correction. */
export function hebbianUpdate(
  pre: Tensor,
  post: Tensor,
  w: Tensor,
  eta: Tensor | number,
  correction: Correction,
): Tensor {
  const gain = matmul(expandDims(pre, 1), expandDims(post, 0)).mul(eta);
  return sub(gain, correctionOf(gain, w, correction));
}

/** What is taken off a gain: its mean, the mean of each receiving unit, or its part along the weights. */
export function correctionOf(gain: Tensor, w: Tensor, correction: Correction): Tensor | number {
  switch (correction) {
    case 'mean':
      return mean(gain);
    case 'row':
      return mean(gain, 0, { keepDims: true });
    case 'frobenius':
      return w.mul(sum(gain.mul(w)).div(sum(w.square())));
    case 'none':
      return 0;
  }
}

export function checkSpec({ width, layers }: HebbianSpec): void {
  if (!(Number.isInteger(layers) && layers >= 2))
    throw new ConfigError(`${layers} hidden layers leave no matrix between hidden layers to learn`, {
      layers,
      help: 'use 2 or more',
    });
  if (!(Number.isInteger(width) && width >= 1)) throw new ConfigError(`a width of ${width} is no network`, { width });
}
