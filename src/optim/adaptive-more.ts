/** More ways of scaling by past credit: Adadelta, Lion, and the layerwise ratio of LARS and LAMB. */

import type { Tensor, Tree } from '../engine/index.ts';
import { add, and, div, gt, mul, sign, sqrt, square, sum, trees, where } from '../engine/index.ts';
import type { Optimizer } from './optimizer.ts';
import { checkRange } from './optimizer.ts';
import { averaged } from './trace.ts';

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
