import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { setBackend } from '../backends/current.ts';
import { DtypeError } from '../errors.ts';
import { costOf, traceGraph } from '../graph.ts';
import type { Tensor } from '../tensor.ts';
import { grad } from '../transforms/api.ts';
import { elu, gelu, hardSigmoid, hardTanh, leakyRelu, mish, selu, silu, softsign } from './activation.ts';
import { cast } from './cast.ts';
import { tensor } from './create.ts';
import {
  acos,
  acosh,
  asin,
  asinh,
  atan,
  atanh,
  cosh,
  exp2,
  hypot,
  log2,
  log10,
  logCosh,
  reciprocal,
  sinh,
  tan,
  xlogy,
} from './elementary.ts';
import { erf } from './erf.ts';
import { exp, expm1, logistic, softplus, tanh } from './exponential.ts';
import { where } from './logic.ts';
import { clamp } from './piecewise.ts';
import { pow, square } from './power.ts';

beforeAll(() => setBackend('js'));
afterAll(() => setBackend('wasm'));

const at = (x: number): Tensor => tensor([x], { shape: [], dtype: 'f64' });

/** Largest |found / expected − 1|, absolute below 1e-300. */
function worst(f: (x: Tensor) => Tensor, oracle: (x: number) => number, points: readonly number[]): number {
  return Math.max(
    ...points.map((x) => {
      const expected = oracle(x);
      return Math.abs(f(at(x)).item() - expected) / Math.max(Math.abs(expected), 1e-300);
    }),
  );
}

describe('elementary functions against Math', () => {
  const small = [-1e-9, 1e-12, 1e-5, -0.01];
  const unit = [-0.99, -0.5, 0.1, 0.7, 0.9999];
  const any = [-20, -3.3, -0.7, 0.2, 1.1, 5, 19];
  const positive = [1e-9, 0.3, 1, 2, 1e9];
  it.each([
    ['tan', tan, Math.tan, [...small, ...any]],
    ['asin', asin, Math.asin, [...small, ...unit]],
    ['acos', acos, Math.acos, unit],
    ['atan', atan, Math.atan, [...small, ...any, 1e9]],
    ['sinh', sinh, Math.sinh, [...small, ...any]],
    ['cosh', cosh, Math.cosh, [...small, ...any]],
    ['asinh', asinh, Math.asinh, [...small, ...any, -(2 ** 29), 2 ** 27, 1e200]],
    ['acosh', acosh, Math.acosh, [1 + 1e-9, 1.5, 20, 1e200]],
    ['atanh', atanh, Math.atanh, [...small, ...unit]],
    ['log2', log2, Math.log2, positive],
    ['log10', log10, Math.log10, positive],
    ['exp2', exp2, (x: number) => 2 ** x, [...small, ...any]],
    ['reciprocal', reciprocal, (x: number) => 1 / x, any],
  ] as const)('%s', (_, f, oracle, points) => {
    expect(worst(f, oracle, points)).toBeLessThan(1e-14);
  });

  it('exp2 of whole numbers is exact', () => {
    for (const n of [-1074, -1, 0, 1, 10, 1023]) expect(exp2(at(n)).item()).toBe(2 ** n);
  });

  it('hypot neither overflows nor underflows', () => {
    for (const s of [1e-300, 1, 1e300]) expect(hypot(at(3 * s), at(-4 * s)).item() / (5 * s)).toBeCloseTo(1, 14);
    expect(hypot(at(0), at(0)).item()).toBe(0);
  });

  it('logCosh is |x| − log 2 far out and x²/2 near 0', () => {
    expect(logCosh(at(-900)).item()).toBeCloseTo(900 - Math.LN2, 12);
    expect(logCosh(at(1e-3)).item()).toBeCloseTo(0.5e-6 - 1e-12 / 12, 15);
  });

  it('xlogy', () => {
    expect(xlogy(at(2), at(3)).item()).toBeCloseTo(2 * Math.log(3), 14);
  });
});

describe('activations', () => {
  // Abramowitz & Stegun, table 7.1: erf 0.5, 1, 2; table 26.1: the normal distribution function at 1.
  it('erf', () => {
    expect(erf(at(0.5)).item()).toBeCloseTo(0.5204998778, 10);
    expect(erf(at(-1)).item()).toBeCloseTo(-0.8427007929, 10);
    expect(erf(at(2)).item()).toBeCloseTo(0.995322265, 9);
  });

  it('gelu is x·Φ(x); the tanh form differs by less than 1e-3 and not by nothing', () => {
    expect(gelu(at(1)).item()).toBeCloseTo(0.841344746, 8);
    const gap = Math.abs(gelu(at(1)).item() - gelu(at(1), { form: 'tanh' }).item());
    expect(gap).toBeLessThan(1e-3);
    expect(gap).toBeGreaterThan(1e-5);
  });

  it.each([
    ['silu', silu, (x: number) => x / (1 + Math.exp(-x))],
    ['elu', elu, (x: number) => (x > 0 ? x : Math.exp(x) - 1)],
    ['leakyRelu', leakyRelu, (x: number) => (x > 0 ? x : 0.01 * x)],
    ['hardTanh', hardTanh, (x: number) => Math.min(Math.max(x, -1), 1)],
    ['hardSigmoid', hardSigmoid, (x: number) => Math.min(Math.max(x / 6 + 0.5, 0), 1)],
    ['softsign', softsign, (x: number) => x / (1 + Math.abs(x))],
    ['mish', mish, (x: number) => x * Math.tanh(Math.log(1 + Math.exp(x)))],
  ] as const)('%s', (_, f, oracle) => {
    expect(worst((x) => f(x), oracle, [-5, -2.5, -1.5, -0.3, 0.4, 1.2, 3.5, 8])).toBeLessThan(1e-13);
  });

  it('selu keeps mean 0 and variance 1 of a normal input', () => {
    // ∫ selu(x)ᵏ φ(x) dx by the midpoint rule
    const n = 4000;
    const moment = (k: number) =>
      Array.from({ length: n }, (_, i) => -10 + (20 * (i + 0.5)) / n)
        .map((x) => selu(at(x)).item() ** k * Math.exp((-x * x) / 2))
        .reduce((a, b) => a + b, 0) *
      (20 / n / Math.sqrt(2 * Math.PI));
    expect(moment(1)).toBeCloseTo(0, 5);
    expect(moment(2)).toBeCloseTo(1, 5);
  });
});

describe('derivatives far out', () => {
  it.each([
    ['expm1', expm1, -50, Math.exp(-50)],
    ['logistic', logistic, -300, Math.exp(-300)],
    ['softplus', softplus, -300, Math.exp(-300)],
    ['exp', exp, -700, Math.exp(-700)],
    ['asinh', asinh, -1e200, 1e-200],
  ] as const)('%s at %#', (_, f, x, expected) => {
    expect(grad((y: Tensor) => f(y))(at(x)).item() / expected).toBeCloseTo(1, 12);
  });
});

describe('cost', () => {
  it('is one FLOP per element of every op', () => {
    const graph = traceGraph((x) => [tanh(square(x!))], [{ shape: [2, 3], dtype: 'f32' }]);
    expect(costOf(graph).flops).toBe(12);
  });
});

describe('refusals', () => {
  const n = tensor([1, 2], { dtype: 'i32' });
  const b = cast(n, 'bool');
  it.each([
    ['exp of integers', () => exp(n), /exp.*f32, f64, not i32/],
    ['a condition that is not bool', () => where(n, 1, 2), /where.*i32, not bool/],
    ['branches of two dtypes', () => where(b, n, at(1)), /where.*i32 and f64/],
    ['a fraction beside integers', () => clamp(n, 0, 1.5), /1\.5.*i32/],
    ['mixed floats', () => pow(at(2), cast(at(1), 'f32')), /pow.*f64 and f32/],
  ] as const)('%s', (_, f, message) => {
    expect(f).toThrow(DtypeError);
    expect(f).toThrow(message);
  });
});
