import { describe, expect, it } from 'vitest';
import { BYTES, type Dtype, viewOf } from '../../dtype.ts';
import { applying, type Emit, elementwiseKernel } from './elementwise.ts';
import { castEmit, type EmitterName, emitters } from './emitters.ts';
import { Bench, profiles } from './kernels/testing.ts';

const { fround } = Math;
const MAX = 2 ** 31 - 1;
const MIN = -(2 ** 31);
const inf = Number.POSITIVE_INFINITY;

const domain: Record<Dtype, number[]> = {
  f32: [0, -0, 1, -1, 0.5, -0.5, 1.5, 2.5, -2.5, 0.1, 3.7, -3.7, 1e-45, 3e38, -3e38, inf, -inf, Number.NaN].map(fround),
  f64: [0, -0, 1, -1, 0.5, -1.5, 2.5, 0.1, -3.7, 5e-324, 1e308, -1e308, 2 ** 31, -(2 ** 32), inf, -inf, Number.NaN],
  i32: [0, 1, -1, 2, -2, 7, -7, 31, 32, 33, MAX, MIN, MIN + 1, 0x12345678, 65537],
  u32: [0, 1, 2, 7, 31, 32, 33, MAX, 2 ** 31, 2 ** 32 - 1, 0x12345678, 65537],
  bool: [0, 1],
};

/** Rounds to what the dtype stores. */
const store = (dtype: Dtype, x: number): number => {
  if (dtype === 'f32') return fround(x);
  if (dtype === 'f64') return x;
  return dtype === 'i32' ? x | 0 : x >>> 0;
};

const half = (x: number) => {
  const near = Math.round(x);
  if (!Number.isFinite(x)) return x;
  return near - x === 0.5 && near % 2 !== 0 ? near - 1 : Object.is(near, 0) && (x < 0 || Object.is(x, -0)) ? -0 : near;
};
const saturate = (x: number, low: number, high: number) =>
  Number.isNaN(x) ? 0 : Math.min(Math.max(Math.trunc(x), low), high) + 0;

const isInt = (dtype: Dtype) => dtype === 'i32' || dtype === 'u32';
const quotient = (a: number, b: number) => (b === 0 ? 0 : Math.trunc(a / b));
const bits = (a: number) => (a >>> 0).toString(2).replaceAll('0', '').length;

type Oracle = (dtype: Dtype, ...x: number[]) => number;
const F: Dtype[] = ['f32', 'f64'];
const I: Dtype[] = ['i32', 'u32'];
const N: Dtype[] = [...F, ...I];

interface Row {
  readonly dtypes: readonly Dtype[];
  readonly arity: 1 | 2;
  readonly oracle: Oracle;
  readonly out?: Dtype;
}

const unary = (dtypes: Dtype[], f: (x: number, dtype: Dtype) => number): Row => ({
  dtypes,
  arity: 1,
  oracle: (d, x) => f(x!, d),
});
const binary = (dtypes: Dtype[], f: (a: number, b: number, dtype: Dtype) => number): Row => ({
  dtypes,
  arity: 2,
  oracle: (d, a, b) => f(a!, b!, d),
});
const relation = (f: (a: number, b: number) => boolean): Row => ({
  dtypes: [...N, 'bool'],
  arity: 2,
  out: 'bool',
  oracle: (_d, a, b) => Number(f(a!, b!)),
});

const table: Record<Exclude<EmitterName, 'where'>, Row> = {
  copy: unary([...N, 'bool'], (x) => x),
  add: binary(N, (a, b) => a + b),
  sub: binary(N, (a, b) => a - b),
  mul: binary(N, (a, b, d) => (isInt(d) ? Math.imul(a, b) : a * b)),
  div: binary(N, (a, b, d) => (isInt(d) ? quotient(a, b) : a / b)),
  rem: binary(I, (a, b) => (b === 0 ? 0 : a % b)),
  neg: unary(N, (x) => -x),
  abs: unary(N, Math.abs),
  sign: unary(N, Math.sign),
  square: unary(N, (x, d) => (isInt(d) ? Math.imul(x, x) : x * x)),
  sqrt: unary(F, Math.sqrt),
  rsqrt: unary(F, (x, d) => 1 / store(d, Math.sqrt(x))),
  floor: unary(F, Math.floor),
  ceil: unary(F, Math.ceil),
  round: unary(F, half),
  trunc: unary(F, Math.trunc),
  maximum: binary(N, (a, b) => Math.max(a, b)),
  minimum: binary(N, (a, b) => Math.min(a, b)),
  relu: unary(N, (x) => Math.max(x, 0)),
  eq: relation((a, b) => a === b),
  ne: relation((a, b) => a !== b),
  lt: relation((a, b) => a < b),
  le: relation((a, b) => a <= b),
  gt: relation((a, b) => a > b),
  ge: relation((a, b) => a >= b),
  and: binary(['bool'], (a, b) => a & b),
  or: binary(['bool'], (a, b) => a | b),
  xor: binary(['bool'], (a, b) => a ^ b),
  not: unary(['bool'], (x) => 1 - x),
  bitAnd: binary(I, (a, b) => a & b),
  bitOr: binary(I, (a, b) => a | b),
  bitXor: binary(I, (a, b) => a ^ b),
  bitNot: unary(I, (x) => ~x),
  shiftLeft: binary(I, (a, b) => a << b),
  shiftRight: binary(I, (a, b, d) => (d === 'i32' ? a >> b : a >>> b)),
  popcount: unary(I, bits),
};

/** All pairs (or all values) of a dtype's domain, as one array per operand; an odd length, so that tails are met. */
function operandsFor(dtype: Dtype, arity: 1 | 2): number[][] {
  const values = domain[dtype];
  const columns = arity === 1 ? [values] : [values.flatMap((a) => values.map(() => a)), values.flatMap(() => values)];
  return columns.map((c) => [...c, c[0]!, c[1]!, c[1]!].slice(0, c.length | 1));
}

function runFlat(
  bench: Bench,
  key: string,
  emit: Emit,
  dtypes: Dtype[],
  dtype: Dtype,
  out: Dtype,
  columns: number[][],
): number[] {
  const n = columns[0]!.length;
  const inputs = dtypes.map((d) => ({ dtype: d, mode: 'v' as const }));
  const spec = elementwiseKernel({ key, inputs, out, body: applying(emit, dtype) });
  const placed = columns.map((c, k) => bench.place(dtypes[k]!, c));
  const result = bench.room(out, n);
  bench.run(spec, result, ...placed, n, ...columns.map(() => n), 0, 1);
  expect(bench.isIntactAround(result, n * BYTES[out])).toBe(true);
  return result.read();
}

const cases = Object.entries(table).flatMap(([name, row]) =>
  row.dtypes.map((dtype) => ({ name: name as EmitterName, dtype, row })),
);

describe.each(profiles)('emitters, %s', (profile) => {
  it.each(cases)('$name $dtype', ({ name, dtype, row }) => {
    const columns = operandsFor(dtype, row.arity);
    const out = row.out ?? dtype;
    const inputs = columns.map(() => dtype);
    const got = runFlat(new Bench(profile), `${name} ${dtype}`, emitters[name], inputs, dtype, out, columns);
    expect(got).toEqual(columns[0]!.map((_, i) => store(out, row.oracle(dtype, ...columns.map((c) => c[i]!)))));
  });

  it.each(['f32', 'f64', 'i32', 'u32', 'bool'] as const)('where %s', (dtype) => {
    const [a, b] = operandsFor(dtype, 2) as [number[], number[]];
    const condition = a.map((_, i) => i % 2);
    const got = runFlat(new Bench(profile), `where ${dtype}`, emitters.where, ['bool', dtype, dtype], dtype, dtype, [
      condition,
      a,
      b,
    ]);
    expect(got).toEqual(a.map((x, i) => (condition[i] ? x : b[i])));
  });
});

const castOracle = (to: Dtype, x: number): number => {
  if (to === 'bool') return Number(x !== 0);
  return to === 'i32' ? saturate(x, MIN, MAX) : to === 'u32' ? saturate(x, 0, 2 ** 32 - 1) : store(to, x);
};
const dtypes: Dtype[] = ['f32', 'f64', 'i32', 'u32', 'bool'];

describe('casts', () => {
  it.each(dtypes.flatMap((from) => dtypes.map((to) => [from, to] as const)))('%s → %s', (from, to) => {
    const [x] = operandsFor(from, 1) as [number[]];
    const keepsBits = from !== 'f32' && from !== 'f64' && (to === 'i32' || to === 'u32');
    const got = runFlat(new Bench(), `cast ${from} ${to}`, castEmit(from, to), [from], from, to, [x]);
    expect(got).toEqual(x.map((v) => (keepsBits ? store(to, v) : castOracle(to, v))));
  });
});

describe('refusals', () => {
  it.each([
    ['floor', 'i32'],
    ['and', 'i32'],
    ['bitAnd', 'f32'],
    ['add', 'bool'],
    ['rem', 'f64'],
  ] as const)('%s has no kernel for %s', (name, dtype) => {
    const inputs = [dtype, dtype].map((d) => ({ dtype: d, mode: 'v' as const }));
    const spec = elementwiseKernel({ key: 'refused', inputs, out: dtype, body: applying(emitters[name], dtype) });
    expect(() => new Bench().library.get(spec)).toThrow(/no kernel for/);
  });
});

describe('rows', () => {
  const sum = (modes: ('v' | 's')[], wide: boolean, unroll: number) =>
    elementwiseKernel({
      key: `rows ${modes.join('')} ${wide} ${unroll}`,
      inputs: modes.map((mode, k) => ({ dtype: wide && k === 0 ? 'f64' : 'f32', mode })),
      out: wide ? 'f64' : 'f32',
      unroll,
      body: (w, [a, b]) => {
        if (!wide) return w.get(a!).get(b!).f32x4.sub();
        w.get(a!).get(b!);
        castEmit('f32', 'f64')(w, 'f32', 'strict');
        return w.f64x2.sub();
      },
    });

  const shapes = [0, 1, 2, 3, 4, 5, 7, 8, 9, 16, 31, 33].map((inner) => ({ inner }));
  it.each(shapes)('broadcasts, splits by rows and meets tails: inner $inner', ({ inner }) => {
    const rows = 5;
    const bench = new Bench();
    const a = Array.from({ length: rows * inner + 3 }, (_, i) => i + 0.5);
    const b = Array.from({ length: rows + inner }, (_, i) => 100 * i);
    for (const wide of [false, true])
      for (const unroll of [1, 4])
        for (const modes of [
          ['v', 'v'],
          ['v', 's'],
          ['s', 'v'],
        ] as const) {
          const [pa, pb] = [bench.place(wide ? 'f64' : 'f32', a), bench.place('f32', b)];
          const strides = [modes[0] === 'v' ? inner : 1, modes[1] === 'v' ? 0 : 1];
          const at = (r: number, i: number) => [a[modes[0] === 'v' ? r * inner + i : r]!, b[modes[1] === 'v' ? i : r]!];
          const out = bench.room(wide ? 'f64' : 'f32', rows * inner);
          for (const share of [
            [3, 5],
            [0, 1],
            [1, 3],
          ])
            bench.run(sum([...modes], wide, unroll), out, pa, pb, inner, ...strides, ...share);
          const expected = Array.from({ length: rows * inner }, (_, k) => at(Math.floor(k / inner), k % inner)).map(
            ([x, y]) => x! - y!,
          );
          expect(out.read()).toEqual(expected);
          expect(bench.isIntactAround(out, rows * inner * (wide ? 8 : 4))).toBe(true);
        }
  });

  it('writes several outputs of different widths in one pass', () => {
    const spec = elementwiseKernel({
      key: 'both',
      inputs: [{ dtype: 'f64', mode: 'v' }],
      out: ['f64', 'i32', 'f32'],
      body: (w, [x]) => {
        w.get(x!).get(x!).f64x2.add();
        castEmit('f64', 'i32')(w.get(x!), 'f64', 'strict');
        castEmit('f64', 'f32')(w.get(x!), 'f64', 'strict');
      },
    });
    const bench = new Bench();
    const x = bench.place('f64', [1.1, 2.2, -3.3]);
    const outs = [bench.room('f64', 3), bench.room('i32', 3), bench.room('f32', 3)];
    bench.run(spec, ...outs, x, 3, 3, 0, 1);
    expect(outs.map((o) => o.read())).toEqual([[2.2, 4.4, -6.6], [1, 2, -3], [1.1, 2.2, -3.3].map(fround)]);
  });

  it('keeps f64 inside a chain between f32 arrays', () => {
    const spec = elementwiseKernel({
      key: 'interior',
      inputs: [{ dtype: 'f32', mode: 'v' }],
      out: 'f32',
      hasWideInterior: true,
      body: (w, [x]) => {
        castEmit('f32', 'f64')(w.get(x!), 'f32', 'strict');
        w.f64x2.const(1e-12).f64x2.add().f64x2.const(1).f64x2.sub();
        castEmit('f64', 'f32')(w, 'f64', 'strict');
      },
    });
    const bench = new Bench();
    const x = bench.place('f32', [1, 1, 1]);
    const out = bench.room('f32', 3);
    bench.run(spec, out, x, 3, 3, 0, 1);
    expect(out.read()).toEqual(Array(3).fill(fround(1 + 1e-12 - 1)));
  });

  it('takes an output that is one of its inputs', () => {
    const spec = elementwiseKernel({
      key: 'in place',
      inputs: [{ dtype: 'f32', mode: 'v' }],
      out: 'f32',
      unroll: 4,
      body: applying(emitters.square, 'f32'),
    });
    const bench = new Bench();
    const x = bench.place('f32', [1, 2, 3, 4, 5, 6, 7]);
    bench.run(spec, x, x, 7, 7, 0, 1);
    expect(x.read()).toEqual([1, 4, 9, 16, 25, 36, 49]);
  });
});

it('works with pointers above 3 GiB', () => {
  const base = 3 * 2 ** 30 + 4096;
  const bench = new Bench('strict', { base });
  const spec = elementwiseKernel({
    key: 'high',
    inputs: [{ dtype: 'f32', mode: 'v' }],
    out: 'f32',
    body: applying(emitters.neg, 'f32'),
  });
  const x = bench.place('f32', [1, 2, 3, 4, 5]);
  const out = bench.room('f32', 5);
  bench.run(spec, out, x, 5, 5, 0, 1);
  expect(out.pointer).toBeGreaterThan(base);
  expect([...viewOf('f32', bench.library.memory.buffer, out.pointer, 5)]).toEqual([-1, -2, -3, -4, -5]);
});
