import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { setBackend } from './backends/current.ts';
import { type CheckGradientsOptions, checkGradients, type GradientErrors } from './check.ts';
import { ConfigError } from './errors.ts';
import { add, div, mul } from './ops/arithmetic.ts';
import { cast } from './ops/cast.ts';
import { tensor } from './ops/create.ts';
import { elementwise, NONE } from './ops/makers.ts';
import { sum } from './ops/reduce.ts';
import type { Tensor } from './tensor.ts';
import { bind1 } from './trace.ts';

beforeAll(() => setBackend('js'));
afterAll(() => setBackend('wasm'));

const x = tensor([0.3, -1.2, 2.5, 0.7], { dtype: 'f64' });

/** A cube whose rules are given by the test. */
function cube(slope: (x: Tensor) => Tensor, transposed: (ct: Tensor, scale: Tensor) => Tensor): (x: Tensor) => Tensor {
  const scaled = elementwise('scaled', {
    arity: 2,
    dtypes: ['f64'],
    partials: [(dx, [, k]) => bind1(scaled, [dx, k!], NONE), (dk, [a]) => mul(a!, dk)],
    linearIn: { 0: (ct, [, k]) => transposed(ct, k!), 1: (ct, [a]) => mul(a!, ct) },
    js: () => (a, k) => a! * k!,
    wasm: () => {},
  });
  const op = elementwise('cube', {
    arity: 1,
    dtypes: ['f64'],
    partials: [(dx, [a]) => bind1(scaled, [dx, slope(a!)], NONE)],
    js: () => (a) => a! ** 3,
    wasm: () => {},
  });
  return (a) => bind1(op, [a], NONE);
}

const right = (a: Tensor): Tensor => mul(3, mul(a, a));
const check = (f: (x: Tensor) => Tensor, options?: CheckGradientsOptions): GradientErrors =>
  checkGradients(f, [x], options);

describe('checkGradients', () => {
  it('passes right rules to second order', () => {
    const errors = check(cube(right, (ct, k) => mul(ct, k)));
    for (const e of [errors.forward, errors.reverse, errors.forwardOverReverse, errors.reverseOverReverse])
      expect(e).toBeLessThan(1e-9);
    expect(errors.compared).toBe(6);
    expect(errors.skipped).toBe(0);
  });

  it('finds a derivative that is 1 % too large, and its size', () => {
    const errors = check(
      cube(
        (a) => mul(3.03, mul(a, a)),
        (ct, k) => mul(ct, k),
      ),
      { order: 1 },
    );
    expect(errors.forward).toBeGreaterThan(0.005);
    expect(errors.forward).toBeLessThan(0.02);
    expect(errors.reverse).toBeLessThan(1e-14);
    expect(errors.forwardOverReverse).toBeNull();
  });

  it('finds a transpose that does not belong to its derivative', () => {
    const errors = check(
      cube(right, (ct, k) => mul(ct, mul(1.01, k))),
      { order: 1 },
    );
    expect(errors.forward).toBeLessThan(1e-9);
    expect(errors.reverse).toBeGreaterThan(1e-3);
  });

  it('finds a derivative that is right at first order only', () => {
    const frozen = (a: Tensor) => tensor(right(a).readSync(), { shape: a.shape, dtype: 'f64' });
    const errors = check(cube(frozen, (ct, k) => mul(ct, k)));
    expect(errors.forward).toBeLessThan(1e-9);
    expect(errors.forwardOverReverse).toBeGreaterThan(0.5);
  });

  it('skips directions across a kink or a jump, whatever the rule says', () => {
    for (const kinked of [Math.abs, Math.floor]) {
      const op = elementwise('kinked', {
        arity: 1,
        dtypes: ['f64'],
        partials: [(dx) => mul(7, dx)],
        js: () => (a) => kinked(a!),
        wasm: () => {},
      });
      for (const at of [0, 1e-4, -3e-5]) {
        const errors = checkGradients((a: Tensor) => bind1(op, [a], NONE), [tensor([at, 1.5], { dtype: 'f64' })], {
          order: 1,
        });
        expect(errors.skipped).toBe(3);
        expect(errors.forward).toBeNull();
      }
    }
  });

  it('takes trees, and holds integers and numbers fixed', () => {
    const params = { w: x, n: tensor([1, 2, 3, 4], { dtype: 'i32' }), deep: [tensor([[2]], { dtype: 'f64' })] };
    const errors = checkGradients(
      (p: typeof params, k: number) => ({ loss: div(sum(mul(p.w, cast(p.n, 'f64'))), add(k, p.deep[0]!)), label: p.n }),
      [params, 3],
    );
    expect(errors.forward).toBeLessThan(1e-9);
    expect(errors.reverseOverReverse).toBeLessThan(1e-12);
  });

  it('measures f32 functions with a longer step', () => {
    const errors = checkGradients((a: Tensor) => div(a, add(2, mul(a, a))), [cast(x, 'f32')]);
    expect(errors.forward).toBeLessThan(1e-3);
    expect(errors.forwardOverReverse).toBeLessThan(1e-2);
  });

  it('refuses arguments in which nothing varies', () => {
    expect(() => checkGradients((a: Tensor) => a, [tensor([1], { dtype: 'i32' })])).toThrow(ConfigError);
  });
});
