import { describe, expect, it } from 'vitest';
import { BYTES, type Dtype } from '../../../dtype.ts';
import { argReduceKernel } from './arg-reduce.ts';
import { cumulativeKernel } from './cumulative.ts';
import { Bench, integers, numbers } from './testing.ts';

const shapes = [
  [1, 0, 1],
  [2, 0, 3],
  [1, 1, 1],
  [3, 5, 1],
  [2, 7, 4],
  [1, 300, 2],
] as const;
const shares = (n: number) => [
  [0, Math.floor(n / 2)],
  [Math.floor(n / 2), n],
];
const round: Record<Dtype, (x: number) => number> = {
  f32: Math.fround,
  f64: (x) => x,
  i32: (x) => x | 0,
  u32: (x) => x >>> 0,
  bool: (x) => x,
};

function values(dtype: Dtype, n: number): number[] {
  if (dtype === 'bool') return integers(n, 2, 4);
  if (dtype === 'u32') return integers(n, 2 ** 32, 4);
  if (dtype === 'i32') return integers(n, 2 ** 32, 4).map((v) => v | 0);
  return numbers(n, 4).map((v) => Math.fround(Math.round(8 * v) / 8)); // many ties
}
const line = (x: number[], len: number, inner: number, k: number) =>
  Array.from({ length: len }, (_, i) => x[(Math.floor(k / inner) * len + i) * inner + (k % inner)]!);

describe.each(['f32', 'f64', 'i32', 'u32', 'bool'] as const)('argmax and argmin, %s', (dtype) => {
  it.each(shapes)('(%i, %i, %i): the first of the extremes', (outer, len, inner) => {
    const bench = new Bench();
    const n = outer * inner;
    const data = values(dtype, outer * len * inner);
    const x = bench.place(dtype, data);
    const [most, least] = [bench.room('i32', n), bench.room('i32', n)];
    for (const [begin, end] of shares(n)) {
      bench.run(argReduceKernel('argmax', dtype), most, x, outer, len, inner, begin!, end!);
      bench.run(argReduceKernel('argmin', dtype), least, x, outer, len, inner, begin!, end!);
    }
    const lines = Array.from({ length: n }, (_, k) => line(data, len, inner, k));
    expect(most.read()).toEqual(lines.map((l) => Math.max(0, l.indexOf(Math.max(...l)))));
    expect(least.read()).toEqual(lines.map((l) => Math.max(0, l.indexOf(Math.min(...l)))));
  });

  it('lets the first NaN win', () => {
    if (dtype !== 'f32' && dtype !== 'f64') return;
    const bench = new Bench();
    const out = bench.room('i32', 1);
    for (const data of [
      [1, Number.NaN, 9, Number.NaN],
      [-Infinity, Number.NaN, Infinity, Number.NaN],
    ])
      for (const op of ['argmax', 'argmin'] as const) {
        bench.run(argReduceKernel(op, dtype), out, bench.place(dtype, data), 1, 4, 1, 0, 1);
        expect(out.read()).toEqual([1]);
      }
  });
});

describe.each(['f32', 'f64', 'i32', 'u32'] as const)('cumsum and cumprod, %s', (dtype) => {
  it.each(shapes)('(%i, %i, %i), both directions', (outer, len, inner) => {
    for (const op of ['cumsum', 'cumprod'] as const)
      for (const reverse of [false, true]) {
        const bench = new Bench();
        const data = values(dtype, outer * len * inner);
        const x = bench.place(dtype, data);
        const out = bench.room(dtype, data.length);
        for (const [begin, end] of shares(outer * inner))
          bench.run(cumulativeKernel({ op, dtype, reverse }), out, x, outer, len, inner, begin!, end!);
        const expected = data.slice();
        const isInt = dtype === 'i32' || dtype === 'u32';
        for (let k = 0; k < outer * inner; k++) {
          let total = op === 'cumsum' ? 0 : 1;
          for (let i = 0; i < len; i++) {
            const at = (Math.floor(k / inner) * len + (reverse ? len - 1 - i : i)) * inner + (k % inner);
            const v = data[at]!;
            total = round[dtype](op === 'cumsum' ? total + v : isInt ? Math.imul(total, v) : total * v);
            expected[at] = total;
          }
        }
        expect(out.read()).toEqual(expected);
        expect(bench.isIntactAround(out, data.length * BYTES[dtype])).toBe(true);
      }
  });
});
