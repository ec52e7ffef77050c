import { describe, expect, it } from 'vitest';
import {
  add,
  atan2Of,
  divide,
  type Exact,
  erfOf,
  exact,
  expm1Of,
  expOf,
  log1pOf,
  logisticOf,
  logOf,
  normalQuantileOf,
  powOf,
  sinCosOf,
  softplusOf,
  tanhOf,
  ulps,
} from './portable/reference.ts';
import { edges, type Range, samples, words } from './portable/reference-points.ts';
import * as portable from './portable.ts';

type Unary = (x: number) => number;

/** The largest error over the arguments at which the exact value is defined and not absurdly large or small. */
function worst(f: Unary, oracle: (x: Exact) => Exact, xs: readonly number[]): { error: number; at: number } {
  let found = { error: 0, at: Number.NaN };
  for (const x of xs) {
    const error = ulps(f(x), oracle(exact(x)), 'f64');
    if (error > found.error) found = { error, at: x };
  }
  return found;
}

interface Row {
  readonly name: keyof typeof portable;
  readonly oracle: (x: Exact) => Exact;
  readonly range: Range;
  readonly bound: number;
  /** Arguments outside are left to the tests of special values. */
  readonly within?: (x: number) => boolean;
}

const moderate = (limit: number) => (x: number) => Math.abs(x) <= limit;

const rows: readonly Row[] = [
  { name: 'exp', oracle: expOf, range: { low: -745, high: 710 }, bound: 1, within: moderate(800) },
  {
    name: 'expm1',
    oracle: expm1Of,
    range: { low: -5, high: 10 },
    bound: 1.5,
    within: (x) => x !== 0 && moderate(800)(x),
  },
  { name: 'log', oracle: logOf, range: { low: 0.5, high: 3 }, bound: 1, within: (x) => x > 0 },
  { name: 'log1p', oracle: log1pOf, range: { low: -0.9, high: 3 }, bound: 1.5, within: (x) => x > -1 && x !== 0 },
  { name: 'sin', oracle: (x) => sinCosOf(x)[0], range: { low: -100, high: 100 }, bound: 1 },
  { name: 'cos', oracle: (x) => sinCosOf(x)[1], range: { low: -100, high: 100 }, bound: 1 },
  {
    name: 'tan',
    oracle: (x) => divide(...sinCosOf(x)),
    range: { low: -10, high: 10 },
    bound: 2.5,
    within: (x) => x !== 0,
  },
  {
    name: 'tanh',
    oracle: tanhOf,
    range: { low: -20, high: 20 },
    bound: 1.5,
    within: (x) => x !== 0 && moderate(40)(x),
  },
  { name: 'logistic', oracle: logisticOf, range: { low: -50, high: 40 }, bound: 2, within: moderate(800) },
  { name: 'softplus', oracle: softplusOf, range: { low: -40, high: 40 }, bound: 2, within: moderate(800) },
  {
    name: 'erf',
    oracle: (x) => erfOf(x),
    range: { low: -6, high: 6 },
    bound: 2,
    within: (x) => x !== 0 && moderate(6.5)(x),
  },
];

describe('errors against exact arithmetic', () => {
  it.each(rows)('$name stays within $bound ulp', ({ name, oracle, range, bound, within }) => {
    const xs = samples(20_000, 7, range, 'f64').filter((x) => within?.(x) ?? true);
    const { error, at } = worst(portable[name] as Unary, oracle, xs);
    if (process.env.SHOW_ULPS) console.log(name, error, at);
    expect(error, `at ${at}`).toBeLessThanOrEqual(bound);
  });
});
