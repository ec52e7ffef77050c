import { describe, expect, it } from 'vitest';
import type { Tensor } from '../../index.ts';
import * as c from '../../index.ts';
import { fuse } from './fuse.ts';

type F = (...xs: Tensor[]) => Tensor | readonly Tensor[];

const draw = (shape: readonly number[], seed = 1): Tensor => c.random.normal(c.random.key(seed), shape);
const wide = (x: Tensor): Tensor => c.cast(x, 'f64');
const namesOf = (f: F, ...xs: Tensor[]): string[] =>
  fuse(c.closeGraph(c.optimize(c.jit(f as never).graphOf(...(xs as never[])))))
    .nodes.map((n) => n.op.name)
    .filter((name) => name !== 'reshape' && name !== 'constant');
const flat = (ys: Tensor | readonly Tensor[]): number[] =>
  (Array.isArray(ys) ? ys : [ys]).flatMap((y) => [...y.readSync()]);

function expectEqualBits(f: F, ...xs: Tensor[]): void {
  const expected = flat(f(...xs));
  for (const tier of ['interpret', 'module'] as const)
    expect(flat(c.jit(f as never, { tier })(...(xs as never[])) as Tensor)).toEqual(expected);
}

const layer: F = (x, w, b) => c.relu(c.add(c.matmul(x!, w!), b!));

describe('finished products', () => {
  // One block of k and several, full and partial tiles, one row, more columns than a block.
  it.each([
    [64, 40, 30],
    [33, 13, 300],
    [7, 530, 5],
    [1, 9, 700],
    [130, 10, 64],
    [5, 1, 3],
  ])('%i×%i over %i: bias and ReLU keep their bits', (m, n, k) => {
    const xs = [draw([m, k], 1), draw([k, n], 2), draw([n], 3)];
    expect(namesOf(layer, ...xs)).toEqual(['finished']);
    expectEqualBits(layer, ...xs);
    expectEqualBits(layer, ...xs.map(wide));
  });

  it('operands are read along rows, columns or as one number', () => {
    const f: F = (x, w, row, column, one, all) =>
      c.mul(c.sub(c.add(c.add(c.matmul(x!, w!), row!), column!), one!), all!);
    const xs = [draw([20, 30], 1), draw([30, 50], 2), draw([50], 3), draw([20, 1], 4), draw([], 5), draw([20, 50], 6)];
    expect(namesOf(f, ...xs)).toEqual(['finished']);
    expectEqualBits(f, ...xs);
  });

  it('leading axes of the left operand are rows', () => {
    const f: F = (x, w, b, each) => c.mul(c.add(c.matmul(x!, w!), b!), each!);
    const xs = [draw([2, 3, 5, 30], 1), draw([30, 17], 2), draw([17], 3)];
    expect(namesOf(f, ...xs, draw([2, 3, 5, 17], 4))).toEqual(['finished']);
    expectEqualBits(f, ...xs, draw([2, 3, 5, 17], 4));
    expectEqualBits(f, ...xs, draw([2, 1, 5, 1], 4)); // rows that are not evenly spaced: not joined
  });

  it('may have several results of other dtypes', () => {
    const f: F = (x, w, m) => {
      const g = c.matmul(x!, w!);
      const mean = c.add(c.mul(m!, 0.9), c.mul(g, 0.1));
      return [mean, c.cast(c.gt(mean, 0), 'f64'), c.sub(mean, g)];
    };
    const xs = [draw([40, 33], 1), draw([33, 21], 2), draw([40, 21], 3)];
    expect(namesOf(f, ...xs)).toEqual(['finished']);
    expectEqualBits(f, ...xs);
  });

  it('a step of gradient descent overwrites its donated weights, also where the product reads them', () => {
    const step = (w: Tensor, x: Tensor, ct: Tensor) => c.sub(w, c.mul(c.matmul(x, ct, { transposeX: true }), 0.1));
    const square = (w: Tensor) => c.sub(w, c.mul(c.matmul(w, w), 0.1));
    const [w, x, ct] = [draw([300, 70], 1), draw([64, 300], 2), draw([64, 70], 3)];
    const expected = flat(step(w, x, ct));
    const compiled = c.jit(step, { donate: [0], tier: 'module' });
    expect(compiled.peakBytes(draw([300, 70], 1), x, ct)).toBeLessThan(300 * 70 * 4);
    expect(flat(compiled(draw([300, 70], 1), x, ct))).toEqual(expected);
    const s = flat(square(draw([40, 40], 4)));
    expect(flat(c.jit(square, { donate: [0], tier: 'module' })(draw([40, 40], 4)))).toEqual(s);
  });

  it.each([
    ['one vector a row', [2, 3, 6, 5], [9, 3, 3, 3], { padding: 1 }],
    ['strides', [3, 2, 13, 17], [4, 2, 3, 3], { stride: 2, padding: 1 }],
    ['no border', [2, 4, 9, 9], [3, 4, 2, 2], {}],
  ] as const)('convolutions with bias, activation and a residual: %s', (_, shape, kernels, options) => {
    const [x, k, b] = [draw(shape, 1), draw(kernels, 2), draw([kernels[0], 1, 1], 3)];
    const f: F = (im, w, bias) => c.relu(c.add(c.conv2d(im!, w!, options), bias!));
    expect(namesOf(f, x, k, b)).toEqual(['finished']);
    expectEqualBits(f, x, k, b);
    expectEqualBits(f, wide(x), wide(k), wide(b));
    const rest = draw(c.conv2d(x, k, options).shape, 4);
    const g: F = (im, w, bias, r) => [c.mul(c.add(c.conv2d(im!, w!, options), r!), bias!)];
    expect(namesOf(g, x, k, b, rest)).toEqual(['finished']);
    expectEqualBits(g, x, k, b, rest);
    const back: F = (w, ct, h) => c.mul(c.vjp((im: Tensor) => c.conv2d(im, w!, options), x)[1](ct!), h!);
    expect(namesOf(back, k, rest, draw(shape, 5))).toContain('finished');
    expectEqualBits(back, k, rest, draw(shape, 5));
  });

  it('convolutions of small planes and in groups are left', () => {
    const f =
      (groups: number): F =>
      (x, k) =>
        c.relu(c.conv2d(x!, k!, { groups, padding: 1 }));
    expect(namesOf(f(1), draw([2, 4, 3, 3]), draw([4, 4, 3, 3]))).toEqual(['conv', 'relu']);
    expect(namesOf(f(2), draw([2, 4, 8, 8]), draw([4, 2, 3, 3]))).toEqual(['conv', 'relu']);
    expectEqualBits(f(1), draw([2, 4, 3, 3]), draw([4, 4, 3, 3]));
    expectEqualBits(f(2), draw([2, 4, 8, 8]), draw([4, 2, 3, 3]));
  });

  it('leaves products that others read, and those whose operands would be kept for more than they save', () => {
    const twice: F = (x, w, b) => {
      const y = c.matmul(x!, w!);
      return [c.add(y, b!), c.sum(y)];
    };
    expect(namesOf(twice, draw([20, 30]), draw([30, 40]), draw([40]))).toContain('matmul');
    const late: F = (x, w) => {
      const y = c.matmul(c.exp(x!), w!);
      return c.add(c.sum(c.exp(c.sort(x!))), c.mul(y, 2));
    };
    expect(namesOf(late, draw([4, 900]), draw([900, 2]))).toContain('matmul');
  });

  it('keeps bits inside of scans', () => {
    const cell = (h: Tensor, x: Tensor, w: Tensor): [Tensor, Tensor] => {
      const next = c.tanh(c.add(c.matmul(h, w), x));
      return [next, next];
    };
    const f: F = (h, xs, w) => c.scan((a: Tensor, x: Tensor) => cell(a, x, w!), h!, xs!)[1] as Tensor;
    const args = [draw([12, 20], 1), draw([5, 12, 20], 2), draw([20, 20], 3)];
    let h = args[0]!;
    const expected: number[] = [];
    for (let t = 0; t < 5; t++) {
      h = cell(h, c.squeeze(c.sliceAxis(args[1]!, 0, t, t + 1), 0), args[2]!)[0];
      expected.push(...h.readSync());
    }
    expect(flat(c.jit(f as never)(...(args as never[])) as Tensor)).toEqual(expected);
  });
});
