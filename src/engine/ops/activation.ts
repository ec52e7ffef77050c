/** Activation functions composed of ops; their kinks are tabled in docs/notes/0006-kinks.md. */
import type { CheckRow } from '../check-row.ts';
import type { Tensor } from '../tensor.ts';
import { add, div, mul } from './arithmetic.ts';
import { gt, lt } from './compare.ts';
import type { TensorLike } from './constant.ts';
import { erf } from './erf.ts';
import { expm1, logistic, softplus, tanh } from './exponential.ts';
import { where } from './logic.ts';
import { abs, sign } from './piecewise.ts';
import { pow } from './power.ts';
import { asTensor } from './promote.ts';

/** x·logistic(x). */
export function silu(x: TensorLike): Tensor {
  const t = asTensor(x);
  return mul(t, logistic(t));
}

export interface GeluOptions {
  /** `erf` is exact, `tanh` the usual approximation; `erf` unless said. */
  readonly form?: 'erf' | 'tanh';
}

/** x·Φ(x) with the normal distribution function Φ. Source: Hendrycks & Gimpel, Gaussian Error Linear Units, arXiv:1606.08415. */
export function gelu(x: TensorLike, { form = 'erf' }: GeluOptions = {}): Tensor {
  const t = asTensor(x);
  const inner =
    form === 'erf' ? erf(mul(Math.SQRT1_2, t)) : tanh(mul(Math.sqrt(2 / Math.PI), add(t, mul(0.044715, pow(t, 3)))));
  return mul(mul(0.5, t), add(1, inner));
}

export interface EluOptions {
  /** Minus the limit at −∞; 1 unless said. */
  readonly alpha?: number;
}

/** x above 0, α·(eˣ − 1) elsewhere. */
export function elu(x: TensorLike, { alpha = 1 }: EluOptions = {}): Tensor {
  const t = asTensor(x);
  const isAbove = gt(t, 0);
  return where(isAbove, t, mul(alpha, expm1(where(isAbove, 0, t)))); // the inner selection keeps ∞ out of the branch that is not taken
}

// Klambauer et al., Self-Normalizing Neural Networks, arXiv:1706.02515: the fixed point (mean 0, variance 1) is stable.
const SELU_ALPHA = 1.6732632423543772;
const SELU_SCALE = 1.0507009873554805;

/** The scaled elu that keeps mean 0 and variance 1 from layer to layer. */
export const selu = (x: TensorLike): Tensor => mul(SELU_SCALE, elu(x, { alpha: SELU_ALPHA }));

export interface LeakyReluOptions {
  /** Slope at and below 0; 0.01 unless said. */
  readonly slope?: number;
}

/** x above 0, slope·x elsewhere. */
export function leakyRelu(x: TensorLike, { slope = 0.01 }: LeakyReluOptions = {}): Tensor {
  const t = asTensor(x);
  return where(gt(t, 0), t, mul(slope, t));
}

/** x between −1 and 1, and the nearer bound elsewhere; flat on the bounds, unlike `clamp`. */
export function hardTanh(x: TensorLike): Tensor {
  const t = asTensor(x);
  return where(lt(abs(t), 1), t, sign(t));
}

/** The straight line from (−3, 0) to (3, 1), flat outside. */
export const hardSigmoid = (x: TensorLike): Tensor => mul(0.5, add(1, hardTanh(div(x, 3))));

/** x / (1 + |x|). */
export function softsign(x: TensorLike): Tensor {
  const t = asTensor(x);
  return div(t, add(1, abs(t)));
}

/** x·tanh(softplus(x)). */
export function mish(x: TensorLike): Tensor {
  const t = asTensor(x);
  return mul(t, tanh(softplus(t)));
}

export const activationChecks: readonly CheckRow[] = /* @__PURE__ */ activationRows();

function activationRows(): CheckRow[] {
  const row = (name: string, f: (x: Tensor) => Tensor, kinks: readonly number[] = []): CheckRow => ({
    name,
    f: f as CheckRow['f'],
    args: [{ shape: [3, 7], domain: [-4, 4], kinks }],
  });
  return [
    row('silu', silu),
    row('gelu', (x) => gelu(x)),
    row('gelu.tanh', (x) => gelu(x, { form: 'tanh' })),
    row('elu', (x) => elu(x), [0]),
    row('elu.alpha', (x) => elu(x, { alpha: 0.3 }), [0]),
    row('selu', selu, [0]),
    row('leakyRelu', (x) => leakyRelu(x), [0]),
    row('leakyRelu.slope', (x) => leakyRelu(x, { slope: 0.3 }), [0]),
    row('hardTanh', hardTanh, [-1, 1]),
    row('hardSigmoid', hardSigmoid, [-3, 3]),
    row('softsign', softsign, [0]),
    row('mish', mish),
  ];
}
