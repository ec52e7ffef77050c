import { describe, expect, it } from 'vitest';
import type { Tensor } from '../index.ts';
import * as c from '../index.ts';

const N = 32;
const BYTES = 4 * N * N;
const DEPTH = 64;
const weights = (): Tensor => c.mul(c.random.normal(c.random.key(1), [N, N]), 0.15);
const start = (): Tensor => c.random.normal(c.random.key(2), [N, N]);

type Inner = (x: Tensor) => Tensor;

/** So many blocks of tanh(xW). */
const chain =
  (W: Tensor, depth: number): Inner =>
  (x) => {
    let y = x;
    for (let i = 0; i < depth; i++) y = c.tanh(c.matmul(y, W));
    return y;
  };

const plainLoss =
  (W: Tensor): Inner =>
  (x) =>
    c.sum(chain(W, DEPTH)(x));

const groupedLoss =
  (W: Tensor, group: number, options: c.CheckpointOptions = {}): Inner =>
  (x) => {
    let y = x;
    for (let i = 0; i < DEPTH / group; i++) y = c.checkpoint(chain(W, group), options)(y);
    return c.sum(y);
  };

const countOf = (name: string, f: Inner): number =>
  c.optimize(c.jit(c.grad(f)).graphOf(start())).nodes.filter((node) => node.op.name === name).length;

const numbers = (x: Tensor): number[] => [...x.readSync()];

describe('checkpoint', () => {
  it.each([2, 4, 8, 16, 32])('of a chain of 64 blocks in groups of %i keeps 64/g − 1 inputs and g values', (group) => {
    const W = weights();
    const plain = c.jit(c.grad(plainLoss(W))).peakBytes(start());
    const grouped = c.jit(c.grad(groupedLoss(W, group))).peakBytes(start());
    const kept = DEPTH / group - 1 + group; // the first input is the argument
    const saved = plain - grouped - (DEPTH - kept) * BYTES;
    expect(saved).toBeGreaterThanOrEqual(0);
    expect(saved).toBeLessThanOrEqual(BYTES + 64); // a fused step may do without one value and the sum of the loss
  });

  it('computes every block once more; the gradient alone does without the forward pass of the last group', () => {
    const W = weights();
    expect(countOf('matmul', plainLoss(W))).toBe(2 * DEPTH);
    expect(countOf('matmul', groupedLoss(W, 8))).toBe(3 * DEPTH - 8);
  });

  it('gives gradients with equal bits, eagerly and compiled', () => {
    const W = weights();
    const expected = numbers(c.grad(plainLoss(W))(start()));
    for (const f of [groupedLoss(W, 8), groupedLoss(W, 8, { policy: { ops: ['matmul'] } })]) {
      expect(numbers(c.grad(f)(start()))).toEqual(expected);
      expect(numbers(c.jit(c.grad(f))(start()))).toEqual(expected);
      expect(numbers(c.grad(c.jit(f))(start()))).toEqual(expected);
    }
  });

  it('draws the same random numbers again', () => {
    const dropped = (x: Tensor): Tensor => c.where(c.random.bernoulli(c.random.key(7), [N, N]), c.tanh(x), 0);
    const gradient = (f: Inner): number[] => numbers(c.jit(c.grad((x: Tensor) => c.sum(f(x))))(start()));
    expect(gradient(c.checkpoint(dropped))).toEqual(gradient(dropped));
  });

  it('differentiates what it reads from outside', () => {
    const loss = (wrap: (f: Inner) => Inner) => (W: Tensor) => c.sum(wrap((x) => c.tanh(c.matmul(x, W)))(start()));
    const plain = numbers(c.grad(loss((f) => f))(weights()));
    expect(numbers(c.grad(loss((f) => c.checkpoint(f)))(weights()))).toEqual(plain);
  });

  it('takes and returns trees', () => {
    const f = c.checkpoint((p: { a: Tensor; b: [Tensor, number] }) => ({ y: c.mul(c.mul(p.a, p.b[0]), p.b[1]) }));
    const loss = (p: { a: Tensor; b: [Tensor, number] }): Tensor => f(p).y;
    const found = c.grad((a: Tensor) => loss({ a, b: [c.tensor(5), 2] }))(c.tensor(3));
    expect(found.item()).toBe(10);
  });
});

describe('a policy', () => {
  const W = weights();

  it('keeps the results of the ops that it names', () => {
    const kept: c.CheckpointOptions = { policy: { ops: ['matmul'] } };
    expect(countOf('matmul', groupedLoss(W, 8, kept))).toBe(2 * DEPTH);
    expect(countOf('tanh', groupedLoss(W, 8, kept))).toBe(2 * DEPTH - 1);
  });

  it('keeps the taps that it names', () => {
    const block = (x: Tensor): Tensor => c.tanh(c.tap('h', c.matmul(c.tap('in', c.exp(c.neg(x))), W)));
    const with2 = (policy: c.CheckpointPolicy): Inner => {
      const once = c.checkpoint((x: Tensor) => block(block(x)), { policy });
      return (x) => c.sum(c.mul(once(x), once(c.neg(x))));
    };
    expect(countOf('exp', with2({ taps: ['in'] }))).toBe(4);
    expect(countOf('exp', with2({}))).toBe(8);
    expect(countOf('matmul', with2({ taps: ['in', 'h'] }))).toBe(4 + 4);
    const expected = numbers(c.grad(with2({}))(start()));
    expect(numbers(c.grad(with2({ taps: ['in', 'h'] }))(start()))).toEqual(expected);
  });

  it('finds ops inside of jitted functions', () => {
    const f = c.checkpoint(c.jit(chain(W, 8)), { policy: { ops: ['matmul'] } });
    expect(countOf('matmul', (x) => c.sum(f(f(x))))).toBe(32);
  });

  it('goes by name: everything, nothing, dots; or by op and scope', () => {
    const count = (op: string, policy: NonNullable<c.CheckpointOptions['policy']>) =>
      countOf(op, groupedLoss(W, 8, { policy }));
    expect([count('matmul', 'dots'), count('tanh', 'dots')]).toEqual([2 * DEPTH, 2 * DEPTH - 1]);
    expect(count('tanh', 'everything')).toBe(DEPTH);
    expect(count('tanh', 'nothing')).toBe(count('tanh', {}));
    expect(count('tanh', { keeps: (op) => op === 'tanh' })).toBe(DEPTH);
    const unknown = { policy: 'most' as 'dots' };
    expect(() => c.grad(groupedLoss(W, 8, unknown))(start())).toThrow(/there is no policy "most"/);
  });
});
