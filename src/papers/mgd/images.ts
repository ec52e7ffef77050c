/** Fashion-MNIST reduced to 49 inputs, learned by one broadcast cost, and by backprop in the same kind of program. */

import { areaMean, flatten, loadDataset, type Part } from '../../data/index.ts';
import {
  argmax,
  cast,
  eq,
  fromArray,
  jit,
  mean as meanOf,
  random,
  range,
  type Tensor,
  trees,
  vmap,
} from '../../engine/index.ts';
import { foldIn } from '../../engine/threefry.ts';
import { batchesOf, shown } from '../../methods/multiplexed/schedule.ts';
import type { MgdSettings } from '../../methods/multiplexed/settings.ts';
import { Simulation } from '../../methods/multiplexed/simulate.ts';
import { crossEntropy, dense, type Loss, type Model, model, type Tree } from '../../nn/index.ts';
import type { Lab } from '../ledger/lab.ts';
import { costOn, gradientDescent, type Resident } from './setting.ts';

export interface ImageTask {
  readonly train: Resident;
  readonly test: Resident;
  readonly rows: number;
}

/** A part as tensors, pixels divided by their unit. */
export function resident(part: Part): Resident {
  const x = Float32Array.from(part.x as ArrayLike<number>, (v) => v / part.unit);
  return { x: fromArray(x, part.shape, 'f32'), y: fromArray(part.y as Int32Array, [part.n], 'i32') };
}

/** The first 10,000 and 2,000 images, pooled over 4 × 4 pixels. */
export const pooledFashion = (lab: Lab): Promise<ImageTask> =>
  lab.once('pooled fashion', async () => {
    const set = await loadDataset('fashion-mnist', { train: 10_000, test: 2000 });
    const [train, test] = [set.train, set.test].map((part) => resident(flatten(areaMean(part, 7))));
    return { train: train!, test: test!, rows: 10_000 };
  });

/** 49-h-10 with tanh. */
export const tanhNet = (hidden: number): Model => {
  const init = { distribution: 'normal', mode: 'fanIn', gain: 1 } as const;
  return model([49], [dense({ units: hidden, activation: 'tanh', init }), dense({ units: 10, init })]);
};

export interface ImageRun {
  readonly name: string;
  readonly net: Model;
  readonly task: ImageTask;
  readonly loss?: Loss;
  /** Null for plain gradient descent. */
  readonly settings: MgdSettings | null;
  /** η, or the learning rate of gradient descent. */
  readonly rate: number;
  /** The rate goes to 0 along a line. */
  readonly decays?: boolean;
  readonly steps: number;
  readonly batch?: number;
  readonly seeds: number;
  /** Steps between tests. */
  readonly every: number;
  /** Rows in their own order in every pass. */
  readonly inOrder?: boolean;
}

export interface ImageCurve {
  /** Steps at which it was tested. */
  readonly steps: readonly number[];
  /** Mean over seeds. */
  readonly accuracy: readonly number[];
  /** At the last test, seed by seed. */
  readonly final: readonly number[];
  readonly loss: readonly number[];
  /** Seconds of training up to each test, for all seeds together. */
  readonly seconds: readonly number[];
}

/** Trains several seeds side by side and tests as it goes. */
export function trainImages(lab: Lab, run: ImageRun): ImageCurve {
  const go = run.settings === null ? byGradient(lab, run) : byCircuit(lab, run, run.settings);
  const test = tester(run);
  const curve = { steps: [] as number[], accuracy: [] as number[], loss: [] as number[], seconds: [] as number[] };
  let spent = 0;
  let final: readonly number[] = [];
  for (let done = 0; done < run.steps; ) {
    const before = performance.now();
    const [theta, at] = go();
    spent += (performance.now() - before) / 1000;
    done = at;
    const [accuracy, loss] = test(theta);
    final = accuracy;
    curve.steps.push(at);
    curve.accuracy.push(average(accuracy));
    curve.loss.push(average(loss));
    curve.seconds.push(spent);
    lab.step(run.name, done / run.steps);
  }
  return { ...curve, final };
}

const average = (xs: readonly number[]): number => xs.reduce((a, b) => a + b) / xs.length;

/** Steps to the first test at which the mean accuracy is this; Infinity where it never is. */
export const stepsTo = ({ steps, accuracy }: ImageCurve, target: number): number =>
  steps[accuracy.findIndex((x) => x >= target)] ?? Number.POSITIVE_INFINITY;

const starts = (lab: Lab, { net, seeds, name }: ImageRun): Tree =>
  seeds === 1
    ? net.initialise(lab.key(`start ${name}`)).params
    : vmap((key: Tensor) => net.initialise(key).params)(random.keys(lab.key(`start ${name}`), seeds));

/** Runs side by side; a single one has no axis of runs. */
const runsOf = ({ seeds }: ImageRun): number | undefined => (seeds === 1 ? undefined : seeds);

function feeder(lab: Lab, run: ImageRun) {
  const key = lab.words(`order ${run.name}`);
  const all = range(run.seeds).map((i) => {
    const order = run.inOrder === true ? {} : { key: foldIn(key, i) };
    return batchesOf({ rows: run.task.rows, batch: run.batch ?? 100, ...order });
  });
  return run.seeds === 1 ? all[0]! : all;
}

/** η of each block of a stretch. */
const ratesOf = ({ rate, decays = false, steps }: ImageRun, from: number, blocks: number, block: number): number[] =>
  range(blocks).map((i) => (decays ? rate * Math.max(0, 1 - (from + (i + 1) * block - 1) / steps) : rate));

const costOf = ({ net, task, loss = crossEntropy() }: ImageRun) =>
  costOn(net, inDoubles(loss), task.train, net.initialise(random.key(0)).state);

/** The mean over the batch in f64: C̃ is a small difference of it. */
const inDoubles = (loss: Loss): Loss => ({
  ...loss,
  value: (z, batch) => meanOf(cast(loss.perSample(z, batch), 'f64')),
});

function byCircuit(lab: Lab, run: ImageRun, settings: MgdSettings) {
  const own = lab.key(`codes ${run.name}`);
  const runs = runsOf(run);
  const key = runs === undefined ? own : random.keys(own, runs);
  const cost = costOf(run);
  const simulation = new Simulation({
    settings,
    cost,
    params: starts(lab, run),
    key,
    ...(runs === undefined ? {} : { runs }),
  });
  const { block } = simulation.simulator;
  const blocks = Math.max(1, Math.round(run.every / block));
  const from = feeder(lab, run);
  return (): readonly [Tree, number] => {
    const rows = shown(from, { from: simulation.steps, blocks, block, tauX: settings.tauX ?? 1 });
    simulation.advance(rows, ratesOf(run, simulation.steps, blocks, block));
    return [simulation.state.theta, simulation.steps];
  };
}

function byGradient(lab: Lab, run: ImageRun) {
  const step = gradientDescent(costOf(run), null, runsOf(run));
  const from = feeder(lab, run);
  let [theta, done] = [starts(lab, run), 0];
  return (): readonly [Tree, number] => {
    const rows = shown(from, { from: done, blocks: run.every, block: 1, tauX: 1 });
    theta = step(theta, rows, ratesOf(run, done, run.every, 1));
    done += run.every;
    return [theta, done];
  };
}

/** Accuracy and loss on the test rows, run by run. */
function tester(run: ImageRun) {
  const { net, task, loss = crossEntropy() } = run;
  const { test } = task;
  const state = net.initialise(random.key(0)).state;
  const score = (theta: Tree): readonly [Tensor, Tensor] => {
    const z = net.apply(theta, state, test.x)[0];
    return [meanOf(cast(eq(argmax(z, 1), test.y), 'f32')), loss.value(z, test)];
  };
  const program = jit(runsOf(run) === undefined ? score : vmap(score));
  return (theta: Tree): readonly [number[], number[]] => {
    const [accuracy, value] = program(theta);
    return [[...accuracy.readSync()], [...value.readSync()]];
  };
}

/** P. */
export const parametersOf = (net: Model): number => trees.countParams(net.initialise(random.key(0)).params);
