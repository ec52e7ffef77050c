import { describe, expect, it } from 'vitest';
import type { Tensor } from '../index.ts';
import * as c from '../index.ts';

const f64 = (data: number | number[]): Tensor => c.tensor(data as never, { dtype: 'f64' });
const numbers = (t: Tensor): number[] => [...t.readSync()];

/** log(1 + eˣ), whose derivative 1 − 1/(1 + eˣ) does not overflow into NaN. */
const softplus = c.customJvp(
  (x: Tensor) => c.log(c.add(c.exp(x), 1)),
  (x: Tensor, dx: Tensor) => {
    const e = c.exp(x);
    return [c.log(c.add(e, 1)), c.mul(dx, c.sub(1, c.div(1, c.add(e, 1))))];
  },
);

describe('customJvp', () => {
  it('repairs a derivative that overflows', () => {
    const naive = (x: Tensor): Tensor => c.log(c.add(c.exp(x), 1));
    expect(c.grad(naive)(f64(1000)).item()).toBeNaN();
    expect(c.grad(softplus)(f64(1000)).item()).toBe(1);
    expect(c.jit(c.grad(softplus))(f64(1000)).item()).toBe(1);
    expect(c.grad(softplus)(f64(0)).item()).toBe(0.5);
  });

  it('is used instead of the derivative of the function, in forward and reverse mode', () => {
    const crooked = c.customJvp(
      (x: Tensor) => c.mul(x, x),
      (x: Tensor, dx: Tensor) => [c.mul(x, x), c.mul(dx, 10)],
    );
    for (const f of [crooked, c.jit(crooked)]) {
      expect(c.jvp(f, f64(3), f64(2)).map((t) => t.item())).toEqual([9, 20]);
      expect(c.grad(f)(f64(3)).item()).toBe(10);
      expect(c.grad(c.grad(f))(f64(3)).item()).toBe(0);
    }
    expect(numbers(c.vmap(c.grad(crooked))(f64([1, 2])))).toEqual([10, 10]);
  });

  it('takes trees; tangents that are zero arrive as zeros, integers and numbers as they are', () => {
    interface P {
      readonly a: Tensor;
      readonly b: readonly [Tensor, number];
      readonly rows: Tensor;
    }
    const pick = c.customJvp(
      ({ a, b: [b, k], rows }: P) => ({ y: c.mul(c.mul(a, b), k), rows }),
      (p: P, d: P) => {
        const [b, k] = p.b;
        const dy = c.mul(c.add(c.mul(d.a, b), c.mul(p.a, d.b[0])), k);
        return [
          { y: c.mul(c.mul(p.a, b), k), rows: p.rows },
          { y: dy, rows: d.rows },
        ];
      },
    );
    const rows = c.tensor([1, 2], { dtype: 'i32' });
    const inA = (a: Tensor): Tensor => pick({ a, b: [f64(5), 2], rows }).y;
    expect(c.grad(inA)(f64(3)).item()).toBe(10);
    expect(c.jit(c.grad(inA))(f64(3)).item()).toBe(10);
  });

  it('works with a number that is an argument of a jitted function', () => {
    const scaled = c.customJvp(
      ([x, k]: [Tensor, Tensor]) => c.mul(x, k),
      ([x, k], [dx]) => [c.mul(x, k), c.mul(dx, k)],
    );
    const step = c.jit((x: Tensor, k: number) => c.grad((t: Tensor) => scaled([t, k as unknown as Tensor]))(x));
    expect(step(c.tensor(2), 3).item()).toBe(3);
  });

  it('refuses a rule whose results do not fit, and a value from outside that is differentiated', () => {
    const wrongShape = c.customJvp(
      (x: Tensor) => x,
      (x: Tensor, dx: Tensor) => [x, c.sum(dx)],
    );
    expect(() => c.jvp(wrongShape, f64([1, 2]), f64([1, 1]))).toThrow(
      /customJvp: the rule: f64\[\] was returned at \[1\] where f64\[2\] is needed/,
    );
    const outside = (w: Tensor): Tensor =>
      c.customJvp(
        (x: Tensor) => c.mul(x, w),
        (x: Tensor, dx: Tensor) => [c.mul(x, w), c.mul(dx, w)],
      )(f64(1));
    expect(() => c.grad(outside)(f64(2))).toThrow(c.UnsupportedError);
    expect(() => c.grad(outside)(f64(2))).toThrow(/customJvp: the function reads a value from outside/);
    expect(numbers(c.vmap(outside)(f64([2, 3])))).toEqual([2, 3]);
  });
});

describe('customVjp', () => {
  /** Clips the cotangent, not the value. */
  const clipped = c.customVjp(
    (x: Tensor) => x,
    (x: Tensor) => [x, null],
    (_: null, ct: Tensor) => c.clamp(ct, -1, 1),
  );

  it('sends cotangents through the given pullback', () => {
    const loss = (x: Tensor): Tensor => c.sum(c.mul(clipped(x), f64([5, -0.5, -7])));
    const expected = [1, -0.5, -1];
    expect(numbers(c.grad(loss)(f64([1, 2, 3])))).toEqual(expected);
    expect(numbers(c.jit(c.grad(loss))(f64([1, 2, 3])))).toEqual(expected);
    expect(numbers(c.grad(c.jit(loss))(f64([1, 2, 3])))).toEqual(expected);
    expect(numbers(c.vmap(c.grad(loss))(c.broadcastTo(f64([1, 2, 3]), [2, 3])))).toEqual([...expected, ...expected]);
  });

  it('clips per instance under vmap, also for an operand that all instances share', () => {
    const perRow = c.customVjp(
      ([x, k]: [Tensor, Tensor]) => c.mul(x, k),
      (p) => [c.mul(...p), p],
      ([x, k], ct): [Tensor, Tensor] => [c.clamp(c.mul(ct, k), -1, 1), c.mul(ct, x)],
    );
    const together = (x: Tensor, k: Tensor): Tensor => c.sum(perRow([x, k]));
    const loss = (x: Tensor): Tensor =>
      c.sum(c.vmap(together, { inAxes: [null, 0] })(x, c.reshape(f64([5, 0.25, 5, 0.25]), [2, 2])));
    expect(numbers(c.grad(loss)(f64([1, 1])))).toEqual([2, 0.5]);
  });

  it('computes and keeps only what forward names as residuals', () => {
    const n = 1000;
    const heavy = (keep: 'all' | 'none') =>
      c.customVjp(
        (x: Tensor) => c.tanh(c.exp(x)),
        (x: Tensor) => {
          const e = c.exp(x);
          return [c.tanh(e), keep === 'all' ? [e] : []];
        },
        (kept: Tensor[], ct: Tensor) => (kept.length === 0 ? ct : c.mul(ct, kept[0]!)),
      );
    const exponentials = (keep: 'all' | 'none'): number => {
      const f = heavy(keep);
      const graph = c.jit((x: Tensor) => c.vjp(f, x)[1](c.ones([n]))).graphOf(c.ones([n]));
      return c.optimize(graph).nodes.filter((node) => node.op.name === 'exp').length;
    };
    expect(exponentials('none')).toBe(0);
    expect(exponentials('all')).toBe(1);
  });

  it('refuses forward mode wherever it is asked for', () => {
    const message = /customVjp: forward mode was asked for, but only the pullback is given/;
    expect(() => c.jvp(clipped, f64(1), f64(1))).toThrow(message);
    expect(() => c.jvp(c.jit(clipped), f64(1), f64(1))).toThrow(message);
    expect(() => c.jit((x: Tensor) => c.jvp(clipped, x, x)[1])(f64(1))).toThrow(message);
    expect(() => c.linearize(clipped, f64(1))[1](f64(1))).toThrow(c.UnsupportedError);
  });

  it('refuses results that do not fit', () => {
    const wrong = c.customVjp(
      (x: Tensor) => x,
      (x: Tensor) => [x, null],
      (_: null, ct: Tensor) => c.sum(ct),
    );
    expect(() => c.grad((x: Tensor) => c.sum(wrong(x)))(f64([1, 2]))).toThrow(/customVjp: backward: f64\[\]/);
    const notPair = c.customVjp(
      (x: Tensor) => x,
      ((x: Tensor) => x) as never,
      (_: null, ct: Tensor) => ct,
    );
    expect(() => c.grad(notPair)(f64(1))).toThrow(/forward must return \[value, residuals\]/);
  });
});
