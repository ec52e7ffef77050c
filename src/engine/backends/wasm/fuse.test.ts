import { describe, expect, it } from 'vitest';
import type { Tensor } from '../../index.ts';
import * as c from '../../index.ts';
import { fuse } from './fuse.ts';
import { planMemory } from './plan.ts';

type F = (...xs: Tensor[]) => Tensor | readonly Tensor[];

const draw = (shape: readonly number[], seed = 1): Tensor => c.random.normal(c.random.key(seed), shape);
const graphOf = (f: F, ...xs: Tensor[]) => c.closeGraph(c.optimize(c.jit(f as never).graphOf(...(xs as never[]))));
const fusedOf = (f: F, ...xs: Tensor[]) => fuse(graphOf(f, ...xs)).nodes.map((n) => n.op.name);
const flat = (ys: Tensor | readonly Tensor[]): number[] =>
  (Array.isArray(ys) ? ys : [ys]).flatMap((y) => [...y.readSync()]);

function expectEqualBits(f: F, ...xs: Tensor[]): void {
  const expected = flat(f(...xs));
  for (const tier of ['interpret', 'module'] as const)
    expect(flat(c.jit(f as never, { tier })(...(xs as never[])) as Tensor)).toEqual(expected);
}

const chain: F = (x) => c.mul(c.add(c.minimum(c.abs(c.sub(c.mul(x!, 1.5), 0.25)), 2), x!), 0.5);

describe('fuse', () => {
  it('makes one node of a chain, and its numbers need no memory', () => {
    expect(fusedOf(chain, draw([1003]))).toEqual(['fused']);
    expect(planMemory(fuse(graphOf(chain, draw([1003]))), 'strict').segmentBytes).toBe(0);
  });

  it.each([[[1]], [[3]], [[4]], [[1003]], [[7, 5]]])('keeps the bits of a chain over %j', (shape) => {
    expectEqualBits(chain, draw(shape));
    expectEqualBits(chain, c.cast(draw(shape), 'f64'));
  });

  it('writes every value that leaves a group, in the order of the graph', () => {
    const f: F = (m, v, g) => {
      const mean = c.add(c.mul(m!, 0.9), c.mul(g!, 0.1));
      const square = c.add(c.mul(v!, 0.99), c.mul(c.square(g!), 0.01));
      return [mean, c.div(mean, c.sqrt(square)), square];
    };
    const xs = [draw([301], 1), c.abs(draw([301], 2)), draw([301], 3)];
    expect(fusedOf(f, ...xs)).toEqual(['fused']);
    expectEqualBits(f, ...xs);
  });

  it('updates state in place when it is donated', () => {
    const step = (m: Tensor, v: Tensor, g: Tensor): Tensor[] => {
      const mean = c.add(c.mul(m, 0.9), g);
      return [mean, c.add(c.mul(v, 0.99), c.mul(mean, g))];
    };
    const xs = (): [Tensor, Tensor, Tensor] => [draw([500], 1), draw([500], 2), draw([500], 3)];
    const expected = flat(step(...xs()));
    const compiled = c.jit(step, { donate: [0, 1], tier: 'module' });
    expect(compiled.peakBytes(...xs())).toBe(0);
    expect(flat(compiled(...xs()))).toEqual(expected);
  });

  it('reads broadcast operands where they are, in rows', () => {
    const f: F = (x, row, column) => c.relu(c.add(c.mul(x!, row!), c.expandDims(column!, 1)));
    const xs = [draw([6, 10], 1), draw([10], 2), draw([6], 3)];
    expect(fusedOf(f, ...xs)).toEqual(['reshape', 'fused']);
    expectEqualBits(f, ...xs);
  });

  it('cuts where operands of one kernel would not lie in rows', () => {
    const f: F = (x, y) => c.add(c.mul(c.exp(x!), y!), c.reshape(y!, [5, 1, 1]));
    const xs = [draw([5, 4, 3], 1), draw([5, 1, 1], 2)];
    const g: F = (a, b) => c.sub(c.neg(c.mul(c.neg(a!), b!)), c.reshape(b!, [4, 1]));
    expectEqualBits(f, ...xs);
    expectEqualBits(g, draw([5, 4, 4], 1), draw([1, 4, 1], 2));
  });

  it('never joins through a node that is not elementwise', () => {
    const f: F = (x) => {
      const y = c.exp(x!);
      return c.add(c.mul(y, 2), c.sum(y));
    };
    expect(fusedOf(f, draw([40]))).toEqual(['exp', 'sum', 'fused']);
    expectEqualBits(f, draw([40]));
  });

  it('moves what is needed late to where it is needed, if its operands are there anyway', () => {
    const f: F = (m, x, w) => c.add(c.mul(m!, 0.9), c.matmul(x!, w!));
    const xs = [draw([4, 4], 1), draw([4, 4], 2), draw([4, 4], 3)];
    expect(fusedOf(f, ...xs)).toEqual(['finished']);
    expectEqualBits(f, ...xs);
  });

  it('joins dtypes: casts, comparisons, selections and wide interiors', () => {
    const f: F = (x) => c.cast(c.where(c.gt(c.cast(x!, 'f64'), 0.1), c.mul(c.cast(x!, 'f64'), 1 / 3), 7), 'f32');
    expect(fusedOf(f, draw([37]))).toEqual(['fused']);
    expectEqualBits(f, draw([37]));
  });

  it('bounds by a number as by an array, zeros and NaN included', () => {
    const x = c.tensor(Float32Array.of(-0, 0, Number.NaN, 1, -1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY));
    for (const n of [-0, 0, 0.5, -0.5, 1e-60, Number.POSITIVE_INFINITY])
      expectEqualBits((t) => [c.maximum(c.neg(t!), n), c.minimum(n, c.neg(t!)), c.relu(c.neg(t!))], x);
  });

  it('keeps comparisons as masks for selections, and as numbers for everything else', () => {
    const f: F = (x) => {
      const isAbove = c.gt(x!, 0.1);
      const wide = c.lt(c.cast(x!, 'f64'), 0.3);
      const count = c.add(c.cast(isAbove, 'f32'), c.cast(wide, 'f32'));
      return [c.where(isAbove, x!, c.neg(x!)), c.where(wide, count, x!), c.cast(c.and(isAbove, wide), 'i32')];
    };
    expect(fusedOf(f, draw([37]))).toEqual(['fused']);
    expectEqualBits(f, draw([37]));
  });

  it('runs long families in several kernels', () => {
    const f: F = (x) => {
      let y = x!;
      for (let i = 0; i < 130; i++) y = c.add(c.mul(y, 0.5), i);
      return y;
    };
    expect(fusedOf(f, draw([9])).length).toBe(6);
    expectEqualBits(f, draw([9]));
  });
});
