/** The sampled network as a learner: its output layer against the normal equations, its one update, its refusals. */
import { describe, expect, it } from 'vitest';
import { spirals } from '../data/toy/points.ts';
import { add, concat, eye, fromArray, linalg, matmul, mul, type Tensor, tensor } from '../engine/index.ts';
import { keyFrom } from '../engine/threefry.ts';
import { dense, flatten, type Model, model } from '../nn/index.ts';
import { taskOf } from '../run/task.ts';
import type { Budget, Learner, LearnerSetting } from './learner.ts';
import { type SampledState, sampledNetwork, sampledNetworkLearner } from './sampled-network.ts';
import { activate } from './sampling/index.ts';

const key = keyFrom(3);
const of = (n: number, seed: number) => spirals({ key: keyFrom(seed), n, classes: 3 });
const task = taskOf({
  name: 'spirals',
  title: 'spirals',
  task: 'classification',
  train: of(900, 1),
  test: of(300, 2),
  classes: ['a', 'b', 'c'],
  featureShape: [2],
  licence: 'made',
});
const net = (): Model => model([2], [flatten(), dense({ units: 120, activation: 'relu' }), dense({ units: 3 })]);
const setting = (more: Partial<LearnerSetting> = {}): LearnerSetting => ({
  task,
  model: net(),
  batch: 32,
  learningRate: 1e-3,
  ...more,
});
const once: Budget = { kind: 'epochs', value: 1 };

async function fitted(learner: Learner<SampledState>, budget = once) {
  const events = [];
  for await (const event of learner.fit({ task, budget, key })) events.push(event);
  return events;
}

/** Normalised inputs as the learner sees them: per feature, by the training rows. */
function inputs(part: { readonly x: ArrayLike<number>; readonly n: number }): Tensor {
  const { mean, std } = task.normaliser as { readonly mean: readonly number[]; readonly std: readonly number[] };
  const values = Float64Array.from(part.x, (v, i) => (v - mean[i % mean.length]!) / std[i % std.length]!);
  return fromArray(values, [part.n, 2], 'f64');
}

describe('sampledNetwork', () => {
  it('solves the ridge problem of the layer it drew', async () => {
    const [event, ...more] = await fitted(sampledNetworkLearner(setting({ learningRate: 0.05 })));
    expect(more).toEqual([]);
    const { weights, bias, out } = event!.state;
    const hidden = activate({ activation: 'tanh', weights, bias }, inputs(task.train));
    const a = concat([hidden, tensor(new Float64Array(900).fill(1)).reshape([900, 1])], 1);
    const y = eye(3, 'f64').take(fromArray(Int32Array.from(task.train.y), [900], 'i32'), 0);
    const strength = 0.05 * Math.sqrt(mul(hidden, hidden).sum().item() / 120);
    const ridge = mul(
      eye(121, 'f64'),
      fromArray(
        Float64Array.from({ length: 121 }, (_, i) => (i < 120 ? strength ** 2 : 0)),
        [121],
        'f64',
      ),
    );
    const exact = linalg.solve(add(matmul(a, a, { transposeX: true }), ridge), matmul(a, y, { transposeX: true }));
    const apart = Math.max(...Array.from(out.sub(exact).readSync(), Math.abs));
    expect(apart).toBeLessThan(1e-9);
  });

  it.each(['pairs', 'random'] as const)('separates spirals in one update, drawn by %s', async (sampling) => {
    const learner = sampledNetworkLearner(setting({ options: { sampling } }));
    const [event] = await fitted(learner, { kind: 'steps', value: 50 });
    const scores = learner.predict(event!.state, inputs(task.test)).toArray() as number[][];
    const right = scores.filter((row, i) => row.indexOf(Math.max(...row)) === task.test.y[i]).length;
    expect(right / 300).toBeGreaterThan(0.95);
  });

  it('counts one update over all rows, is over when it was made, and begins with a zero output', async () => {
    const learner = sampledNetworkLearner(setting());
    const [event] = await fitted(learner);
    expect(event).toMatchObject({ endsEpoch: true, totalSteps: 1, loss: null });
    expect(event!.counters).toMatchObject({ step: 1, samples: 900, flops: event!.cost!.flops });
    const rest = learner.fit({ task, budget: once, key, from: event! });
    expect((await rest.next()).done).toBe(true);
    const start = learner.init(key);
    expect(start.weights.readSync()).toEqual(event!.state.weights.readSync());
    expect(start.out.readSync().every((v: number) => v === 0)).toBe(true);
  });

  it('refuses models without a hidden layer and budgets without room', async () => {
    const flat = model([2], [dense({ units: 3 })]);
    expect(sampledNetwork.supports({ task, model: flat })).toMatchObject({ reason: expect.stringContaining('hidden') });
    expect(sampledNetwork.supports({ task, model: net() })).toBe(true);
    await expect(fitted(sampledNetworkLearner(setting()), { kind: 'flops', value: 1e3 })).rejects.toThrow(/no room/);
  });
});
