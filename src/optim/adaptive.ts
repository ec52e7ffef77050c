/**
 * Scaling by the size of past credit: Adagrad, RMSprop, Adam.
 *
 * Moments have the dtype of their parameters. In f32 a second moment below 1e-30 (credit below 1e-15) counts as 0: next to ε that changes nothing, and it keeps subnormals out. The weights βᵗ of the
 * bias correction are f64 scalars that are multiplied on, so that a step needs no power and resumes bit for bit.
 */

import type { Tensor, Tree } from '../engine/index.ts';
import { add, div, full, mul, sqrt, square, sub, trees } from '../engine/index.ts';
import { flushed } from './flush.ts';
import type { Optimizer } from './optimizer.ts';
import { checkRange } from './optimizer.ts';
import { averaged, correction } from './trace.ts';

export interface AdamOptions {
  readonly beta1?: number;
  readonly beta2?: number;
  readonly eps?: number;
  /** Adds ε under the root, as some papers do, instead of to the root. */
  readonly isEpsInside?: boolean;
}

/** `weight1` and `weight2` are β₁ᵗ and β₂ᵗ. */
export type AdamState = {
  readonly mean: Tree;
  readonly square: Tree;
  readonly weight1: Tensor;
  readonly weight2: Tensor;
};

/** Adam (Kingma & Ba 2015): m ← β₁·m + (1 − β₁)·g, v ← β₂·v + (1 − β₂)·g², and passes on m̂ / (√v̂ + ε). */
export function scaleByAdam({
  beta1 = 0.9,
  beta2 = 0.999,
  eps = 1e-8,
  isEpsInside = false,
}: AdamOptions = {}): Optimizer<AdamState> {
  checkRange('adam', 'beta1', beta1, 0, 1);
  checkRange('adam', 'beta2', beta2, 0, 1);
  checkRange('adam', 'eps', eps, 0);
  return {
    name: 'scaleByAdam',
    config: { beta1, beta2, eps, isEpsInside },
    init: (params) => ({
      mean: trees.zerosLike(params),
      square: trees.zerosLike(params),
      weight1: full([], 1, 'f64'),
      weight2: full([], 1, 'f64'),
    }),
    update(credit, state) {
      const mean = averaged(state.mean, credit, beta1);
      const squares = averaged(state.square, squared(credit), beta2);
      const weight1 = flushed(mul(state.weight1, beta1));
      const weight2 = flushed(mul(state.weight2, beta2));
      const step = trees.mapTensors(
        (m, v) =>
          div(
            mul(m, trees.scalarFor(correction(weight1), m)),
            rooted(mul(v, trees.scalarFor(correction(weight2), v)), eps, isEpsInside),
          ),
        mean,
        squares,
      );
      return [step, { mean, square: squares, weight1, weight2 }];
    },
  };
}

export interface RmsOptions {
  /** The share of the average square that stays; PyTorch calls it alpha. */
  readonly decay?: number;
  readonly eps?: number;
  readonly isEpsInside?: boolean;
  /** Subtracts the square of the average: the estimated variance instead of the second moment. */
  readonly isCentered?: boolean;
}

/** `mean` is null unless centred. */
export type RmsState = { readonly square: Tree; readonly mean: Tree };

/** RMSprop: v ← decay·v + (1 − decay)·g², and passes on g / (√v + ε). */
export function scaleByRms({
  decay = 0.99,
  eps = 1e-8,
  isEpsInside = false,
  isCentered = false,
}: RmsOptions = {}): Optimizer<RmsState> {
  checkRange('rmsprop', 'decay', decay, 0, 1);
  checkRange('rmsprop', 'eps', eps, 0);
  return {
    name: 'scaleByRms',
    config: { decay, eps, isEpsInside, isCentered },
    init: (params) => ({ square: trees.zerosLike(params), mean: isCentered ? trees.zerosLike(params) : null }),
    update(credit, state) {
      const squares = averaged(state.square, squared(credit), decay);
      const mean = isCentered ? averaged(state.mean, credit, decay) : null;
      const spread = mean === null ? squares : trees.mapTensors((v, m) => sub(v, square(m)), squares, mean);
      const step = trees.mapTensors((g, v) => div(g, rooted(v, eps, isEpsInside)), credit, spread);
      return [step, { square: squares, mean }];
    },
  };
}

export interface AdagradOptions {
  readonly eps?: number;
  /** What the sums of squares start from. */
  readonly initial?: number;
}

export type AdagradState = { readonly sum: Tree };

/** Adagrad (Duchi et al. 2011): s ← s + g², and passes on g / (√s + ε). */
export function scaleByAdagrad({ eps = 1e-10, initial = 0 }: AdagradOptions = {}): Optimizer<AdagradState> {
  checkRange('adagrad', 'eps', eps, 0);
  checkRange('adagrad', 'initial', initial, 0);
  return {
    name: 'scaleByAdagrad',
    config: { eps, initial },
    init: (params) => ({ sum: trees.mapTensors((p) => full(p.shape, initial, p.dtype), params) }),
    update(credit, state) {
      const sums = trees.mapTensors((s, g) => flushed(add(s, square(g))), state.sum, credit);
      return [trees.mapTensors((g, s) => div(g, rooted(s, eps, false)), credit, sums), { sum: sums }];
    },
  };
}

const squared = (credit: Tree): Tree => trees.mapTensors((g) => square(g), credit);

const rooted = (v: Tensor, eps: number, isInside: boolean): Tensor =>
  isInside ? sqrt(add(v, eps)) : add(sqrt(v), eps);
