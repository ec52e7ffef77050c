/**
 * Discrete choices inside differentiable programs.
 *
 * Paper     straight-through: Y. Bengio et al., arXiv:1308.3432; Gumbel-softmax: E. Jang et al., ICLR 2017, arXiv:1611.01144; perturb-and-MAP: G. Papandreou, A. Yuille, ICCV 2011; I-MLE: M. Niepert et al.,
 *           NeurIPS 2021, arXiv:2106.01798, eqs. 6 and 9.
 * Letters   Θ scores, ψ noise, τ temperature, Z = MAP(Θ + τ·ψ), g cotangent of Z, λ step of the target distribution.
 */

import type { FloatDtype, Tensor } from '../engine/index.ts';
import {
  add,
  argmax,
  broadcastTo,
  ConfigError,
  cast,
  clamp,
  customVjp,
  div,
  ge,
  gt,
  mul,
  oneHot,
  random,
  round,
  softmax,
  stopGradient,
  sub,
  sumTo,
  zerosLike,
} from '../engine/index.ts';
import type { Key } from './key.ts';

/** The value of `hard` with the derivative of `soft`. */
export const straightThrough = (hard: Tensor, soft: Tensor): Tensor =>
  add(stopGradient(hard), sub(soft, stopGradient(soft)));

/** The nearest whole number, ties to even, with derivative 1. */
export const roundThrough = (x: Tensor): Tensor => straightThrough(round(x), x);

/** 1 where x ≥ 0, else −1, with derivative 1 where |x| ≤ 1 and 0 elsewhere. Source: I. Hubara et al., Binarized Neural Networks, NeurIPS 2016, eq. 4. */
export const signThrough = (x: Tensor): Tensor =>
  straightThrough(sub(mul(cast(ge(x, 0), x.dtype), 2), 1), clamp(x, -1, 1));

/** A one-hot vector at the largest score along the last axis; the first one wins a tie. */
export const mapCategorical = (scores: Tensor): Tensor =>
  oneHot(argmax(scores, -1), scores.shape.at(-1)!, scores.dtype);

/** 1 where a score is above 0, else 0: the best set of independent choices. */
export const mapBernoulli = (scores: Tensor): Tensor => cast(gt(scores, 0), scores.dtype);

export interface GumbelSoftmaxOptions {
  /** Near 0 samples are nearly one-hot; 1 unless said. */
  readonly temperature?: number;
  /** Gives one-hot samples with the derivative of the soft ones. */
  readonly isHard?: boolean;
}

/** A relaxed sample softmax((logits + Gumbel noise) / temperature) over the last axis. */
export function gumbelSoftmax(
  key: Key,
  logits: Tensor,
  { temperature = 1, isHard = false }: GumbelSoftmaxOptions = {},
): Tensor {
  if (!(temperature > 0))
    throw new ConfigError(`gumbelSoftmax: the temperature is ${temperature}; it must be above 0`, { temperature });
  const noisy = add(logits, random.gumbel(key, logits.shape, { dtype: logits.dtype as FloatDtype }));
  const soft = softmax(div(noisy, temperature), -1);
  return isHard ? straightThrough(mapCategorical(noisy), soft) : soft;
}

export interface PerturbAndMapOptions {
  /** ψ: logistic numbers make independent choices of `mapBernoulli` exact samples, Gumbel numbers those of `mapCategorical`; its leading axes may be draws. */
  readonly noise: Tensor;
  /** τ; 1 unless said. */
  readonly temperature?: number;
  /** `straightThrough`: the cotangent of Θ is g/τ. `imle`: it is (Z − MAP(Θ − λτ·g + τψ)) / (λτ), with the same noise. */
  readonly estimator?: 'straightThrough' | 'imle';
  /** λ of `imle`; 1 unless said. */
  readonly step?: number;
}

/** Z = map(Θ + τ·ψ), the best structure for perturbed scores, with an estimated derivative; draws are summed over in the cotangent of Θ. `map` gives a tensor of its argument's shape. */
export function perturbAndMap(
  map: (scores: Tensor) => Tensor,
  scores: Tensor,
  { noise, temperature = 1, estimator = 'straightThrough', step = 1 }: PerturbAndMapOptions,
): Tensor {
  if (!(temperature > 0) || !(step > 0))
    throw new ConfigError(`perturbAndMap: temperature ${temperature} and step ${step} must be above 0`, {
      temperature,
      step,
    });
  type Point = { readonly theta: Tensor; readonly psi: Tensor };
  const perturbed = ({ theta, psi }: Point): Tensor => add(theta, mul(psi, temperature));
  const solve = (at: Point): Tensor => map(perturbed(at));
  const target = (at: Point, z: Tensor, g: Tensor): Tensor => {
    const moved = map(sub(broadcastTo(perturbed(at), z.shape), mul(g, step * temperature)));
    return div(sub(z, moved), step * temperature);
  };
  return customVjp(
    solve,
    (at: Point) => {
      const z = solve(at);
      return [z, { at, z }] as [Tensor, { at: Point; z: Tensor }];
    },
    ({ at, z }, g: Tensor): Point => {
      const each = estimator === 'imle' ? target(at, z, g) : div(g, temperature);
      return { theta: sumTo(each, at.theta.shape), psi: zerosLike(at.psi) };
    },
  )({ theta: scores, psi: noise });
}
