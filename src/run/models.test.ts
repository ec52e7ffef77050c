import { describe, expect, it } from 'vitest';
import { random, zeros } from '../engine/index.ts';
import { buildModel, models } from './models.ts';

const FOR_TEXT = ['transformer', 'gru', 'lstm'];

describe('model presets', () => {
  it.each(models.map((m) => m.name))('%s runs on samples of its kind', (name) => {
    const isText = FOR_TEXT.includes(name);
    const m = buildModel(name, isText ? [6] : [1, 8, 8], 5);
    const { params, state } = m.initialise(random.key(1));
    const x = isText ? zeros([2, 6], 'i32') : zeros([2, 1, 8, 8]);
    expect(m.apply(params, state, x, { key: random.key(2), train: true })[0].shape).toEqual(
      isText ? [2, 6, 5] : [2, 5],
    );
  });

  it('transformer takes width and depth', () => {
    const m = buildModel('transformer:32-3', [6], 5);
    expect(m.layers.filter(({ kind }) => kind === 'transformerBlock').map(({ config }) => config.width)).toEqual([
      32, 32, 32,
    ]);
    for (const wrong of ['transformer:0', 'transformer:16-2-2', 'transformer:wide'])
      expect(() => buildModel(wrong, [6], 5)).toThrow(/names no width and depth/);
  });

  it('refuse samples of another kind, with a way out', () => {
    for (const name of FOR_TEXT) expect(() => buildModel(name, [1, 8, 8], 5)).toThrow(/takes windows of ids/);
    expect(() => buildModel('vit', [1, 7, 7], 5)).toThrow(/7 × 7 is odd/);
    expect(() => buildModel('convnext', [9], 5)).toThrow(/takes images/);
    expect(() => buildModel('perceptron', [9], 5)).toThrow(/models are linear/);
  });
});
