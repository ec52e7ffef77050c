import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makePart } from '../../data/index.ts';
import { HostRandom, keyFrom } from '../../engine/threefry.ts';
import type { Task } from '../task.ts';
import { taskOf } from '../task.ts';
import { type AtlasEvent, type AtlasOptions, headOf, measureAtlas } from './atlas.ts';
import { type AtlasRecord, AtlasStore } from './records.ts';
import { meanAngle, taskView } from './view.ts';

/** Two classes that one feature tells apart. */
function part(n: number, seed: number) {
  const random = new HostRandom(keyFrom(seed));
  const y = Int32Array.from({ length: n }, () => random.integer(2));
  const x = Float32Array.from({ length: 4 * n }, (_, i) => (i % 4 === 0 ? 4 * y[i >> 2]! - 2 : 0) + random.uniform());
  return makePart({ x, featureShape: [4], y });
}

const task: Task = taskOf({
  ...{ name: 'two', title: 'Two classes', task: 'classification', classes: ['a', 'b'], featureShape: [4], licence: '' },
  train: part(160, 1),
  test: part(80, 2),
});

const options: AtlasOptions = {
  rules: ['direct-feedback-alignment', 'equilibrium-propagation'],
  models: ['mlp:8', 'mlp-tanh:8'],
  trials: 2,
  seeds: 2,
  budget: { kind: 'samples', value: 160 },
  batch: 8,
  seed: 1,
  points: 4,
  probe: 16,
  most: 1000,
};

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'atlas-'));
});
afterAll(() => rm(folder, { recursive: true }));

const head = (more: Partial<AtlasOptions> = {}) =>
  headOf(task, 'Two classes', { ...options, ...more }, { machine: { cpu: 'any', cores: 1, node: '24' }, version: '0' });
const opened = (name: string, more: Partial<AtlasOptions> = {}) => AtlasStore.open(join(folder, name), head(more));

/** Everything but the clock, in an order of its own. */
const timeless = (records: readonly AtlasRecord[]): string[] =>
  records.map((r) => JSON.stringify({ ...r, seconds: 0 })).sort();

async function kept(name: string): Promise<AtlasRecord[]> {
  const [, ...lines] = (await readFile(join(folder, name), 'utf8')).trim().split('\n');
  return lines.map((line) => JSON.parse(line));
}

describe('the atlas', () => {
  it('tunes and runs every rule on the model that suits it, and tells what it made', async () => {
    const events: AtlasEvent[] = [];
    await measureAtlas(task, await opened('whole.jsonl'), { ...options, on: (event) => events.push(event) });
    const cells = events.filter((event) => event.type === 'cell');
    expect(cells.map(({ place }) => `${place.rule} ${place.model}`)).toEqual([
      'backprop mlp:8',
      'backprop mlp-tanh:8',
      'direct-feedback-alignment mlp:8',
      'equilibrium-propagation mlp-tanh:8',
    ]);
    const fits = events.filter((event) => event.type === 'fit');
    expect(fits).toHaveLength(16);
    expect(fits.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 10);
    const records = await kept('whole.jsonl');
    expect(records.filter(({ type }) => type === 'trial')).toHaveLength(8);
    for (const run of records.filter((r) => r.type === 'run')) {
      expect(run.points.map(({ samples }) => samples)).toEqual([0, 40, 80, 120, 160]);
      expect(run.layers).toEqual(['dense0', 'dense1']);
      expect(run.accuracy).toBe(run.points.at(-1)!.accuracy);
    }
    const { rows } = taskView({ head: head(), records });
    const backprop = rows.find(({ rule, model }) => rule === 'backprop' && model === 'mlp:8')!;
    expect(backprop.accuracy.mean).toBeGreaterThan(0.9);
    expect(backprop.difference).toBeNull();
    expect(meanAngle(backprop.runs, 'last').mean).toBeLessThan(0.1);
    const dfa = rows.find(({ rule }) => rule === 'direct-feedback-alignment')!;
    expect(dfa.difference!.mean).toBeCloseTo(dfa.accuracy.mean! - backprop.accuracy.mean!, 10);
    expect(dfa.runs.every(({ points }) => points[0]!.angleDeg[1]! < 0.1 && points[0]!.angleDeg[0]! > 1)).toBe(true);
  });

  it('goes on after a stop with the same records, and takes more seeds later', async () => {
    const controller = new AbortController();
    const stopped = { ...options, signal: controller.signal };
    let fits = 0;
    const on = () => {
      if (++fits === 7) controller.abort(new Error('stopped'));
    };
    await expect(measureAtlas(task, await opened('stopped.jsonl'), { ...stopped, on })).rejects.toThrow('stopped');
    const before = (await kept('stopped.jsonl')).length;
    expect(before).toBeGreaterThan(4);
    expect(before).toBeLessThan(16);
    const old: boolean[] = [];
    await measureAtlas(task, await opened('stopped.jsonl'), {
      ...options,
      on: (event) => event.type === 'fit' && old.push(event.isOld),
    });
    expect(old.filter((isOld) => isOld)).toHaveLength(before);
    expect(timeless(await kept('stopped.jsonl'))).toEqual(timeless(await kept('whole.jsonl')));
    await measureAtlas(task, await opened('stopped.jsonl'), { ...options, seeds: 3 });
    const runs = (await kept('stopped.jsonl')).filter(({ type }) => type === 'run');
    expect(runs).toHaveLength(12);
  });

  it('measures again what was made with another budget, and what it is told to forget', async () => {
    const text = await readFile(join(folder, 'whole.jsonl'), 'utf8');
    const lines = text.trim().split('\n');
    const altered = lines.map((line) =>
      line.includes('"rule":"direct-feedback-alignment"') ? line.replaceAll('"value":160', '"value":80') : line,
    );
    await writeFile(join(folder, 'altered.jsonl'), `${altered.join('\n')}\n`);
    const store = await opened('altered.jsonl');
    store.forget(['equilibrium-propagation']);
    const made: string[] = [];
    await measureAtlas(task, store, {
      ...options,
      on: (event) => event.type === 'fit' && !event.isOld && made.push(event.place.rule),
    });
    expect([...new Set(made)]).toEqual(['direct-feedback-alignment', 'equilibrium-propagation']);
    expect(made).toHaveLength(8);
    expect(timeless(await kept('altered.jsonl'))).toEqual(timeless(await kept('whole.jsonl')));
  });

  it('gives what is dear fewer samples, and leaves out what would see too few', async () => {
    const store = await opened('most.jsonl', { most: 4 });
    const rules = ['equilibrium-propagation', 'inference-learning'];
    await measureAtlas(task, store, { ...options, rules, most: 4, trials: 1, seeds: 1 });
    const runs = store.records.filter((r) => r.type === 'run');
    const base = runs.find(({ rule }) => rule === 'backprop')!;
    for (const { flops } of runs) expect(flops).toBeLessThanOrEqual(4.001 * base.flops);
    const refused = store.records.filter((r) => r.type === 'refusal');
    expect(refused.map(({ rule }) => rule)).toEqual(['equilibrium-propagation']);
    expect(refused[0]!.reason).toMatch(/times the FLOPs of backprop, which leaves \d+ samples/);
    const dear = runs.find(({ rule }) => rule === 'inference-learning');
    if (dear !== undefined) expect(dear.budget.value).toBeLessThan(160);
  });

  it('refuses a file of other settings, a file of something else, and a budget that is none', async () => {
    await expect(opened('whole.jsonl', { trials: 3 })).rejects.toThrow(/begun with trials 2, and now it is 3/);
    await writeFile(join(folder, 'other.jsonl'), '{"type":"start"}\n');
    await expect(opened('other.jsonl')).rejects.toThrow(/is not the atlas of a task/);
    const seconds = { ...options, budget: { kind: 'seconds', value: 9 } } as const;
    await expect(measureAtlas(task, await opened('none.jsonl'), seconds)).rejects.toThrow(/9 seconds to every fit/);
  });
});
