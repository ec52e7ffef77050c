import { describe, expect, it } from 'vitest';
import type { JobSpec } from './job.ts';
import type { Runner } from './runner.ts';
import { bestRates, logGrid, tune } from './tuner.ts';

const job: JobSpec = {
  rule: 'backprop',
  model: 'mlp',
  optimizer: { name: 'sgd', learningRate: 1 },
  batch: 8,
  budget: { kind: 'epochs', value: 4 },
  seed: 3,
  probe: 100,
};

describe('logGrid', () => {
  it('goes from end to end in equal ratios', () => {
    expect(logGrid(3, 1e-4, 1)).toEqual([1e-4, 1e-2, 1]);
    expect(logGrid(2, 1e-6, 1e-1)).toEqual([1e-6, 1e-1]);
    expect(logGrid(1, 1e-4, 1)).toEqual([1e-2]);
  });
});

describe('bestRates', () => {
  const trial = (rule: string, learningRate: number, loss: number | null) =>
    ({ type: 'trial', rule, learningRate, loss, accuracy: 0.5 }) as const;

  it('takes the least loss of each rule, whatever the order; a diverged trial never wins, a tie goes to the smaller rate', () => {
    const trials = [
      trial('a', 0.1, null),
      trial('a', 0.01, 2),
      trial('b', 1, 3),
      trial('a', 0.001, 2),
      trial('b', 0.1, 4),
    ];
    expect(bestRates(trials)).toEqual({ a: 0.001, b: 1 });
    expect(bestRates(trials.toReversed())).toEqual({ a: 0.001, b: 1 });
  });

  it('has a rate even where every trial diverged', () => {
    expect(bestRates([trial('a', 0.1, null), trial('a', 0.01, null)])).toEqual({ a: 0.01 });
  });
});

describe('tune', () => {
  it('gives every rule the same trials, a share of the budget, held-out rows and no diagnosis', async () => {
    const seen: JobSpec[] = [];
    // A stand-in for training: the loss is smallest at the rate 0.01.
    const runner: Runner = async function* (jobs) {
      for (const [i, spec] of jobs.entries()) {
        seen.push(spec);
        const loss = Math.abs(Math.log10(spec.optimizer.learningRate) + 2);
        yield {
          job: i,
          event: {
            type: 'result',
            rule: spec.rule,
            seed: spec.seed,
            accuracy: null,
            loss,
            angleDeg: [],
            flops: 1,
            peakBytes: 1,
            seconds: 1,
          },
        };
      }
    };
    const trials = tune([job, { ...job, rule: 'direct-feedback-alignment' }], runner, {
      trials: 3,
      low: 1e-4,
      high: 1,
      share: 0.25,
      holdout: 0.2,
    });
    let next = await trials.next();
    while (next.done !== true) next = await trials.next();
    expect(next.value).toEqual({ backprop: 0.01, 'direct-feedback-alignment': 0.01 });
    expect(seen.map((spec) => [spec.rule, spec.optimizer.learningRate])).toEqual(
      ['backprop', 'direct-feedback-alignment'].flatMap((rule) => [1e-4, 1e-2, 1].map((rate) => [rule, rate])),
    );
    for (const spec of seen)
      expect(spec).toMatchObject({ budget: { kind: 'epochs', value: 1 }, holdout: 0.2, probe: 0, seed: 3 });
  });
});
