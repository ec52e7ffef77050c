import { describe, expect, it } from 'vitest';
import { scatterAddAlongKernel, scatterAddKernel, takeAlongKernel, takeKernel } from './gather.ts';
import { Bench, integers, numbers } from './testing.ts';

const shapes = [
  { outer: 1, len: 5, inner: 1, count: 9 },
  { outer: 3, len: 4, inner: 7, count: 6 },
  { outer: 2, len: 1, inner: 4, count: 3 },
  { outer: 1, len: 8, inner: 19, count: 40 },
  { outer: 2, len: 6, inner: 3, count: 0 },
  { outer: 0, len: 6, inner: 3, count: 4 },
];

/** Indices from −2 to len + 1: some lie outside on both sides. */
const indicesFor = (n: number, len: number) => integers(n, len + 4, 21).map((i) => i - 2);
const clamp = (i: number, len: number) => Math.min(Math.max(i, 0), len - 1);
const cut = (n: number) => [0, Math.floor(n / 3), Math.floor(n / 2), n];

describe.each(['f32', 'f64'] as const)('take and takeAlong, %s', (dtype) => {
  const width = dtype === 'f32' ? 4 : 8;

  it.each(shapes)('read by clamped index: $outer, $len, $inner, $count', ({ outer, len, inner, count }) => {
    for (const along of [false, true]) {
      const bench = new Bench();
      const x = Array.from({ length: outer * len * inner }, (_, i) => i + 0.25);
      const idx = indicesFor(along ? outer * count * inner : count, len);
      const placed = [bench.place(dtype, x), bench.place('i32', idx)];
      const out = bench.room(dtype, outer * count * inner);
      const spec = along ? takeAlongKernel(width) : takeKernel(width);
      const cuts = cut(outer * count);
      for (let s = 0; s < 3; s++) bench.run(spec, out, ...placed, outer, len, inner, count, cuts[s]!, cuts[s + 1]!);
      const expected = Array.from({ length: outer * count * inner }, (_, flat) => {
        const [o, c, i] = [Math.floor(flat / inner / count), Math.floor(flat / inner) % count, flat % inner];
        return x[(o * len + clamp(idx[along ? flat : c]!, len)) * inner + i];
      });
      expect(out.read()).toEqual(expected);
      expect(bench.isIntactAround(out, expected.length * width)).toBe(true);
    }
  });
});

describe.each(['f32', 'f64', 'i32'] as const)('scatterAdd and scatterAddAlong, %s', (dtype) => {
  const width = dtype === 'f64' ? 8 : 4;
  const round = { f32: Math.fround, f64: (x: number) => x, i32: (x: number) => x | 0 }[dtype];

  it.each(shapes)('add in the order of the indices: $outer, $len, $inner, $count', ({ outer, len, inner, count }) => {
    for (const along of [false, true]) {
      const bench = new Bench();
      const n = outer * count * inner;
      const ct = dtype === 'i32' ? integers(n, 1000, 3) : numbers(n, 3);
      const start = Array.from({ length: outer * len * inner }, (_, i) => i);
      const idx = indicesFor(along ? n : count, len);
      const out = bench.place(dtype, start);
      const placed = [bench.place(dtype, ct), bench.place('i32', idx)];
      const spec = along ? scatterAddAlongKernel(dtype) : scatterAddKernel(dtype);
      const cuts = cut(outer * inner);
      for (let s = 0; s < 3; s++) bench.run(spec, out, ...placed, outer, len, inner, count, cuts[s]!, cuts[s + 1]!);
      const expected = start.slice();
      for (let flat = 0; flat < n; flat++) {
        const [o, c, i] = [Math.floor(flat / inner / count), Math.floor(flat / inner) % count, flat % inner];
        const index = idx[along ? flat : c]!;
        const at = (o * len + index) * inner + i;
        if (index >= 0 && index < len) expected[at] = round(expected[at]! + ct[flat]!);
      }
      expect(out.read()).toEqual(expected);
      expect(bench.isIntactAround(out, start.length * width)).toBe(true);
    }
  });
});

it('take reads nothing from an empty axis', () => {
  const bench = new Bench();
  const out = bench.room('f32', 2);
  const [x, idx] = [bench.place('f32', []), bench.place('i32', [0, 1])];
  bench.run(takeKernel(4), out, x, idx, 1, 0, 1, 2, 0, 2);
  expect(out.read()).toEqual([77, 77]);
});
