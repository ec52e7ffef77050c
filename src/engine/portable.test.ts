import { describe, expect, it } from 'vitest';
import * as coefficients from './portable/coefficients.ts';
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
import { type Range, samples, words } from './portable/reference-points.ts';
import * as portable from './portable.ts';

const { atan2, cos, erf, erfInverse, exp, expm1, log, log1p, logistic, normalQuantile, pow, sin, softplus, tan, tanh } =
  portable;

/** The largest error over many cases, and where. */
function worst<T>(cases: readonly T[], error: (c: T) => number): { readonly error: number; readonly at: unknown } {
  let found: { error: number; at: unknown } = { error: 0, at: undefined };
  for (const c of cases) {
    const e = error(c);
    if (!(e <= found.error)) found = { error: e, at: c };
  }
  return found;
}

interface Row {
  readonly name: string;
  readonly f: (x: number) => number;
  readonly oracle: (x: Exact) => Exact;
  readonly range: Range;
  readonly bound: number;
  /** Arguments outside are left to the tests of special values. */
  readonly within?: (x: number) => boolean;
}

const upTo = (limit: number) => (x: number) => x !== 0 && Math.abs(x) <= limit;

const rows: readonly Row[] = [
  { name: 'exp', f: exp, oracle: expOf, range: { low: -745, high: 710 }, bound: 1, within: upTo(800) },
  { name: 'expm1', f: expm1, oracle: expm1Of, range: { low: -5, high: 10 }, bound: 1.5, within: upTo(800) },
  { name: 'log', f: log, oracle: logOf, range: { low: 0.5, high: 3 }, bound: 1, within: (x) => x > 0 },
  {
    name: 'log1p',
    f: log1p,
    oracle: log1pOf,
    range: { low: -0.9, high: 3 },
    bound: 1,
    within: (x) => x > -1 && x !== 0,
  },
  { name: 'sin', f: sin, oracle: (x) => sinCosOf(x)[0], range: { low: -100, high: 100 }, bound: 1 },
  { name: 'cos', f: cos, oracle: (x) => sinCosOf(x)[1], range: { low: -100, high: 100 }, bound: 1 },
  {
    name: 'tan',
    f: tan,
    oracle: (x) => divide(...sinCosOf(x)),
    range: { low: -10, high: 10 },
    bound: 2,
    within: (x) => x !== 0,
  },
  { name: 'tanh', f: tanh, oracle: tanhOf, range: { low: -20, high: 20 }, bound: 1.5, within: upTo(40) },
  { name: 'logistic', f: logistic, oracle: logisticOf, range: { low: -50, high: 40 }, bound: 2.5, within: upTo(800) },
  { name: 'softplus', f: softplus, oracle: softplusOf, range: { low: -40, high: 40 }, bound: 1.5, within: upTo(800) },
  { name: 'erf', f: erf, oracle: (x) => erfOf(x), range: { low: -6, high: 6 }, bound: 1.5, within: upTo(6.5) },
];

const minusHalf: Exact = { n: -1n, s: 1 };
const ROOT_2: Exact = { n: 0x16a09e667f3bcc908b2fb1366ea957d3e3adec17512775099da2f590b0667322an, s: 256 };

describe('errors against exact arithmetic', () => {
  it.each(rows)('$name stays within $bound ulp', ({ f, oracle, range, bound, within = () => true }) => {
    const xs = samples(20_000, 7, range, 'f64').filter(within);
    const { error, at } = worst(xs, (x) => ulps(f(x), oracle(exact(x)), 'f64'));
    expect(error, `at ${at}`).toBeLessThanOrEqual(bound);
  });

  it('atan2 stays within 1.5 ulp', () => {
    const ys = samples(20_000, 1, { low: -5, high: 5 }, 'f64').filter((y) => y !== 0);
    const next = words(2);
    const points = ys.map((y) => [y, ys[next() % ys.length]!] as const);
    const { error, at } = worst(points, ([y, x]) => ulps(atan2(y, x), atan2Of(exact(y), exact(x)), 'f64'));
    expect(error, `at ${at}`).toBeLessThanOrEqual(1.5);
  });

  it('pow stays within 1 ulp up to both ends of the range', () => {
    const next = words(3);
    const unit = () => next() * 2 ** -32;
    const points = Array.from({ length: 20_000 }, (_, i) => {
      const x = 2 ** ((unit() - 0.5) * (i % 2 === 0 ? 2 : 2000));
      return [x, i % 3 === 0 ? unit() * 20 - 10 : ((unit() - 0.5) * 1490) / Math.log(x)] as const;
    });
    const { error, at } = worst(points, ([x, y]) => ulps(pow(x, y), powOf(exact(x), exact(y)), 'f64'));
    expect(error, `at ${at}`).toBeLessThanOrEqual(1);
  });

  it('normalQuantile stays within 2 ulp in the centre and both tails', () => {
    const next = words(4);
    const ps = Array.from({ length: 20_000 }, (_, i) => {
      const p = (next() + 0.5) * 2 ** -33 * 2 ** -(i % 3 === 0 ? next() % 30 : 0);
      return i % 2 === 0 ? p : 1 - p;
    }).filter((p) => p < 1 && p !== 0.5);
    const { error, at } = worst(ps, (p) => {
      const z = normalQuantile(p);
      return ulps(z, normalQuantileOf(add(exact(p), minusHalf), z), 'f64');
    });
    expect(error, `at ${at}`).toBeLessThanOrEqual(2);
  });

  it('erfInverse stays within 2.5 ulp', () => {
    const next = words(5);
    const ys = Array.from(
      { length: 20_000 },
      (_, i) => (next() * 2 ** -31 - 1) * 2 ** -(i % 2 === 0 ? next() % 60 : 0),
    );
    const { error, at } = worst(
      ys.filter((y) => y !== 0),
      (y) => {
        const z = exactQuantile(y, erfInverse(y) * Math.SQRT2);
        return ulps(erfInverse(y), divide(z, ROOT_2), 'f64');
      },
    );
    expect(error, `at ${at}`).toBeLessThanOrEqual(2.5);
  });
});

/** The z with erf(z/√2) = y. */
const exactQuantile = (y: number, guess: number): Exact =>
  normalQuantileOf({ n: exact(y).n, s: exact(y).s + 1 }, guess);

describe('published values', () => {
  // K. C. Ng, "Good to the last bit"; J.-M. Muller, Elementary Functions: the f64 closest to a multiple of π/2.
  it('reduces huge arguments', () => {
    expect(sin(1e22)).toBe(-0.8522008497671888);
    expect(cos(6381956970095103 * 2 ** 797)).toBe(-4.687165924254628e-19);
  });

  it('knows π, e and the quantiles of every table', () => {
    expect(4 * atan2(1, 1)).toBe(Math.PI);
    expect(exp(1)).toBe(Math.E);
    expect(normalQuantile(0.975)).toBeCloseTo(1.959963984540054, 14);
    expect(erf(1)).toBeCloseTo(0.8427007929497149, 15);
    expect(normalQuantile(1e-300)).toBeCloseTo(-37.0471, 4);
  });
});

describe('special values', () => {
  const cases: readonly (readonly [string, number, number])[] = [
    ['exp 0', exp(0), 1],
    ['exp −∞', exp(-Infinity), 0],
    ['exp ∞', exp(Infinity), Infinity],
    ['exp 709.782712893384', exp(709.782712893384), 1.7976931348622732e308],
    ['exp −745.2', exp(-745.2), 0],
    ['expm1 −0', expm1(-0), -0],
    ['expm1 −∞', expm1(-Infinity), -1],
    ['expm1 ∞', expm1(Infinity), Infinity],
    ['log 1', log(1), 0],
    ['log 0', log(0), -Infinity],
    ['log −0', log(-0), -Infinity],
    ['log −1', log(-1), NaN],
    ['log ∞', log(Infinity), Infinity],
    ['log1p −0', log1p(-0), -0],
    ['log1p −1', log1p(-1), -Infinity],
    ['log1p ∞', log1p(Infinity), Infinity],
    ['sin −0', sin(-0), -0],
    ['sin ∞', sin(Infinity), NaN],
    ['cos −∞', cos(-Infinity), NaN],
    ['tan −0', tan(-0), -0],
    ['tanh −0', tanh(-0), -0],
    ['tanh −∞', tanh(-Infinity), -1],
    ['logistic 0', logistic(0), 0.5],
    ['logistic −∞', logistic(-Infinity), 0],
    ['softplus −∞', softplus(-Infinity), 0],
    ['softplus ∞', softplus(Infinity), Infinity],
    ['erf −0', erf(-0), -0],
    ['erf −∞', erf(-Infinity), -1],
    ['erfInverse −1', erfInverse(-1), -Infinity],
    ['erfInverse 1.1', erfInverse(1.1), NaN],
    ['normalQuantile 0', normalQuantile(0), -Infinity],
    ['normalQuantile ½', normalQuantile(0.5), 0],
    ['normalQuantile 1', normalQuantile(1), Infinity],
    ['normalQuantile 2', normalQuantile(2), NaN],
    ['atan2 0, −0', atan2(0, -0), Math.PI],
    ['atan2 −0, 1', atan2(-0, 1), -0],
    ['atan2 ∞, −∞', atan2(Infinity, -Infinity), (3 * Math.PI) / 4],
    ['pow NaN⁰', pow(NaN, 0), 1],
    ['pow 1^NaN', pow(1, NaN), 1],
    ['pow (−1)^∞', pow(-1, Infinity), 1],
    ['pow (−0)^−3', pow(-0, -3), -Infinity],
    ['pow (−8)^⅓', pow(-8, 1 / 3), NaN],
    ['pow (−∞)^−3', pow(-Infinity, -3), -0],
    ['pow ½^∞', pow(0.5, Infinity), 0],
    ['pow of a subnormal', pow(5e-324, 1), 5e-324],
  ];
  it.each(cases)('%s', (_, actual, expected) => {
    expect(actual).toBe(expected);
  });

  it('propagates NaN', () => {
    for (const f of [exp, expm1, log, log1p, sin, cos, tan, tanh, logistic, softplus, erf, erfInverse, normalQuantile])
      expect(f(NaN)).toBeNaN();
  });
});

it('pow is exact where the result is an integer below 2⁵³', () => {
  const wrong: string[] = [];
  for (let base = 2; base < 1000; base++)
    for (let k = 1; base ** k < 2 ** 53; k++)
      if (pow(base, k) !== Number(BigInt(base) ** BigInt(k))) wrong.push(`${base}^${k}`);
  expect(wrong).toEqual([]);
});

it('the bits of 2/π are those of an independent π', () => {
  // Machin's formula in integers.
  const inverse = (k: bigint): bigint => {
    let [power, sum, sign] = [(1n << 1400n) / k, 0n, 1n];
    for (let i = 1n; power > 0n; i += 2n, power /= k * k, sign = -sign) sum += (sign * power) / i;
    return sum;
  };
  const pi = 16n * inverse(5n) - 4n * inverse(239n);
  expect(coefficients.TWO_OVER_PI_BITS).toBe((2n << (1216n + 1400n)) / pi);
});
