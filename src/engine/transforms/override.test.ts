import { describe, expect, it } from 'vitest';
import type { PullRule, Tensor } from '../index.ts';
import * as c from '../index.ts';
import { distance, numbers, onBackends, wavy } from '../op-testing.ts';

const guided: PullRule = ({ inputs: [x], cts: [ct] }) => c.where(c.gt(x!, 0), c.relu(ct!), 0);
const deconvnet: PullRule = ({ cts: [ct] }) => c.relu(ct!);
const epsilonRule =
  (epsilon: number): PullRule =>
  ({ inputs: [z], outputs: [a], cts: [ct] }) =>
    c.div(c.mul(ct!, a!), c.add(z!, c.mul(epsilon, c.sign(z!))));

interface Layer {
  readonly w: Tensor;
  readonly b: Tensor;
}
const widths = [4, 6, 5, 3];
const layers: Layer[] = widths
  .slice(1)
  .map((n, i) => ({ w: wavy([widths[i]!, n], 'f64', i), b: wavy([n], 'f64', 9 + i) }));
const input = wavy([widths[0]!], 'f64', 3);
const target = 1;

const forward = (x: Tensor): Tensor =>
  layers.reduce((h, { w, b }, i) => {
    const z = c.add(c.matmul(h, w), b);
    return i === layers.length - 1 ? z : c.relu(z);
  }, x);
const score = (x: Tensor): Tensor => c.sliceAxis(forward(x), -1, target, target + 1);
const scalarScore = (x: Tensor): Tensor => c.reshape(score(x), []);

/** The same net with plain loops: pre-activations and activations of every layer. */
function byHand(x: readonly number[]): { z: number[][]; a: number[][] } {
  const a = [[...x]];
  const z: number[][] = [];
  layers.forEach(({ w, b }, l) => {
    const [rows, columns] = [w.toArray() as number[][], b.toArray() as number[]];
    z.push(columns.map((bias, k) => a[l]!.reduce((sum, v, j) => sum + v * rows[j]![k]!, bias)));
    a.push(l === layers.length - 1 ? z[l]! : z[l]!.map((v) => Math.max(v, 0)));
  });
  return { z, a };
}

/** Carries a signal from the chosen logit back to the input; `gate` stands for relu's backward rule. */
function backByHand(x: readonly number[], gate: (z: number, signal: number) => number): number[] {
  const { z } = byHand(x);
  let signal: number[] = z.at(-1)!.map((_, k) => (k === target ? 1 : 0));
  for (let l = layers.length - 1; l >= 0; l--) {
    if (l < layers.length - 1) signal = signal.map((s, k) => gate(z[l]![k]!, s));
    const rows = layers[l]!.w.toArray() as number[][];
    signal = rows.map((row) => row.reduce((sum, w, k) => sum + w * signal[k]!, 0));
  }
  return signal;
}

/** Relevance by the ε-rule: R_j = Σ_k a_j·w_jk / (z_k + ε·sign z_k) · R_k, from the chosen logit. */
function relevanceByHand(x: readonly number[], epsilon: number): number[] {
  const { z, a } = byHand(x);
  let relevance = z.at(-1)!.map((v, k) => (k === target ? v : 0));
  for (let l = layers.length - 1; l >= 0; l--) {
    const rows = layers[l]!.w.toArray() as number[][];
    const share = relevance.map((r, k) => r / (z[l]![k]! + (z[l]![k]! >= 0 ? epsilon : -epsilon)));
    relevance = rows.map((row, j) => row.reduce((sum, w, k) => sum + a[l]![j]! * w * share[k]!, 0));
  }
  return relevance;
}

onBackends('rules of chosen ops', (here) => {
  const pulled = (rules: Parameters<typeof c.withPulls>[0], x = input): number[] =>
    here(() => {
      const [value, pull] = c.vjpWith(rules, scalarScore)(x);
      expect(value.item()).toBe(scalarScore(x).item());
      return numbers(pull(c.ones([], 'f64')));
    });

  it('guided backpropagation is that of loops', () => {
    const expected = backByHand(numbers(input), (z, s) => (z > 0 && s > 0 ? s : 0));
    expect(distance(pulled({ relu: guided }), expected)).toBeLessThan(1e-14);
  });

  it('the rule of deconvnets is that of loops', () => {
    const expected = backByHand(numbers(input), (_, s) => Math.max(s, 0));
    expect(distance(pulled({ relu: deconvnet }), expected)).toBeLessThan(1e-14);
  });

  it('the three rules differ here', () => {
    const exact = here(() => numbers(c.grad(scalarScore)(input)));
    expect(
      distance(
        exact,
        backByHand(numbers(input), (z, s) => (z > 0 ? s : 0)),
      ),
    ).toBeLessThan(1e-14);
    expect(distance(pulled({ relu: guided }), exact)).toBeGreaterThan(0.1);
    expect(distance(pulled({ relu: deconvnet }), pulled({ relu: guided }))).toBeGreaterThan(0.01);
  });

  it('relevance by the ε-rule is that of loops', () => {
    const epsilon = 0.25;
    const found = here(() => {
      const [logit, pull] = c.vjpWith({ relu: epsilonRule(epsilon) }, scalarScore)(input);
      const seed = c.div(logit, c.add(logit, c.mul(epsilon, c.sign(logit))));
      return numbers(c.mul(input, pull(seed)));
    });
    expect(distance(found, relevanceByHand(numbers(input), epsilon))).toBeLessThan(1e-13);
  });

  it('the exact pull as a rule changes no bit', () => {
    const exact: PullRule = ({ pull, cts }) => pull(cts);
    const all = { relu: exact, matmul: exact, add: exact };
    expect(pulled(all)).toEqual(here(() => numbers(c.grad(scalarScore)(input))));
  });
});

describe('rules of chosen ops', () => {
  const expected = numbers(c.grad(c.withPulls({ relu: guided }, scalarScore))(input));
  const batch = c.stack([input, wavy([widths[0]!], 'f64', 5), wavy([widths[0]!], 'f64', 6)]);
  const rows = (x: Tensor): number[][] => x.toArray() as number[][];
  const each = rows(batch).map((x) =>
    numbers(c.grad(c.withPulls({ relu: guided }, scalarScore))(c.tensor(x, { dtype: 'f64' }))),
  );

  it.each([
    ['outside jit', c.jit(c.grad(c.withPulls({ relu: guided }, scalarScore)))],
    ['around jit', c.grad(c.withPulls({ relu: guided }, c.jit(scalarScore)))],
    ['around jit inside jit', c.grad(c.withPulls({ relu: guided }, (x: Tensor) => c.jit(c.jit(scalarScore))(x)))],
    ['around checkpoint', c.grad(c.withPulls({ relu: guided }, c.checkpoint(scalarScore)))],
    [
      'around cond',
      c.grad(
        c.withPulls({ relu: guided }, (x: Tensor) =>
          c.jit((y: Tensor) => c.cond(c.gt(c.sum(y), 1e9), (t: Tensor) => c.sum(c.relu(t)), scalarScore, y))(x),
        ),
      ),
    ],
  ])('hold %s, with equal bits', (_, f) => {
    expect(numbers(f(input))).toEqual(expected);
    expect(numbers(f(input))).toEqual(expected);
  });

  it('hold for each instance under vmap, compiled or not', () => {
    const one = c.grad(c.withPulls({ relu: guided }, scalarScore));
    expect(rows(c.vmap(one)(batch))).toEqual(each);
    expect(rows(c.jit(c.vmap(one))(batch))).toEqual(each);
    expect(rows(c.vmap(c.jit(one))(batch))).toEqual(each);
  });

  it('hold for captured parameters that are differentiated', () => {
    const w = wavy([5], 'f64');
    const f = (p: Tensor): Tensor => c.withPulls({ relu: deconvnet }, () => c.sum(c.relu(p)))();
    expect(numbers(c.grad(f)(w))).toEqual([1, 1, 1, 1, 1]);
  });

  it('differentiate again: the derivative of a rule is that of what it computes', () => {
    const squared: PullRule = ({ inputs: [x], cts: [ct] }) => c.mul(ct!, c.mul(x!, x!));
    const g = c.grad(c.withPulls({ exp: squared }, (x: Tensor) => c.exp(x)));
    expect(g(c.scalar(3, 'f64')).item()).toBe(9);
    expect(c.grad(g)(c.scalar(3, 'f64')).item()).toBe(6);
  });

  it('apply by scope, the first that fits', () => {
    const twice =
      (factor: number): PullRule =>
      ({ cts: [ct] }) =>
        c.mul(ct!, factor);
    const f = (x: Tensor): Tensor => {
      const inner = c.namedScope('model', () => c.namedScope('a', () => c.exp(x)));
      return c.add(
        c.namedScope('model', () => c.exp(inner)),
        c.exp(c.namedScope('other', () => c.exp(x))),
      );
    };
    const rules = [
      { scope: 'model/a', pull: twice(5) },
      { op: 'exp', scope: 'model', pull: twice(7) },
      { op: 'exp', pull: twice(1) },
    ];
    expect(c.grad(c.withPulls(rules, f))(c.scalar(0.5)).item()).toBe(5 * 7 + 1);
    const jitted = c.jit(f);
    expect(
      c
        .grad(c.withPulls(rules, (x: Tensor) => jitted(x)))(c.scalar(0.5))
        .item(),
    ).toBe(5 * 7 + 1);
    expect(
      c
        .grad(
          c.withPulls([{ scope: 'top/model', pull: twice(0) }], (x: Tensor) => c.namedScope('top', () => jitted(x))),
        )(c.scalar(0))
        .item(),
    ).toBeCloseTo(Math.exp(1), 5);
  });

  it('get operands, results, parameters and scope', () => {
    const seen: unknown[] = [];
    const rule: PullRule = ({ op, scope, params, inputs, outputs, cts, pull }) => {
      seen.push([op, scope, (params as { axes: number[] }).axes, inputs[0]!.shape, outputs[0]!.shape, cts[0]!.shape]);
      return pull(cts);
    };
    const f = c.withPulls({ sum: rule }, (x: Tensor) => c.namedScope('s', () => c.sum(x, 1)));
    c.vjp(f, wavy([2, 3], 'f32'))[1](c.ones([2]));
    expect(seen).toEqual([['sum', 's', [1], [2, 3], [2], [2]]]);
  });

  it('keep only what the rule reads', () => {
    const f = (x: Tensor): Tensor => c.tanh(c.exp(x));
    const x = wavy([50], 'f32');
    expect(c.savedBytes(f, x)).toBe(400);
    const straight: PullRule = ({ cts }) => cts;
    expect(c.savedBytes(c.withPulls({ tanh: straight }, f), x)).toBe(200);
    expect(c.savedBytes(c.withPulls({ tanh: straight, exp: straight }, f), x)).toBe(0);
  });

  it('leave functions with derivatives of their own, and derivatives taken inside, alone', () => {
    const zero: PullRule = ({ cts: [ct] }) => c.mul(ct!, 0);
    const own = c.customVjp(
      (x: Tensor) => c.exp(x),
      (x) => [c.exp(x), x],
      (_, ct: Tensor) => c.mul(ct, 11),
    );
    const f = (x: Tensor): Tensor => c.add(own(x), c.tanh(x));
    expect(
      c
        .grad(c.withPulls({ tanh: zero }, f))(c.scalar(0.1))
        .item(),
    ).toBe(11);
    const inside = c.withPulls({ exp: zero }, (x: Tensor) => c.grad((y: Tensor) => c.exp(y))(x));
    expect(inside(c.scalar(1, 'f64')).item()).toBeCloseTo(Math.E, 12);
  });

  it('free what they make', () => {
    const f = c.grad(c.withPulls({ relu: guided }, scalarScore));
    const before = c.liveBytes();
    for (let i = 0; i < 20; i++) c.scoped(() => f(input).readSync());
    expect(c.liveBytes()).toBeLessThanOrEqual(before + 4096);
  });
});

describe('refusals', () => {
  const x = wavy([3], 'f32');

  it('name what a function applies when a rule fits nothing', () => {
    const f = c.withPulls({ relus: deconvnet }, (t: Tensor) => c.sum(c.relu(t)));
    expect(() => f(x)).toThrow(/nothing that fits the op relus\n.*relu, sum/);
    expect(() => c.withPulls([{ pull: deconvnet }], c.relu)).toThrow(c.ConfigError);
  });

  it('tell cotangents of a wrong shape or number', () => {
    const wrong = c.grad(c.withPulls({ relu: ({ cts: [ct] }) => c.sum(ct!) }, (t: Tensor) => c.sum(c.relu(t))));
    expect(() => wrong(x)).toThrow(c.ShapeError);
    const many = c.grad(c.withPulls({ relu: ({ cts }) => [...cts, null] }, (t: Tensor) => c.sum(c.relu(t))));
    expect(() => many(x)).toThrow(/2 cotangents for 1 operands/);
  });

  it('refuse forward mode through a rule', () => {
    const f = c.withPulls({ relu: guided }, (t: Tensor) => c.sum(c.relu(t)));
    expect(() => c.jvp(f, x, x)).toThrow(c.UnsupportedError);
  });

  it('refuse a rule with captured tensors inside a jitted function', () => {
    const mask = c.ones([3]);
    const rule: PullRule = ({ cts: [ct] }) => c.mul(ct!, mask);
    const f = (t: Tensor): Tensor => c.sum(c.relu(t));
    expect(numbers(c.grad(c.withPulls({ relu: rule }, f))(x))).toEqual([1, 1, 1]);
    expect(() => c.grad(c.withPulls({ relu: rule }, c.jit(f)))(x)).toThrow(c.UnsupportedError);
  });
});
