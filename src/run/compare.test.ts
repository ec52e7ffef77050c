import { beforeAll, describe, expect, it } from 'vitest';
import { loadDataset } from '../data/index.ts';
import { type CompareOptions, compare } from './compare.ts';
import { runJob } from './job.ts';
import { inProcess, type Runner } from './runner.ts';
import type { CompareEvent } from './schema.ts';
import { type Task, taskOf } from './task.ts';

let task: Task;
beforeAll(async () => {
  task = taskOf(await loadDataset('two-moons', { train: 96, test: 40 }));
});

const options: CompareOptions = {
  rules: ['bp', 'dfa'],
  model: 'mlp:8',
  seeds: [1, 2],
  budget: { kind: 'epochs', value: 2 },
  batch: 16,
  optimizer: { name: 'sgd' },
  learningRates: { default: 0.1 },
  machine: { cpu: 'any', cores: 1, node: '24' },
  version: '0',
};

async function all(events: AsyncIterable<CompareEvent>): Promise<CompareEvent[]> {
  const found: CompareEvent[] = [];
  for await (const event of events) if (event.type !== 'progress') found.push(event);
  return found;
}

describe('compare', () => {
  it('starts every rule from the same parameters: backprop has angle 0, and all have the loss of one start', async () => {
    const events = await all(compare(task, { ...options, learningRates: { default: 1e-12 } }));
    const results = events.filter((event) => event.type === 'result');
    for (const seed of [1, 2]) {
      const losses = results.filter((r) => r.seed === seed).map((r) => r.loss!);
      expect(losses).toHaveLength(2);
      expect(losses[0]).toBeCloseTo(losses[1]!, 6);
    }
    for (const { rule, angleDeg } of results)
      if (rule === 'backprop') expect(Math.max(...angleDeg.map((a) => a!))).toBeLessThan(0.1);
  });

  it('summarises the mean and the t interval over seeds', async () => {
    const events = await all(compare(task, options));
    const losses = events.flatMap((event) =>
      event.type === 'result' && event.rule === 'backprop' ? [event.loss!] : [],
    );
    const summary = events.at(-1)!;
    if (summary.type !== 'summary' || !('rules' in summary)) throw new Error('the summary is missing');
    const { loss } = summary.rules.find((r) => r.rule === 'backprop')!;
    expect(loss.n).toBe(2);
    expect(loss.mean).toBeCloseTo((losses[0]! + losses[1]!) / 2, 12);
    // Two values: half-width t(0.975, 1)·|a − b| / 2, with t(0.975, 1) = 12.7062.
    expect(loss.ci95).toBeCloseTo((12.7062047 * Math.abs(losses[0]! - losses[1]!)) / 2, 6);
  });

  it('keeps each run within its budget of FLOPs, and close to it', async () => {
    const events = await all(compare(task, { ...options, budget: { kind: 'flops', value: 2e5 } }));
    for (const event of events) {
      if (event.type !== 'result') continue;
      expect(event.flops).toBeLessThanOrEqual(2e5);
      expect(event.flops).toBeGreaterThan(1.8e5);
    }
  });

  it('tests each rule against backprop over the seeds, and tells curves and the updates to a target', async () => {
    const events = await all(compare(task, { ...options, rules: ['dfa', 'bp', 'fa'], target: 0.01 }));
    const summary = events.at(-1)!;
    if (summary.type !== 'summary' || !('rules' in summary)) throw new Error('the summary is missing');
    const accuracies = (rule: string) =>
      events.flatMap((e) => (e.type === 'result' && e.rule === rule ? [e.accuracy!] : []));
    expect(summary.tests!.map((t) => [t.rule, t.baseline, t.metric, t.n])).toEqual([
      ['direct-feedback-alignment', 'backprop', 'accuracy', 2],
      ['feedback-alignment', 'backprop', 'accuracy', 2],
    ]);
    const [dfa, bp] = [accuracies('direct-feedback-alignment'), accuracies('backprop')];
    const mean = dfa.reduce((sum, v, i) => sum + v - bp[i]!, 0) / 2;
    expect(summary.tests![0]!.difference).toBeCloseTo(mean, 12);
    // 96 rows in batches of 16: the first epoch ends after 6 updates, and everything is above 1 % by then.
    for (const { curve, stepsToTarget } of summary.rules) {
      expect(curve!.n).toBe(2);
      expect(stepsToTarget).toMatchObject({ mean: 6, n: 2 });
    }
  });

  it('does not depend on the order in which results come', async () => {
    const backwards: Runner = async function* (jobs, signal) {
      const forwards = inProcess((spec, s) => runJob(spec, task, s));
      const reports = [];
      for await (const report of forwards(jobs, signal)) reports.push(report);
      yield* reports.reverse();
    };
    const told = (events: readonly CompareEvent[]) =>
      JSON.stringify(events.at(-1), (name, value) => (name === 'seconds' ? 0 : value));
    expect(told(await all(compare(task, { ...options, runner: backwards })))).toBe(
      told(await all(compare(task, options))),
    );
  });

  it('stops and says so where a run diverges', async () => {
    const events = await all(
      compare(task, { ...options, rules: ['bp'], seeds: [1], learningRates: { default: 1e39 } }),
    );
    expect(events.find((event) => event.type === 'result')).toMatchObject({ diverged: true, loss: null });
  });

  it('passes an abort on', async () => {
    await expect(all(compare(task, { ...options, signal: AbortSignal.abort(new Error('enough')) }))).rejects.toThrow(
      'enough',
    );
  });
});
