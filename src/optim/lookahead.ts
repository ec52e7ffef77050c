/** Lookahead: slow weights that follow fast ones every few steps. */

import type { Tensor, Tree } from '../engine/index.ts';
import { add, ConfigError, full, ge, mul, sub, trees, where } from '../engine/index.ts';
import type { Optimizer } from './optimizer.ts';
import { checkRange } from './optimizer.ts';

export interface LookaheadOptions {
  /** k, fast steps to a slow one; 5 unless said. */
  readonly every?: number;
  /** α, the share of the way that the slow weights go; 0.5 unless said. */
  readonly share?: number;
}

/** `count` is the number of fast steps since the last slow one. */
export type LookaheadState = { readonly slow: Tree; readonly inner: Tree; readonly count: Tensor };

/** Lets an optimiser take k steps, then sets parameters and slow weights φ to φ + α·(θ − φ). Source: M. Zhang et al., Lookahead Optimizer, NeurIPS 2019, arXiv:1907.08610, algorithm 1. */
export function lookahead(
  optimizer: Optimizer,
  { every = 5, share = 0.5 }: LookaheadOptions = {},
): Optimizer<LookaheadState> {
  checkRange('lookahead', 'share', share, 0);
  if (!Number.isInteger(every) || every < 1)
    throw new ConfigError(`lookahead: every is ${every}; it must be a whole number ≥ 1`, { every });
  return {
    name: 'lookahead',
    config: { every, share, optimizer: { name: optimizer.name, ...optimizer.config } },
    init: (params) => ({ slow: params, inner: optimizer.init(params), count: full([], 0, 'f64') }),
    update(credit, state, call) {
      const [step, inner] = optimizer.update(credit, state.inner, call);
      const count = add(state.count, 1);
      const isSlow = ge(count, every);
      const moved = trees.mapTensors(
        (slow, p, d) => add(slow, mul(sub(add(p, d), slow), share)),
        state.slow,
        call.params,
        step,
      );
      const choose = (yes: Tree, no: Tree): Tree => trees.mapTensors((a, b) => where(isSlow, a, b), yes, no);
      return [
        choose(trees.sub(moved, call.params), step),
        { slow: choose(moved, state.slow), inner, count: where(isSlow, 0, count) },
      ];
    },
  };
}
