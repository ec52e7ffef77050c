/** Building blocks that need no memory: weight decay and clipping. */
import { add, clamp, div, minimum, mul, trees } from '../engine/index.ts';
import type { Optimizer } from './optimizer.ts';
import { checkRange, stateless } from './optimizer.ts';

/** Adds `decay`·parameter to the credit. Before momentum or Adam it is L2 regularisation; behind them and before the rate it is AdamW's decoupled decay. */
export function addDecayedWeights(decay: number): Optimizer<null> {
  checkRange('addDecayedWeights', 'decay', decay, 0);
  return stateless('addDecayedWeights', { decay }, (g, p) => add(g, mul(p, decay)));
}

/** Limits every element to [−limit, limit]. */
export function clipByValue(limit: number): Optimizer<null> {
  checkRange('clipByValue', 'limit', limit, 0);
  return stateless('clipByValue', { limit }, (g) => clamp(g, -limit, limit));
}

/** Shortens the whole tree to a norm of at most `limit`: the factor is min(1, limit / (norm + 1e-6)), as PyTorch's. */
export function clipByGlobalNorm(limit: number): Optimizer<null> {
  checkRange('clipByGlobalNorm', 'limit', limit, 0);
  return {
    name: 'clipByGlobalNorm',
    config: { limit },
    init: () => null,
    update: (credit) => [trees.scale(credit, minimum(1, div(limit, add(trees.norm(credit), 1e-6)))), null],
  };
}
