/** Loops that are undone on the way back: the derivatives of the ordinary scan, and memory that does not know the number of steps. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Tensor } from '../index.ts';
import * as c from '../index.ts';

afterEach(() => c.setBackend('wasm'));

type Phase = { readonly q: Tensor; readonly p: Tensor; readonly n: Tensor };
type Field = { readonly w: Tensor; readonly h: Tensor };
type Loss = (field: Field, start: Tensor, kicks: Tensor) => Tensor;

const draw = (seed: number, shape: readonly number[]): Tensor =>
  c.mul(c.random.normal(c.random.key(seed), [...shape], { dtype: 'f64' }), 0.5);

const T = 9;
const D = 4;
const field = (): Field => ({ w: draw(1, [D, D]), h: c.tensor(0.2, { dtype: 'f64' }) });
const start = (): Tensor => draw(2, [D]);
const kicks = (): Tensor => draw(3, [T, D]);

const force = ({ w }: Field, q: Tensor): Tensor => c.neg(c.tanh(c.matmul(q, w)));
const halfKick = (f: Field, q: Tensor, p: Tensor, u: Tensor, sign: number): Tensor =>
  c.add(p, c.mul(c.mul(f.h, 0.5 * sign), c.add(force(f, q), u)));

/** One leapfrog step with an outer force u; its result is the kinetic energy. */
const leap =
  (f: Field) =>
  ({ q, p, n }: Phase, u: Tensor): [Phase, Tensor] => {
    const middle = halfKick(f, q, p, u, 1);
    const next = c.add(q, c.mul(f.h, middle));
    const after = halfKick(f, next, middle, u, 1);
    return [{ q: next, p: after, n: c.add(n, 1) }, c.sum(c.square(after))];
  };

const leapBack =
  (f: Field) =>
  ({ q, p, n }: Phase, u: Tensor): Phase => {
    const middle = halfKick(f, q, p, u, -1);
    const before = c.sub(q, c.mul(f.h, middle));
    return { q: before, p: halfKick(f, before, middle, u, -1), n: c.sub(n, 1) };
  };

const lossWith =
  (isUndone: boolean, reverse = false): Loss =>
  (f, q, us) => {
    const first: Phase = { q, p: c.mul(q, 0.5), n: c.zeros([], 'i32') };
    const options = isUndone ? { undo: leapBack(f), reverse } : { reverse };
    const [last, ys] = c.scan(leap(f), first, us, options);
    return c.add(c.sum(c.mul(last.q, draw(5, [D]))), c.sum(c.mul(ys, draw(6, [us.shape[0]!]))));
  };

const numbers = (tree: unknown): number[] => c.leavesOf(tree).flatMap((x) => [...(x as Tensor).readSync()]);

function expectClose(found: unknown, expected: unknown, within = 1e-12): void {
  const [a, b] = [numbers(found), numbers(expected)];
  expect(a.length).toBe(b.length);
  a.forEach((v, i) => {
    expect(Math.abs(v - b[i]!)).toBeLessThanOrEqual(within * (1 + Math.abs(b[i]!)));
  });
}

/** Compares what a transformation makes of the loop that is undone with what it makes of the ordinary one. */
const both = (run: (loss: Loss) => unknown, within?: number): void =>
  expectClose(run(lossWith(true)), run(lossWith(false)), within);

for (const backend of ['js', 'wasm'] as const) {
  describe(`undone on ${backend}`, () => {
    it('has the values and the gradients of the scan, in both directions', () => {
      c.setBackend(backend);
      for (const reverse of [false, true]) {
        const [undone, kept] = [lossWith(true, reverse), lossWith(false, reverse)];
        expect(undone(field(), start(), kicks()).item()).toBe(kept(field(), start(), kicks()).item());
        for (const argument of [0, 1, 2])
          expectClose(
            c.grad(undone, { argument })(field(), start(), kicks()),
            c.grad(kept, { argument })(field(), start(), kicks()),
          );
      }
    });

    it('has the derivatives of the scan forwards, twice, and in one mode over the other', () => {
      c.setBackend(backend);
      const v: Field = { w: draw(11, [D, D]), h: c.tensor(0.3, { dtype: 'f64' }) };
      const at =
        (loss: Loss) =>
        (f: Field): Tensor =>
          loss(f, start(), kicks());
      both((loss) => c.jvp(at(loss), field(), v));
      both((loss) => c.linearize(at(loss), field())[1](v));
      both((loss) => c.hvp(at(loss), field(), v), 1e-11);
      both((loss) => c.grad((f: Field) => c.jvp(at(loss), f, v)[1])(field()), 1e-11);
      both((loss) => c.grad((f: Field) => c.sum(c.mul(c.grad(at(loss))(f).w, v.w)))(field()), 1e-11);
    });

    it('maps and compiles', () => {
      c.setBackend(backend);
      const [f, q, us] = [field(), start(), kicks()];
      const slopes = (loss: Loss) => (a: Field, b: Tensor, u: Tensor) => c.grad(loss)(a, b, u);
      const fields: Field = c.mapTree((w: Tensor) => c.stack([w, c.mul(w, 0.5), c.neg(w)]), f);
      const many = c.stack([us, c.neg(us), c.mul(us, 0.5)]);
      both((loss) => c.vmap((a: Field, u: Tensor) => slopes(loss)(a, q, u))(fields, many));
      both((loss) => c.grad((a: Field) => c.sum(c.vmap((u: Tensor) => loss(a, q, u))(many)))(f));
      const eager = numbers(slopes(lossWith(true))(f, q, us));
      for (const tier of ['interpret', 'module'] as const)
        expect(numbers(c.jit(slopes(lossWith(true)), { tier })(f, q, us))).toEqual(eager);
      expect(numbers(c.jit(c.grad(c.jit(lossWith(true))))(f, q, us))).toEqual(eager);
    });
  });
}

describe('memory', () => {
  const [push, q] = [draw(8, [D]), start()];
  const roll = (isUndone: boolean, length: number) => (f: Field) => {
    const step = leap(f);
    const back = leapBack(f);
    const first: Phase = { q, p: q, n: c.zeros([], 'i32') };
    const run = (k: Phase): [Phase, null] => [step(k, push)[0], null];
    const options = isUndone ? { length, undo: (k: Phase) => back(k, push) } : { length };
    return c.sum(c.scan(run, first, null, options)[0].q);
  };

  it('is the last carry and what no step changes, whatever the number of steps', () => {
    const bytes = (isUndone: boolean, length: number): number => c.savedBytes(roll(isUndone, length), field());
    const [carry, halfStep] = [2 * 8 * D + 4, 8];
    for (const length of [10, 1000]) expect(bytes(true, length)).toBe(carry + halfStep);
    expect(bytes(false, 1000) - bytes(false, 10)).toBeGreaterThan(990 * 8 * D);
  });

  it('of the whole program does not grow either', () => {
    const peak = (length: number) => c.jit(c.grad(roll(true, length))).plan(field()).peak.total;
    expect(peak(1000)).toBe(peak(10));
  });

  it('of an eager gradient does not grow either', () => {
    const f = field();
    const held = (length: number): number => {
      const before = c.liveBytes();
      const [, pull] = c.vjp(roll(true, length), f);
      const bytes = c.liveBytes() - before;
      pull(c.ones([], 'f64'));
      return bytes;
    };
    held(10);
    expect(held(400)).toBe(held(20));
  });
});

describe('additive coupling', () => {
  const w = draw(21, [3, 3]);
  type Pair = [Tensor, Tensor];
  const mix = (u: Tensor, a: Tensor): Tensor => c.tanh(c.matmul(a, u));
  const down = ([a, b]: Pair, u: Tensor): [Pair, null] => {
    const next = c.add(a, mix(u, b));
    return [[next, c.add(b, mix(u, next))], null];
  };
  const up = ([a, b]: Pair, u: Tensor): Pair => {
    const before = c.sub(b, mix(u, a));
    return [c.sub(a, mix(u, before)), before];
  };
  const net = (options: { undo?: typeof up }) => (us: Tensor) => c.sum(c.scan(down, [w, c.neg(w)], us, options)[0][1]);

  it('has the gradient of each of its layers', () => {
    const us = draw(22, [12, 3, 3]);
    expectClose(c.grad(net({ undo: up }))(us), c.grad(net({}))(us));
  });

  it('gives a wrong gradient where undo is no inverse', () => {
    const us = draw(22, [12, 3, 3]);
    const wrong = numbers(c.grad(net({ undo: ([a, b]) => [a, b] }))(us));
    const right = numbers(c.grad(net({}))(us));
    expect(Math.max(...wrong.map((x, i) => Math.abs(x - right[i]!)))).toBeGreaterThan(1e-2);
  });
});

describe('what a step gives', () => {
  it('can be read by undo', () => {
    const loss = (isUndone: boolean) => (x: Tensor) => {
      const step = (h: Tensor): [Tensor, [Tensor, Tensor]] => [c.square(h), [c.lt(h, 0), c.mul(h, 3)]];
      const undo = (h: Tensor, _: null, [isNegative]: [Tensor, Tensor]): Tensor =>
        c.where(isNegative, c.neg(c.sqrt(h)), c.sqrt(h));
      const [last, [, ys]] = c.scan(step, x, null, isUndone ? { length: 3, undo } : { length: 3 });
      return c.add(c.sum(last), c.sum(ys));
    };
    const x = c.tensor([-1.1, 0.9, -0.5], { dtype: 'f64' });
    expectClose(c.grad(loss(true))(x), c.grad(loss(false))(x));
    expectClose(c.jit(c.vmap(c.grad(loss(true))))(x), c.grad(loss(false))(x));
  });

  it('may be nothing at all, for no steps', () => {
    const f = (x: Tensor) => c.sum(c.scan((h: Tensor) => [c.neg(h), null], x, null, { length: 0, undo: c.neg })[0]);
    expect(numbers(c.grad(f)(c.ones([2])))).toEqual([1, 1]);
  });
});

describe('refusals', () => {
  const run = (options: object) => () =>
    c.scan((h: Tensor) => [c.neg(h), null], c.ones([2]), null, { length: 3, ...options });

  it('name what does not go together, and what undo must return', () => {
    expect(run({ undo: c.neg, stopWhen: (h: Tensor) => c.gt(c.sum(h), 1) })).toThrow(/undo and stopWhen/);
    expect(run({ undo: c.neg, checkpointEvery: 2 })).toThrow(/undo and checkpointEvery/);
    expect(run({ undo: (h: Tensor) => c.sum(h) })).toThrow(c.ShapeError);
    expect(run({ undo: (h: Tensor) => [h] })).toThrow(c.TreeError);
  });
});
