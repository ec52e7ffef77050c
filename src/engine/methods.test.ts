import { describe, expect, it } from 'vitest';
import type { Tensor } from './index.ts';
import * as c from './index.ts';
import { methods } from './methods.ts';

const x = (): Tensor =>
  c.tensor([
    [1, -2],
    [3, 4],
  ]);

/** Arguments behind the first operand, for methods that need some. */
const rest: Readonly<Record<string, readonly unknown[]>> = {
  add: [2],
  broadcastTo: [[3, 2, 2]],
  cast: ['f64'],
  div: [2],
  expandDims: [0],
  flip: [0],
  matmul: [c.tensor([1, 2])],
  maximum: [0],
  minimum: [0],
  moveAxis: [0, 1],
  mul: [2],
  pow: [3],
  reshape: [[4]],
  slice: [
    [0, 1],
    [2, 2],
  ],
  sub: [2],
  take: [c.tensor([1], { dtype: 'i32' })],
};

describe('methods of Tensor', () => {
  it.each(Object.keys(methods))('%s does what the function does', (name) => {
    const args = rest[name] ?? [];
    const method = (x() as unknown as Record<string, (...a: unknown[]) => Tensor>)[name]!;
    const function_ = (c as unknown as Record<string, (...a: unknown[]) => Tensor>)[name]!;
    const found = method.apply(x(), [...args]);
    const expected = function_(x(), ...args);
    expect(c.showAval(found)).toBe(c.showAval(expected));
    expect(found.toArray()).toEqual(expected.toArray());
  });

  it('chain under transformations', () => {
    const loss = (t: Tensor): Tensor => t.mul(2).square().sum();
    expect(c.grad(loss)(x()).toArray()).toEqual([
      [8, -16],
      [24, 32],
    ]);
    expect(c.jit(c.vmap(loss))(x()).toArray()).toEqual([20, 100]);
  });

  it('are hidden from enumeration', () => {
    const names: string[] = [];
    for (const k in x()) names.push(k);
    expect(names.filter((k) => k in methods)).toEqual([]);
  });
});
