/** The learning rate: the block that turns credit into a step downhill. */

import type { Tensor, Tree } from '../engine/index.ts';
import { add, full, mul, neg, trees } from '../engine/index.ts';
import type { Optimizer } from './optimizer.ts';
import { checkRange } from './optimizer.ts';
import type { Schedule } from './schedule.ts';

/** A fixed rate, or one that depends on the step. */
export type Rate = number | Schedule;

/** A fixed rate is state too (f64), so that one compiled step serves many rates; a schedule keeps the count of steps. */
export type RateState = { readonly rate: Tensor } | { readonly count: Tensor };

/** Multiplies by −rate, and by the factor of the call where there is one. */
export function scaleByRate(rate: Rate): Optimizer<RateState> {
  if (typeof rate === 'number') checkRange('scaleByRate', 'rate', rate, 0);
  return {
    name: 'scaleByRate',
    config: { rate: describeRate(rate) },
    init: () => (typeof rate === 'number' ? { rate: full([], rate, 'f64') } : { count: full([], 0, 'f64') }),
    update(credit, state, { rate: factor }) {
      const now = 'rate' in state ? state.rate : (rate as Schedule).at(state.count);
      const all = factor === undefined ? now : mul(now, trees.scalarFor(factor, now));
      return [trees.scale(credit, neg(all)), 'rate' in state ? state : { count: add(state.count, 1) }];
    },
  };
}

/** A rate as plain data. */
export const describeRate = (rate: Rate): unknown =>
  typeof rate === 'number' ? rate : { name: rate.name, ...rate.config };

/** An optimiser's state with every fixed rate replaced; a step that is already compiled goes on with it. */
export function withRate<State extends Tree>(state: State, rate: number): State {
  const visit = (tree: Tree): Tree => {
    if (Array.isArray(tree)) return tree.map(visit);
    if (tree === null || 'shape' in (tree as object)) return tree;
    return Object.fromEntries(
      Object.entries(tree).map(([name, part]) => [name, name === 'rate' ? full([], rate, 'f64') : visit(part as Tree)]),
    );
  };
  return visit(state) as State;
}
