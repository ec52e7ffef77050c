/** Scans against the unrolled loop: values, derivatives in both modes, batching, compiled or not. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Tensor } from '../index.ts';
import * as c from '../index.ts';
import { unrolled } from './scan-unrolled.ts';

afterEach(() => c.setBackend('wasm'));

type State = { readonly h: Tensor; readonly n: Tensor };
type Params = { readonly wx: Tensor; readonly wh: Tensor; readonly b: Tensor };

const T = 7;
const draw = (seed: number, shape: readonly number[]): Tensor =>
  c.mul(c.random.normal(c.random.key(seed), [...shape], { dtype: 'f64' }), 0.5);

const params = (): Params => ({ wx: draw(1, [3, 5]), wh: draw(2, [5, 5]), b: draw(3, [5]) });
const inputs = (): Tensor => draw(4, [T, 2, 3]);

const step =
  (p: Params) =>
  ({ h, n }: State, x: Tensor): [State, Tensor] => {
    const next = c.tanh(c.add(c.add(c.matmul(x, p.wx), c.matmul(h, p.wh)), p.b));
    return [{ h: next, n: c.add(n, 1) }, c.mul(next, next)];
  };

type Loop = (p: Params, xs: Tensor, reverse?: boolean) => [State, Tensor];
const first = (): State => ({ h: draw(9, [2, 5]), n: c.zeros([], 'i32') });
const looped: Loop = (p, xs, reverse = false) => c.scan(step(p), first(), xs, { reverse });
const flat: Loop = (p, xs, reverse = false) => unrolled(step(p), first(), xs, xs.shape[0]!, reverse);

const lossOf =
  (loop: Loop, reverse = false) =>
  (p: Params, xs: Tensor): Tensor => {
    const [last, ys] = loop(p, xs, reverse);
    return c.add(c.sum(c.mul(last.h, draw(5, [2, 5]))), c.sum(c.mul(ys, draw(6, [T, 2, 5]))));
  };

const numbers = (tree: unknown): number[] => c.leavesOf(tree).flatMap((x) => [...(x as Tensor).readSync()]);

function expectClose(found: unknown, expected: unknown, within = 1e-12): void {
  const [a, b] = [numbers(found), numbers(expected)];
  expect(a.length).toBe(b.length);
  a.forEach((v, i) => {
    expect(Math.abs(v - b[i]!)).toBeLessThanOrEqual(within * (1 + Math.abs(b[i]!)));
  });
}

for (const backend of ['js', 'wasm'] as const) {
  describe(`scan on ${backend}`, () => {
    for (const reverse of [false, true]) {
      it(`values and gradients are those of the loop, reverse ${reverse}`, () => {
        c.setBackend(backend);
        const [p, xs] = [params(), inputs()];
        expect(numbers(looped(p, xs, reverse))).toEqual(numbers(flat(p, xs, reverse)));
        const grads = (loop: Loop) => c.grad(lossOf(loop, reverse))(p, xs);
        expectClose(grads(looped), grads(flat));
        const inXs = (loop: Loop) => c.grad(lossOf(loop, reverse), { argument: 1 })(p, xs);
        expectClose(inXs(looped), inXs(flat));
      });
    }

    it('jvp, hvp and reverse over forward', () => {
      c.setBackend(backend);
      const [p, xs] = [params(), inputs()];
      const v: Params = { wx: draw(11, [3, 5]), wh: draw(12, [5, 5]), b: draw(13, [5]) };
      const both = (run: (loss: (q: Params) => Tensor) => unknown) => {
        expectClose(
          run((q) => lossOf(looped)(q, xs)),
          run((q) => lossOf(flat)(q, xs)),
          1e-10,
        );
      };
      both((loss) => c.jvp(loss, p, v));
      both((loss) => c.hvp(loss, p, v));
      both((loss) => c.grad((q: Params) => c.jvp(loss, q, v)[1])(p));
    });

    it('under vmap and jit', () => {
      c.setBackend(backend);
      const [p, xs] = [params(), inputs()];
      const many = c.stack([xs, c.neg(xs), c.mul(xs, 0.5)]);
      const weights: Params = c.mapTree((w: Tensor) => c.stack([w, c.mul(w, 0.5), c.neg(w)]), p);
      const per = (loop: Loop) => c.vmap((q: Params, x: Tensor) => c.valueAndGrad(lossOf(loop))(q, x))(weights, many);
      expectClose(per(looped), per(flat));
      const shared = (loop: Loop) => c.vmap((x: Tensor) => c.grad(lossOf(loop))(p, x))(many);
      expectClose(shared(looped), shared(flat));
      const eager = numbers(c.valueAndGrad(lossOf(looped))(p, xs));
      for (const tier of ['interpret', 'module'] as const)
        expect(numbers(c.jit(c.valueAndGrad(lossOf(looped)), { tier })(p, xs))).toEqual(eager);
      expect(numbers(c.jit(per(looped) && ((x: Tensor) => lossOf(looped)(p, x)))(xs))[0]).toBe(eager[0]);
    });
  });
}

for (const backend of ['js', 'wasm'] as const) {
  describe(`loops that end by themselves on ${backend}`, () => {
    const halve = (x: Tensor): [Tensor, Tensor] => [c.mul(x, 0.5), c.mul(x, x)];
    const stopped = (x: Tensor) => c.scanSteps(halve, x, null, { length: 10, stopWhen: (h) => c.lt(h, 0.3) });
    const at = (v: number) => c.tensor(v, { dtype: 'f64' });

    it('stop, freeze the carry and give zeros', () => {
      c.setBackend(backend);
      const [last, ys, steps] = stopped(at(2));
      expect([last.item(), steps.item()]).toEqual([0.25, 3]);
      expect(numbers(ys)).toEqual([4, 1, 0.25, 0, 0, 0, 0, 0, 0, 0]);
      expect(numbers(c.jit((x: Tensor) => stopped(x))(at(2)))).toEqual(numbers(stopped(at(2))));
      expect(numbers(c.vmap((x: Tensor) => stopped(x)[0])(c.tensor([2, 9, 0.5], { dtype: 'f64' })))).toEqual([
        0.25, 0.28125, 0.25,
      ]);
    });

    it('have derivatives of the steps that ran', () => {
      c.setBackend(backend);
      const loss = (x: Tensor) => c.sum(stopped(x)[1]);
      expect(c.grad(loss)(at(2)).item()).toBeCloseTo(2 * 2 * (1 + 0.25 + 0.0625), 12);
      expect(c.jvp(loss, at(2), at(1))[1].item()).toBeCloseTo(2 * 2 * (1 + 0.25 + 0.0625), 12);
      expect(
        c
          .jit(c.grad(c.grad(loss)))(at(2))
          .item(),
      ).toBeCloseTo(2 * (1 + 0.25 + 0.0625), 12);
    });

    it('whileLoop counts, maps and differentiates forwards; reverse needs a bound', () => {
      c.setBackend(backend);
      const root = (a: Tensor, options = {}) =>
        c.whileLoop(
          (x: Tensor) => c.gt(c.abs(c.sub(c.mul(x, x), a)), 1e-13),
          (x: Tensor) => c.mul(0.5, c.add(x, c.div(a, x))),
          c.add(c.mul(a, 0), 1),
          options,
        );
      expect(root(at(2)).item()).toBeCloseTo(Math.SQRT2, 12);
      expect(numbers(c.vmap((a: Tensor) => root(a))(c.tensor([2, 9, 16], { dtype: 'f64' })))[2]).toBeCloseTo(4, 12);
      expect(c.jvp(root, at(2), at(1))[1].item()).toBeCloseTo(0.5 / Math.SQRT2, 10);
      expect(() => c.grad((a: Tensor) => root(a))(at(2))).toThrow(/whileLoop: reverse mode/);
      expect(
        c
          .grad((a: Tensor) => root(a, { maxTrips: 30 }))(at(2))
          .item(),
      ).toBeCloseTo(0.5 / Math.SQRT2, 10);
    });
  });
}

describe('segments', () => {
  const run = (p: Params, xs: Tensor, checkpointEvery?: number, reverse = false): [State, Tensor] =>
    c.scan(step(p), first(), xs, checkpointEvery === undefined ? { reverse } : { checkpointEvery, reverse });
  for (const every of [1, 2, 3, 7]) {
    for (const reverse of [false, true])
      it(`of ${every} steps give the same values and gradients, reverse ${reverse}`, () => {
        const [p, xs] = [params(), inputs()];
        const segments: Loop = (q, x, r) => run(q, x, every, r);
        expect(numbers(segments(p, xs, reverse))).toEqual(numbers(flat(p, xs, reverse)));
        const back = (loop: Loop) => c.grad(lossOf(loop, reverse), { argument: 1 })(p, xs);
        expect(numbers(back(segments))).toEqual(numbers(back(looped)));
        expectClose(c.grad(lossOf(segments, reverse))(p, xs), c.grad(lossOf(flat, reverse))(p, xs));
      });
  }
});

describe('what does not change from step to step', () => {
  const [x, w] = [c.random.normal(c.random.key(1), [4, 8]), c.random.normal(c.random.key(2), [8, 8])];
  const start = c.zeros([4, 8]);
  const settle = (a: Tensor, b: Tensor): Tensor =>
    c.scan((s: Tensor): [Tensor, null] => [c.add(c.mul(s, 0.5), c.tanh(c.matmul(a, b))), null], start, null, {
      length: 50,
    })[0];

  it('is made once, before the loop', () => {
    const { macs } = c.costOf(c.optimize(c.jit(settle).graphOf(x, w)));
    expect(macs).toBe(4 * 8 * 8);
  });

  it('has the bits and the derivatives of a loop that makes it in every step', () => {
    let s: Tensor = start;
    for (let t = 0; t < 50; t++) s = c.add(c.mul(s, 0.5), c.tanh(c.matmul(x, w)));
    expect(numbers(settle(x, w))).toEqual(numbers(s));
    expect(numbers(c.jit(settle)(x, w))).toEqual(numbers(s));
    const slope = (f: (b: Tensor) => Tensor) => c.grad((b: Tensor) => c.sum(f(b)))(w);
    const once = (b: Tensor): Tensor => c.mul(c.tanh(c.matmul(x, b)), 2 - 2 ** -49);
    expectClose(
      slope((b) => settle(x, b)),
      slope(once),
    );
  });
});

describe('products that do not wait for the carry', () => {
  const [rows, inner] = [128, 4096];
  const wide = (x: Tensor): Tensor => c.mul(c.reshape(x, [4, 1]), c.ones([4, inner])); // (4, 4096) of four numbers
  const loop = (xs: Tensor, w: Tensor): Tensor =>
    c.scan((_: Tensor, x: Tensor): [Tensor, null] => [c.matmul(wide(x), w), null], c.zeros([4, 2]), xs)[0];

  it('stay in the loop where all steps together would take much more memory than one', () => {
    const w = c.random.normal(c.random.key(2), [inner, 2]);
    const [few, many] = [rows, 16 * rows].map((n) => c.random.normal(c.random.key(1), [n, 4]));
    expect(numbers(c.jit(loop)(few!, w))).toEqual(numbers(c.matmul(wide(c.take(few!, rows - 1)), w)));
    expect(c.jit(loop).peakBytes(many!, w)).toBeLessThan(2 ** 24); // together: 2048 × 64 KiB
  });
});
