import { describe, expect, it } from 'vitest';
import example from '../../examples/own-op.ts';
import { elementwiseKernel } from './backends/wasm/elementwise.ts';
import type { Tensor } from './index.ts';
import * as c from './index.ts';
import { distance, numbers, of, onBackends, wavy } from './op-testing.ts';

interface Scaled {
  readonly by: number;
}

/** by·x², with every part of a block. */
const scaledSquare = c.op<Scaled>({
  name: 'scaledSquare',
  infer: ([x]) => [x!],
  js: ([x], [y], { params: { by } }) => {
    for (let i = 0; i < x!.length; i++) y![i] = by * x![i]! * x![i]!;
  },
  jvp: ({ primals: [x], tangents: [dx], params: { by } }) => [dx == null ? null : c.mul(c.mul(2 * by, x!), dx)],
  cost: ([x]) => ({ flops: 2 * c.sizeOf(x!.shape) }),
});

const above = c.op<{ readonly capacity: number }>({
  name: 'above',
  infer: ([x], { capacity }) => [
    { shape: [capacity], dtype: 'i32' },
    { shape: [capacity], dtype: x!.dtype },
  ],
  isCounted: true,
  js: ([x], [places, values]) => {
    let count = 0;
    x!.forEach((v, i) => {
      if (!(v > 0)) return;
      places![count] = i;
      values![count++] = v;
    });
    return count;
  },
});

const square3 = (x: Tensor): Tensor => scaledSquare([x], { by: 3 })[0]!;

onBackends("an op of one's own", (here) => {
  const x = wavy([4, 5]);
  const expected = numbers(x).map((v) => 3 * v * v);

  it('runs eagerly, interpreted, compiled and batched alike', () => {
    here(() => {
      expect(numbers(square3(x))).toEqual(expected);
      for (const tier of ['interpret', 'module'] as const)
        expect(numbers(c.jit(square3, { tier })(x))).toEqual(expected);
      expect(numbers(c.vmap(square3)(x))).toEqual(expected);
      expect(numbers(c.jit(c.vmap(c.vmap(square3)))(x))).toEqual(expected);
    });
  });

  it('differentiates by its rule, to any order', () => {
    const f = (t: Tensor): Tensor => c.sum(square3(t));
    expect(here(() => numbers(c.grad(f)(x)))).toEqual(numbers(x).map((v) => 6 * v));
    expect(here(() => numbers(c.hvp(f, x, x)))).toEqual(numbers(x).map((v) => 6 * v));
    const { forward, reverse } = here(() => c.checkGradients(f, [x]));
    expect(forward).toBeLessThan(1e-9);
    expect(reverse).toBeLessThan(1e-12);
  });

  it('gives a count and as many entries', () => {
    const signal = of([6], [-1, 2, -3, 4, 5, -6]);
    const f = (t: Tensor) => above([t], { capacity: 4 });
    for (const run of [f, c.jit(f, { tier: 'interpret' }), c.jit(f, { tier: 'module' })]) {
      const [places, values, count] = here(() => run(signal));
      expect([numbers(places!), numbers(values!), count!.item()]).toEqual([[1, 3, 4, 0], [2, 4, 5, 0], 3]);
    }
    const rows = of([2, 3], [1, -1, 1, -1, -1, -1]);
    const [places, , count] = here(() => c.vmap((t: Tensor) => [...above([t], { capacity: 2 })])(rows));
    expect([numbers(places!), numbers(count!)]).toEqual([
      [0, 2, 0, 0],
      [2, 0],
    ]);
  });

  it.each([
    ['eagerly', (f: (t: Tensor) => readonly Tensor[]) => f],
    ['interpreted', (f: (t: Tensor) => readonly Tensor[]) => c.jit(f, { tier: 'interpret' })],
    ['compiled', (f: (t: Tensor) => readonly Tensor[]) => c.jit(f, { tier: 'module' })],
  ])('refuses more entries than fit, %s, and loses no memory', (_, made) => {
    here(() => {
      const f = made((t: Tensor) => above([c.mul(t, 1)], { capacity: 2 }));
      const fits = of([5], [1, -1, 1, -1, -1]);
      const tooMany = of([5], [1, 1, 1, 1, 1]);
      f(fits);
      c.scoped(() => expect(() => f(tooMany)).toThrow(c.OverflowError));
      const before = c.liveBytes();
      for (let i = 0; i < 10; i++) {
        try {
          c.scoped(() => f(tooMany));
        } catch (error) {
          expect((error as c.OverflowError).details).toMatchObject({ op: 'above', needed: 5, capacity: 2 });
        }
      }
      expect(c.liveBytes()).toBe(before);
      expect(f(fits)[2]!.item()).toBe(2);
    });
  });

  it('of the examples computes what it says', () => {
    const signal = of([6], [0.2, -1.5, 0.7, 0.4, 2, -0.1]);
    expect(here(() => example(signal).item())).toBeCloseTo(1 + 0.04 + 2.25 + 0.2, 12);
    const slopes = here(() => numbers(c.grad(example)(signal)));
    expect(distance(slopes, [0, -2, 0.4, 0, 3, 0])).toBeLessThan(1e-12);
  });
});

describe("an op of one's own", () => {
  it('may bring kernels for WebAssembly', () => {
    const twice = c.op({
      name: 'twice',
      infer: ([x]) => [x!],
      js: ([x], [y]) => y!.set(x!.map((v) => 2 * v)),
      wasm: (context, [x], [y]) => {
        const kernel = elementwiseKernel({
          key: 'twice',
          inputs: [{ dtype: 'f32', mode: 'v' }],
          out: 'f32',
          body: (w, [v]) => w.get(v!).get(v!).f32x4.add(),
        });
        context.call(kernel, [y!, x!, c.sizeOf(x!.shape), 0], 1);
      },
    });
    const x = wavy([11], 'f32');
    const f = c.jit((t: Tensor) => twice([t], {})[0]!);
    expect(numbers(f(x))).toEqual(numbers(x).map((v) => 2 * v));
    expect(f.plan(x).launches).toBe(1);
  });

  it('is not mistaken for another of the same name', () => {
    const make = (k: number) =>
      c.op({ name: 'same', infer: ([x]) => [x!], js: ([x], [y]) => y!.set(x!.map((v) => k * v)) });
    const [a, b] = [make(2), make(3)];
    const both = c.jit((t: Tensor) => [a([t], {})[0]!, b([t], {})[0]!] as const);
    const x = of([2], [1, 5]);
    expect(both(x).map(numbers)).toEqual([
      [2, 10],
      [3, 15],
    ]);
  });

  it('has parameters of its own in every call, NaN and −0 among them', () => {
    const fill = c.op<{ value: number }>({
      name: 'fillWith',
      infer: ([x]) => [x!],
      js: (_, [y], { params }) => y!.fill(params.value),
    });
    const x = of([1], [0]);
    const values = [Number.NaN, Number.POSITIVE_INFINITY, -0, 0];
    const found = c
      .jit((t: Tensor) => values.map((value) => fill([t], { value })[0]!))(x)
      .map((y) => numbers(y)[0]!);
    expect(found).toEqual(values);
  });

  it('counts in plans and takes rules of withPulls', () => {
    expect(c.jit(square3).plan(wavy([4, 5]))).toMatchObject({ flops: 40, nodes: 1 });
    const f = c.withPulls({ scaledSquare: ({ cts: [ct] }) => c.mul(ct!, 7) }, square3);
    expect(
      c
        .grad((t: Tensor) => c.sum(f(t)))(c.ones([2]))
        .toArray(),
    ).toEqual([7, 7]);
  });
});

describe('refusals', () => {
  const plain = c.op({ name: 'plain', infer: ([x]) => [x!], js: ([x], [y]) => y!.set(x!) });
  const linear: c.Applied<Record<never, never>> = c.op({
    name: 'linearButUntold',
    infer: ([x]) => [x!],
    js: ([x], [y]) => y!.set(x!),
    jvp: ({ tangents: [dx] }) => [dx == null ? null : linear([dx], {})[0]!],
  });
  const x = wavy([3]);

  it('of a derivative without a rule, rather than a zero', () => {
    expect(() => c.grad((t: Tensor) => c.sum(plain([t], {})[0]!))(x)).toThrow(/plain: its derivative/);
    expect(
      c
        .grad((t: Tensor) => c.sum(plain([c.stopGradient(t)], {})[0]!))(x)
        .toArray(),
    ).toEqual([0, 0, 0]);
  });

  it('of reverse mode without a transpose', () => {
    const f = (t: Tensor): Tensor => linear([t], {})[0]!;
    expect(numbers(c.jvp(f, x, x)[1])).toEqual(numbers(x));
    expect(() => c.vjp(f, x)[1](x)).toThrow(/linearButUntold cannot be transposed/);
  });

  it('of names that are none, counted kernels that return nothing, and counted kernels on WebAssembly', () => {
    expect(() => c.op({ name: '1st', infer: (xs) => xs, js: () => undefined })).toThrow(c.ConfigError);
    const silent = c.op({ name: 'silent', infer: (xs) => xs, js: () => undefined, isCounted: true });
    expect(() => silent([x], {})).toThrow(/returns how many/);
    expect(() =>
      c.op({ name: 'both', infer: (xs) => xs, js: () => 0, isCounted: true, wasm: () => undefined }),
    ).toThrow(c.ConfigError);
  });
});
