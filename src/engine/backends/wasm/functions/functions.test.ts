import { describe, expect, it } from 'vitest';
import type { FloatDtype, TypedArray } from '../../../dtype.ts';
import { DtypeError } from '../../../errors.ts';
import {
  add,
  atan2Of,
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
} from '../../../portable/reference.ts';
import { type Range, samples, words } from '../../../portable/reference-points.ts';
import * as portable from '../../../portable.ts';
import { detectProfile, type Profile } from '../profile.ts';
import { runner } from './harness.ts';
import { type FunctionName, functions } from './index.ts';

const profiles: readonly Profile[] = detectProfile() === 'fma' ? ['strict', 'fma'] : ['strict'];
const dtypes: readonly FloatDtype[] = ['f32', 'f64'];
const variants = dtypes.flatMap((dtype) => profiles.map((profile) => ({ dtype, profile })));

const arrayOf = (dtype: FloatDtype, values: readonly number[]): TypedArray =>
  dtype === 'f32' ? Float32Array.from(values) : Float64Array.from(values);

type Binary = 'pow' | 'atan2';
const isBinary = (name: FunctionName): name is Binary => name === 'pow' || name === 'atan2';

/** Applies a function to arrays of numbers. */
function apply(
  name: FunctionName,
  dtype: FloatDtype,
  profile: Profile,
  ...operands: (readonly number[])[]
): TypedArray {
  const inputs = name === 'normalQuantile' ? (['u32'] as const) : operands.map(() => dtype);
  const run = runner(functions[name], dtype, profile, inputs);
  return run(...operands.map((xs) => (name === 'normalQuantile' ? Uint32Array.from(xs) : arrayOf(dtype, xs))));
}

const same = (a: number, b: number): boolean => Object.is(a, b);

interface Row {
  readonly name: FunctionName;
  readonly oracle: (x: Exact) => Exact;
  readonly range: Range;
  /** Units of the last place, f32 and f64. */
  readonly bound: readonly [number, number];
  readonly within?: (x: number) => boolean;
}

const upTo = (limit: number) => (x: number) => x !== 0 && Math.abs(x) <= limit;
const always = () => true;

const rows: readonly Row[] = [
  { name: 'exp', oracle: expOf, range: { low: -745, high: 710 }, bound: [1, 1], within: upTo(800) },
  { name: 'exp', oracle: expOf, range: { low: -104, high: 89 }, bound: [1, 1], within: upTo(800) },
  { name: 'expm1', oracle: expm1Of, range: { low: -5, high: 10 }, bound: [1.5, 1.5], within: upTo(800) },
  { name: 'log', oracle: logOf, range: { low: 0.5, high: 3 }, bound: [1, 1], within: (x) => x > 0 },
  { name: 'log1p', oracle: log1pOf, range: { low: -0.9, high: 3 }, bound: [1, 1], within: (x) => x > -1 && x !== 0 },
  { name: 'sin', oracle: (x) => sinCosOf(x)[0], range: { low: -100, high: 100 }, bound: [1.5, 1] },
  { name: 'cos', oracle: (x) => sinCosOf(x)[1], range: { low: -100, high: 100 }, bound: [1.5, 1] },
  { name: 'tanh', oracle: tanhOf, range: { low: -10, high: 10 }, bound: [1.5, 1.5], within: upTo(40) },
  { name: 'logistic', oracle: logisticOf, range: { low: -50, high: 40 }, bound: [2, 2.5], within: upTo(800) },
  { name: 'softplus', oracle: softplusOf, range: { low: -40, high: 40 }, bound: [1.5, 1.5], within: upTo(800) },
  { name: 'erf', oracle: (x) => erfOf(x), range: { low: -5, high: 5 }, bound: [1.5, 1.5], within: upTo(6.5) },
];

const ruleOfDtypes = dtypes.flatMap((dtype) => rows.map((row) => ({ ...row, dtype })));

/** Index and size of the largest error. */
function worst(results: TypedArray, expected: readonly Exact[], dtype: FloatDtype): { error: number; at: number } {
  let found = { error: 0, at: 0 };
  results.forEach((y, at) => {
    const error = ulps(y, expected[at]!, dtype);
    if (!(error <= found.error)) found = { error, at };
  });
  return found;
}

function checkAll(
  name: FunctionName,
  dtype: FloatDtype,
  bound: number,
  expected: readonly Exact[],
  ...operands: (readonly number[])[]
): void {
  for (const profile of profiles) {
    const { error, at } = worst(apply(name, dtype, profile, ...operands), expected, dtype);
    expect(error, `${profile}, at ${operands.map((xs) => xs[at])}`).toBeLessThanOrEqual(bound);
  }
}

describe('errors against exact arithmetic', () => {
  it.each(ruleOfDtypes)('$dtype $name, $range.low … $range.high', ({ name, oracle, range, bound, within, dtype }) => {
    const xs = samples(20_000, 11, range, dtype).filter(within ?? always);
    checkAll(
      name,
      dtype,
      bound[dtype === 'f32' ? 0 : 1],
      xs.map((x) => oracle(exact(x))),
      xs,
    );
  });

  it.each(dtypes)('%s atan2', (dtype) => {
    const ys = samples(20_000, 12, { low: -5, high: 5 }, dtype).filter((y) => y !== 0);
    const next = words(13);
    const xs = ys.map(() => ys[next() % ys.length]!);
    const expected = ys.map((y, i) => atan2Of(exact(y), exact(xs[i]!)));
    checkAll('atan2', dtype, 2, expected, ys, xs);
  });

  it.each(dtypes)('%s pow, up to both ends of the range', (dtype) => {
    const next = words(14);
    const unit = () => next() * 2 ** -32;
    const [width, span] = dtype === 'f32' ? [250, 200] : [2000, 1490];
    const pairs = Array.from({ length: 20_000 }, (_, i) => {
      const [x] = arrayOf(dtype, [2 ** ((unit() - 0.5) * (i % 2 === 0 ? 2 : width))]);
      const y = i % 3 === 0 ? unit() * 20 - 10 : ((unit() - 0.5) * span) / Math.log(x!);
      return [x!, arrayOf(dtype, [y])[0]!] as const;
    }).filter(([, y]) => Number.isFinite(y));
    const expected = pairs.map(([x, y]) => powOf(exact(x), exact(y)));
    const [xs, ys] = [pairs.map(([x]) => x), pairs.map(([, y]) => y)];
    checkAll('pow', dtype, dtype === 'f32' ? 0.51 : 1, expected, xs, ys);
  });

  it.each(dtypes)('%s normalQuantile, in the centre and both tails', (dtype) => {
    const next = words(15);
    const spread = (i: number) =>
      i % 3 === 0 ? next() >>> (next() % 32) : i % 3 === 1 ? ~(next() >>> (next() % 32)) : next();
    const us = Array.from({ length: 20_000 }, (_, i) => (i < 100 ? i : spread(i) >>> 0));
    const expected = us.map((u) => {
      const p = (u + 0.5) * 2 ** -32;
      return normalQuantileOf(add(exact(p), { n: -1n, s: 1 }), portable.normalQuantile(p));
    });
    // Measured: 2.3 ulp in f32 without fused multiply-adds, in the centre; docs/notes/0007-functions.md.
    checkAll('normalQuantile', dtype, dtype === 'f32' ? 2.5 : 2, expected, us);
  });
});

const byName: Readonly<Record<string, unknown>> = portable;
const { PI } = Math;
const inf = Infinity;

/** Arguments, then the value; π is rounded to the dtype. */
const special: Readonly<Record<FunctionName, readonly (readonly number[])[]>> = {
  exp: [[0, 1], [-0, 1], [inf, inf], [-inf, 0], [1000, inf], [-1000, 0], [NaN, NaN]], // biome-ignore format: a table
  expm1: [[0, 0], [-0, -0], [inf, inf], [-inf, -1], [1000, inf], [-1000, -1], [NaN, NaN]], // biome-ignore format: a table
  log: [[1, 0], [0, -inf], [-0, -inf], [-1, NaN], [-inf, NaN], [inf, inf], [NaN, NaN]], // biome-ignore format: a table
  log1p: [[0, 0], [-0, -0], [-1, -inf], [-2, NaN], [-inf, NaN], [inf, inf], [NaN, NaN]], // biome-ignore format: a table
  sin: [[0, 0], [-0, -0], [inf, NaN], [-inf, NaN], [NaN, NaN]], // biome-ignore format: a table
  cos: [[0, 1], [-0, 1], [inf, NaN], [-inf, NaN], [NaN, NaN]], // biome-ignore format: a table
  tanh: [[0, 0], [-0, -0], [inf, 1], [-inf, -1], [50, 1], [NaN, NaN]], // biome-ignore format: a table
  logistic: [[0, 0.5], [-0, 0.5], [inf, 1], [-inf, 0], [NaN, NaN]], // biome-ignore format: a table
  softplus: [[inf, inf], [-inf, 0], [1000, 1000], [-1000, 0], [NaN, NaN]], // biome-ignore format: a table
  erf: [[0, 0], [-0, -0], [inf, 1], [-inf, -1], [7, 1], [NaN, NaN]], // biome-ignore format: a table
  atan2: [
    [0, 1, 0], [-0, 1, -0], [0, -1, PI], [-0, -1, -PI], [0, 0, 0], [-0, 0, -0], [0, -0, PI], [-0, -0, -PI],
    [1, 0, PI / 2], [-1, -0, -PI / 2], [1, inf, 0], [-1, inf, -0], [1, -inf, PI], [-1, -inf, -PI],
    [inf, 1, PI / 2], [-inf, -1, -PI / 2], [inf, inf, PI / 4], [-inf, inf, -PI / 4], [inf, -inf, 3 * PI / 4],
    [-inf, -inf, -3 * PI / 4], [1, 1, PI / 4], [NaN, 1, NaN], [1, NaN, NaN], [NaN, 0, NaN], [0, NaN, NaN],
  ], // biome-ignore format: a table
  pow: [
    [NaN, 0, 1], [NaN, -0, 1], [inf, 0, 1], [0, 0, 1], [1, NaN, 1], [1, inf, 1], [-1, inf, 1], [-1, -inf, 1],
    [NaN, 1, NaN], [2, NaN, NaN], [-2, NaN, NaN], [0, NaN, NaN], [2, inf, inf], [2, -inf, 0], [0.5, inf, 0], [0.5, -inf, inf],
    [-2, inf, inf], [-0.5, inf, 0], [0, 3, 0], [-0, 3, -0], [-0, 2, 0], [-0, 0.5, 0], [0, -3, inf], [-0, -3, -inf],
    [-0, -2, inf], [0, -inf, inf], [0, inf, 0], [inf, 2, inf], [inf, -2, 0], [-inf, 3, -inf], [-inf, 2, inf],
    [-inf, -3, -0], [-inf, 0.5, inf], [-8, 1 / 3, NaN], [-2, 3, -8], [-2, 2, 4], [-2, -1, -0.5], [3, 1, 3], [3, 2, 9],
    [10, 3, 1000], [4, 0.5, 2], [2, -149, 2 ** -149], [2, 1000000, inf], [2, -1000000, 0], [-2, 1000001, -inf],
  ], // biome-ignore format: a table
  normalQuantile: [],
};

describe.each(variants)('$dtype $profile', ({ dtype, profile }) => {
  it.each(Object.keys(special) as FunctionName[])('special values of %s', (name) => {
    const table = special[name];
    if (table.length === 0) return;
    const column = (i: number) => table.map((row) => row[i]!);
    const arity = isBinary(name) ? 2 : 1;
    const actual = apply(name, dtype, profile, ...Array.from({ length: arity }, (_, i) => column(i)));
    const expected = arrayOf(dtype, column(arity));
    table.forEach((row, i) => {
      expect(actual[i], `${name}(${row.slice(0, arity)})`).toBe(expected[i]);
    });
  });

  it('odd functions are odd and cos is even, bit for bit', () => {
    const xs = samples(2000, 21, { low: -9, high: 9 }, dtype);
    for (const [name, sign] of [
      ['sin', -1],
      ['tanh', -1],
      ['erf', -1],
      ['cos', 1],
    ] as const) {
      const [plus, minus] = [xs, xs.map((x) => -x)].map((side) => apply(name, dtype, profile, side));
      const wrong = xs.filter((_, i) => !same(plus![i]!, sign * minus![i]!));
      expect(wrong, name).toEqual([]);
    }
  });

  it('a lane does not depend on its neighbours', () => {
    const mixed = [...samples(300, 22, { low: -9, high: 9 }, dtype), NaN, inf, -inf, 1e30, 0.5, -0.5, 3e38];
    for (const name of Object.keys(functions) as FunctionName[]) {
      const xs = name === 'normalQuantile' ? mixed.map((_, i) => Math.imul(i, 0x9e3779b1) >>> (i % 32)) : mixed;
      const second = isBinary(name) ? [xs.map((x, i) => (i % 3 === 0 ? -x : i - 150))] : [];
      const together = apply(name, dtype, profile, xs, ...second);
      for (let shift = 1; shift < 4; shift++) {
        const moved = (v: readonly number[]) => [...Array<number>(shift).fill(1), ...v];
        const again = apply(name, dtype, profile, moved(xs), ...second.map(moved));
        const wrong = xs.filter((_, i) => !same(together[i]!, again[i + shift]!));
        expect(wrong, name).toEqual([]);
      }
    }
  });

  it('opposite words give opposite normals', () => {
    const next = words(23);
    const us = Array.from({ length: 4000 }, (_, i) => (next() >>> (i % 32)) >>> 0);
    const plus = apply('normalQuantile', dtype, profile, us);
    const minus = apply(
      'normalQuantile',
      dtype,
      profile,
      us.map((u) => ~u >>> 0),
    );
    expect(plus.every((z, i) => same(z, -minus[i]!))).toBe(true);
    expect([...apply('normalQuantile', dtype, profile, [0, 0xffffffff])].map(Math.round)).toEqual([-6, 6]);
  });

  it('pow(x, 1) is x and small integer powers are exact', () => {
    const xs = samples(1000, 24, { low: 0, high: 9 }, dtype);
    const ones = xs.map(() => 1);
    expect([...apply('pow', dtype, profile, xs, ones)]).toEqual([...arrayOf(dtype, xs)]);
    const limit = dtype === 'f32' ? 2 ** 24 : 2 ** 53;
    const pairs: [number, number][] = [];
    for (let base = 2; base < 200; base++) for (let k = 1; base ** k < limit; k++) pairs.push([base, k]);
    const powers = apply(
      'pow',
      dtype,
      profile,
      pairs.map(([b]) => b),
      pairs.map(([, k]) => k),
    );
    expect([...powers]).toEqual(pairs.map(([b, k]) => Number(BigInt(b) ** BigInt(k))));
  });

  it('logistic(−x) = 1 − logistic(x) within a unit', () => {
    const xs = samples(4000, 25, { low: -4, high: 4 }, dtype);
    const [plus, minus] = [xs, xs.map((x) => -x)].map((side) => apply('logistic', dtype, profile, side));
    const unit = dtype === 'f32' ? 2 ** -23 : 2 ** -52;
    expect(Math.max(...xs.map((_, i) => Math.abs(plus![i]! + minus![i]! - 1)))).toBeLessThanOrEqual(unit);
  });
});

describe('f64 under strict has the bits of the portable functions', () => {
  const names = (Object.keys(functions) as FunctionName[]).filter((name) => name !== 'normalQuantile');
  it.each(names)('%s', (name) => {
    const xs = samples(5000, 31, { low: -40, high: 40 }, 'f64');
    const ys = [...xs.slice(1000), ...xs.slice(0, 1000)];
    const actual = apply(name, 'f64', 'strict', ...(isBinary(name) ? [xs, ys] : [xs]));
    const f = byName[name] as (x: number, y: number) => number;
    expect(xs.filter((x, i) => !same(actual[i]!, f(x, ys[i]!)))).toEqual([]);
  });

  it('normalQuantile', () => {
    const next = words(32);
    const us = Array.from({ length: 5000 }, (_, i) => next() >>> (i % 32));
    const actual = apply('normalQuantile', 'f64', 'strict', us);
    expect([...actual]).toEqual(us.map((u) => portable.normalQuantile((u + 0.5) * 2 ** -32)));
  });
});

it('refuses integers', () => {
  expect(() => runner((w, _, profile) => functions.exp(w, 'i32', profile), 'f32', 'strict', ['f32'])).toThrow(
    DtypeError,
  );
});
