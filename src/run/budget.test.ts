/** Budgets of every kind stop a fit where they are used up; the meter against counts by hand. */
import { beforeAll, describe, expect, it } from 'vitest';
import { loadDataset } from '../data/index.ts';
import { keyFrom } from '../engine/threefry.ts';
import { ruleNamed } from '../methods/index.ts';
import type { Budget, FitEvent } from '../methods/learner.ts';
import { conv2d, dense, flatten, type Model, model } from '../nn/index.ts';
import { sgd } from '../optim/index.ts';
import { Meter, type Spending } from './budget.ts';
import { learnerOf } from './job.ts';
import { ruleLearner } from './rule-learner.ts';
import { type Task, taskOf } from './task.ts';

let task: Task;
beforeAll(async () => {
  task = taskOf(await loadDataset('two-moons', { train: 100, test: 20 }));
});

const BATCH = 8;
const net = model(
  [2],
  [dense({ units: 5, activation: 'tanh' }), dense({ units: 3, activation: 'tanh' }), dense({ units: 2 })],
);
/** Multiply-adds of one sample, layer by layer. */
const MACS = [10, 15, 6] as const;
const FORWARD = 31;

const learner = (rule = 'backprop', of: Model = net) =>
  ruleLearner({
    rule: ruleNamed(rule),
    model: of,
    loss: task.loss,
    optimizer: sgd({ learningRate: 0.01 }),
    batch: BATCH,
  });

async function spentBy(budget: Budget, rule?: string, of?: Model, on = task): Promise<Spending> {
  const meter = new Meter();
  for await (const _ of meter.watch(learner(rule, of).fit({ task: on, budget, key: keyFrom(1) }))) void _;
  return meter.spent;
}

describe('a budget', () => {
  it.each([
    ['steps', 7, 7],
    ['steps', 7.9, 7],
    ['samples', 7 * BATCH, 7],
    ['samples', 8 * BATCH - 1, 7],
    ['epochs', 0.5, 6], // 12 whole batches an epoch
    ['epochs', 2, 24],
  ] as const)('of %s %d stops after %d updates', async (kind, value, steps) => {
    expect((await spentBy({ kind, value })).steps).toBe(steps);
  });

  it.each(['evaluations', 'flops'] as const)(
    'in %s is used up to less than one update, never exceeded',
    async (kind) => {
      const one = (await spentBy({ kind: 'steps', value: 1 }))[kind]!;
      for (const [share, steps] of [
        [1, 1],
        [4.999, 4],
        [5, 5],
      ] as const) {
        const spent = await spentBy({ kind, value: one * share });
        expect(spent.steps).toBe(steps);
        expect(spent[kind]!).toBeLessThanOrEqual(one * share);
      }
    },
  );

  it('in seconds stops with the update that uses it up', async () => {
    const events: FitEvent<unknown>[] = [];
    for await (const event of learner().fit({ task, budget: { kind: 'seconds', value: 0.02 }, key: keyFrom(1) }))
      events.push(event);
    expect(events.at(-1)!.counters.seconds).toBeGreaterThanOrEqual(0.02);
    expect(events.at(-2)?.counters.seconds ?? 0).toBeLessThan(0.02);
  });

  it.each(['samples', 'flops', 'steps', 'evaluations'] as const)(
    'in %s without room for one update is refused',
    async (kind) => {
      await expect(spentBy({ kind, value: 0.5 })).rejects.toThrow(/no room for an update/);
    },
  );

  it('knows its updates beforehand where it can, for schedules', () => {
    const spec = { rule: 'backprop', model: 'mlp:4', batch: BATCH } as const;
    const optimizer = { name: 'sgd', learningRate: 0.1, schedule: 'cosine' } as const;
    const make = (budget: Budget) => learnerOf({ ...spec, optimizer, budget }, task);
    for (const kind of ['epochs', 'steps', 'samples'] as const) expect(() => make({ kind, value: 100 })).not.toThrow();
    expect(() => make({ kind: 'flops', value: 100 })).toThrow(/cosine/);
  });
});

describe('the meter', () => {
  // By hand, per sample. Backprop: products for all weights, and for the inputs of all layers but the first.
  // DFA: products for all weights; the error of 2 units through feedback to 5 and 3.
  // Forward gradient: with the tangent, all layers twice more but the first, whose input has no tangent.
  it.each([
    ['backprop', 1, (MACS[0] + 2 * MACS[1] + 2 * MACS[2]) / FORWARD],
    ['feedback-alignment', 1, (MACS[0] + 2 * MACS[1] + 2 * MACS[2]) / FORWARD],
    ['direct-feedback-alignment', 1, (FORWARD + 2 * 5 + 2 * 3) / FORWARD],
    ['forward-gradient', (FORWARD + MACS[0] + 2 * MACS[1] + 2 * MACS[2]) / FORWARD, 0],
    ['weight-perturbation', 2, 0],
  ] as const)('counts the passes of %s: %d forward, %d backward', async (rule, forward, backward) => {
    const { forwardPasses, backwardPasses, evaluations, samples, flops } = await spentBy(
      { kind: 'steps', value: 3 },
      rule,
    );
    expect(forwardPasses).toBeCloseTo(3 * forward, 9);
    expect(backwardPasses).toBeCloseTo(3 * backward, 9);
    expect(samples).toBe(3 * BATCH);
    expect(evaluations).toBeCloseTo(3 * BATCH * (forward + backward), 9);
    // Two FLOPs a multiply-add are the floor; activations, loss and update come on top.
    expect(flops).toBeGreaterThan(2 * evaluations! * FORWARD);
  });

  it('counts convolutions: the kernel gradient costs a forward run, the image gradient of the first layer nothing', async () => {
    const images = taskOf(await loadDataset('digits', { train: 64, test: 16, size: 8 }));
    const cnn = model(
      [1, 8, 8],
      [conv2d({ filters: 4, kernel: 3, padding: 'same', activation: 'relu' }), flatten(), dense({ units: 10 })],
    );
    const [conv, head] = [8 * 8 * 9 * 4, 8 * 8 * 4 * 10];
    const { forwardPasses, backwardPasses } = await spentBy({ kind: 'steps', value: 1 }, 'backprop', cnn, images);
    expect(forwardPasses).toBeCloseTo(1, 9);
    expect(backwardPasses).toBeCloseTo((conv + 2 * head) / (conv + head), 9);
  });

  it('knows bytes and seconds, and says what a learner does not count', async () => {
    const spent = await spentBy({ kind: 'steps', value: 2 });
    expect(spent.peakBytes).toBeGreaterThan(0);
    // Each of two updates reads every weight at least once.
    expect(spent.trafficBytes!).toBeGreaterThan(2 * 4 * FORWARD);
    expect(spent.seconds).toBeGreaterThan(0);
    const meter = new Meter();
    const counters = { step: 1, epoch: 0, stepInEpoch: 1, samples: 5, flops: 0, seconds: 1 };
    meter.add({ counters, loss: null, endsEpoch: false, totalSteps: 1, peakBytes: 9, program: '', state: null });
    expect(meter.spent).toEqual({
      ...{ steps: 1, samples: 5, evaluations: null, forwardPasses: null, backwardPasses: null },
      ...{ flops: 0, trafficBytes: null, peakBytes: 9, seconds: 1 },
    });
  });
});
