import { describe, expect, it } from 'vitest';
import { random, roll, trees } from '../engine/index.ts';
import type { Tree } from './layer.ts';
import { differenceOf, gaussian, inF64 } from './testing.ts';
import { unitsOf } from './unroll.ts';
import { visionTransformer } from './vision-transformer.ts';

describe('the vision Transformer', () => {
  it('maps images to classes, by a token or by the mean', () => {
    for (const pool of ['token', 'mean'] as const) {
      const m = visionTransformer({ input: [1, 8, 8], classes: 3, patch: 4, width: 8, heads: 2, depth: 1, pool });
      const { params, state } = m.initialise(random.key(1));
      expect(m.apply(params, state, gaussian([2, 1, 8, 8]).cast('f32'))[0].shape).toEqual([2, 3]);
      expect(unitsOf(m).map((unit) => unit.name)[0]).toBe('conv2d0');
    }
    const half = { input: [1, 8, 8], classes: 3, patch: 3, width: 8, heads: 2, depth: 1 };
    expect(() => visionTransformer(half)).toThrow(/patches of 3/);
  });

  it('with the mean and no positions does not care where patches are', () => {
    inF64(() => {
      const m = visionTransformer({
        input: [1, 4, 4],
        classes: 3,
        patch: 2,
        width: 8,
        heads: 2,
        depth: 1,
        pool: 'mean',
      });
      const { params, state } = m.initialise(random.key(1));
      const still = (params as Tree[]).map((p, i) => (m.layers[i]!.kind === 'positions' ? trees.zerosLike(p) : p));
      const x = gaussian([1, 1, 4, 4], 2);
      const rolled = roll(x, 2, 3); // patches change places
      expect(differenceOf(m.apply(still, state, rolled)[0], m.apply(still, state, x)[0])).toBeLessThan(1e-12);
      expect(differenceOf(m.apply(params, state, rolled)[0], m.apply(params, state, x)[0])).toBeGreaterThan(1e-4);
    });
  });
});
