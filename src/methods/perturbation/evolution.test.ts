/** Evolution strategies: ranks, the estimate, and a search that climbs. */
import { describe, expect, it } from 'vitest';
import { neg, random, square, sub, sum, tensor } from '../../engine/index.ts';
import { constant } from '../../optim/index.ts';
import { ascentOf, centredRanks, evolve } from './evolution.ts';

describe('evolution strategies', () => {
  it('rank from −½ to ½, with numbers that are none last', () => {
    expect([...centredRanks(tensor([3, -1, Number.NaN, 8, 0])).readSync()]).toEqual([0.25, -0.25, -0.5, 0.5, 0]);
  });

  it('estimate Σ r ε / (P σ) over both halves', () => {
    const eps = tensor([
      [1, 0],
      [0, 2],
    ]);
    // Fitness of +ε₁, +ε₂, −ε₁, −ε₂ ranks ½, −½, 1/6, −1/6.
    const [a, b] = ascentOf(tensor([4, 1, 3, 2]), eps, 0.5).readSync();
    expect(a!).toBeCloseTo((1 / 2 - 1 / 6) / (4 * 0.5), 6);
    expect(b!).toBeCloseTo((2 * (-1 / 2 + 1 / 6)) / (4 * 0.5), 6);
  });

  it('climb a paraboloid, and are a function of their key', async () => {
    const goal = tensor([1, -2, 0.5]);
    const fitness = [(members: typeof goal) => neg(sum(square(sub(members, goal)), 1))];
    const search = (seed: number) =>
      evolve({ start: tensor([0, 0, 0]), fitness, generations: 150, rate: constant(0.05), key: random.key(seed) });
    const found = await search(1);
    expect(sum(square(sub(found, goal))).item()).toBeLessThan(0.02);
    expect([...(await search(1)).readSync()]).toEqual([...found.readSync()]);
    expect([...(await search(2)).readSync()]).not.toEqual([...found.readSync()]);
  });

  it('refuse a population that has no mirror image', async () => {
    const options = { start: tensor([0]), fitness: [], generations: 1, rate: constant(1), key: random.key(1) };
    await expect(evolve({ ...options, population: 7 })).rejects.toThrow(/population of 7/);
  });
});
