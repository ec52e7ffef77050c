import { afterEach, describe, expect, it } from 'vitest';
import type { Tensor } from '../index.ts';
import * as c from '../index.ts';

afterEach(() => {
  c.setBackend('wasm');
  c.setDefaultDtype('f32');
});

const caught = (f: () => unknown): c.CotangentError => {
  try {
    f();
  } catch (e) {
    return e as c.CotangentError;
  }
  return expect.unreachable();
};
const numbers = (x: Tensor): number[] => [...x.readSync()];
const sumSquares = (p: { w: Tensor; b: Tensor[] }): Tensor =>
  c.add(c.sum(c.square(p.w)), c.sum(c.mul(p.b[0]!, p.b[1]!)));
const point = (): { w: Tensor; b: Tensor[] } => ({ w: c.tensor([1, 2]), b: [c.tensor(3), c.tensor(4)] });

describe('grad', () => {
  it('has the tree of the parameters', () => {
    const g = c.grad(sumSquares)(point());
    expect(numbers(g.w)).toEqual([2, 4]);
    expect(g.b.map((x) => x.item())).toEqual([4, 3]);
  });

  it('gives zeros for what the loss does not depend on', () => {
    const g = c.grad((p: { x: Tensor; y: Tensor }) => c.sum(p.x))({ x: c.ones([2]), y: c.ones([3], 'f64') });
    expect([g.y.dtype, ...numbers(g.y)]).toEqual(['f64', 0, 0, 0]);
    expect(numbers(c.grad((_: Tensor) => c.scalar(1))(c.ones([2])))).toEqual([0, 0]);
  });

  it('differentiates the argument that it is told to', () => {
    const f = (x: Tensor, y: Tensor): Tensor => c.sum(c.mul(c.square(x), y));
    const along = c.valueAndGrad(f as (p: never, ...rest: unknown[]) => Tensor, { argument: 1 });
    const [value, g] = along(c.tensor([1, 2]) as never, c.tensor([5, 6]));
    expect(value.item()).toBe(29);
    expect(numbers(g as Tensor)).toEqual([1, 4]);
    expect(() => c.grad(f, { argument: 2 })(c.ones([1]), c.ones([1]))).toThrow(c.ConfigError);
  });

  it('names the path of a leaf that is an integer, or no tensor', () => {
    const bad = caught(() => c.grad((p: { a: Tensor[] }) => c.sum(p.a[0]!))({ a: [c.ones([1]), c.ones([2], 'i32')] }));
    expect(bad.code).toBe('DtypeError');
    expect(bad.details.path).toBe('.a[1]');
    expect(bad.message).toContain('the leaf .a[1] has dtype i32');
    const typed = { w: new Float32Array(2) } as unknown as { w: Tensor };
    expect(caught(() => c.grad((p: typeof typed) => c.sum(p.w))(typed)).message).toContain('.w is Float32Array');
    expect(() => c.grad((_: object) => c.scalar(1))({})).toThrow(/nothing to differentiate/);
  });

  it('wants one float number', () => {
    const x = c.ones([3]);
    expect(() => c.grad((t: Tensor) => c.mul(t, 2))(x)).toThrow(/shape \[3\], not one number/);
    expect(() => c.grad((t: Tensor) => c.cast(c.sum(t), 'i32'))(x)).toThrow(c.DtypeError);
    expect(() => c.grad(((t: Tensor) => [c.sum(t), t]) as unknown as (t: Tensor) => Tensor)(x)).toThrow(
      /2 tensors, not one loss/,
    );
    expect(() => c.valueAndGrad(((t: Tensor) => c.sum(t)) as never, { aux: true })(x as never)).toThrow(c.TreeError);
  });

  it('accepts a loss of shape [1] and gives it back', () => {
    const [value, g] = c.valueAndGrad((t: Tensor) => c.sum(c.square(t), 0, { keepDims: true }))(c.tensor([1, 2]));
    expect(value.shape).toEqual([1]);
    expect(numbers(g)).toEqual([2, 4]);
  });
});

describe('vjp and jvp', () => {
  const f = (p: { x: Tensor }): { y: Tensor; n: Tensor } => ({ y: c.mul(p.x, 3), n: c.sum(p.x) });
  const at = { x: c.tensor([1, 2], { dtype: 'f64' }) };

  it('take numbers in the dtype of the value beside them', () => {
    const [, pull] = c.vjp(f, at);
    expect(numbers(pull({ y: c.tensor([1, 0], { dtype: 'f64' }), n: 2 as unknown as Tensor }).x)).toEqual([5, 2]);
    expect(c.jvp((x: Tensor) => c.square(x), c.tensor(2, { dtype: 'f64' }), 0.1 as unknown as Tensor)[1].item()).toBe(
      0.1 * 2 * 2,
    );
  });

  it('refuse cotangents of another shape, dtype or tree, by path', () => {
    const [, pull] = c.vjp(f, at);
    const n = c.tensor(0, { dtype: 'f64' });
    const wrong = caught(() => pull({ y: c.zeros([3], 'f64'), n }));
    expect([wrong.code, wrong.details.path, wrong.details.expected]).toEqual(['ShapeError', '.y', [2]]);
    expect(caught(() => pull({ y: c.zeros([2]), n })).code).toBe('DtypeError');
    expect(caught(() => pull({ y: c.zeros([2], 'f64') } as never)).code).toBe('TreeError');
    expect(caught(() => c.jvp(f, at, { x: c.zeros([1], 'f64') })).details.path).toBe('.x');
    expect(caught(() => c.jvp(f, at, [c.zeros([2], 'f64')] as never)).code).toBe('TreeError');
  });

  it('bring anything back beside the value with aux', () => {
    const [value, pull, aux] = c.vjp(
      (x: Tensor) => [c.square(x), { note: 'seen', twice: c.mul(x, 2), many: [1, true, null] }] as const,
      c.tensor([1, 3]),
      { aux: true },
    );
    expect(numbers(value)).toEqual([1, 9]);
    expect(numbers(pull(c.ones([2])))).toEqual([2, 6]);
    expect(aux.note).toBe('seen');
    expect(aux.many).toEqual([1, true, null]);
    expect(numbers(aux.twice)).toEqual([2, 6]);
  });

  it('linearize once, push many times', () => {
    let calls = 0;
    const [y, push] = c.linearize(
      (x: Tensor) => {
        calls++;
        return c.mul(x, c.mul(x, x));
      },
      c.tensor([1, 2], { dtype: 'f64' }),
    );
    expect(numbers(y)).toEqual([1, 8]);
    for (const v of [1, 2, -1]) expect(numbers(push(c.full([2], v, 'f64')))).toEqual([3 * v, 12 * v]);
    expect(calls).toBe(1);
  });

  it('jacobian of a quadratic map is its matrix of partial derivatives', () => {
    const g = (x: Tensor): Tensor => c.concat([c.square(x), c.sum(x, 0, { keepDims: true })]);
    expect(
      c
        .jacobian(g)(c.tensor([2, 3]))
        .toArray(),
    ).toEqual([
      [4, 0],
      [0, 6],
      [1, 1],
    ]);
  });
});

describe('vmap', () => {
  it('maps the axes that it is told to, and shares the rest', () => {
    const f = (x: Tensor, w: Tensor): Tensor => c.sum(c.mul(x, w));
    const x = c.tensor([
      [1, 2, 3],
      [4, 5, 6],
    ]);
    expect(numbers(c.vmap(f, { inAxes: [0, null] })(x, c.tensor([1, 0, 2])))).toEqual([7, 16]);
    expect(numbers(c.vmap(f, { inAxes: [1, null] })(x, c.tensor([1, 2])))).toEqual([9, 12, 15]);
    expect(c.vmap((t: Tensor) => c.mul(t, 2), { outAxis: 1 })(x).shape).toEqual([3, 2]);
  });

  it('refuses axes of different lengths and calls with nothing to map', () => {
    const f = c.vmap((x: Tensor, y: Tensor) => c.add(x, y));
    expect(() => f(c.ones([2]), c.ones([3]))).toThrow(/different lengths 2, 3/);
    expect(() => c.vmap((x: Tensor) => x, { inAxes: [null] })(c.ones([2]))).toThrow(/no argument is mapped/);
    expect(() => c.vmap((x: Tensor) => x)(c.scalar(1))).toThrow(c.ShapeError);
  });

  it('repeats results that do not depend on the mapped argument', () => {
    expect(numbers(c.vmap((_: Tensor) => c.scalar(7))(c.ones([3])))).toEqual([7, 7, 7]);
  });
});

describe('f64', () => {
  const third = 1 / 3;
  const f = (x: Tensor): Tensor => c.sum(c.mul(c.add(c.mul(x, third), 0.1), c.exp(c.mul(-0.2, x))));
  const exact = (x: number): number => third * Math.exp(-0.2 * x) - 0.2 * (x * third + 0.1) * Math.exp(-0.2 * x);

  it.each([
    ['eagerly', c.grad(f)],
    ['under jit', c.jit(c.grad(f))],
    ['as grad of jit', c.grad(c.jit(f))],
    ['under vmap', (x: Tensor) => c.reshape(c.vmap(c.grad(f))(c.reshape(x, [1, 1])), [])],
  ])('stays f64 with number literals %s: an f32 literal would err by 1e-8', (_, g) => {
    const y = g(c.tensor(1.7, { dtype: 'f64' }));
    expect(y.dtype).toBe('f64');
    expect(Math.abs(y.item() - exact(1.7))).toBeLessThan(1e-15);
  });

  it('is what numbers become when it is the default', () => {
    c.setDefaultDtype('f64');
    expect(c.add(0.1, 0.2).item()).toBe(0.1 + 0.2);
    expect(
      c
        .jit((lr: number) => c.mul(lr, 0.5))(0.1)
        .item(),
    ).toBe(0.05);
  });
});
