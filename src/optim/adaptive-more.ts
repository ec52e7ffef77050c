/** More ways of scaling by past credit: AdaBelief, Adadelta, Lion, and the layerwise ratio of LARS and LAMB. */

import type { Tensor, Tree } from '../engine/index.ts';
import { add, and, div, full, gt, mul, sign, sqrt, square, sub, sum, trees, where } from '../engine/index.ts';
import type { AdamState } from './adaptive.ts';
import { flushed } from './flush.ts';
import type { Optimizer } from './optimizer.ts';
import { checkRange } from './optimizer.ts';
import { averaged, correction } from './trace.ts';

export interface BeliefOptions {
  readonly beta1?: number;
  readonly beta2?: number;
  /** Enters the average of squares in every step and the root's denominator; 1e-16 unless said, as in the authors' code. */
  readonly eps?: number;
  /** Whether ε enters the average of squares too, as in the paper; the root's denominator has it in any case. True unless said. */
  readonly isEpsInside?: boolean;
}

/** AdaBelief: s ← β₂·s + (1 − β₂)·(g − m)² + ε with m ← β₁·m + (1 − β₁)·g, and passes on m̂ / (√ŝ + ε). Source: J. Zhuang et al., NeurIPS 2020, arXiv:2010.07468, algorithm 2. */
export function scaleByBelief({
  beta1 = 0.9,
  beta2 = 0.999,
  eps = 1e-16,
  isEpsInside = true,
}: BeliefOptions = {}): Optimizer<AdamState> {
  checkRange('adabelief', 'beta1', beta1, 0, 1);
  checkRange('adabelief', 'beta2', beta2, 0, 1);
  checkRange('adabelief', 'eps', eps, 0);
  const scaled = (m: Tensor, s: Tensor, weight1: Tensor, weight2: Tensor): Tensor =>
    div(
      mul(m, trees.scalarFor(correction(weight1), m)),
      add(sqrt(mul(s, trees.scalarFor(correction(weight2), s))), eps),
    );
  return {
    name: 'scaleByBelief',
    config: { beta1, beta2, eps, isEpsInside },
    init: (params) => ({
      mean: trees.zerosLike(params),
      square: trees.zerosLike(params),
      weight1: full([], 1, 'f64'),
      weight2: full([], 1, 'f64'),
    }),
    update(credit, state) {
      const mean = averaged(state.mean, credit, beta1);
      const surprise = trees.mapTensors((g, m) => square(sub(g, m)), credit, mean);
      const averages = averaged(state.square, surprise, beta2);
      const squares = isEpsInside ? trees.mapTensors((s) => add(s, eps), averages) : averages;
      const weight1 = flushed(mul(state.weight1, beta1));
      const weight2 = flushed(mul(state.weight2, beta2));
      const step = trees.mapTensors((m, s) => scaled(m, s, weight1, weight2), mean, squares);
      return [step, { mean, square: squares, weight1, weight2 }];
    },
  };
}

export interface AdadeltaOptions {
  /** ρ, the share of both averages that stays. */
  readonly decay?: number;
  readonly eps?: number;
}

/** Averages of squared credit and of squared steps. */
export type AdadeltaState = { readonly square: Tree; readonly moved: Tree };

/** Adadelta: v ← ρ·v + (1 − ρ)·g², passes on d = √(u + ε)/√(v + ε)·g, then u ← ρ·u + (1 − ρ)·d². Source: M. Zeiler, arXiv:1212.5701, algorithm 1. */
export function scaleByAdadelta({ decay = 0.9, eps = 1e-6 }: AdadeltaOptions = {}): Optimizer<AdadeltaState> {
  checkRange('adadelta', 'decay', decay, 0, 1);
  checkRange('adadelta', 'eps', eps, 0);
  return {
    name: 'scaleByAdadelta',
    config: { decay, eps },
    init: (params) => ({ square: trees.zerosLike(params), moved: trees.zerosLike(params) }),
    update(credit, state) {
      const squares = averaged(state.square, squareOf(credit), decay);
      const step = trees.mapTensors(
        (g, v, u) => mul(div(sqrt(add(u, eps)), sqrt(add(v, eps))), g),
        credit,
        squares,
        state.moved,
      );
      return [step, { square: squares, moved: averaged(state.moved, squareOf(step), decay) }];
    },
  };
}

const squareOf = (tree: Tree): Tree => trees.mapTensors((x) => square(x), tree);

export interface LionOptions {
  /** Share of the memory in the step. */
  readonly beta1?: number;
  /** Share of the memory that stays. */
  readonly beta2?: number;
}

export type LionState = { readonly mean: Tree };

/** Lion: passes on sign(β₁·m + (1 − β₁)·g), then m ← β₂·m + (1 − β₂)·g. Source: X. Chen et al., NeurIPS 2023, arXiv:2302.06675, algorithm 2. */
export function scaleByLion({ beta1 = 0.9, beta2 = 0.99 }: LionOptions = {}): Optimizer<LionState> {
  checkRange('lion', 'beta1', beta1, 0, 1);
  checkRange('lion', 'beta2', beta2, 0, 1);
  return {
    name: 'scaleByLion',
    config: { beta1, beta2 },
    init: (params) => ({ mean: trees.zerosLike(params) }),
    update: (credit, state) => [
      trees.mapTensors((g) => sign(g), averaged(state.mean, credit, beta1)),
      { mean: averaged(state.mean, credit, beta2) },
    ],
  };
}

/** Makes the step of each leaf as long as the leaf itself: times ‖parameter‖ / ‖step‖, or 1 where one of them is 0. Source: Y. You et al., LAMB, ICLR 2020, arXiv:1904.00962, algorithm 2 with φ(z) = z. */
export const scaleByTrustRatio = (): Optimizer<null> => ({
  name: 'scaleByTrustRatio',
  config: {},
  init: () => null,
  update: (credit, _, { params }) => [
    trees.mapTensors((g, p) => mul(g, ratio(length(p), length(g))), credit, params),
    null,
  ],
});

const length = (x: Tensor): Tensor => sqrt(sum(square(x)));

function ratio(param: Tensor, step: Tensor): Tensor {
  const isBoth = and(gt(param, 0), gt(step, 0));
  return where(isBoth, div(param, where(isBoth, step, 1)), 1);
}
