import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Tensor } from './index.ts';
import * as c from './index.ts';

beforeEach(() => c.setBackend('wasm'));
afterEach(() => c.setBackend('wasm'));

const isLive = (x: Tensor): boolean => (x as c.Concrete).storage.state === 'live';

describe('scopes', () => {
  it('free what was made inside and keep what is returned, at any depth of a tree', () => {
    const made: Tensor[] = [];
    const make = (): Tensor => {
      const x = c.full([16], 1);
      made.push(x);
      return x;
    };
    const kept = c.scoped(() => {
      const tree = { a: [make()], b: make(), c: null };
      make();
      return tree;
    });
    expect(made.map(isLive)).toEqual([true, true, false]);
    expect(kept.a[0]).toBe(made[0]);
  });

  it('free what was made when the body throws', () => {
    const before = c.liveBytes();
    expect(() =>
      c.scoped(() => {
        c.full([1000], 1);
        throw new Error('stop');
      }),
    ).toThrow('stop');
    expect(c.liveBytes()).toBe(before);
  });

  it('hand what they keep to the scope around them', () => {
    let inner: Tensor | null = null;
    c.scoped(() => {
      inner = c.scoped(() => c.full([4], 2));
      expect(isLive(inner)).toBe(true);
    });
    expect(isLive(inner!)).toBe(false);
  });

  it('free storage, not handles: a returned view keeps what it shows', () => {
    const view = c.scoped(() => c.reshape(c.full([6], 3), [2, 3]));
    expect([...view.readSync()]).toEqual([3, 3, 3, 3, 3, 3]);
  });

  it('leave alone what was made outside', () => {
    const x = c.full([4], 1);
    c.scoped(() => c.reshape(x, [2, 2]).rank);
    expect(isLive(x)).toBe(true);
  });

  it('may be disposed in any order', () => {
    const outer = c.scope();
    const inner = c.scope();
    outer[Symbol.dispose]();
    const x = c.full([4], 1);
    inner[Symbol.dispose]();
    expect(isLive(x)).toBe(false);
    expect(isLive(c.full([4], 1))).toBe(true);
    expect(c.scoped(() => null)).toBe(null);
  });

  it('refuse an asynchronous body', () => {
    expect(() => c.scoped(async () => c.full([4], 1))).toThrow(c.UnsupportedError);
  });

  it('do not free interned numbers', () => {
    const two = c.scoped(() => {
      c.mul(c.full([4], 1), 0.7310585);
      return null;
    });
    expect(two).toBe(null);
    expect([...c.mul(c.full([2], 2), 0.7310585).readSync()]).toEqual([...new Float32Array(2).fill(0.7310585 * 2)]);
  });
});

describe('what a transformation makes', () => {
  const loss = (w: Tensor): Tensor => c.sum(c.square(c.matmul(w, w)));

  it('is freed by grad, also when the function throws', () => {
    const w = c.full([32, 32], 0.01);
    c.grad(loss)(w);
    const before = c.liveBytes();
    expect(() =>
      c.grad((x: Tensor) => {
        loss(x);
        throw new Error('stop');
      })(w),
    ).toThrow('stop');
    expect(c.liveBytes()).toBe(before);
    c.grad(loss)(w);
    expect(c.liveBytes() - before).toBe(32 * 32 * 4);
  });

  it('keeps aux alive', () => {
    const w = c.full([4, 4], 0.5);
    const [[value, aux], gradient] = c.valueAndGrad(
      (x: Tensor): [Tensor, { h: Tensor; name: string; count: number }] => {
        const h = c.square(x);
        return [c.sum(h), { h, name: 'hidden', count: 3 }];
      },
      { aux: true },
    )(w);
    expect(value.item()).toBe(4);
    expect(aux.name).toBe('hidden');
    expect(aux.count).toBe(3);
    expect([...aux.h.readSync()]).toEqual(Array(16).fill(0.25));
    expect([...gradient.readSync()]).toEqual(Array(16).fill(1));
  });

  it('belongs to the surrounding scope when it comes out of grad', () => {
    let g: Tensor | null = null;
    c.scoped(() => {
      g = c.grad(loss)(c.full([2, 2], 1));
    });
    expect(isLive(g!)).toBe(false);
  });

  it('a constant that is made while tracing inside a scope belongs to the program', () => {
    const f = c.jit((x: Tensor) => c.scoped(() => c.add(x, c.tensor([1, 2]))));
    for (let i = 0; i < 2; i++) c.scoped(() => expect([...f(c.tensor([1, 1])).readSync()]).toEqual([2, 3]));
  });
});
