import { describe, expect, it } from 'vitest';
import { factories, learners } from '../methods/index.ts';
import { learningRateOf, standardRules } from './presets.ts';

describe('learning rates that nobody gave', () => {
  it('follow the units of the network, however wide it is', () => {
    expect(learningRateOf('backprop', 'momentum', 'mlp-sigmoid:64-32')).toBe(0.1);
    expect(learningRateOf('backprop', 'momentum', 'mlp')).toBe(0.01);
    expect(learningRateOf('node-perturbation', 'momentum', 'mlp-sigmoid')).toBe(0.0001); // as for ReLU
    expect(learningRateOf('burstprop', 'momentum', 'cnn')).toBe(0.1); // as for the units that it needs
  });

  it('are those of the optimiser where its steps have a size of their own', () => {
    for (const model of ['mlp', 'mlp-tanh']) expect(learningRateOf('backprop', 'adam', model)).toBe(0.001);
    expect(learningRateOf('neuron-particles', 'momentum', 'mlp')).toBe(learners['neuron-particles']!.learningRate);
  });
});

it('rules that are compared when none are named exist', () => {
  expect(standardRules.filter((id) => !Object.hasOwn(factories, id))).toEqual([]);
});
