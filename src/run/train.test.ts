import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DivergedError, setBackend } from '../engine/index.ts';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts';
import { loadTask, type Task } from './task.ts';
import { type CheckpointStore, type RunConfig, type TrainEvent, type TrainOptions, train } from './train.ts';

const config: RunConfig = {
  rule: 'backprop',
  model: 'mlp:8',
  optimizer: { name: 'adam', learningRate: 0.02 },
  batch: 16,
  budget: { kind: 'epochs', value: 4 },
  seed: 5,
  probe: 0,
  saveEvery: { unit: 'steps', value: 7 },
  evalEvery: { unit: 'epochs', value: 1 },
  patience: 0,
};

let task: Task;
beforeAll(async () => {
  setBackend('wasm', { profile: 'strict' });
  task = await loadTask('two-moons', { train: 160, test: 50 });
});
afterAll(() => setBackend('wasm'));

interface Memory extends CheckpointStore {
  readonly files: Map<string, Uint8Array>;
}

const memory = (): Memory => {
  const files = new Map<string, Uint8Array>();
  return {
    files,
    async save(name, state, meta) {
      const { bytes, header } = await encodeCheckpoint(state, meta);
      files.set(name, bytes);
      return { path: name, hash: header.hash };
    },
    load: async (name) => decodeCheckpoint(files.get(name)!, name),
  };
};

async function run(options: TrainOptions, stopAfter = Number.POSITIVE_INFINITY): Promise<TrainEvent[]> {
  const events: TrainEvent[] = [];
  for await (const event of train(task, options)) {
    if (event.type !== 'progress') events.push(event);
    if (event.type === 'checkpoint' && event.step >= stopAfter) break;
  }
  return events;
}

const final = (store: Memory): Checkpoint => decodeCheckpoint(store.files.get('final')!, 'final');
const timeless = (events: readonly TrainEvent[]) => events.map((event) => ({ ...event, seconds: 0 }));

describe('train', () => {
  it('goes on from a checkpoint bit for bit, with the same events', async () => {
    const whole = memory();
    const all = await run({ config, store: whole });
    const parted = memory();
    await run({ config, store: parted }, 14);
    const rest = await run({ config, store: parted, resume: true });
    expect(final(parted).header.hash).toBe(final(whole).header.hash);
    const isLater = (event: TrainEvent) => event.type === 'result' || event.step > 14;
    expect(timeless(rest)).toEqual(timeless(all.filter(isLater)));
  });

  it('goes on for longer when the budget has grown, as if it had been that from the start', async () => {
    const longer = { ...config, budget: { kind: 'epochs', value: 6 } } as const;
    const whole = memory();
    await run({ config: longer, store: whole });
    const grown = memory();
    await run({ config, store: grown });
    await run({ config: longer, store: grown, resume: true });
    expect(final(grown).header.hash).toBe(final(whole).header.hash);
  });

  it('leaves a checkpoint when it is asked to stop', async () => {
    const store = memory();
    const controller = new AbortController();
    const never = { unit: 'epochs', value: 99 } as const;
    const events = train(task, {
      config: { ...config, saveEvery: never, evalEvery: { unit: 'steps', value: 1 } },
      store,
      signal: controller.signal,
    });
    await events.next();
    controller.abort(new Error('enough'));
    await expect(events.next()).rejects.toThrow('enough');
    expect(
      (decodeCheckpoint(store.files.get('last')!, 'last').header.position as { counters: { step: number } }).counters
        .step,
    ).toBe(1);
  });

  it('refuses another rounding profile unless that is allowed', async () => {
    const store = memory();
    await run({ config, store }, 14);
    setBackend('js');
    await expect(run({ config, store, resume: true })).rejects.toThrow(
      /written under the profile strict, this run computes under oracle/,
    );
    expect((await run({ config, store, resume: true, allowProfileChange: true })).at(-1)!.type).toBe('result');
    setBackend('wasm', { profile: 'strict' });
  });

  it('refuses a checkpoint of another run', async () => {
    const store = memory();
    await run({ config, store }, 14);
    const other = { ...config, optimizer: { name: 'adam', learningRate: 0.01 } };
    await expect(run({ config: other, store, resume: true })).rejects.toThrow(
      'the checkpoint was written with optimizer {"name":"adam","learningRate":0.02}, this run has {"name":"adam","learningRate":0.01}',
    );
  });

  it('stops after `patience` measurements without a better one, and leaves the best state', async () => {
    const store = memory();
    const hasty = {
      ...config,
      optimizer: { name: 'sgd', learningRate: 1e-12 },
      patience: 3,
      budget: { kind: 'epochs', value: 50 },
    } as const;
    const events = await run({ config: hasty, store });
    const losses = events.flatMap((event) => (event.type === 'epoch' ? [event.loss!] : []));
    expect(losses.length).toBeLessThan(50);
    const best = Math.min(...losses.slice(0, -3));
    expect(Math.min(...losses.slice(-3))).toBeGreaterThanOrEqual(best);
    const saved = events.filter((event) => event.type === 'checkpoint');
    expect(final(store).header.hash).toBe(saved.findLast((event) => event.path === 'best')!.hash);
  });

  it('stops with a reason where the loss is no longer finite, and keeps the last good checkpoint', async () => {
    const store = memory();
    await run({ config, store }, 7);
    const before = store.files.get('last');
    const wild = { ...config, optimizer: { name: 'sgd', learningRate: 1e39 } };
    const failed = run({ config: wild, store: { ...store, save: store.save } });
    await expect(failed).rejects.toThrow(DivergedError);
    await expect(failed).rejects.toMatchObject({
      details: { rule: 'backprop', lastFiniteLoss: expect.any(Number), learningRate: 1e39 },
    });
    expect(store.files.get('last')).toBe(before);
  });
});
