/** The null comparison: a rule beside itself is found to be the same, as often as the level says, and a real difference is found. */
import { beforeAll, describe, expect, it } from 'vitest';
import { loadDataset } from '../data/index.ts';
import { foldIn, HostRandom, keyFrom } from '../engine/threefry.ts';
import { ruleNamed } from '../methods/index.ts';
import { dense, flatten, model } from '../nn/index.ts';
import { momentum } from '../optim/index.ts';
import { fitOnce } from './fit.ts';
import { ruleLearner } from './rule-learner.ts';
import { pairedTests, type RunMeasure } from './significance.ts';
import { type Task, taskOf } from './task.ts';

const REPEATS = 20;
let task: Task;
const runs: Record<'backprop' | 'dfa', RunMeasure[]> = { backprop: [], dfa: [] };

/** Two epochs of a 64-12-10 network from a start and an order of its own. */
async function run(rule: string, seed: number): Promise<RunMeasure> {
  const net = model(task.featureShape, [flatten(), dense({ units: 12, activation: 'relu' }), dense({ units: 10 })]);
  const optimizer = momentum({ learningRate: 0.05 });
  const learner = ruleLearner({ rule: ruleNamed(rule), model: net, loss: task.loss, optimizer, batch: 20 });
  const key = foldIn(keyFrom(77), seed);
  const { loss, accuracy } = await fitOnce(learner, { task, budget: { kind: 'epochs', value: 2 }, key });
  return { rule, seed, loss, accuracy };
}

beforeAll(async () => {
  task = taskOf(await loadDataset('digits', { train: 300, test: 300, size: 8 }));
  for (let i = 0; i < 2 * REPEATS; i++) runs.backprop.push(await run('backprop', i));
  for (let i = 0; i < REPEATS; i++) runs.dfa.push(await run('dfa', i));
}, 120_000);

/** Gives runs a name and numbers them afresh: run i of one name stands beside run i of the other. */
const named = (rule: string, list: readonly RunMeasure[]): RunMeasure[] =>
  list.map((r, seed) => ({ ...r, rule, seed }));

const pOf = (a: readonly RunMeasure[], b: readonly RunMeasure[], metric: 'loss' | 'accuracy' = 'loss'): number =>
  pairedTests([...named('one', a), ...named('two', b)], { baseline: 'one', metric })[0]!.p;

describe('the null comparison', () => {
  it('compares runs that learn and that differ', () => {
    const losses = runs.backprop.map(({ loss }) => loss!);
    expect(new Set(losses).size).toBe(2 * REPEATS);
    for (const { accuracy } of runs.backprop) expect(accuracy!).toBeGreaterThan(0.3); // chance is 0.1
  });

  it.each(['loss', 'accuracy'] as const)('finds no difference in %s between a rule and itself', (metric) => {
    expect(pOf(runs.backprop.slice(0, REPEATS), runs.backprop.slice(REPEATS), metric)).toBeGreaterThan(0.05);
  });

  it('errs as often as its level says, over many ways of naming the same runs', () => {
    const splits = 400;
    const random = new HostRandom(keyFrom(3));
    let found = 0;
    for (let i = 0; i < splits; i++) {
      const order = [...random.permutation(2 * REPEATS)].map((k) => runs.backprop[k]!);
      if (pOf(order.slice(0, REPEATS), order.slice(REPEATS)) < 0.05) found++;
    }
    // 5 % of 400 is 20, its standard error 4.4: within four of them.
    expect(found).toBeGreaterThan(2);
    expect(found).toBeLessThan(38);
  });

  it('finds the real difference between backprop and direct feedback alignment after as many repeats', () => {
    expect(pOf(runs.backprop.slice(0, REPEATS), runs.dfa)).toBeLessThan(0.001);
  });

  it('finds a real difference beside null ones, each adjusted for all', () => {
    const [a, b] = [runs.backprop.slice(0, REPEATS), runs.backprop.slice(REPEATS)];
    const tests = pairedTests([...named('base', a), ...named('same', b), ...named('dfa', runs.dfa)], {
      baseline: 'base',
      metric: 'loss',
    });
    expect(tests.map((t) => [t.rule, t.p < 0.05])).toEqual([
      ['dfa', true],
      ['same', false],
    ]);
    expect(tests[0]!.p).toBeCloseTo(2 * tests[0]!.pRaw, 12);
  });
});
