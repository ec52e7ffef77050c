/**
 * Steps that learn: 1 at or above a threshold, with the derivative of something smooth.
 *
 * Paper     E. Neftci, H. Mostafa, F. Zenke, Surrogate Gradient Learning in Spiking Neural Networks, IEEE Signal Processing Magazine 2019, arXiv:1901.09948.
 * Letters   u distance from the threshold, a sharpness; ψ(u) the surrogate derivative, and the primitive whose derivative it is.
 */

import type { Tensor } from '../engine/index.ts';
import {
  abs,
  add,
  atan,
  ConfigError,
  cast,
  clamp,
  customJvp,
  div,
  erf,
  exp,
  ge,
  logistic,
  lt,
  maximum,
  mul,
  square,
  sub,
} from '../engine/index.ts';

/** A smooth stand-in for a step. */
export interface Surrogate {
  /** ψ(u), the derivative that is used. */
  readonly derivative: (u: Tensor) => Tensor;
  /** A function whose derivative is ψ. */
  readonly primitive: (u: Tensor) => Tensor;
}

const FAMILY = {
  /** a·σ(au)·(1 − σ(au)); its peak is a/4. */
  logistic: (a: number): Surrogate => ({
    derivative: (u) => {
      const s = logistic(mul(u, a));
      return mul(mul(s, sub(1, s)), a);
    },
    primitive: (u) => logistic(mul(u, a)),
  }),
  /** (a/2) / (1 + (π·a·u/2)²). */
  arctan: (a: number): Surrogate => ({
    derivative: (u) => div(a / 2, add(1, square(mul(u, (Math.PI * a) / 2)))),
    primitive: (u) => add(div(atan(mul(u, (Math.PI * a) / 2)), Math.PI), 0.5),
  }),
  /** 1 / (1 + a·|u|)². Source: F. Zenke, S. Ganguli, SuperSpike, Neural Computation 2018. */
  fastSigmoid: (a: number): Surrogate => ({
    derivative: (u) => div(1, square(add(1, mul(abs(u), a)))),
    primitive: (u) => div(u, add(1, mul(abs(u), a))),
  }),
  /** a·max(0, 1 − a·|u|). */
  triangle: (a: number): Surrogate => ({
    derivative: (u) => mul(maximum(sub(1, mul(abs(u), a)), 0), a),
    primitive: (u) => {
      const v = clamp(mul(u, a), -1, 1);
      return add(sub(v, mul(mul(v, abs(v)), 0.5)), 0.5);
    },
  }),
  /** a where |u| < 1/(2a), else 0. */
  rectangle: (a: number): Surrogate => ({
    derivative: (u) => mul(cast(lt(abs(u), 0.5 / a), u.dtype), a),
    primitive: (u) => clamp(add(mul(u, a), 0.5), 0, 1),
  }),
  /** a/√(2π)·exp(−(au)²/2). */
  gaussian: (a: number): Surrogate => ({
    derivative: (u) => mul(exp(mul(square(mul(u, a)), -0.5)), a / Math.sqrt(2 * Math.PI)),
    primitive: (u) => mul(add(erf(mul(u, a / Math.SQRT2)), 1), 0.5),
  }),
} satisfies Record<string, (sharpness: number) => Surrogate>;

export type SurrogateName = keyof typeof FAMILY;

/** The names of all surrogates. */
export const surrogateNames = /* @__PURE__ */ Object.keys(FAMILY) as readonly SurrogateName[];

/** The surrogate of a name and a sharpness a > 0. */
export function surrogateNamed(name: SurrogateName, sharpness: number): Surrogate {
  if (!Object.hasOwn(FAMILY, name))
    throw new ConfigError(`the surrogate ${JSON.stringify(name)} is unknown`, {
      name,
      help: `choose one of ${surrogateNames.join(', ')}`,
    });
  if (!(sharpness > 0))
    throw new ConfigError(`surrogate: the sharpness is ${sharpness}; it must be above 0`, { sharpness });
  return FAMILY[name](sharpness);
}

export interface SurrogateStepOptions {
  readonly surrogate?: SurrogateName;
  /** 4 unless said: the logistic surrogate then peaks at 1. */
  readonly sharpness?: number;
}

/** 1 where u ≥ 0, else 0, with the derivative of a surrogate in every mode of differentiation. */
export function surrogateStep(u: Tensor, { surrogate = 'logistic', sharpness = 4 }: SurrogateStepOptions = {}): Tensor {
  const { derivative } = surrogateNamed(surrogate, sharpness);
  const hard = (v: Tensor): Tensor => cast(ge(v, 0), v.dtype);
  return customJvp(hard, (v: Tensor, dv: Tensor) => [hard(v), mul(derivative(v), dv)] as [Tensor, Tensor])(u);
}
