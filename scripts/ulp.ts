/**
 * Long sweeps of the vector functions, by hand: the largest error of each in units of the last place.
 *
 *     node scripts/ulp.ts [function|all] [stride of f32 bit patterns, default 1021] [f64 points, default 200000]
 *
 * f32: every stride-th of the 2³² bit patterns (1 is exhaustive) against the portable f64 functions, which
 * portable.test.ts holds against exact arithmetic; f64: random points against exact arithmetic itself.
 */

import { runner } from '../src/engine/backends/wasm/functions/harness.ts';
import { type FunctionName, functions } from '../src/engine/backends/wasm/functions/index.ts';
import { detectProfile, type Profile } from '../src/engine/backends/wasm/profile.ts';
import type { Dtype, FloatDtype, TypedArray } from '../src/engine/dtype.ts';
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
} from '../src/engine/portable/reference.ts';
import { type Range, samples, words } from '../src/engine/portable/reference-points.ts';
import * as portable from '../src/engine/portable.ts';

const [which = 'all', stride = '1021', points = '200000'] = process.argv.slice(2);
const BATCH = 1 << 16;

interface Worst {
  error: number;
  at: string;
}

type Wide = (...operands: number[]) => number;

const WIDE: Readonly<Record<FunctionName, Wide>> = {
  ...portable,
  normalQuantile: (u) => portable.normalQuantile((u! + 0.5) * 2 ** -32),
} as Readonly<Record<FunctionName, Wide>>;

/** |actual − expected| in units of the last place of f32; equal values and NaN for NaN are 0. */
function narrowUlps(actual: number, expected: number): number {
  if (Object.is(actual, Math.fround(expected)) || (Number.isNaN(actual) && Number.isNaN(expected))) return 0;
  if (!Number.isFinite(actual) || !Number.isFinite(expected))
    return Math.abs(expected) > 2 ** 128 * (1 - 2 ** -25) && actual === Math.sign(expected) * Infinity ? 0 : Infinity;
  const exponent = Math.max(Math.floor(Math.log2(Math.abs(expected))), -126);
  return Math.abs(actual - expected) / 2 ** (Math.min(exponent, 127) - 23);
}

/** Bit patterns i·stride, i in [from, from + BATCH), as f32 or as words. */
function patterns(from: number, step: number): Uint32Array {
  return Uint32Array.from({ length: BATCH }, (_, i) => ((from + i) * step) >>> 0);
}

function operandsOf(name: FunctionName, from: number, step: number): TypedArray[] {
  const bits = patterns(from, step);
  if (name === 'normalQuantile') return [bits];
  const first = new Float32Array(bits.buffer);
  if (name === 'atan2') return [first, new Float32Array(first).reverse()];
  if (name !== 'pow') return [first];
  const next = words(from);
  const x = first.map((v) => Math.abs(v));
  return [x, x.map((v) => ((next() * 2 ** -32 - 0.5) * 200) / Math.log(v))];
}

const inputsOf = (name: FunctionName, dtype: FloatDtype): readonly Dtype[] =>
  name === 'normalQuantile' ? ['u32'] : name === 'pow' || name === 'atan2' ? [dtype, dtype] : [dtype];

function sweepNarrow(name: FunctionName, profile: Profile, step: number): Worst {
  const run = runner(functions[name], 'f32', profile, inputsOf(name, 'f32'));
  const worst: Worst = { error: 0, at: '' };
  for (let from = 0; from * step < 2 ** 32; from += BATCH) {
    const operands = operandsOf(name, from, step);
    const results = run(...operands);
    for (let i = 0; i < BATCH; i++) {
      const arguments_ = operands.map((x) => x[i]!);
      const error = narrowUlps(results[i]!, WIDE[name](...arguments_));
      if (!(error <= worst.error)) Object.assign(worst, { error, at: arguments_.join(', ') });
    }
  }
  return worst;
}

interface Row {
  readonly oracle: (x: Exact) => Exact;
  readonly range: Range;
  readonly within?: (x: number) => boolean;
}

const upTo = (limit: number) => (x: number) => x !== 0 && Math.abs(x) <= limit;
const UNARY: Partial<Readonly<Record<FunctionName, Row>>> = {
  exp: { oracle: expOf, range: { low: -745, high: 710 }, within: upTo(800) },
  expm1: { oracle: expm1Of, range: { low: -3, high: 3 }, within: upTo(800) },
  log: { oracle: logOf, range: { low: 0.5, high: 2 }, within: (x) => x > 0 },
  log1p: { oracle: log1pOf, range: { low: -0.9, high: 2 }, within: (x) => x > -1 && x !== 0 },
  sin: { oracle: (x) => sinCosOf(x)[0], range: { low: -7, high: 7 } },
  cos: { oracle: (x) => sinCosOf(x)[1], range: { low: -7, high: 7 } },
  tanh: { oracle: tanhOf, range: { low: -4, high: 4 }, within: upTo(40) },
  logistic: { oracle: logisticOf, range: { low: -20, high: 10 }, within: upTo(800) },
  softplus: { oracle: softplusOf, range: { low: -10, high: 10 }, within: upTo(800) },
  erf: { oracle: (x) => erfOf(x), range: { low: -3, high: 3 }, within: upTo(6.5) },
};

/** Arguments and exact values of the functions that need more than one random number. */
function others(name: FunctionName, count: number): readonly [number[][], Exact[]] {
  const next = words(99);
  const unit = () => next() * 2 ** -32;
  if (name === 'normalQuantile') {
    const us = Array.from({ length: count }, () => next());
    const oracle = (p: number) => normalQuantileOf(add(exact(p), { n: -1n, s: 1 }), portable.normalQuantile(p));
    return [[us], us.map((u) => oracle((u + 0.5) * 2 ** -32))];
  }
  if (name === 'atan2') {
    const ys = samples(count, 97, { low: -3, high: 3 }, 'f64').filter((y) => y !== 0);
    const xs = ys.map((_, i) => ys[(i * 7919) % ys.length]!);
    return [[ys, xs], ys.map((y, i) => atan2Of(exact(y), exact(xs[i]!)))];
  }
  const xs = Array.from({ length: count }, (_, i) => 2 ** ((unit() - 0.5) * (i % 2 === 0 ? 2 : 2000)));
  const ys = xs.map((x, i) => (i % 3 === 0 ? unit() * 20 - 10 : ((unit() - 0.5) * 1490) / Math.log(x)));
  return [[xs, ys], xs.map((x, i) => powOf(exact(x), exact(ys[i]!)))];
}

function wideCases(name: FunctionName, count: number): readonly [number[][], Exact[]] {
  const row = UNARY[name];
  if (row === undefined) return others(name, count);
  const xs = samples(count, 98, row.range, 'f64').filter(row.within ?? (() => true));
  return [[xs], xs.map((x) => row.oracle(exact(x)))];
}

function sweepWide(name: FunctionName, profile: Profile, [operands, expected]: readonly [number[][], Exact[]]): Worst {
  const run = runner(functions[name], 'f64', profile, inputsOf(name, 'f64'));
  const store = name === 'normalQuantile' ? Uint32Array : Float64Array;
  const results = run(...operands.map((xs) => store.from(xs)));
  const worst: Worst = { error: 0, at: '' };
  results.forEach((y, i) => {
    const error = ulps(y, expected[i]!, 'f64');
    if (!(error <= worst.error)) Object.assign(worst, { error, at: operands.map((xs) => xs[i]).join(', ') });
  });
  return worst;
}

const profiles: readonly Profile[] = detectProfile() === 'fma' ? ['strict', 'fma'] : ['strict'];
const names = (Object.keys(functions) as FunctionName[]).filter((name) => which === 'all' || which === name);
console.log('| function | dtype | profile | max ulp | at |\n|---|---|---|---|---|');
for (const name of names) {
  const line = (dtype: FloatDtype, profile: Profile, { error, at }: Worst) =>
    console.log(`| ${name} | ${dtype} | ${profile} | ${error.toFixed(3)} | ${at} |`);
  for (const profile of profiles) line('f32', profile, sweepNarrow(name, profile, Number(stride)));
  const cases = wideCases(name, Number(points));
  for (const profile of profiles) line('f64', profile, sweepWide(name, profile, cases));
}
