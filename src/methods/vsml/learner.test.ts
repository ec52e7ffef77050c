import { describe, expect, it } from 'vitest';
import { fitNormaliser, loadDataset } from '../../data/index.ts';
import { argmax, jit, tensor } from '../../engine/index.ts';
import { keyFrom } from '../../engine/threefry.ts';
import { conv2d, crossEntropy, dense, flatten, model } from '../../nn/index.ts';
import type { LearnerKind } from '../learner.ts';
import { learningAlgorithmCloning, variableSharedMetaLearning } from './learner.ts';

const set = await loadDataset('digits', { size: 8, train: 400, test: 100, key: keyFrom(3) });
const task = {
  train: set.train,
  normaliser: fitNormaliser(set.train, 'scalar'),
  loss: crossEntropy(),
  featureShape: set.featureShape,
  outputs: 10,
};
const net = model([1, 8, 8], [flatten(), dense({ units: 12, activation: 'tanh' }), dense({ units: 10 })]);
const shallow = model([1, 8, 8], [flatten(), dense({ units: 10 })]);

async function accuracyAfter(kind: LearnerKind, on: typeof net, updates: number): Promise<number> {
  const learner = kind.make({ task, model: on, batch: 20, learningRate: kind.learningRate });
  let state = learner.init(keyFrom(1));
  for await (const event of learner.fit({ task, budget: { kind: 'steps', value: updates }, key: keyFrom(1) }))
    state = event.state;
  const { test } = set;
  const [mean, std] = [task.normaliser.mean[0]!, task.normaliser.std[0]!];
  const x = tensor(
    Float32Array.from(test.x, (v) => (v / test.unit - mean) / std),
    { shape: [...test.shape] },
  );
  const guess = Array.from(argmax(jit(learner.predict)(state, x), 1).readSync(), Number);
  return guess.filter((label, i) => label === test.y[i]).length / test.n;
}

describe.each([
  ['the clone of backprop', learningAlgorithmCloning, net, 20],
  ['the meta-trained algorithm', variableSharedMetaLearning, shallow, 5],
] as const)('%s', (_, kind, on, updates) => {
  it('learns by running forward', async () => {
    expect(await accuracyAfter(kind, on, updates)).toBeGreaterThan(0.4); // chance is 0.1
  });

  it('goes on from a state to the same bits', async () => {
    const learner = kind.make({ task, model: on, batch: 5, learningRate: kind.learningRate });
    const run = (value: number, from?: never) =>
      learner.fit({ task, budget: { kind: 'steps', value }, key: keyFrom(2), ...(from === undefined ? {} : { from }) });
    const last = async (events: ReturnType<typeof run>) => {
      let end: Awaited<ReturnType<typeof events.next>>['value'];
      for await (const event of events) end = event;
      return end!;
    };
    const [through, half] = [await last(run(4)), await last(run(2))];
    const resumed = await last(run(4, { state: half.state, counters: half.counters } as never));
    expect(resumed.loss).toBe(through.loss);
    expect(resumed.program).toBe(through.program);
  });
});

describe('both', () => {
  it('refuse models that are no chains of dense layers', () => {
    const images = model([1, 8, 8], [conv2d({ filters: 2, kernel: 3 }), flatten(), dense({ units: 10 })]);
    expect(variableSharedMetaLearning.supports({ task, model: images })).toMatchObject({ reason: /dense/ });
    expect(learningAlgorithmCloning.supports({ task, model: net })).toBe(true);
  });

  it('refuse values to predict', () => {
    const values = { ...task, train: { ...set.train, y: Float32Array.from(set.train.y) } };
    expect(learningAlgorithmCloning.supports({ task: values, model: net })).toMatchObject({ reason: /classification/ });
  });
});
