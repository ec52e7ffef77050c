/** Paired tests and curve summaries by hand. */
import { describe, expect, it } from 'vitest';
import type { EpochEvent } from './schema.ts';
import { curveSummary, pairedTests } from './significance.ts';

const run = (rule: string, seed: number, accuracy: number | null) => ({ rule, seed, accuracy, loss: null });

describe('pairedTests', () => {
  it('pairs by seed, whatever the order, and leaves out seeds that one of both did not end', () => {
    const runs = [
      ...[run('a', 1, 0.9), run('a', 2, 0.8), run('a', 3, 0.7), run('a', 4, null)],
      ...[run('b', 3, 0.5), run('b', 4, 0.1), run('b', 2, 0.7), run('b', 1, 0.6)],
    ];
    const [test] = pairedTests(runs, { baseline: 'a', metric: 'accuracy' });
    // Differences −0.3, −0.1, −0.2: mean −0.2, deviation 0.1, t = −3.4641 with 2 degrees, p = 0.0742.
    expect(test).toMatchObject({ rule: 'b', baseline: 'a', n: 3 });
    expect(test!.difference).toBeCloseTo(-0.2, 12);
    expect(test!.p).toBeCloseTo(0.0742, 4);
    expect(test!.high).toBeCloseTo(-0.2 + (4.30265 * 0.1) / Math.sqrt(3), 5);
  });

  it('has nothing to say of single runs', () => {
    expect(pairedTests([run('a', 1, 0.5), run('b', 1, 0.6)], { baseline: 'a', metric: 'accuracy' })).toEqual([]);
  });
});

describe('curveSummary', () => {
  const epoch = (seed: number, samples: number, accuracy: number): EpochEvent => ({
    ...{ type: 'epoch', rule: 'a', seed, epoch: 1, step: samples / 10, samples, accuracy, loss: 1 - accuracy },
    ...{ trainLoss: null, angleDeg: [], normRatio: [], flops: 0, seconds: 0 },
  });
  const epochs = [epoch(1, 100, 0.2), epoch(1, 200, 0.6), epoch(1, 400, 0.8), epoch(2, 100, 0.1), epoch(2, 400, 0.3)];

  it('averages over samples by the trapezoidal rule', () => {
    // Seed 1: (100·0.4 + 200·0.7)/300 = 0.6; seed 2: 0.2.
    expect(curveSummary(epochs, 'accuracy').curve!.mean).toBeCloseTo(0.4, 12);
    expect(curveSummary(epochs, 'loss').curve!.mean).toBeCloseTo(0.6, 12);
    expect(curveSummary([epoch(1, 100, 0.25)], 'accuracy').curve).toEqual({ mean: 0.25, ci95: null, n: 1 });
  });

  it('tells the updates to a target of the runs that met it', () => {
    expect(curveSummary(epochs, 'accuracy', 0.6).stepsToTarget).toEqual({ mean: 20, ci95: null, n: 1 });
    expect(curveSummary(epochs, 'accuracy', 0.1).stepsToTarget).toMatchObject({ mean: 10, n: 2 });
    expect(curveSummary(epochs, 'accuracy', 0.9).stepsToTarget!.n).toBe(0);
    expect(curveSummary(epochs, 'loss', 0.2).stepsToTarget).toMatchObject({ mean: 40, n: 1 });
  });
});
