/** Equilibrium propagation is the gradient of the fixed point, with the bias that each nudging has. */
import { describe, expect, it } from 'vitest';
import { fromArray, random, trees } from '../engine/index.ts';
import { activation, avgPool, conv2d, dense, flatten, model, mse } from '../nn/index.ts';
import type { Tree } from '../nn/layer.ts';
import { backprop } from './backprop.ts';
import { equilibriumPropagation } from './equilibrium-propagation.ts';
import type { CreditCall } from './rule.ts';
import { callOf, creditOf, distance, inF64, kinds, numbersOf } from './testing/cases.ts';

const small = { distribution: 'normal', mode: 'fanIn', gain: 0.5 } as const;
const chains = {
  dense: () =>
    model(
      [4],
      [dense({ units: 5, activation: 'tanh', init: small }), dense({ units: 3, activation: 'tanh', init: small })],
    ),
  convolutional: () =>
    model(
      [1, 4, 4],
      [
        conv2d({ filters: 2, kernel: 3, padding: 'same', activation: 'logistic', init: small }),
        avgPool({ size: 2 }),
        flatten(),
        dense({ units: 4, init: small }),
        activation('tanh'),
        dense({ units: 3, init: small }),
      ],
    ),
};

const loss = mse({ features: 'half-sum' });
const settled = { freeSteps: 150, nudgedSteps: 150, rate: 0.4 } as const;

/** dJ/dθ along a direction by central differences of the settled cost itself. */
function slopeAlong(call: CreditCall<null>, direction: readonly number[]): number {
  const rule = equilibriumPropagation({ freeSteps: 250, rate: 0.4 });
  const cost = (h: number): number => {
    let at = 0;
    const moved = mapLeaves(call.params, (p) => p + h * direction[at++]!);
    return call.loss.value(rule.predict!({ ...call, params: moved, x: call.batch.x }), call.batch).item();
  };
  return (cost(1e-5) - cost(-1e-5)) / 2e-5;
}

const mapLeaves = (tree: Tree, f: (x: number) => number): Tree =>
  trees.mapTensors((x) => fromArray(Float64Array.from(x.readSync(), f), x.shape, 'f64'), tree);

describe.each(Object.entries(chains))('equilibrium propagation on a %s chain', (_, make) => {
  const errorsOf = (nudging: 'one-sided' | 'centred', nudges: readonly number[]): number[] => {
    const call = callOf(backprop(), make(), { loss });
    const credit = (nudge: number) =>
      numbersOf(creditOf(equilibriumPropagation({ ...settled, nudge, nudging }), call).credit);
    const reference = numbersOf(creditOf(equilibriumPropagation({ ...settled, nudge: 1e-3 }), call).credit);
    const direction = numbersOf([random.normal(random.key(5), [reference.length])]);
    const slope = slopeAlong(call, direction);
    return nudges.map((nudge) => Math.abs(credit(nudge).reduce((s, g, i) => s + g * direction[i]!, 0) - slope));
  };

  it('has a bias that goes with β from one side, with β² centred, against differences of the settled cost', () => {
    inF64(() => {
      const [far, near] = errorsOf('one-sided', [0.1, 0.01]);
      expect(far! / near!).toBeGreaterThan(8);
      expect(far! / near!).toBeLessThan(12.5);
      const [wide, close] = errorsOf('centred', [0.2, 0.02]);
      expect(wide! / close!).toBeGreaterThan(80);
      expect(wide! / close!).toBeLessThan(125);
    });
  });
});

describe('equilibrium propagation', () => {
  it('with random signs is the centred one in the mean over both', () => {
    inF64(() => {
      const call = callOf(backprop(), chains.dense(), { loss });
      const creditAt = (seed: number) =>
        numbersOf(
          creditOf(equilibriumPropagation({ ...settled, nudging: 'random-sign' }), { ...call, key: random.key(seed) })
            .credit,
        );
      const drawn = Array.from({ length: 12 }, (_, i) => creditAt(i));
      const other = drawn.find((credit) => distance(credit, drawn[0]!) > 1e-6)!;
      const mean = drawn[0]!.map((g, i) => (g + other[i]!) / 2);
      const centred = numbersOf(creditOf(equilibriumPropagation(settled), call).credit);
      expect(distance(mean, centred)).toBeLessThan(1e-12);
    });
  });

  it('with the prediction energy tends to backprop on any model', () => {
    inF64(() => {
      const call = callOf(backprop(), kinds['cnn with batch norm']!());
      const exact = numbersOf(creditOf(backprop(), call).credit);
      const error = (nudge: number) =>
        distance(
          numbersOf(
            creditOf(equilibriumPropagation({ energy: 'prediction', nudge, nudgedSteps: 250, rate: 0.3 }), call).credit,
          ),
          exact,
        );
      const [far, near] = [error(0.02), error(0.002)];
      expect(far / near).toBeGreaterThan(80);
      expect(near).toBeLessThan(1e-4);
    });
  });

  it('keeps hard-sigmoid states in [0, 1] and lets them leave 0', () => {
    const call = callOf(backprop(), chains.dense(), { loss });
    const rule = equilibriumPropagation({ rho: 'hardSigmoid' });
    const states = numbersOf(rule.predict!({ ...call, x: call.batch.x }));
    expect(Math.min(...states)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...states)).toBeLessThanOrEqual(1);
    expect(Math.max(...states)).toBeGreaterThan(0);
    expect(numbersOf(creditOf(rule, call).credit).some((g) => g !== 0)).toBe(true);
  });

  it('says whether its phases settled', () => {
    const call = callOf(backprop(), chains.dense(), { loss });
    const settledAfter = (steps: number): number =>
      creditOf(
        equilibriumPropagation({ freeSteps: steps, nudgedSteps: steps, rate: 0.4 }),
        call,
      ).metrics.settled!.item();
    expect([settledAfter(2), settledAfter(60)]).toEqual([0, 1]);
  });

  it('refuses what cannot settle', () => {
    const { supports } = equilibriumPropagation();
    expect(supports(kinds.mlp!())).toMatchObject({ reason: expect.stringContaining('softplus') });
    expect(supports(kinds['residual net']!())).toMatchObject({
      reason: expect.stringContaining('holds layers of its own'),
    });
    expect(supports(chains.convolutional())).toBe(true);
    expect(() => equilibriumPropagation({ nudge: 0.9 })).toThrow(/nudge is 0.9/);
    expect(() => equilibriumPropagation({ nudging: 'both' as 'centred' })).toThrow(/nudging is "both"/);
    expect(() => equilibriumPropagation({ freeSteps: 0 })).toThrow(/steps is 0/);
  });
});
