import { describe, expect, it } from 'vitest';
import type { Tensor } from '../index.ts';
import * as c from '../index.ts';

const f64 = (data: number | number[]): Tensor => c.tensor(data as never, { dtype: 'f64' });
const numbers = (t: Tensor): number[] => [...t.readSync()];

/** √x where x > 0, else 0: the other branch has an infinite slope at 0 and no value below. */
const safeRoot = (x: Tensor): Tensor => c.cond(c.gt(x, 0), c.sqrt, (y: Tensor) => c.mul(y, 0), x);

describe('cond', () => {
  it('runs one branch when the choice is known', () => {
    const never = (): Tensor => {
      throw new Error('the other branch ran');
    };
    expect(c.cond(true, () => f64(1), never).item()).toBe(1);
    expect(c.cond(c.gt(f64(1), 2), never, () => f64(2)).item()).toBe(2);
    expect(
      c
        .grad((x: Tensor) => c.cond(c.gt(x, 0), (y: Tensor) => c.mul(y, y), never, x))(f64(3))
        .item(),
    ).toBe(6);
  });

  it('chooses inside jit, without compiling anew', () => {
    let traces = 0;
    const f = c.jit((x: Tensor) => {
      traces++;
      return c.cond(
        c.gt(x, 0),
        (y: Tensor) => ({ z: c.mul(y, 2) }),
        (y: Tensor) => ({ z: c.sub(y, 1) }),
        x,
      );
    });
    expect([5, -5, 0].map((x) => f(f64(x)).z.item())).toEqual([10, -6, -1]);
    expect(traces).toBe(1);
  });

  it('is not harmed by an infinite slope in the branch that is not taken', () => {
    const expected = [0, 0, 0.25];
    const at = [-1, 0, 4];
    const compiled = c.jit(c.grad(safeRoot));
    expect(at.map((x) => compiled(f64(x)).item() + 0)).toEqual(expected);
    expect(numbers(c.vmap(c.grad(safeRoot))(f64(at))).map((x) => x + 0)).toEqual(expected);
    expect(numbers(c.grad((x: Tensor) => c.sum(c.vmap(safeRoot)(x)))(f64(at))).map((x) => x + 0)).toEqual(expected);
    expect(numbers(c.jit(c.vmap(c.grad(safeRoot)))(f64(at))).map((x) => x + 0)).toEqual(expected);
    expect(numbers(c.vmap(c.grad(c.grad(safeRoot)))(f64(at))).map((x) => x + 0)).toEqual([0, 0, -1 / 32]);
  });

  it('chooses per instance, also for operands and captured values that all instances share', () => {
    const w = f64([2, 3]);
    const f = (w: Tensor) => (x: Tensor) =>
      c.cond(
        c.gt(x, 0),
        (y: Tensor) => c.mul(y, w),
        () => c.neg(w),
        x,
      );
    expect(numbers(c.vmap(f(w))(f64([1, -1, 2])))).toEqual([2, 3, -2, -3, 4, 6]);
    const inW = c.grad((w: Tensor) => c.sum(c.vmap(f(w))(f64([1, -1, 2]))));
    expect(numbers(inW(w))).toEqual([2, 2]);
    expect(numbers(c.jit(inW)(w))).toEqual([2, 2]);
  });

  it('chooses under two maps, each with a choice of its own', () => {
    const f = (x: Tensor, y: Tensor): Tensor =>
      c.cond(
        c.gt(x, y),
        (a: Tensor, _: Tensor) => a,
        (_: Tensor, b: Tensor) => c.neg(b),
        x,
        y,
      );
    const table = c.vmap((x: Tensor) => c.vmap((y: Tensor) => f(x, y))(f64([1, 2, 3])))(f64([1.5, 2.5]));
    expect(numbers(table)).toEqual([1.5, -2, -3, 2.5, 2.5, -3]);
    const shared = c.vmap((x: Tensor) =>
      c.vmap((y: Tensor) =>
        c.cond(
          c.gt(x, 2),
          () => y,
          () => c.neg(y),
        ),
      )(f64([1, 2])),
    );
    expect(numbers(shared(f64([1, 3])))).toEqual([-1, -2, 1, 2]);
  });

  it('has the derivative of the branch taken when the branches depend on different operands', () => {
    const f = (x: Tensor, y: Tensor): Tensor =>
      c.cond(
        c.gt(x, 1),
        (a: Tensor, _: Tensor) => c.mul(a, a),
        (_: Tensor, b: Tensor) => c.exp(b),
        x,
        y,
      );
    const gradients = c.jit((x: Tensor, y: Tensor) => c.grad((p: Tensor[]) => f(p[0]!, p[1]!))([x, y]));
    expect(gradients(f64(3), f64(0)).map((g) => g.item())).toEqual([6, 0]);
    expect(gradients(f64(0), f64(0)).map((g) => g.item())).toEqual([0, 1]);
    const [, dy] = c.jit((x: Tensor) => c.jvp((t: Tensor) => f(t, f64(0)), x, f64(1)))(f64(0));
    expect(dy!.item()).toBe(0);
  });

  it('refuses choices that are not one bool, and branches that differ', () => {
    const same = (y: Tensor): Tensor => y;
    expect(() => c.cond(f64(1), same, same, f64(1))).toThrow(c.DtypeError);
    expect(() => c.cond(c.gt(f64([1, 2]), 0), same, same, f64(1))).toThrow(/cond: the choice has the shape \[2\]/);
    const differ = (other: (y: Tensor) => unknown) => () =>
      c.jit((x: Tensor) => c.cond(c.gt(x, 0), same as (y: Tensor) => unknown, other, x))(f64(1));
    expect(differ((y) => [y])).toThrow(c.TreeError);
    expect(differ((y) => c.reshape(y, [1]))).toThrow(/cond: onFalse: f64\[1\] was returned at the root where f64\[\]/);
    expect(differ((y) => c.cast(y, 'f32'))).toThrow(c.DtypeError);
  });
});

describe('a choice in a plan', () => {
  it('runs one branch: a loop in the other one does not run', () => {
    const endless = (x: Tensor): Tensor =>
      c.whileLoop(
        (y: Tensor) => c.ge(y, 0),
        (y: Tensor) => c.mul(y, 1),
        c.abs(x),
      );
    for (const tier of ['interpret', 'module'] as const) {
      const f = c.jit((x: Tensor) => c.cond(c.lt(x, 0), (y: Tensor) => c.mul(y, 2), endless, x), { tier });
      expect(f(f64(-3)).item()).toBe(-6);
    }
  });
});
