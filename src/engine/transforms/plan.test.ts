import { describe, expect, it } from 'vitest';
import type { Tensor } from '../index.ts';
import * as c from '../index.ts';

const BATCH = 5;
const widths = [8, 16, 32, 4] as const;
type Params = Tensor[];

const params = (): Params => widths.slice(1).map((n, i) => c.ones([widths[i]!, n]));
const x = (): Tensor => c.ones([BATCH, widths[0]]);
const hidden = widths.slice(1, -1);
const activations = 4 * BATCH * hidden.reduce((a, b) => a + b, 0);

const mlp = (p: Params, input: Tensor): Tensor =>
  p.reduce((h, w, i) => (i === p.length - 1 ? c.matmul(h, w) : c.relu(c.matmul(h, w))), input);
const loss = (p: Params, input: Tensor): Tensor => c.sum(c.square(mlp(p, input)));

describe('savedBytes', () => {
  it('of an MLP with relu are its hidden activations, each once', () => {
    expect(c.savedBytes(mlp, params(), x())).toBe(activations);
    expect(c.savedValues(mlp, params(), x()).map((r) => [r.op, r.bytes])).toEqual(
      hidden.map((n) => ['relu', 4 * BATCH * n]),
    );
  });

  it('count 8 bytes a value in f64', () => {
    const wide = params().map((w) => c.cast(w, 'f64'));
    expect(c.savedBytes(mlp, wide, c.cast(x(), 'f64'))).toBe(2 * activations);
  });

  it('of tanh are its results, of a linear map nothing, of exp its result', () => {
    const v = c.ones([7, 3]);
    expect(c.savedBytes((t: Tensor) => c.tanh(t), v)).toBe(4 * 21);
    expect(c.savedBytes((t: Tensor) => c.transpose(c.mul(t, 3)), v)).toBe(0);
    expect(c.savedBytes((t: Tensor) => c.exp(t), v)).toBe(4 * 21);
  });

  it('under checkpoint are nothing for the whole, and the borders between blocks', () => {
    expect(c.savedBytes(c.checkpoint(mlp), params(), x())).toBe(0);
    const block = c.checkpoint((h: Tensor, w: Tensor) => c.tanh(c.mul(c.tanh(c.matmul(h, w)), 2)));
    const chain = (ws: Tensor[], h: Tensor) => ws.reduce((t, w) => block(t, w), h);
    const square = Array.from({ length: 6 }, () => c.ones([8, 8]));
    expect(c.savedBytes(chain, square, x())).toBe(5 * 4 * BATCH * 8); // the inputs of the last five blocks
  });

  it('know the scope in which a value was made', () => {
    const f = (w: Tensor): Tensor => c.namedScope('model', () => c.namedScope('block', () => c.tanh(w)));
    expect(c.savedValues(f, c.ones([3])).map((r) => r.scope)).toEqual(['model/block']);
  });

  it('refuse a call without arguments', () => {
    expect(() => c.savedBytes(() => c.ones([1]))).toThrow(c.ConfigError);
  });
});

describe('the plan of a jitted function', () => {
  const step = c.jit((p: Params, input: Tensor) => c.valueAndGrad(loss)(p, input), {
    roles: ['parameters', 'inputs'],
  });

  it('counts FLOPs, MACs, launches and depth', () => {
    const [m, k, n] = [5, 7, 3];
    const product = c.jit((a: Tensor, b: Tensor) => c.relu(c.matmul(a, b)));
    const plan = product.plan(c.ones([m, k]), c.ones([k, n]));
    expect(plan).toMatchObject({ macs: m * k * n, flops: 2 * m * k * n + m * n, nodes: 2, depth: 2 });
    expect(plan.bytes).toBe(4 * (m * k + k * n + m * n) + 4 * 2 * m * n);
    const tree = c.jit((a: Tensor, b: Tensor) => c.mul(c.add(c.exp(a), c.tanh(b)), c.reshape(a, [4])));
    expect(tree.plan(c.ones([4]), c.ones([4]))).toMatchObject({ nodes: 4, depth: 3, launches: 1 });
  });

  it('splits the peak into what is given and what the program holds', () => {
    const plan = step.plan(params(), x());
    const bytes = (shapes: readonly (readonly number[])[]) =>
      shapes.reduce((sum, s) => sum + 4 * s.reduce((a, b) => a * b, 1), 0);
    expect(plan.peak.parameters).toBe(bytes(widths.slice(1).map((n, i) => [widths[i]!, n])));
    expect(plan.peak.inputs).toBe(bytes([[BATCH, widths[0]]]));
    expect([plan.peak.state, plan.peak.constants]).toEqual([0, 0]);
    expect(plan.peak.activations + plan.peak.temporaries).toBe(step.peakBytes(params(), x()));
    const { total, ...parts } = plan.peak;
    expect(Object.values(parts).reduce((a, b) => a + b, 0)).toBe(total);
  });

  it('knows what a step keeps: hidden activations, and the factor 2y of the square', () => {
    expect(step.plan(params(), x()).savedForBackward).toBe(activations + 4 * BATCH * widths.at(-1)!);
  });

  it('counts a captured value as a constant, and state by its role', () => {
    const captured = c.ones([10]);
    const f = c.jit((p: Tensor, s: Tensor, b: Tensor) => c.mul(c.add(p, s), c.add(b, captured)), {
      roles: ['parameters', 'state', 'inputs'],
    });
    const v = c.ones([10]);
    expect(f.plan(v, v, v).peak).toMatchObject({ parameters: 40, state: 40, inputs: 40, constants: 40 });
  });

  it('puts the activations of a deep chain into its peak', () => {
    const w = c.ones([64, 64]);
    const deep = c.jit((p: Tensor) =>
      c.grad((q: Tensor) => c.sum(range(20).reduce((t) => c.tanh(c.matmul(t, w)), q)))(p),
    );
    const plan = deep.plan(c.ones([64, 64]));
    expect(plan.savedForBackward).toBe(20 * 4 * 64 * 64);
    expect(plan.peak.activations).toBeGreaterThanOrEqual(19 * 4 * 64 * 64);
    expect(plan.depth).toBeGreaterThanOrEqual(40);
  });

  it('counts the rules that were called, also those of graphs made before', () => {
    const calls = { jvp: { matmul: 3, relu: 2, square: 1, sum: 1 }, transpose: { matmul: 5, gate: 2 } };
    expect(step.plan(params(), x()).derivativeCalls).toMatchObject(calls);
    const inner = c.jit(loss);
    for (const again of [0, 1]) {
      const outer = c.jit((p: Params, b: Tensor) => c.grad((q: Params) => c.add(inner(q, b), again))(p));
      expect(outer.plan(params(), x()).derivativeCalls).toMatchObject(calls);
    }
  });

  it('changes nothing of what the function computes', () => {
    const before = step(params(), x())[0].item();
    step.plan(params(), x());
    expect(step(params(), x())[0].item()).toBe(before);
  });
});

describe('countRules', () => {
  it('counts one rule per op and pass, eagerly', () => {
    const f = (t: Tensor): Tensor => c.sum(c.exp(c.exp(t)));
    const { calls } = c.countRules(() => c.grad(f)(c.ones([3])));
    expect(calls.jvp).toEqual({ exp: 2, sum: 1 });
    expect(c.countRules(() => f(c.ones([3]))).calls).toEqual({ jvp: {}, transpose: {} });
  });
});

const range = (n: number): number[] => Array.from({ length: n }, (_, i) => i);
