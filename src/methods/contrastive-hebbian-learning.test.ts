/** Contrastive Hebbian learning is backprop in the limit of weak feedback, and something else at full strength. */
import { describe, expect, it } from 'vitest';
import { binaryCrossEntropy, crossEntropy, dense, model, mse } from '../nn/index.ts';
import { backprop } from './backprop.ts';
import { contrastiveHebbian } from './contrastive-hebbian-learning.ts';
import { callOf, creditOf, distance, inF64, kinds, numbersOf } from './testing/cases.ts';

const chain = () =>
  model(
    [4],
    [dense({ units: 5, activation: 'tanh' }), dense({ units: 4, activation: 'logistic' }), dense({ units: 3 })],
  );

const losses = {
  crossEntropy: crossEntropy(),
  'cross-entropy of every output': binaryCrossEntropy({ features: 'sum' }),
  'half the squared error': mse({ features: 'half-sum' }),
};

describe.each(Object.entries(losses))('contrastive Hebbian learning under %s', (_, loss) => {
  it('tends to backprop in proportion to γ', () => {
    inF64(() => {
      const call = callOf(backprop(), chain(), { loss });
      const exact = numbersOf(creditOf(backprop(), call).credit);
      const error = (feedback: number) =>
        distance(numbersOf(creditOf(contrastiveHebbian({ feedback, steps: 60 }), call).credit), exact);
      const [far, near] = [error(1e-2), error(1e-3)];
      expect(near).toBeLessThan(2e-2);
      expect(far / near).toBeGreaterThan(9);
      expect(far / near).toBeLessThan(11);
    });
  });

  it('answers by its forward pass in the limit', () => {
    const call = callOf(backprop(), chain(), { loss });
    const [y] = call.model.apply(call.params, call.modelState, call.batch.x, {});
    const own = contrastiveHebbian({ feedback: 1e-5 }).predict!({ ...call, x: call.batch.x });
    expect(distance(numbersOf(own), numbersOf(y))).toBeLessThan(1e-4);
  });
});

describe('contrastive Hebbian learning', () => {
  it('at full strength points with backprop but is not it', () => {
    inF64(() => {
      const call = callOf(backprop(), chain(), { loss: losses.crossEntropy });
      const [own, exact] = [contrastiveHebbian({ feedback: 1, steps: 80 }), backprop()].map((rule) =>
        numbersOf(creditOf(rule, call).credit),
      ) as [number[], number[]];
      const dot = own.reduce((s, g, i) => s + g * exact[i]!, 0);
      expect(dot / Math.hypot(...own) / Math.hypot(...exact)).toBeGreaterThan(0.5);
      expect(distance(own, exact)).toBeGreaterThan(0.1);
    });
  });

  it('says whether its phases settled', () => {
    const call = callOf(backprop(), chain());
    const settled = (steps: number) => creditOf(contrastiveHebbian({ steps }), call).metrics.settled!.item();
    expect([settled(2), settled(40)]).toEqual([0, 1]);
  });

  it('refuses models that are no chain, and feedback that is none', () => {
    expect(contrastiveHebbian().supports(kinds['recurrent net']!())).toMatchObject({
      reason: expect.stringContaining('carries state through time'),
    });
    expect(contrastiveHebbian().supports(kinds['cnn with batch norm']!())).toMatchObject({
      reason: expect.stringContaining('batchNorm'),
    });
    expect(() => contrastiveHebbian({ feedback: 0 })).toThrow(/feedback is 0/);
    expect(() => contrastiveHebbian({ rate: 0 })).toThrow(/rate is 0/);
  });
});
