/** A model as a network of value nodes says what the model says, wherever its values live. */
import { describe, expect, it } from 'vitest';
import { mul, random, sub } from '../../engine/index.ts';
import { activation, batchNorm, conv2d, dense, globalAvgPool, model, residual } from '../../nn/index.ts';
import { backprop } from '../backprop.ts';
import { callOf, inF64, kinds, numbersOf } from '../testing/cases.ts';
import { depthsOf, levelled, networkOf } from './build.ts';
import { contrast, forceOf, free, nudged } from './energy.ts';
import { forwardValues, INPUT, type Network, type Surroundings } from './network.ts';
import { predictionEnergy } from './prediction.ts';

const preActivated = () =>
  model(
    [2, 4, 4],
    [
      conv2d({ filters: 2, kernel: 3, padding: 'same', activation: 'tanh' }),
      residual({ body: [activation('tanh'), conv2d({ filters: 2, kernel: 3, padding: 'same' }), batchNorm()] }),
      residual({ body: [residual({ body: [conv2d({ filters: 2, kernel: 1 })], activation: 'tanh' })] }),
      globalAvgPool(),
      dense({ units: 3, activation: 'tanh' }),
    ],
  );

const all = { ...kinds, 'nested blocks that begin with an activation': preActivated };

const aroundOf = (make: () => ReturnType<typeof preActivated>) => {
  const call = callOf(backprop(), make());
  const around: Surroundings = { ...call, x: call.batch.x, call: { key: call.key, train: true } };
  return { call, around };
};

describe.each(Object.entries(all))('the network of a %s', (_, make) => {
  it.each(['after', 'before'] as const)('with values %s the activation has the forward pass of the model', (place) => {
    const { call, around } = aroundOf(make);
    const [y, state] = call.model.apply(call.params, call.modelState, call.batch.x, around.call);
    for (const net of [networkOf(call.model, place), levelled(networkOf(call.model, place))]) {
      const { values, modelState } = forwardValues(net, around);
      expect(values.at(-1)!.toArray()).toEqual(y.toArray());
      expect(numbersOf(modelState)).toEqual(numbersOf(state));
    }
  });

  it('is level after levelling: every way to the output is equally long', () => {
    const net = levelled(networkOf(make()));
    const depths = depthsOf(net);
    net.vertices.forEach(({ parents }, i) => {
      for (const p of parents) if (p !== INPUT) expect(depths[p]).toBe(depths[i]! + 1);
    });
  });
});

describe('levelling', () => {
  it('puts identities on the shorter way and shares them', () => {
    const vertex = (name: string, ...parents: number[]) => ({ name, parents, steps: [] });
    const net: Network = {
      vertices: [vertex('a', INPUT), vertex('b', 0), vertex('c', 1), vertex('d', 2, 0), vertex('e', 3, 0)],
    };
    expect(levelled(net).vertices.map(({ name, parents }) => `${name}:${parents}`)).toEqual([
      `a:${INPUT}`,
      'a@3:0',
      'b:0',
      'a@2:1',
      'c:2',
      'a@1:3',
      'd:4,3',
      'e:6,5',
    ]);
  });

  it('refuses a vertex that leads nowhere', () => {
    const net: Network = { vertices: ['a', 'b'].map((name) => ({ name, parents: [INPUT], steps: [] })) };
    expect(() => levelled(net)).toThrow(/a does not lead to the output/);
  });
});

describe('the energy of predictive coding', () => {
  const parts = () => {
    const { call, around } = aroundOf(kinds['residual net']!);
    const net = networkOf(call.model);
    const energy = predictionEnergy(net, around, call.loss, call.batch);
    return { call, around, net, energy, ...forwardValues(net, around) };
  };

  it('is 0 without force and without slope in the params at the forward pass', () => {
    inF64(() => {
      const { call, energy, values } = parts();
      expect(energy.internal(values, call.params).item()).toBe(0);
      expect(numbersOf(forceOf(energy, call.params, free)(values)).every((f) => f === 0)).toBe(true);
      expect(
        numbersOf(contrast(energy, call.params, { state: values, nudge: 1 }, { state: values, nudge: 0 })),
      ).toSatisfy((xs: number[]) => xs.every((x) => x === 0));
    });
  });

  it('has a force that is minus its slope', () => {
    inF64(() => {
      const { call, energy, values } = parts();
      const shift = values.map((x, i) => random.normal(random.key(i), x.shape));
      const from = values.map((x, i) => sub(x, shift[i]!));
      const f = forceOf(energy, call.params, nudged(0.7))(from);
      const along = f.map((x, i) => numbersOf([x]).reduce((s, v, k) => s + v * numbersOf([shift[i]!])[k]!, 0));
      const total = (h: number): number => {
        const s = from.map((x, i) => sub(x, mul(shift[i]!, h)));
        return energy.internal(s, call.params).item() + 0.7 * energy.cost(s, call.params).item();
      };
      const slope = (total(-1e-5) - total(1e-5)) / 2e-5;
      expect(-along.reduce((a, b) => a + b) / slope).toBeCloseTo(1, 7);
    });
  });
});
