import { afterEach, describe, expect, it } from 'vitest';
import type { Tensor } from '../index.ts';
import * as c from '../index.ts';

afterEach(() => {
  c.setBackend('wasm');
  c.setDefaultDtype('f32');
});

const numbers = (x: Tensor): number[] => [...x.readSync()];
const vector = (...xs: number[]): Tensor => c.tensor(xs);
const reasonsOf = <A extends unknown[], R>(f: (...args: A) => R, options: c.JitOptions = {}) => {
  const reasons: string[] = [];
  return { reasons, g: c.jit(f, { ...options, onCompile: (reason) => reasons.push(reason) }) };
};

describe('what compiles anew', () => {
  it('is not another learning rate, nor another order of keys', () => {
    const { g, reasons } = reasonsOf((p: { a: Tensor; b: Tensor }, lr: number) => c.sub(p.a, c.mul(p.b, lr)));
    for (let i = 1; i <= 20; i++) expect(numbers(g({ a: vector(1), b: vector(1) }, i / 4))).toEqual([1 - i / 4]);
    expect(numbers(g({ b: vector(1), a: vector(3) }, 1))).toEqual([2]);
    expect(reasons).toHaveLength(1);
    expect(reasons[0]).toContain('first call');
  });

  it('is a shape, a dtype, a structure, a string, a function or a static value, and is named', () => {
    const { g, reasons } = reasonsOf(
      (x: Tensor, how: unknown, n: number) => c.mul(c.sum(x), how === 'twice' ? 2 * n : n),
      { static: [2] },
    );
    const x = vector(1, 2);
    const same = (): number => 1;
    for (const args of [
      [x, 'once', 1],
      [vector(1, 2, 3), 'once', 1],
      [c.cast(x, 'f64'), 'once', 1],
      [x, 'twice', 1],
      [x, same, 1],
      [x, same, 2],
      [x, same, 2],
    ] as [Tensor, unknown, number][])
      g(...args);
    expect(reasons.slice(1)).toEqual([
      'argument 0 changed from f32[2] to f32[3]',
      'argument 0 changed from f32[3] to f64[2]',
      expect.stringMatching(/argument 0 .*; argument 1 changed from "once" to "twice"/),
      expect.stringMatching(/argument 1 changed from "twice" to same#\d+/),
      'argument 2 changed from static 1 to static 2',
    ]);
    expect(g(x, 'twice', 3).item()).toBe(18);
  });

  it('keeps static values apart that JSON does not', () => {
    const { g, reasons } = reasonsOf(
      (x: Tensor, n: unknown) => c.mul(x, Object.is(n, -0) ? 5 : Number.isNaN(n) ? 6 : n === null ? 7 : 8),
      {
        static: [1],
      },
    );
    expect(
      [0, -0, Number.NaN, null, undefined, { n: Number.NaN }, { n: null }].map((n) => g(vector(1), n).item()),
    ).toEqual([8, 5, 6, 7, 8, 8, 8]);
    expect(reasons).toHaveLength(7);
    g(vector(1), { n: null });
    g(vector(1), Number.NaN);
    expect(reasons).toHaveLength(7);
  });

  it('is the default dtype', () => {
    const { g, reasons } = reasonsOf((n: number) => c.mul(n, 2));
    expect(g(0.1).dtype).toBe('f32');
    c.setDefaultDtype('f64');
    expect(g(0.1).item()).toBe(0.2);
    expect(reasons[1]).toBe('the default dtype changed from f32 to f64');
  });

  it('is what the bounded cache has dropped, oldest first', () => {
    const { g, reasons } = reasonsOf((x: Tensor) => c.sum(x), { cacheSize: 2 });
    const call = (n: number): number => g(c.ones([n])).item();
    expect([1, 2, 3, 3, 2, 1].map(call)).toEqual([1, 2, 3, 3, 2, 1]);
    expect(reasons).toHaveLength(4);
  });

  it('are arguments that jit cannot take: refused by name', () => {
    const g = c.jit((x: unknown) => c.scalar((x as Float32Array).length));
    expect(() => g(new Float32Array(2))).toThrow(/an argument holds Float32Array/);
    expect(() => c.jit(() => 'text' as unknown as Tensor)()).toThrow(/the function returned String/);
  });
});

describe('numbers', () => {
  it('take the dtype of the tensor beside them, without passing through f32', () => {
    const f = c.jit((x: Tensor, lr: number) => c.mul(x, lr));
    const x = c.tensor([1], { dtype: 'f64' });
    expect(f(x, 0.1).dtype).toBe('f64');
    expect(f(x, 0.1).item()).toBe(0.1);
    expect(f(vector(1), 0.1).item()).toBe(Math.fround(0.1));
  });

  it('are counted beside integers only when they are whole', () => {
    const f = c.jit((x: Tensor, n: number) => c.add(c.cast(x, 'f64'), n));
    expect(numbers(f(c.tensor([1, 2], { dtype: 'i32' }), 0.5))).toEqual([1.5, 2.5]);
  });

  it('have derivatives', () => {
    const f = c.jit((lr: number, x: Tensor) => c.sum(c.mul(c.mul(x, lr), lr)));
    expect(
      c
        .grad(f as unknown as (lr: Tensor, x: Tensor) => Tensor)(c.scalar(3), vector(1, 2))
        .item(),
    ).toBe(18);
  });
});

describe('values from outside', () => {
  it('are captured once and come back when they were evicted', () => {
    const data = c.tensor(Float32Array.from({ length: 256 }, (_, i) => i));
    const f = c.jit((w: Tensor) => c.grad((v: Tensor) => c.sum(c.mul(v, data)))(w));
    expect(f.graphOf(c.ones([256])).inputs).toHaveLength(2);
    const { pool } = c.backend() as import('../backends/wasm/backend.ts').WasmBackend;
    const storage = (data as c.Concrete).storage as import('../backends/wasm/storage.ts').WasmStorage;
    for (let i = 0; i < 80; i++) c.zeros([2 ** 20]);
    pool.begin();
    expect(storage.at).toBe(-1);
    expect(numbers(f(c.ones([256])))).toEqual(numbers(data));
    expect(storage.at).toBeGreaterThan(0);
  });

  it('may be tracers of a transformation around it, as long as that runs', () => {
    const square = (): ((x: Tensor) => Tensor) => {
      const { g } = reasonsOf((x: Tensor, y: Tensor) => c.mul(x, y));
      return (x) => g(x, x);
    };
    const f = square();
    const outer = (x: Tensor): Tensor => {
      const inner = c.jit((y: Tensor) => c.mul(y, x));
      return c.sum(c.add(inner(x), f(x)));
    };
    for (let i = 0; i < 2; i++) expect(numbers(c.grad(outer)(vector(1, 3)))).toEqual([4, 12]);
  });

  it('are traced again when a captured tracer has ended', () => {
    let outside: Tensor = vector(2);
    const { g, reasons } = reasonsOf((y: Tensor) => c.mul(y, outside));
    const f = (x: Tensor): Tensor => {
      outside = x;
      return c.sum(g(x));
    };
    expect(c.grad(f)(vector(3)).item()).toBe(6);
    expect(c.grad(f)(vector(5)).item()).toBe(10);
    expect(reasons[1]).toContain('has ended');
  });
});

describe.each(['js', 'wasm'] as const)('donation on %s', (backend) => {
  const live = (x: Tensor): boolean => (x as c.Concrete).storage.state === 'live';

  it('takes the handle, views of it included', () => {
    c.setBackend(backend);
    const f = c.jit((x: Tensor) => c.mul(x, 2), { donate: [0] });
    const x = vector(1, 2, 3, 4);
    const view = c.reshape(x, [2, 2]);
    expect(numbers(f(x))).toEqual([2, 4, 6, 8]);
    expect(() => x.readSync()).toThrow(c.DonatedError);
    expect(() => view.readSync()).toThrow(c.DonatedError);
    expect(() => f(x)).toThrow(c.DonatedError);
  });

  it('of one tensor in two places computes what two tensors would', () => {
    c.setBackend(backend);
    const f = c.jit((a: Tensor, b: Tensor) => [c.add(a, b), c.sub(c.mul(a, 3), b)], { donate: [0, 1] });
    const x = vector(1, 2);
    const [sum, difference] = f(x, x);
    expect([numbers(sum!), numbers(difference!)]).toEqual([
      [2, 4],
      [2, 4],
    ]);
    expect(live(x)).toBe(false);
  });

  it('leaves alone what another argument or a captured value still shows', () => {
    c.setBackend(backend);
    const f = c.jit((a: Tensor, b: Tensor) => c.add(c.mul(a, 2), b), { donate: [0] });
    const x = vector(1, 2);
    expect(numbers(f(x, c.reshape(x, [2])))).toEqual([3, 6]);
    expect(numbers(x)).toEqual([1, 2]);
    const step = c.jit((a: Tensor) => c.sub(c.mul(a, 2), x), { donate: [0] });
    for (let i = 0; i < 2; i++) expect(numbers(step(x))).toEqual([1, 2]);
  });

  it('of an interned number leaves the number alone', () => {
    c.setBackend(backend);
    const f = c.jit((p: { t: Tensor }) => ({ t: c.add(p.t, 1) }), { donate: [0] });
    expect(f({ t: c.scalar(41) }).t.item()).toBe(42);
    expect(c.scalar(41).item()).toBe(41);
    const g = c.jit((n: number) => c.add(n, 1), { donate: [0] });
    expect([g(41).item(), g(41).item()]).toEqual([42, 42]);
  });

  it('of an input that is a result hands it through, also under another shape and twice', () => {
    c.setBackend(backend);
    const f = c.jit((x: Tensor, y: Tensor) => [c.mul(y, 2), c.reshape(x, [2, 2]), x], { donate: [0] });
    const outs = f(vector(1, 2, 3, 4), vector(5, 6, 7, 8));
    expect(outs.map(numbers)).toEqual([
      [10, 12, 14, 16],
      [1, 2, 3, 4],
      [1, 2, 3, 4],
    ]);
  });

  it('goes on with results that are one value twice', () => {
    c.setBackend(backend);
    const f = c.jit((p: readonly [Tensor, Tensor]) => [c.add(p[0], 1), c.add(p[1], 1)] as const, { donate: [0] });
    let p: readonly [Tensor, Tensor] = [vector(0, 0), vector(0, 0)];
    const start = c.jit(() => [c.zeros([2]), c.zeros([2])] as const);
    p = start();
    for (let i = 0; i < 5; i++) p = f(p);
    expect(p.map(numbers)).toEqual([
      [5, 5],
      [5, 5],
    ]);
  });
});

it('a result that is an argument or a captured value is that value', () => {
  const captured = vector(7);
  const f = c.jit((x: Tensor) => [x, captured, x] as const);
  const x = vector(1);
  for (let i = 0; i < 2; i++) expect(c.scoped(() => f(x)).map(numbers)).toEqual([[1], [7], [1]]);
  c.scoped(() => f(x)[0].rank);
  expect([numbers(x), numbers(captured)]).toEqual([[1], [7]]);
});

it('empty trees, no arguments and numbers as results work', () => {
  expect(c.jit(() => ({ a: 1, b: [] }))()).toMatchObject({ b: [] });
  expect(
    c
      .jit(() => ({ a: 3 as unknown as Tensor }))()
      .a.item(),
  ).toBe(3);
  expect(c.jit((x: { y: Tensor | null }) => x)({ y: null })).toEqual({ y: null });
});
