import { describe, expect, it } from 'vitest';
import type { Tensor } from '../index.ts';
import * as c from '../index.ts';

const numbers = (x: Tensor): number[] => [...x.readSync()];
const x = (): Tensor => c.tensor([1, 2], { dtype: 'f64' });

describe('linearCall', () => {
  it('takes trees, with numbers that stay numbers', () => {
    const f = (p: { a: Tensor; b: Tensor }): Tensor =>
      c.sum(
        c.linearCall(
          (r: { scale: number }, v: typeof p) => c.add(c.mul(v.a, r.scale), v.b),
          (r, ct: Tensor) => ({ a: c.mul(ct, 10 * r.scale), b: c.neg(ct) }),
          { scale: 0.1 },
          p,
        ),
      );
    expect(f({ a: x(), b: x() }).item()).toBeCloseTo(3.3, 15);
    const g = c.grad(f)({ a: x(), b: x() });
    expect([numbers(g.a), numbers(g.b)]).toEqual([
      [1, 1],
      [-1, -1],
    ]);
  });

  it('may capture tracers of the functions around it', () => {
    const f = (w: Tensor): Tensor =>
      c.sum(
        c.linearCall(
          (_: null, v: Tensor) => c.mul(v, w),
          (_, ct: Tensor) => c.mul(ct, w),
          null,
          c.square(w),
        ),
      );
    const cubes = c.mul(3, c.square(x())); // Σw³
    for (const g of [c.grad(f), c.jit(c.grad(f)), c.grad(c.jit(f))]) expect(numbers(g(x()))).toEqual(numbers(cubes));
  });

  it('passes a surrogate through second derivatives', () => {
    // The step function with the derivative of a parabola: the transpose is differentiated again.
    const step = (t: Tensor): Tensor =>
      c.add(
        c.cast(c.gt(t, 0), 'f64'),
        c.linearCall(
          (_: { t: Tensor }, v: Tensor) => c.mul(v, 0),
          (r, ct: Tensor) => c.mul(ct, r.t),
          { t },
          t,
        ),
      );
    expect(numbers(c.grad((t: Tensor) => c.sum(step(t)))(x()))).toEqual([1, 2]);
  });

  it('refuses a transpose that returns another tree, shape or dtype', () => {
    const call = (transpose: (r: null, ct: Tensor) => Tensor) =>
      c.linearCall((_: null, v: Tensor) => c.mul(v, 2), transpose, null, x());
    expect(() => call(() => [] as unknown as Tensor)).toThrow(/returns nothing for the operand f64\[2\]/);
    expect(() => call((_, ct) => c.cast(ct, 'f32'))).toThrow(c.ShapeError);
  });
});
