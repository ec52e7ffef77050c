import { beforeAll, describe, expect, it } from 'vitest';
import { makePart, spirals } from '../../data/index.ts';
import { ConfigError, defaultDtype, fromArray, random, setDefaultDtype, type Tensor } from '../../engine/index.ts';
import { foldIn, keyFrom } from '../../engine/threefry.ts';
import { binaryCrossEntropy, conv2d, crossEntropy, dense, flatten, model, mse } from '../../nn/index.ts';
import type { FitEvent, Learner, LearnerSetting, LearningTask } from '../learner.ts';
import { fitnessOf, forward, outputsOf, unitActivation, withOne } from './network.ts';
import { neuronParticles, particleLearner } from './neuron-particles.ts';
import { type ParticleOptions, searchOptions, swarmConstants } from './options.ts';
import { plainSwarmLearner } from './particle-swarm.ts';
import { judge, type Searcher, setColumn } from './search.ts';
import { type ParticleState, Sweep } from './sweep.ts';
import { candidatesInSweep, orderOf } from './trainer.ts';

const before = defaultDtype();
beforeAll(() => {
  setDefaultDtype('f64');
  return () => setDefaultDtype(before);
});

const points = spirals({ key: keyFrom(1), n: 60 });
const batch = {
  x: fromArray(Float64Array.from(points.x), [60, 2], 'f64'),
  y: fromArray(points.y as Int32Array, [60], 'i32'),
};
const task: LearningTask = {
  train: points,
  normaliser: { by: 'scalar', featureShape: [2], mean: [0], std: [1] },
  loss: crossEntropy(),
  featureShape: [2],
  outputs: 2,
};

const net = (...widths: number[]) =>
  model(
    [widths[0]!],
    [...widths.slice(1, -1).map((units) => dense({ units, activation: 'tanh' })), dense({ units: widths.at(-1)! })],
  );

const searcher = (widths: readonly number[], options: ParticleOptions = {}): Searcher => ({
  net: { widths, activations: widths.slice(2).map(() => unitActivation('tanh')), masks: null },
  fitness: fitnessOf(crossEntropy(), {}),
  swarm: swarmConstants(options),
  search: searchOptions(options),
});

const setting = (widths: number[], options: ParticleOptions = {}, rows = 60): LearnerSetting => ({
  task,
  model: net(...widths),
  batch: rows,
  learningRate: 1,
  options: options as Record<string, unknown>,
});

async function fitted<S>(learner: Learner<S>, steps: number, from?: FitEvent<S>): Promise<FitEvent<S>[]> {
  const found: FitEvent<S>[] = [];
  const call = { task, key: keyFrom(5), budget: { kind: 'steps', value: steps } as const, from };
  for await (const event of learner.fit(call)) found.push(event);
  return found;
}

const largest = (a: Tensor, b: Tensor): number => Math.max(...a.sub(b).abs().readSync());

describe.each([[[2, 3]], [[2, 5, 2]], [[2, 4, 5, 2]]])('a network of %j', (widths) => {
  it('judges a candidate as a full run of the network with its row replaced does', () => {
    const own = searcher(widths);
    const sweep = new Sweep(own);
    const { context, rows } = sweep.refresh(sweep.begin(random.key(2)).weights, batch);
    for (const { layer, unit } of sweep.neurons) {
      const place = { layer, unit: fromArray(Int32Array.of(unit), [], 'i32') };
      const d = widths[layer]! + 1;
      const candidates = random.normal(random.foldIn(random.key(3), layer), [4, d], { dtype: 'f64' });
      const found = judge(own, context, rows, place, candidates).readSync();
      for (let c = 0; c < 4; c++) {
        const weights = context.weights.map((w, l) =>
          l === layer ? setColumn(w, candidates.take(c, 0), place.unit) : w,
        );
        const full = own.fitness(outputsOf(own.net, weights, batch.x), batch).item();
        expect(Math.abs(found[c]! - full)).toBeLessThan(1e-12);
      }
    }
  });

  it('keeps everything between inputs and outputs up to date through a sweep', () => {
    const own = searcher(widths);
    const sweep = new Sweep(own);
    const state = sweep.begin(random.key(4));
    let { context, rows } = sweep.refresh(state.weights, batch);
    let changes = 0;
    orderOf(sweep, 0, keyFrom(1)).forEach((neuron, i) => {
      const swarm = state.swarms[neuron.layer]![neuron.unit]!;
      const found = sweep.visit(neuron, true, context, swarm, rows, random.key(6), i);
      context = found.context;
      changes += found.after.item() < found.before.item() ? 1 : 0;
      const fresh = forward(own.net, context.weights, withOne(batch.x));
      [...fresh.z, ...fresh.hidden].forEach((x, k) => {
        expect(largest(x, [...context.z, ...context.hidden][k]!)).toBeLessThan(1e-10);
      });
    });
    expect(changes).toBeGreaterThan(0);
  });
});

describe('one linear neuron', () => {
  const one: LearnerSetting = {
    ...setting([2, 1]),
    task: { ...task, loss: binaryCrossEntropy(), outputs: 1 },
    model: net(2, 1),
  };

  it('is plain particle swarm optimisation, bit for bit', async () => {
    const ours = (await fitted(particleLearner(one), 30)).at(-1)!;
    const plain = (await fitted(plainSwarmLearner(one), 30)).at(-1)!;
    expect(ours.state.weights[0]!.readSync()).toEqual(plain.state.best.readSync());
    expect(ours.state.swarms[0]![0]!.x.readSync()).toEqual(plain.state.swarm.x.readSync());
    expect(ours.state.swarms[0]![0]!.v.readSync()).toEqual(plain.state.swarm.v.readSync());
    expect((ours.counters.evaluations! - 60 * 30) / 60).toBe(620); // 30 fresh runs of the network beside the candidates
    expect(plain.counters.evaluations! / 60).toBe(300);
  });
});

describe('a search on all rows', () => {
  it.each<[string, ParticleOptions]>([
    ['by default', {}],
    ['without the guard', { guard: false }],
    ['in order', { order: 'forward' }],
    ['guarded and in parallel', { order: 'parallel-guarded' }],
    ['backwards', { order: 'backward' }],
    ['with inner steps', { innerSteps: 3 }],
    ['with restarts', { restart: 0.5 }],
  ])('never gets worse: %s', async (_, options) => {
    const losses = (await fitted(particleLearner(setting([2, 6, 6, 2], options)), 8)).map((e) => e.loss!);
    losses.slice(1).forEach((loss, i) => {
      expect(loss - losses[i]!).toBeLessThanOrEqual(1e-12);
    });
    expect(losses.at(-1)!).toBeLessThan(losses[0]!);
  });

  it('also learns from bests that keep their value, with about half the candidates', async () => {
    const events = await fitted(particleLearner(setting([2, 6, 2], { memory: 'keep' })), 8);
    expect(events.at(-1)!.loss!).toBeLessThan(events[0]!.loss! / 2);
    expect(events.at(-1)!.counters.evaluations! / 60).toBe(8 * (8 * 11 + 1));
  });

  it('counts candidates: K + 1 a neuron in the first sweep, 2K + 1 later, K for each inner step', () => {
    expect(candidatesInSweep(searcher([4, 8, 3]), true)).toBe(11 * 11);
    expect(candidatesInSweep(searcher([4, 8, 3]), false)).toBe(21 * 11);
    expect(candidatesInSweep(searcher([4, 8, 3], { memory: 'keep' }), false)).toBe(11 * 11);
    expect(candidatesInSweep(searcher([4, 8, 3], { innerSteps: 5 }), false)).toBe(61 * 11);
  });
});

describe('options', () => {
  it('leaves weights without a connection at 0', async () => {
    const mask = [
      [
        [1, 0, 1],
        [0, 1, 1],
      ],
      [
        [1, 1],
        [1, 0],
        [0, 1],
      ],
    ];
    const { state } = (await fitted(particleLearner(setting([2, 3, 2], { mask })), 4)).at(-1)!;
    mask.forEach((table, l) => {
      const w = state.weights[l]!.toArray() as number[][];
      table.forEach((row, i) => {
        row.forEach((exists, j) => {
          expect(w[i]![j] === 0).toBe(exists === 0);
        });
      });
    });
  });

  it('keeps weights within bounds', async () => {
    const { state } = (await fitted(particleLearner(setting([2, 4, 2], { bounds: [-0.5, 0.5] })), 3)).at(-1)!;
    for (const s of state.swarms.flat()) expect(Math.max(...s.x.abs().readSync())).toBeLessThanOrEqual(0.5);
  });

  it('searches through activations without a derivative, and for fewer errors', async () => {
    const events = await fitted(particleLearner(setting([2, 6, 2], { activation: 'sign', fitness: 'error' })), 6);
    expect(events.at(-1)!.loss!).toBeLessThan(events[0]!.loss!);
    for (const { loss } of events) expect(Number.isInteger(Math.round(loss! * 60 * 1e9) / 1e9)).toBe(true);
  });

  it.each<[string, ParticleOptions]>([
    ['particles', { particles: 0 }],
    ['vmax', { vmax: 0 }],
    ['order', { order: 'sideways' as never }],
    ['bounds', { bounds: [1, 0] }],
    ['mask', { mask: [[[1]]] }],
    ['innerSteps', { innerSteps: 1.5 }],
  ])('refuses wrong %s', (_, options) => {
    expect(() => particleLearner(setting([2, 3, 2], options))).toThrow(ConfigError);
  });

  it('says which models it does not support', () => {
    const images = model([1, 4, 4], [conv2d({ filters: 2, kernel: 3 }), flatten(), dense({ units: 2 })]);
    expect(neuronParticles.supports({ task, model: images })).toMatchObject({
      reason: expect.stringContaining('dense'),
    });
    expect(neuronParticles.supports({ task, model: model([1, 4, 4], [flatten(), dense({ units: 2 })]) })).toBe(true);
  });
});

describe('a run', () => {
  it('goes on bit for bit from any state', async () => {
    const learner = particleLearner(setting([2, 4, 2], {}, 20));
    const whole = await fitted(learner, 7);
    const half = (await fitted(learner, 3)).at(-1)!;
    const rest = await fitted(learner, 7, half);
    const bits = (state: ParticleState) =>
      [...state.weights, ...state.swarms.flat().flatMap(({ x, v, p, f }) => [x, v, p, f])].map((t) => t.readSync());
    expect(bits(rest.at(-1)!.state)).toEqual(bits(whole.at(-1)!.state));
    expect(rest.at(-1)!.loss).toBe(whole.at(-1)!.loss);
    const { seconds: _, ...counted } = whole.at(-1)!.counters;
    expect(rest.at(-1)!.counters).toMatchObject(counted);
  });

  it('depends on its key', async () => {
    const learner = particleLearner(setting([2, 4, 2]));
    const other = { task, key: foldIn(keyFrom(5), 1), budget: { kind: 'steps', value: 1 } as const };
    const [first] = await fitted(learner, 1);
    for await (const event of learner.fit(other)) expect(event.loss).not.toBe(first!.loss);
  });

  it('stays within budgets of evaluations and FLOPs', async () => {
    const learner = particleLearner(setting([2, 4, 2], {}, 20));
    for (const kind of ['evaluations', 'flops'] as const) {
      const value = kind === 'flops' ? 4e5 : 20 * 6 * 21 * 3;
      const events: FitEvent<ParticleState>[] = [];
      for await (const e of learner.fit({ task, key: keyFrom(1), budget: { kind, value } })) events.push(e);
      expect(events.length).toBeGreaterThan(1);
      expect(events.at(-1)!.counters[kind]!).toBeLessThanOrEqual(value);
    }
  });

  it('fits values too', async () => {
    const part = makePart({ x: points.x, featureShape: [2], y: Float64Array.from(points.x), targetShape: [2] });
    const regression = { ...setting([2, 4, 2]), task: { ...task, train: part, loss: mse() } };
    const losses: number[] = [];
    const call = { task: regression.task, key: keyFrom(1), budget: { kind: 'steps', value: 5 } as const };
    for await (const e of particleLearner(regression).fit(call)) losses.push(e.loss!);
    expect(losses.at(-1)!).toBeLessThan(losses[0]! / 2);
  });
});
