import { describe, expect, it } from 'vitest';
import { add, div, exp, gt, logistic, mul, neg, pow, relu, sub, type Tensor, tanh, tensor, where } from '../index.ts';
import {
  backwardGradients,
  backwardSteps,
  emptyTally,
  forwardTangents,
  forwardValues,
  gradientsAfter,
  operationsOf,
  traceScalars,
} from './index.ts';

const run = (f: (...xs: Tensor[]) => Tensor, at: readonly number[]) => {
  const scalar = traceScalars(
    f,
    at.map((_, i) => `x${i}`),
  );
  const values = forwardValues(scalar, at);
  const gradients = backwardGradients(scalar, values);
  return {
    scalar,
    values,
    value: values.get(scalar.output)!,
    grads: scalar.graph.inputs.map((id) => gradients.get(id)),
  };
};

/** Central difference by input i. */
const slope = (f: (...xs: Tensor[]) => Tensor, at: readonly number[], i: number): number => {
  const h = 1e-6;
  const moved = (s: number) => run(f, at.with(i, at[i]! + s * h)).value;
  return (moved(1) - moved(-1)) / (2 * h);
};

describe('the sweeps over a scalar graph', () => {
  it('give values and gradients of an expression worked out by hand', () => {
    const { value, grads } = run((a, b, c, f) => mul(add(mul(a!, b!), c!), f!), [2, -3, 10, -2]);
    expect(value).toBe(-8);
    expect(grads).toEqual([6, -4, -2, 4]);
  });

  it('add the contributions of a value that is used twice', () => {
    expect(run((a) => add(a!, a!), [3]).grads).toEqual([2]);
    expect(run((a, b) => mul(mul(a!, b!), add(a!, b!)), [-2, 3]).grads).toEqual([-3, -8]);
  });

  it.each([
    ['sub', (x: Tensor, y: Tensor) => sub(x, y)],
    ['div', (x: Tensor, y: Tensor) => div(x, y)],
    ['neg', (x: Tensor, y: Tensor) => mul(neg(x), y)],
    ['exp', (x: Tensor, y: Tensor) => exp(mul(x, y))],
    ['tanh', (x: Tensor, y: Tensor) => tanh(sub(x, y))],
    ['logistic', (x: Tensor, y: Tensor) => logistic(add(x, y))],
    ['relu', (x: Tensor, y: Tensor) => relu(mul(x, y))],
    ['pow', (x: Tensor, y: Tensor) => pow(x, add(y, 0))],
    ['where', (x: Tensor, y: Tensor) => where(gt(x, y), mul(x, x), mul(x, y))],
    ['constants', (x: Tensor, y: Tensor) => div(mul(3, x), sub(7, y))],
  ] as const)('agree with differences for %s, both ways', (_, f) => {
    const g = f as (...xs: Tensor[]) => Tensor;
    const at = [0.7, 1.3];
    const { scalar, values, grads } = run(g, at);
    for (const i of [0, 1]) {
      const expected = slope(g, at, i);
      expect(Math.abs(grads[i]! - expected)).toBeLessThan(1e-8 * Math.max(1, Math.abs(expected)));
      const tangents = forwardTangents(scalar, values, [0, 0].with(i, 1));
      expect(Math.abs(tangents.get(scalar.output)! - grads[i]!)).toBeLessThan(1e-14);
    }
  });

  it('count the operations of a product, both starts', () => {
    const at = [1.5, 2, 3, 4];
    const f = (...xs: Tensor[]) => xs.reduce((p, x) => mul(p, x));
    const scalar = traceScalars(f, ['a', 'b', 'c', 'd']);
    const [forward, zero, first, tangent] = [emptyTally(), emptyTally(), emptyTally(), emptyTally()];
    const values = forwardValues(scalar, at, forward);
    backwardGradients(scalar, values, { tally: zero });
    backwardGradients(scalar, values, { tally: first, start: 'first' });
    forwardTangents(scalar, values, [1, 0, 0, 0], tangent);
    expect([forward, zero, first, tangent].map(operationsOf)).toEqual([3, 12, 6, 9]);
  });

  it('refuse what is no scalar', () => {
    const pair = tensor(Float64Array.of(1, 2));
    expect(() => traceScalars((x) => add(x!, pair), ['x'])).toThrow(
      'add makes a tensor of shape (2) in a graph of scalars',
    );
    expect(() =>
      forwardValues(
        traceScalars((x) => add(x!, 1), ['x']),
        [1, 2],
      ),
    ).toThrow('1 inputs, but 2 numbers');
  });

  it('do not overflow the stack on 10,000 nodes', () => {
    const { grads } = run(
      (x) => {
        let y = x!;
        for (let i = 0; i < 10_000; i++) y = add(y, x!);
        return y;
      },
      [1],
    );
    expect(grads).toEqual([10_001]);
  });
});

describe('the steps of a backward sweep', () => {
  it('show local derivative, product and total of every contribution', () => {
    const { scalar, values } = run((a, b) => mul(mul(a!, b!), add(a!, b!)), [-2, 3]);
    const steps = backwardSteps(scalar, values);
    expect(
      steps.map(({ op, local, arrived, product, before, after }) => [op, arrived, local, product, before, after]),
    ).toEqual([
      ['mul', 1, 1, 1, 0, 1],
      ['mul', 1, -6, -6, 0, -6],
      ['add', -6, 1, -6, 0, -6],
      ['add', -6, 1, -6, 0, -6],
      ['mul', 1, 3, 3, -6, -3],
      ['mul', 1, -2, -2, -6, -8],
    ]);
    const after = gradientsAfter(scalar, steps, 3);
    expect(scalar.graph.inputs.map((id) => after.get(id))).toEqual([-6, undefined]);
  });
});
