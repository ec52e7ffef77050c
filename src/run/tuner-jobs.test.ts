/** The trials of `compare --tune`: the same for every rule, whatever runner runs them. */
import { describe, expect, it } from 'vitest';
import type { JobSpec } from './job.ts';
import type { Runner } from './runner.ts';
import { logScale } from './space.ts';
import { memoryTrials } from './trials.ts';
import { bestPoints, tuneJobs } from './tuner-jobs.ts';

const job: JobSpec = {
  rule: 'backprop',
  model: 'mlp',
  optimizer: { name: 'sgd', learningRate: 1 },
  batch: 8,
  budget: { kind: 'epochs', value: 4 },
  seed: 3,
  probe: 100,
};

/** A stand-in for training: the loss is smallest at the rate 0.01. */
const standIn = (seen: JobSpec[]): Runner =>
  async function* (jobs) {
    for (const [i, spec] of jobs.entries()) {
      seen.push(spec);
      const loss = Math.abs(Math.log10(spec.optimizer.learningRate) + 2);
      const cost = { angleDeg: [], flops: 1, peakBytes: 1, seconds: 1 };
      yield { job: i, event: { type: 'result', rule: spec.rule, seed: spec.seed, accuracy: null, loss, ...cost } };
    }
  };

async function last<T, R>(events: AsyncGenerator<T, R>): Promise<R> {
  let next = await events.next();
  while (next.done !== true) next = await events.next();
  return next.value;
}

describe('tuneJobs', () => {
  const jobs = [job, { ...job, rule: 'direct-feedback-alignment' }];
  const options = { trials: 3, low: 1e-4, high: 1, share: 0.25, holdout: 0.2 };

  it('gives every rule the same trials, a share of the budget, held-out rows and no diagnosis', async () => {
    const seen: JobSpec[] = [];
    const best = await last(tuneJobs(jobs, standIn(seen), options));
    expect(best).toEqual({ backprop: { learningRate: 0.01 }, 'direct-feedback-alignment': { learningRate: 0.01 } });
    expect(seen.map((spec) => [spec.rule, spec.optimizer.learningRate])).toEqual(
      jobs.flatMap(({ rule }) => [1e-4, 1e-2, 1].map((rate) => [rule, rate])),
    );
    for (const spec of seen)
      expect(spec).toMatchObject({ budget: { kind: 'epochs', value: 1 }, holdout: 0.2, probe: 0, seed: 3 });
  });

  it('searches options of a rule beside the rate', async () => {
    const seen: JobSpec[] = [];
    const spaces = { 'direct-feedback-alignment': { scale: logScale(0.1, 10) } };
    await last(tuneJobs(jobs, standIn(seen), { ...options, kind: 'random', spaces }));
    const [plain, scaled] = [seen.slice(0, 3), seen.slice(3)];
    expect(plain.every((spec) => spec.options === undefined)).toBe(true);
    expect(new Set(scaled.map((spec) => spec.options!.scale)).size).toBe(3);
    expect(scaled.map((s) => s.optimizer.learningRate)).toEqual(plain.map((s) => s.optimizer.learningRate));
  });

  it('runs only what a store does not hold, with the same result', async () => {
    const store = memoryTrials();
    const seen: JobSpec[] = [];
    const events = tuneJobs(jobs, standIn(seen), { ...options, store });
    for (let i = 0; i < 4; i++) await events.next();
    await events.return(undefined as never);
    const again: JobSpec[] = [];
    const best = await last(tuneJobs(jobs, standIn(again), { ...options, store }));
    expect(again).toHaveLength(6 - 4);
    expect(best).toEqual(await last(tuneJobs(jobs, standIn([]), options)));
  });
});

describe('bestPoints', () => {
  it('has a point even where every trial diverged', () => {
    const trial = (n: number) =>
      ({
        type: 'trial',
        rule: 'a',
        trial: n,
        rung: 0,
        hyper: { learningRate: n },
        budget: job.budget,
        key: [0, 3],
      }) as const;
    const lost = { loss: null, accuracy: null, flops: 0, seconds: 0, status: 'diverged' } as const;
    expect(
      bestPoints([
        { ...trial(1), ...lost },
        { ...trial(0), ...lost },
      ]),
    ).toEqual({ a: { learningRate: 0 } });
  });
});
