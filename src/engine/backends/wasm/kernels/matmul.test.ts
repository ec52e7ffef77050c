import { describe, expect, it } from 'vitest';
import { BYTES } from '../../../dtype.ts';
import { matmulKernel, matmulScratchBytes } from './matmul.ts';
import { Bench, integers, numbers, profiles } from './testing.ts';

type Dtype = 'f32' | 'f64' | 'i32';
const round = { f32: Math.fround, f64: (x: number) => x, i32: (x: number) => x | 0 };
const times = { f32: (a: number, b: number) => a * b, f64: (a: number, b: number) => a * b, i32: Math.imul };

const values = (dtype: Dtype, n: number, seed: number) =>
  dtype === 'i32' ? integers(n, 2 ** 32, seed).map((x) => x | 0) : numbers(n, seed);

/** The chain of the contract with separate roundings, on row-major a and b. */
function reference(
  dtype: Dtype,
  a: number[],
  b: number[],
  m: number,
  n: number,
  k: number,
  start?: number[],
): number[] {
  const out = start?.slice() ?? Array<number>(m * n).fill(0);
  for (let i = 0; i < m; i++)
    for (let j = 0; j < n; j++)
      for (let p = 0; p < k; p++)
        out[i * n + j] = round[dtype](out[i * n + j]! + round[dtype](times[dtype](a[i * k + p]!, b[p * n + j]!)));
  return out;
}

const transposed = (x: number[], rows: number, columns: number) =>
  Array.from({ length: x.length }, (_, i) => x[(i % rows) * columns + Math.floor(i / rows)]!);
/** Every element followed by one that must not be read as a value. */
const spaced = (x: number[]) => x.flatMap((v) => [v, Number.NaN]);

/** The ways an operand can lie in memory: [elements, row stride, column stride]. */
const layouts = {
  plain: (x: number[], _r: number, c: number) => [x, c, 1] as const,
  transpose: (x: number[], r: number, c: number) => [transposed(x, r, c), 1, r] as const,
  spaced: (x: number[], _r: number, c: number) => [spaced(x), 2 * c, 2] as const,
};
type Layout = keyof typeof layouts;

interface Call {
  readonly dtype: Dtype;
  readonly a: number[];
  readonly b: number[];
  readonly sizes: readonly [number, number, number];
  readonly layoutA?: Layout;
  readonly layoutB?: Layout;
  readonly shares?: readonly number[];
  readonly shared?: 'rows' | 'columns';
  readonly start?: number[];
}

function run(
  bench: Bench,
  { dtype, a, b, sizes, layoutA = 'plain', layoutB = 'plain', shares, shared = 'rows', start }: Call,
): number[] {
  const [m, n, k] = sizes;
  bench.clear();
  const [dataA, rsA, csA] = layouts[layoutA](a, m, k);
  const [dataB, rsB, csB] = layouts[layoutB](b, k, n);
  const [pa, pb] = [bench.place(dtype, dataA), bench.place(dtype, dataB)];
  const c = start === undefined ? bench.room(dtype, m * n) : bench.place(dtype, start);
  const bytes = matmulScratchBytes(dtype, m, n, k);
  const scratch = bench.room('f32', Math.ceil(bytes / 4));
  const spec = matmulKernel({ dtype, accumulate: start !== undefined, shared });
  const cuts = shares ?? [0, shared === 'rows' ? m : n];
  for (let s = 0; s + 1 < cuts.length; s++)
    bench.run(spec, c, pa, pb, m, n, k, rsA, csA, rsB, csB, scratch, cuts[s]!, cuts[s + 1]!);
  expect(bench.isIntactAround(c, m * n * BYTES[dtype])).toBe(true);
  expect(bench.isIntactAround(scratch, Math.ceil(bytes / 4) * 4)).toBe(true);
  return c.read();
}

const sizes = [
  [0, 3, 4],
  [3, 0, 4],
  [3, 4, 0],
  [1, 1, 1],
  [1, 9, 5],
  [9, 1, 5],
  [2, 3, 4],
  [6, 8, 16],
  [7, 12, 9],
  [13, 10, 33],
  [5, 17, 300],
  [50, 20, 7],
  [64, 37, 70],
  [3, 530, 3],
  [140, 5, 11],
] as const;

describe.each(['f32', 'f64', 'i32'] as const)('matmul %s, strict', (dtype) => {
  const bench = new Bench('strict');
  it.each(sizes)('%i×%i over %i is the chain, bit by bit, in every layout', (m, n, k) => {
    const [a, b] = [values(dtype, m * k, 3), values(dtype, k * n, 4)];
    const expected = reference(dtype, a, b, m, n, k);
    for (const layoutA of ['plain', 'transpose', 'spaced'] as const)
      for (const layoutB of ['plain', 'transpose', 'spaced'] as const) {
        if (dtype === 'i32' && (layoutA === 'spaced' || layoutB === 'spaced')) continue; // NaN marks need floats
        const call = { dtype, a, b, sizes: [m, n, k], layoutA, layoutB } as const;
        expect(run(bench, call)).toEqual(expected);
        expect(run(bench, { ...call, shared: 'columns', shares: [0, n >> 1, n] })).toEqual(expected);
      }
  });

  it('goes on from c when accumulating, also over k = 0', () => {
    const [m, n] = [11, 13];
    for (const k of [0, 5, 600]) {
      const [a, b, start] = [values(dtype, m * k, 5), values(dtype, k * n, 6), values(dtype, m * n, 7)];
      const call = { dtype, a, b, sizes: [m, n, k], start } as const;
      expect(run(bench, call)).toEqual(reference(dtype, a, b, m, n, k, start));
      expect(run(bench, { ...call, shared: 'columns', shares: [0, 8, n] })).toEqual(run(bench, call));
    }
  });
});

describe.each(profiles)('matmul, %s', (profile) => {
  const bench = new Bench(profile);

  it.each(['f32', 'f64'] as const)('%s stays within the error bound of a chain', (dtype) => {
    const [m, n, k] = [9, 21, 700];
    const [a, b] = [values(dtype, m * k, 8), values(dtype, k * n, 9)];
    const got = run(bench, { dtype, a, b, sizes: [m, n, k] });
    const unit = dtype === 'f32' ? 2 ** -24 : 2 ** -53;
    got.forEach((value, at) => {
      const [i, j] = [Math.floor(at / n), at % n];
      let [sum, size, lost] = [0, 0, 0]; // compensated sum of exact-enough products
      for (let p = 0; p < k; p++) {
        const term = a[i * k + p]! * b[p * n + j]!;
        const next = sum + term;
        lost += Math.abs(sum) > Math.abs(term) ? sum - next + term : term - next + sum;
        sum = next;
        size += Math.abs(term);
      }
      expect(Math.abs(value - (sum + lost))).toBeLessThanOrEqual(2 * k * unit * size);
    });
  });

  it.each(['f32', 'f64'] as const)('%s has the same bits for all layouts and shares', (dtype) => {
    for (const [m, n, k] of [
      [70, 66, 520],
      [20, 700, 40],
      [33, 600, 270],
      [131, 19, 37],
    ] as const) {
      const [a, b] = [values(dtype, m * k, 10), values(dtype, k * n, 11)];
      const whole = run(bench, { dtype, a, b, sizes: [m, n, k] });
      for (const layoutA of ['plain', 'transpose', 'spaced'] as const)
        for (const layoutB of ['plain', 'transpose', 'spaced'] as const) {
          const call = { dtype, a, b, sizes: [m, n, k], layoutA, layoutB } as const;
          expect(run(bench, call)).toEqual(whole);
          expect(run(bench, { ...call, shares: [0, 1, 4, 11, m] })).toEqual(whole);
          expect(run(bench, { ...call, shared: 'columns', shares: [0, 3, 16, n] })).toEqual(whole);
        }
    }
  });

  it('every lane and row of a tile makes the same chain', () => {
    const k = 40;
    const [row, column] = [numbers(k, 12), numbers(k, 13)];
    const [m, n] = [61, 47];
    const a = Array.from({ length: m }, () => row).flat();
    const b = column.flatMap((v) => Array<number>(n).fill(v));
    expect(new Set(run(bench, { dtype: 'f32', a, b, sizes: [m, n, k] })).size).toBe(1);
  });
});

it('fma rounds each step once', () => {
  if (!profiles.includes('fma')) return;
  const x = Math.fround(1 + 2 ** -12);
  const call: Call = { dtype: 'f32', a: [-(1 + 2 ** -11), x], b: [1, x], sizes: [1, 1, 2] };
  expect(run(new Bench('fma'), call)).toEqual([2 ** -24]);
  expect(run(new Bench('strict'), call)).toEqual([0]);
});
