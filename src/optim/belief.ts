/** Scaling by how far credit is from what was expected: AdaBelief. */

import type { Tensor, Tree } from '../engine/index.ts';
import { add, div, full, mul, sqrt, square, sub, trees } from '../engine/index.ts';
import type { AdamOptions, AdamState } from './adaptive.ts';
import { flushed } from './flush.ts';
import type { Optimizer } from './optimizer.ts';
import { checkRange } from './optimizer.ts';
import { averaged, correction } from './trace.ts';

export interface BeliefOptions extends Omit<AdamOptions, 'isEpsInside'> {
  /** Adds ε to s in every step as well, as the paper's algorithm 2 does; not unless said. */
  readonly isEpsInside?: boolean;
}

/**
 * AdaBelief (Zhuang et al. 2020, arXiv:2010.07468, algorithm 2): m ← β₁·m + (1 − β₁)·g, s ← β₂·s + (1 − β₂)·(g − m)² with the new m, and passes on m̂ / (√ŝ + ε).
 */
export function scaleByBelief({
  beta1 = 0.9,
  beta2 = 0.999,
  eps = 1e-8,
  isEpsInside = false,
}: BeliefOptions = {}): Optimizer<AdamState> {
  checkRange('adabelief', 'beta1', beta1, 0, 1);
  checkRange('adabelief', 'beta2', beta2, 0, 1);
  checkRange('adabelief', 'eps', eps, 0);
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
      const average = averaged(state.square, surprise(credit, mean), beta2);
      const squares = isEpsInside ? trees.mapTensors((s) => add(s, eps), average) : average;
      const weight1 = flushed(mul(state.weight1, beta1));
      const weight2 = flushed(mul(state.weight2, beta2));
      const scaled = (m: Tensor, s: Tensor): Tensor => {
        const root = sqrt(mul(s, trees.scalarFor(correction(weight2), s)));
        return div(mul(m, trees.scalarFor(correction(weight1), m)), add(root, eps));
      };
      return [trees.mapTensors(scaled, mean, squares), { mean, square: squares, weight1, weight2 }];
    },
  };
}

/** (g − m)². */
const surprise = (credit: Tree, mean: Tree): Tree => trees.mapTensors((g, m) => square(sub(g, m)), credit, mean);
