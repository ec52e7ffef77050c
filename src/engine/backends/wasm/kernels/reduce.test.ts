import { describe, expect, it } from 'vitest';
import { BYTES, type Dtype } from '../../../dtype.ts';
import { type ReduceOp, type ReduceOptions, reduceKernel } from './reduce.ts';
import { Bench, integers, numbers, profiles } from './testing.ts';

const { fround } = Math;

/** The documented order, spelled out with plain loops; `round` is the rounding of the partials' dtype. */
function canonical(
  x: readonly number[],
  f: (a: number, b: number) => number,
  identity: number,
  round: (x: number) => number,
): number {
  const combine = (a: number, b: number) => round(f(a, b));
  let total = identity;
  for (let start = 0; start < x.length; start += 4096) {
    const p = Array<number>(8).fill(identity);
    x.slice(start, start + 4096).forEach((v, i) => {
      p[i % 8] = combine(p[i % 8]!, v);
    });
    const left = combine(combine(p[0]!, p[4]!), combine(p[2]!, p[6]!));
    const right = combine(combine(p[1]!, p[5]!), combine(p[3]!, p[7]!));
    total = combine(total, combine(left, right));
  }
  return total;
}

const rounding: Record<Dtype, (x: number) => number> = {
  f32: fround,
  f64: (x) => x,
  i32: (x) => x | 0,
  u32: (x) => x >>> 0,
  bool: (x) => x,
};
const functions: Record<ReduceOp, (dtype: Dtype) => (a: number, b: number) => number> = {
  sum: () => (a, b) => a + b,
  prod: (d) => (d === 'i32' || d === 'u32' ? Math.imul : (a, b) => a * b),
  max: () => (a, b) => Math.max(a, b),
  min: () => (a, b) => Math.min(a, b),
  any: () => (a, b) => a | b,
  all: () => (a, b) => a & b,
};
const empty = (op: ReduceOp, dtype: Dtype): number => {
  if (op === 'max') return dtype === 'i32' ? -(2 ** 31) : dtype === 'u32' ? 0 : Number.NEGATIVE_INFINITY;
  if (op === 'min') return dtype === 'i32' ? 2 ** 31 - 1 : dtype === 'u32' ? 2 ** 32 - 1 : Number.POSITIVE_INFINITY;
  return op === 'sum' || op === 'any' ? 0 : 1;
};

function values(dtype: Dtype, length: number, op: ReduceOp): number[] {
  if (dtype === 'bool') return integers(length, 20, 5).map((v) => Number(op === 'any' ? v === 0 : v !== 0));
  if (dtype === 'u32') return integers(length, 2 ** 32, 6);
  if (dtype === 'i32') return integers(length, 2 ** 32, 7).map((v) => v | 0);
  const odd = numbers(length, 8, op === 'prod' ? 0.02 : 2);
  return op === 'prod' ? odd.map((v) => fround(1 + v)) : odd;
}

function reference(
  { op, dtype, accumulate }: ReduceOptions,
  x: number[],
  outer: number,
  len: number,
  inner: number,
): number[] {
  const round = rounding[accumulate ?? dtype];
  return Array.from({ length: outer * inner }, (_, k) => {
    const [row, column] = [Math.floor(k / inner), k % inner];
    const line = Array.from({ length: len }, (_, i) => x[(row * len + i) * inner + column]!);
    return rounding[dtype](canonical(line, functions[op](dtype), empty(op, dtype), round));
  });
}

const kinds: ReduceOptions[] = [
  ...(['f32', 'f64', 'i32', 'u32'] as const).flatMap((dtype) =>
    (['sum', 'prod', 'max', 'min'] as const).map((op) => ({ op, dtype })),
  ),
  { op: 'any', dtype: 'bool' },
  { op: 'all', dtype: 'bool' },
  { op: 'sum', dtype: 'f32', accumulate: 'f64' },
];
const shapes = [
  [1, 0, 1],
  [3, 0, 5],
  [0, 4, 1],
  [1, 1, 1],
  [4, 3, 1],
  [2, 7, 2],
  [3, 8, 3],
  [2, 9, 4],
  [1, 13, 9],
  [2, 16, 17],
  [1, 20, 70],
  [5, 31, 1],
  [1, 4095, 1],
  [1, 4096, 5],
  [2, 9000, 1],
  [1, 4101, 6],
  [1, 21000, 1],
  [11, 13, 1],
  [9, 4096, 1],
] as const;

describe.each(kinds)('reduce $op $dtype $accumulate', (options) => {
  const bench = new Bench(profiles.at(-1));

  it.each(shapes)('(%i, %i, %i) equals the documented order bit by bit', (outer, len, inner) => {
    bench.clear();
    const data = values(options.dtype, outer * len * inner, options.op);
    const x = bench.place(options.dtype, data);
    const out = bench.room(options.dtype, outer * inner);
    bench.run(reduceKernel(options), out, x, outer, len, inner, 0, outer * inner);
    expect(out.read()).toEqual(reference(options, data, outer, len, inner));
    expect(bench.isIntactAround(out, outer * inner * BYTES[options.dtype])).toBe(true);
  });

  it('does not depend on how the outputs are shared out', () => {
    bench.clear();
    const [outer, len, inner] = [3, 21, 7];
    const x = bench.place(options.dtype, values(options.dtype, outer * len * inner, options.op));
    const [whole, parts] = [bench.room(options.dtype, 21), bench.room(options.dtype, 21)];
    bench.run(reduceKernel(options), whole, x, outer, len, inner, 0, 21);
    for (const [begin, end] of [
      [0, 5],
      [5, 6],
      [6, 6],
      [6, 16],
      [16, 21],
    ] as const)
      bench.run(reduceKernel(options), parts, x, outer, len, inner, begin, end);
    expect(parts.read()).toEqual(whole.read());
  });
});

describe('special values', () => {
  const reduce = (op: ReduceOp, dtype: Dtype, data: number[], inner = 1) => {
    const bench = new Bench();
    const x = bench.place(dtype, data);
    const out = bench.room(dtype, inner);
    bench.run(reduceKernel({ op, dtype }), out, x, 1, data.length / inner, inner, 0, inner);
    return out.read();
  };

  it.each(['f32', 'f64'] as const)('max and min of %s pass NaN on from any place', (dtype) => {
    for (let at = 0; at < 11; at++) {
      const data = Array.from({ length: 11 }, (_, i) => (i === at ? Number.NaN : i));
      expect(reduce('max', dtype, data)).toEqual([Number.NaN]);
      expect(reduce('min', dtype, data)).toEqual([Number.NaN]);
    }
  });

  it('a sum in f64 keeps what f32 partials lose', () => {
    const bench = new Bench();
    const x = bench.place('f32', [2 ** 24, ...Array<number>(7).fill(0), 1, ...Array<number>(7).fill(0), 1]);
    const out = bench.room('f32', 1);
    bench.run(reduceKernel({ op: 'sum', dtype: 'f32', accumulate: 'f64' }), out, x, 1, 17, 1, 0, 1);
    expect(out.read()).toEqual([2 ** 24 + 2]);
    bench.run(reduceKernel({ op: 'sum', dtype: 'f32' }), out, x, 1, 17, 1, 0, 1);
    expect(out.read()).toEqual([2 ** 24]);
  });

  it('refuses what has no meaning', () => {
    expect(() => reduceKernel({ op: 'any', dtype: 'f32' })).toThrow(/any has no kernel for f32/);
    expect(() => reduceKernel({ op: 'sum', dtype: 'bool' })).toThrow(/sum has no kernel for bool/);
    expect(() => reduceKernel({ op: 'max', dtype: 'f32', accumulate: 'f64' })).toThrow(/accumulates in f64/);
  });
});
