/** The mean of a rule's credit over many keys, with the error that its spread predicts. */
import type { Tensor } from '../../engine/index.ts';
import { add, concat, div, jit, random, reshape, square, stack, sum, trees, vmap } from '../../engine/index.ts';
import type { CreditCall, CreditRule } from '../rule.ts';
import { creditOf } from './cases.ts';

export interface Spread {
  readonly mean: number[];
  /** √(trace of the covariance / draws): the expected length of mean − expectation. */
  readonly standardError: number;
}

const AT_ONCE = 500;

const flatCredit = <State>(rule: CreditRule<State>, call: CreditCall<State>): Tensor =>
  concat(trees.tensorsOf(creditOf(rule, call).credit).map((x) => reshape(x, [x.size])));

/** Draws credit with `draws` keys, a multiple of 500. */
export function spreadOf<State>(rule: CreditRule<State>, call: CreditCall<State>, draws: number): Spread {
  const some = jit((keys: Tensor) => {
    const all = vmap((key: Tensor) => flatCredit(rule, { ...call, key }))(keys); // (AT_ONCE, P)
    return stack([sum(all, 0), sum(square(all), 0)]);
  });
  const parts = random.split(random.key(77), draws / AT_ONCE).map((key) => some(random.keys(key, AT_ONCE)));
  const [first, second] = div(
    parts.reduce((a, b) => add(a, b)),
    draws,
  ).toArray() as [number[], number[]];
  const variance = second.reduce((s, m2, i) => s + m2 - first[i]! ** 2, 0);
  return { mean: first, standardError: Math.sqrt(variance / draws) };
}
