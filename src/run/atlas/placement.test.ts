import { describe, expect, it } from 'vitest';
import { makePart } from '../../data/index.ts';
import { atlasModels, placed } from './placement.ts';

const task = {
  train: makePart({ x: new Float32Array(4 * 64), featureShape: [1, 8, 8], y: Int32Array.of(0, 1, 2, 0) }),
  featureShape: [1, 8, 8],
  outputs: 3,
};

describe('placement', () => {
  it('takes the model that suits a rule or the first that it supports, and puts backprop on every model in use', () => {
    const { places, refusals } = placed(
      ['direct-feedback-alignment', 'equilibrium-propagation', 'burst-cortico-cortical', 'backprop'],
      atlasModels,
      task,
    );
    expect(places).toEqual([
      { rule: 'backprop', model: 'mlp' },
      { rule: 'backprop', model: 'mlp-tanh' },
      { rule: 'backprop', model: 'mlp-sigmoid' },
      { rule: 'direct-feedback-alignment', model: 'mlp' },
      { rule: 'equilibrium-propagation', model: 'mlp-tanh' },
      { rule: 'burst-cortico-cortical', model: 'mlp-sigmoid' },
    ]);
    expect(refusals).toEqual([]);
    expect(placed(['burst-cortico-cortical'], ['mlp', 'mlp-tanh'], task).places[1]!.model).toBe('mlp');
  });

  it('says why a rule runs nowhere', () => {
    const { places, refusals } = placed(['burstprop', 'particle-swarm'], ['cnn'], task);
    expect(places).toEqual([{ rule: 'backprop', model: 'cnn' }]);
    expect(refusals.map(({ rule }) => rule)).toEqual(['burstprop', 'particle-swarm']);
    expect(refusals[0]!.reason).toMatch(/batchNorm/);
  });
});
