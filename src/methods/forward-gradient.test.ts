/** Forward gradients are (∇L·v)·v: exact identities for one draw, no bias in the mean. */
import { describe, expect, it } from 'vitest';
import type { Tensor } from '../engine/index.ts';
import { ConfigError, costOf, jit, optimize, random, trees } from '../engine/index.ts';
import { crossEntropy, dense, model } from '../nn/index.ts';
import { backprop } from './backprop.ts';
import { forwardGradient } from './forward-gradient.ts';
import { laws, lengthFactor } from './perturbation/law.ts';
import type { CreditCall } from './rule.ts';
import { callOf, creditOf, distance, inF64, kinds, numbersOf } from './testing/cases.ts';
import { spreadOf } from './testing/statistics.ts';

const exactOf = <State>(call: CreditCall<State>): number[] =>
  numbersOf(creditOf(backprop(), { ...call, state: null }).credit);
const cosine = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((s, x, i) => s + x * b[i]!, 0) / (Math.hypot(...a) * Math.hypot(...b));

describe('a forward gradient', () => {
  it.each(Object.keys(kinds))('is its own tangent times the slope along it: %s', (kind) => {
    inF64(() => {
      // With signs as tangents every |component| of d·v is |d|, and v = credit / d; so (g·credit)/d = d, that is ⟨g, credit⟩ = d².
      const rule = forwardGradient({ law: 'rademacher' });
      const call = callOf(rule, kinds[kind]!());
      const credit = numbersOf(creditOf(rule, call).credit);
      const d = Math.abs(credit[0]!);
      for (const x of credit) expect(Math.abs(x)).toBeCloseTo(d, 14);
      const along = exactOf(call).reduce((s, g, i) => s + g * credit[i]!, 0);
      expect(along / d ** 2).toBeCloseTo(1, 11);
    });
  });

  it('is the gradient itself for one parameter and signs', () => {
    inF64(() => {
      const rule = forwardGradient({ law: 'rademacher' });
      const net = model([1], [dense({ units: 1, bias: false, activation: 'tanh' })]);
      const call = callOf(rule, net, {
        loss: { ...crossEntropy(), value: (z) => (z.rank === 0 ? z : trees.dot(z, z)) },
      });
      expect(distance(numbersOf(creditOf(rule, call).credit), exactOf(call))).toBeLessThan(1e-14);
    });
  });

  it('reports the loss and the model state of the plain pass', () => {
    const rule = forwardGradient();
    const call = callOf(rule, kinds['cnn with batch norm']!());
    const [forward, reverse] = [creditOf(rule, call), creditOf(backprop(), { ...call, state: null })];
    expect(forward.loss!.item()).toBe(reverse.loss!.item());
    expect(numbersOf(forward.modelState)).toEqual(numbersOf(reverse.modelState));
  });

  it('averages k tangents', () => {
    const rule = forwardGradient({ law: 'rademacher', tangents: 400 });
    const call = callOf(rule, kinds.mlp!());
    const n = trees.countParams(call.params);
    const error = distance(numbersOf(creditOf(rule, call).credit), exactOf(call));
    const expected = Math.sqrt((lengthFactor('rademacher', n) - 1) / 400); // root mean square over draws
    expect(error).toBeLessThan(1.5 * expected);
    expect(error).toBeGreaterThan(0.5 * expected);
  });

  it.each([{ law: 'cauchy' }, { tangents: 0 }, { tangents: 1.5 }, { place: 'nowhere' }, { drawn: 'twice' }])(
    'refuses %o',
    (options) => {
      expect(() => forwardGradient(options as never)).toThrow(ConfigError);
    },
  );
});

// If this fails, the method still trains: towards something that is not the paper.
describe('forward gradients are unbiased', () => {
  it.each(laws)('in the weights, within 4·√((c − 1)/10⁴): %s', (law) => {
    const rule = forwardGradient({ law });
    const call = callOf(rule, kinds.mlp!());
    const c = lengthFactor(law, trees.countParams(call.params));
    expect(distance(spreadOf(rule, call, 10_000).mean, exactOf(call))).toBeLessThan(4 * Math.sqrt((c - 1) / 10_000));
  });

  it.each(Object.keys(kinds))('in the units: %s', (kind) => {
    const rule = forwardGradient({ place: 'preactivation' });
    const call = callOf(rule, kinds[kind]!());
    const exact = exactOf(call);
    const { mean, standardError } = spreadOf(rule, call, 10_000);
    expect(distance(mean, exact) * Math.hypot(...exact)).toBeLessThan(4 * standardError);
    expect(cosine(mean, exact)).toBeGreaterThan(0.97);
  });

  it('in the units, with one draw for the whole batch', () => {
    const rule = forwardGradient({ place: 'preactivation', drawn: 'shared' });
    const call = callOf(rule, kinds['residual net']!());
    const exact = exactOf(call);
    const { mean, standardError } = spreadOf(rule, call, 5000);
    expect(distance(mean, exact) * Math.hypot(...exact)).toBeLessThan(4 * standardError);
    expect(cosine(mean, exact)).toBeGreaterThan(0.97);
  });

  it('refuses one draw for the batch where samples depend on one another', () => {
    const rule = forwardGradient({ place: 'preactivation', drawn: 'shared' });
    expect(rule.supports(kinds['cnn with batch norm']!())).toEqual({ reason: expect.stringContaining('batch norm') });
    expect(rule.supports(kinds.mlp!())).toBe(true);
  });
});

describe('the cost of a forward gradient', () => {
  const net = model(
    [784],
    [dense({ units: 256, activation: 'relu' }), dense({ units: 256, activation: 'relu' }), dense({ units: 10 })],
  );
  const macsOf = (rule: ReturnType<typeof forwardGradient>): number => {
    const call = callOf(rule, net, { batch: 8 });
    const step = jit(
      (params: unknown, x: Tensor, key: Tensor) =>
        creditOf(rule, { ...call, params: params as never, batch: { ...call.batch, x }, key }).credit,
    );
    return costOf(optimize(step.graphOf(call.params, call.batch.x, random.key(1)))).macs;
  };

  it('is that of backprop with one tangent in the units: 3F − F₁ multiply-adds, F those of a forward pass', () => {
    const [f, first] = [784 * 256 + 256 * 256 + 256 * 10, 784 * 256];
    expect(macsOf(backprop()) / (8 * (3 * f - first))).toBeCloseTo(1, 6);
    expect(macsOf(forwardGradient({ place: 'preactivation' })) / (8 * (3 * f - first))).toBeCloseTo(1, 6);
    expect(macsOf(forwardGradient()) / (8 * (3 * f - first))).toBeCloseTo(1, 6);
  });
});
