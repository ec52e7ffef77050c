/** Learners that are no rule with an optimiser, through the whole laboratory: compared with backprop, and resumed. */
import { beforeAll, describe, expect, it } from 'vitest';
import { learners } from '../methods/index.ts';
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts';
import { compare } from './compare.ts';
import type { CompareEvent } from './schema.ts';
import { loadTask, type Task } from './task.ts';
import { type CheckpointStore, type RunConfig, train } from './train.ts';

let task: Task;
beforeAll(async () => {
  task = await loadTask('two-moons', { train: 96, test: 50 });
});

const memory = () => {
  const files = new Map<string, Uint8Array>();
  const store: CheckpointStore = {
    async save(name, state, meta) {
      const { bytes, header } = await encodeCheckpoint(state, meta);
      files.set(name, bytes);
      return { path: name, hash: header.hash };
    },
    load: async (name) => decodeCheckpoint(files.get(name)!, name),
  };
  return { store, hash: () => decodeCheckpoint(files.get('final')!, 'final').header.hash };
};

const comparison = {
  model: 'mlp:6',
  seeds: [1],
  budget: { kind: 'epochs', value: 2 },
  batch: 32,
  optimizer: { name: 'sgd' },
  learningRates: {},
  machine: { cpu: 'any', cores: 1, node: '24' },
  version: '0',
} as const;

async function compared(options: Parameters<typeof compare>[1]): Promise<CompareEvent[]> {
  const events: CompareEvent[] = [];
  for await (const event of compare(task, options)) events.push(event);
  return events;
}

describe.each(Object.keys(learners))('%s', (rule) => {
  it('stands in a comparison beside backprop', async () => {
    const events = await compared({ ...comparison, rules: ['backprop', rule] });
    const summary = events.at(-1)!;
    if (summary.type !== 'summary') throw new Error(`a ${summary.type} came last`);
    const skipped = events.filter((event) => event.type === 'skip').map((event) => event.rule);
    expect([...summary.rules.map((r) => r.rule), ...skipped].sort()).toEqual(['backprop', rule].sort());
    for (const r of summary.rules) {
      expect(r.flops).toBeGreaterThan(0);
      expect(r.peakBytes).toBeGreaterThan(0);
      expect(r.accuracy.mean).toBeGreaterThan(0.2);
    }
  });

  it('goes on from a checkpoint bit for bit', async () => {
    const config: RunConfig = {
      rule,
      model: 'mlp:4',
      optimizer: { name: 'sgd', learningRate: learners[rule]!.learningRate },
      batch: 32,
      budget: { kind: 'epochs', value: 3 },
      seed: 5,
      probe: 0,
      saveEvery: { unit: 'steps', value: 2 },
      evalEvery: { unit: 'epochs', value: 1 },
      patience: 0,
    };
    const run = async (into: CheckpointStore, resume: boolean, stopAt: number): Promise<void> => {
      for await (const event of train(task, { config, store: into, resume }))
        if (event.type === 'checkpoint' && event.step >= stopAt) break;
    };
    const [whole, parted] = [memory(), memory()];
    await run(whole.store, false, Number.POSITIVE_INFINITY);
    await run(parted.store, false, 4);
    await run(parted.store, true, Number.POSITIVE_INFINITY);
    expect(parted.hash()).toBe(whole.hash());
  });
});

describe('a learner that diverges', () => {
  it('ends its own run and no other', async () => {
    const learningRates = { 'hebbian-norm': 1e300 };
    const events = await compared({ ...comparison, rules: ['hebbian-norm', 'backprop'], learningRates });
    const results = events.filter((event) => event.type === 'result');
    expect(results.map(({ rule, diverged = false }) => [rule, diverged])).toEqual([
      ['hebbian-norm', true],
      ['backprop', false],
    ]);
  });
});
