import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stridedCopyKernel } from './copy.ts';
import { coalesce, planCopy } from './copy-plan.ts';
import { Bench, type Placed } from './testing.ts';

const rowMajor = (dims: readonly number[]) => dims.map((_, k) => dims.slice(k + 1).reduce((a, b) => a * b, 1));
const product = (dims: readonly number[]) => dims.reduce((a, b) => a * b, 1);

/** All index tuples in row-major order. */
function* indices(dims: readonly number[]): Generator<number[]> {
  for (let flat = 0; flat < product(dims); flat++)
    yield rowMajor(dims).map((step, k) => Math.floor(flat / step) % dims[k]!);
}
const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, x, k) => sum + x * b[k]!, 0);

function copy(
  bench: Bench,
  width: 4 | 8,
  out: Placed,
  x: number,
  dims: number[],
  os: number[],
  is: number[],
  parts = 1,
): void {
  const plan = planCopy(dims, os, is);
  for (const [o, i] of plan.calls)
    for (let p = 0; p < parts; p++) {
      const share = [Math.floor((plan.extent * p) / parts), Math.floor((plan.extent * (p + 1)) / parts)];
      bench.run(stridedCopyKernel(width), out.pointer + o * width, x + i * width, ...plan.args, ...share);
    }
}

describe('coalesce', () => {
  it('joins contiguous axes, drops ones and keeps what differs', () => {
    expect(coalesce([2, 3, 4], [12, 4, 1], [12, 4, 1])).toEqual({ dims: [24], strides: [[1], [1]] });
    expect(coalesce([2, 1, 4], [4, 4, 1], [1, 9, 2])).toEqual({
      dims: [2, 4],
      strides: [
        [4, 1],
        [1, 2],
      ],
    });
    expect(coalesce([5, 6], [6, 1], [0, 0])).toEqual({ dims: [30], strides: [[1], [0]] });
    expect(coalesce([1, 1], [1, 1])).toEqual({ dims: [], strides: [[]] });
  });
});

describe.each([4, 8] as const)('stridedCopy, %i bytes', (width) => {
  const dtype = width === 4 ? 'f32' : 'f64';

  it.each([
    ['in a row', [40_000], [1], [1]],
    ['of one value', [40_000], [1], [0]],
    ['turned', [320, 128], [128, 1], [1, 320]],
    ['of rows repeated', [8, 96, 64], [6144, 64, 1], [0, 64, 1]],
  ] as const)('gives a large copy %s a share that can be cut', (_, dims, os, is) => {
    const bench = new Bench('strict', { pages: 64 });
    const extent = dot(
      dims.map((d) => d - 1),
      is,
    );
    const values = Array.from({ length: extent + 1 }, (_, i) => i);
    const [x, out] = [bench.place(dtype, values), bench.room(dtype, product(dims))];
    expect(planCopy(dims, os, is).extent).toBeGreaterThan(7);
    copy(bench, width, out, x.pointer, [...dims], [...os], [...is], 3);
    const expected = Array.from(indices(dims), (index) => values[dot(index, is)]!);
    expect(out.read()).toEqual(expected);
  });

  it('copies any permutation, reversal, repetition and slice', () => {
    const bench = new Bench('strict', { pages: 64 });
    const axis = fc.record({ size: fc.nat(6), step: fc.constantFrom(1, 1, 1, 2, -1, 0), gap: fc.nat(2) });
    fc.assert(
      fc.property(
        fc.array(axis, { maxLength: 7 }),
        fc.nat(),
        fc.integer({ min: 1, max: 3 }),
        (axes, shuffleBy, parts) => {
          fc.pre(product(axes.map((a) => a.size)) < 3000);
          bench.clear();
          const dims = axes.map((a) => a.size);
          const order = dims.map((_, k) => k).sort((a, b) => ((a * 7 + shuffleBy) % 5) - ((b * 7 + shuffleBy) % 5));
          const is: number[] = [];
          let reach = 1;
          for (const k of order) {
            is[k] = axes[k]!.step * reach;
            reach *= Math.max(1, dims[k]! * Math.abs(axes[k]!.step) + axes[k]!.gap);
          }
          fc.pre(reach < 100_000);
          const start = dims.reduce((sum, d, k) => sum - Math.min(0, is[k]! * (d - 1)), 0);
          const x = Array.from({ length: reach + 1 }, (_, i) => i);
          const placed = bench.place(dtype, x);
          const out = bench.room(dtype, product(dims));
          copy(bench, width, out, placed.pointer + start * width, dims, rowMajor(dims), is, parts);
          expect(out.read()).toEqual([...indices(dims)].map((at) => x[start + dot(at, is)]));
          expect(bench.isIntactAround(out, product(dims) * width)).toBe(true);
        },
      ),
      { numRuns: 150 },
    );
  });

  it.each([
    [1, 1],
    [3, 5],
    [4, 4],
    [7, 40],
    [33, 37],
    [64, 96],
    [100, 2],
  ])('transposes %i×%i', (rows, columns) => {
    const bench = new Bench();
    const x = Array.from({ length: rows * columns }, (_, i) => i);
    const placed = bench.place(dtype, x);
    const out = bench.room(dtype, x.length);
    copy(bench, width, out, placed.pointer, [rows, columns], [columns, 1], [1, rows]);
    expect(out.read()).toEqual([...indices([rows, columns])].map(([r, c]) => x[c! * rows + r!]));
  });

  it('writes into a strided place and leaves the gaps', () => {
    const bench = new Bench();
    const x = bench.place(dtype, [1, 2, 3, 4, 5, 6]);
    const out = bench.place(dtype, Array(14).fill(0));
    copy(bench, width, out, x.pointer, [2, 3], [7, 2], [3, 1]);
    expect(out.read()).toEqual([1, 0, 2, 0, 3, 0, 0, 4, 0, 5, 0, 6, 0, 0]);
  });

  it('copies long rows whole', () => {
    const bench = new Bench();
    const x = Array.from({ length: 3 * 700 }, (_, i) => i);
    const placed = bench.place(dtype, x);
    const out = bench.room(dtype, 3 * 650);
    copy(bench, width, out, placed.pointer, [3, 650], [650, 1], [700, 1]);
    expect(out.read()).toEqual([...indices([3, 650])].map(([r, c]) => x[r! * 700 + c!]));
    expect(bench.isIntactAround(out, 3 * 650 * width)).toBe(true);
  });
});
