/** Weight perturbation tends to the forward gradient of the same direction: with slope 2 with two sides, 1 with one. */
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../engine/index.ts';
import { dense, dropout, model } from '../nn/index.ts';
import { backprop } from './backprop.ts';
import { forwardGradient } from './forward-gradient.ts';
import { callOf, creditOf, distance, inF64, kinds, numbersOf } from './testing/cases.ts';
import { weightPerturbation } from './weight-perturbation.ts';

const sigmas = [4e-4, 2e-4, 1e-4]; // in the mean of a symmetric law one side has the order of two: v and −v together are the two-sided difference

/** Slopes of log error over log σ between neighbouring σ. */
const orders = (errors: readonly number[]): number[] => errors.slice(1).map((e, i) => Math.log2(errors[i]! / e));

describe('weight perturbation', () => {
  it.each([
    ['two', 2],
    ['one', 1],
  ] as const)('with %s side(s) tends to the forward gradient like σ^%i', (sides, order) => {
    inF64(() => {
      for (const kind of Object.keys(kinds)) {
        const call = callOf(backprop(), kinds[kind]!());
        const limit = numbersOf(creditOf(forwardGradient({ law: 'gaussian' }), call).credit);
        const errors = sigmas.map((sigma) =>
          distance(numbersOf(creditOf(weightPerturbation({ law: 'gaussian', sigma, sides }), call).credit), limit),
        );
        for (const measured of orders(errors)) expect(Math.abs(measured - order), kind).toBeLessThan(0.2);
      }
    });
  });

  it('reports the loss of the plain pass with one side, and its neighbourhood with two', () => {
    inF64(() => {
      const call = callOf(backprop(), kinds.mlp!());
      const plain = creditOf(backprop(), call).loss!.item();
      const lossOf = (sides: 'one' | 'two') => creditOf(weightPerturbation({ sigma: 1e-3, sides }), call).loss!.item();
      expect(lossOf('one')).toBe(plain);
      expect(lossOf('two')).not.toBe(plain);
      expect(lossOf('two')).toBeCloseTo(plain, 4);
    });
  });

  it('is SPSA by default: one sign a weight, the same magnitude for all', () => {
    const call = callOf(backprop(), kinds.mlp!());
    const credit = numbersOf(creditOf(weightPerturbation(), call).credit);
    expect(new Set(credit.map(Math.abs)).size).toBe(1);
    expect(new Set(credit.map(Math.sign))).toEqual(new Set([-1, 1]));
  });

  it('drops the same units in every pass', () => {
    inF64(() => {
      const net = model([4], [dense({ units: 20, activation: 'tanh' }), dropout(0.5), dense({ units: 3 })]);
      const call = callOf(backprop(), net);
      const limit = numbersOf(creditOf(forwardGradient({ law: 'gaussian' }), call).credit);
      const credit = numbersOf(creditOf(weightPerturbation({ sigma: 1e-5, law: 'gaussian' }), call).credit);
      expect(distance(credit, limit)).toBeLessThan(1e-6);
    });
  });

  it.each([{ sigma: 0 }, { sigma: -1 }, { sigma: Number.NaN }, { sides: 'three' }, { draws: 0 }, { law: 'none' }])(
    'refuses %o',
    (options) => {
      expect(() => weightPerturbation(options as never)).toThrow(ConfigError);
    },
  );
});
