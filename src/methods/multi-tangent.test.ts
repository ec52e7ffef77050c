/** Multi-tangent credit is the projection of backprop's signal onto the tangents' span: identities in single draws. */
import { describe, expect, it } from 'vitest';
import { ConfigError, costOf, jit, optimize, random, type Tensor, trees } from '../engine/index.ts';
import { dense, model } from '../nn/index.ts';
import { backprop } from './backprop.ts';
import { forwardGradient } from './forward-gradient.ts';
import { type MultiTangentOptions, multiTangent } from './multi-tangent.ts';
import type { CreditCall } from './rule.ts';
import { callOf, creditOf, distance, inF64, kinds, numbersOf } from './testing/cases.ts';

const exactOf = <State>(call: CreditCall<State>): number[] =>
  numbersOf(creditOf(backprop(), { ...call, state: null }).credit);
const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((s, x, i) => s + x * b[i]!, 0);

describe('as many tangents as variables', () => {
  it.each([
    ['mlp', { tangents: 12 }],
    ['mlp', { tangents: 12, drawn: 'fresh' }],
    ['mlp', { tangents: 12, local: true }],
    ['mlp', { tangents: 12, place: 'preactivation' }],
    ['mlp', { tangents: 14, projector: 'qr' }],
    ['mlp', { tangents: 12, law: 'rademacher' }],
    ['mlp', { tangents: 70, place: 'weight' }],
    ['recurrent net', { tangents: 7 }],
    ['residual net', { tangents: 32 + 32 + 3 }],
  ] as readonly (readonly [string, MultiTangentOptions])[])('give the gradient: %s, %o', (kind, options) => {
    inF64(() => {
      const rule = multiTangent(options);
      const call = callOf(rule, kinds[kind]!());
      expect(distance(numbersOf(creditOf(rule, call).credit), exactOf(call))).toBeLessThan(1e-8);
    });
  });
});

describe('fewer tangents', () => {
  it('project the gradient of the weights: never longer, and as long as its own part along it', () => {
    inF64(() => {
      const rule = multiTangent({ tangents: 9, place: 'weight' });
      const call = callOf(rule, kinds['cnn with batch norm']!());
      const [credit, exact] = [numbersOf(creditOf(rule, call).credit), exactOf(call)];
      expect(dot(credit, exact) / dot(credit, credit)).toBeCloseTo(1, 10);
      expect(dot(credit, credit)).toBeLessThan(dot(exact, exact));
    });
  });

  it('with the mean of one tangent, are forward gradients at the same place and draw: credit·exact = ‖d‖²', () => {
    inF64(() => {
      const rule = multiTangent({ tangents: 1, aggregate: 'mean', law: 'rademacher', place: 'weight' });
      const call = callOf(rule, kinds.mlp!());
      const credit = numbersOf(creditOf(rule, call).credit);
      expect(dot(credit, exactOf(call)) / credit[0]! ** 2).toBeCloseTo(1, 10);
    });
  });

  it('report how many count, the loss, and the state of the plain pass', () => {
    const rule = multiTangent({ tangents: 20 });
    const call = callOf(rule, kinds.mlp!());
    const result = creditOf(rule, call);
    expect(result.metrics.rank!.item()).toBe(12);
    expect(result.loss!.item()).toBeCloseTo(creditOf(backprop(), { ...call, state: null }).loss!.item(), 6);
    const weight = multiTangent({ place: 'weight', tangents: 3 });
    const other = callOf(weight, kinds['cnn with batch norm']!());
    const plain = creditOf(backprop(), { ...other, state: null });
    expect(numbersOf(creditOf(weight, other).modelState)).toEqual(numbersOf(plain.modelState));
  });

  it('of the outputs of units average to the gradient when the mean is taken', () => {
    const rule = multiTangent({ tangents: 4000, aggregate: 'mean' });
    const call = callOf(rule, kinds.mlp!());
    expect(distance(numbersOf(creditOf(rule, call).credit), exactOf(call))).toBeLessThan(0.15);
    const other = forwardGradient({ place: 'activation', tangents: 4000 });
    expect(distance(numbersOf(creditOf(other, call).credit), exactOf(call))).toBeLessThan(0.15);
  });
});

describe('the cost', () => {
  const net = model(
    [784],
    [dense({ units: 256, activation: 'relu' }), dense({ units: 256, activation: 'relu' }), dense({ units: 10 })],
  );
  const [f, first, n] = [784 * 256 + 256 * 256 + 256 * 10, 784 * 256, 522];

  const macsOf = (options: MultiTangentOptions): number => {
    const rule = multiTangent(options);
    const call = callOf(rule, net, { batch: 8 });
    const step = jit(
      (params: unknown, x: Tensor, key: Tensor) =>
        creditOf(rule, { ...call, params: params as never, batch: { ...call.batch, x }, key }).credit,
    );
    return costOf(optimize(step.graphOf(call.params, call.batch.x, random.key(1)))).macs;
  };

  it.each([1, 4])('of %d tangents of units is 2F + k(F − F₁) + kn: the primal pass runs once', (tangents) => {
    const expected = 8 * (2 * f + tangents * (f - first) + tangents * n);
    expect(macsOf({ tangents }) / expected).toBeCloseTo(1, 1);
    expect(trees.countParams(callOf(multiTangent(), net).params)).toBe(f + n);
  });
});

describe('refusals', () => {
  it.each([
    { law: 'cauchy' },
    { tangents: 0 },
    { place: 'nowhere' },
    { drawn: 'twice' },
    { aggregate: 'median' },
    { projector: 'svd' },
  ])('%o', (options) => {
    expect(() => multiTangent(options as never)).toThrow(ConfigError);
  });

  it('names batch normalisation where samples are taken one by one', () => {
    const net = kinds['cnn with batch norm']!();
    expect(multiTangent().supports(net)).toEqual({ reason: expect.stringContaining('batch norm') });
    expect(multiTangent({ drawn: 'fresh' }).supports(net)).not.toBe(true);
    expect(multiTangent({ place: 'weight' }).supports(net)).toBe(true);
  });
});
