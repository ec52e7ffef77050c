/** What the claims of neuron-wise particles share: data, networks that start alike, fits on all rows, and rivals with equal budgets. */
import { circles, loadDataset, loader, type Part, spirals, splitPart, twoMoons } from '../../data/index.ts';
import { sign, type Tensor } from '../../engine/index.ts';
import { foldIn, type KeyWords } from '../../engine/threefry.ts';
import { backprop } from '../../methods/backprop.ts';
import type { FitEvent, Learner } from '../../methods/learner.ts';
import { particleLearner, searcherOf } from '../../methods/particles/neuron-particles.ts';
import type { ParticleOptions } from '../../methods/particles/options.ts';
import { plainSwarmLearner } from '../../methods/particles/particle-swarm.ts';
import { ParticleTrainer } from '../../methods/particles/trainer.ts';
import { crossEntropy, dense, type Layer, type Model, model, signThrough, toTensors } from '../../nn/index.ts';
import { adam } from '../../optim/index.ts';
import { type Candidate, Evaluator, logScale, ruleLearner, type Task, taskOf } from '../../run/index.ts';
import type { Lab } from '../ledger/lab.ts';

/** U(−1, 1)·1.7/√inputs, where the networks of all rivals begin. */
const START = { distribution: 'uniform', mode: 'fanIn', gain: 1.7 / Math.sqrt(3) } as const;

/** Hidden units with tanh, with sign, or with sign and the derivative of a clipped identity. */
export type Units = 'tanh' | 'sign' | 'straight-through';

const bend: Readonly<Record<Exclude<Units, 'tanh'>, (z: Tensor) => Tensor>> = { sign, 'straight-through': signThrough };

function hidden(units: number, kind: Units): Layer {
  if (kind === 'tanh') return dense({ units, activation: 'tanh', init: START });
  return { ...dense({ units, init: START }), post: bend[kind] };
}

/** Dense layers of these widths, inputs first, the last one linear. */
export const network = (widths: readonly number[], units: Units = 'tanh'): Model =>
  model(
    [widths[0]!],
    [...widths.slice(1, -1).map((n) => hidden(n, units)), dense({ units: widths.at(-1)!, init: START })],
  );

/** A table, 70 of 100 rows to learn from; at most so many rows of either part. */
export async function tableTask(name: string, key: KeyWords, rows?: number): Promise<Task> {
  const most = rows === undefined ? {} : { train: Math.round(0.7 * rows), test: rows - Math.round(0.7 * rows) };
  return taskOf(await loadDataset(name, { key, ...most }));
}

const TOYS = { moons: twoMoons, circles, spirals } as const;
export type Toy = keyof typeof TOYS;

/** Points in the plane, 70 of 100 to learn from. */
export const toyTask = (name: Toy, n: number, key: KeyWords, options: { readonly inner?: number } = {}): Task =>
  taskFrom(name, splitPart(TOYS[name]({ key: foldIn(key, 1), n, ...options }), { key: foldIn(key, 2) }));

export function taskFrom(name: string, { train, test }: { readonly train: Part; readonly test: Part }): Task {
  const featureShape = train.shape.slice(1);
  const classes = ['0', '1'];
  return taskOf({ name, title: name, task: 'classification', classes, train, test, featureShape, licence: 'MIT' });
}

/** Widths of a network with these hidden layers for a task. */
export const widthsFor = ({ featureShape, outputs }: Task, ...hiddenUnits: readonly number[]): readonly number[] => [
  featureShape[0]!,
  ...hiddenUnits,
  outputs,
];

/** What a fit came to. */
export interface Outcome {
  /** On all training rows: before each update, and at the end. */
  readonly losses: readonly number[];
  readonly loss: number;
  readonly train: number;
  readonly test: number;
  /** Candidates judged, fresh runs of the network left out. */
  readonly candidates: number;
}

/** Updates after which the loss on all rows was larger than before, beyond rounding. */
export const rises = ({ losses }: Outcome): number =>
  losses.slice(1).filter((loss, i) => loss > losses[i]! + 1e-12).length;

/** Fits a learner for so many updates and measures it on both parts. */
export async function learn<S>(
  lab: Lab,
  learner: Learner<S>,
  task: Task,
  steps: number,
  key: KeyWords,
): Promise<Outcome> {
  let last: FitEvent<S> | null = null;
  const batchLosses: number[] = [];
  const evaluator = new Evaluator((s: S, x) => learner.predict(s, x), task, 1024);
  for await (const event of learner.fit({ task, key, budget: { kind: 'steps', value: steps }, signal: lab.signal })) {
    lab.step(`${task.name}, ${learner.id}`, event.counters.step / steps);
    batchLosses.push(event.loss!);
    last = event;
  }
  const { state, counters } = last!;
  const [train, test] = [await evaluator.measure(state, task.train), await evaluator.measure(state, task.test)];
  return {
    losses: [...batchLosses, train.loss],
    loss: train.loss,
    train: train.accuracy!,
    test: test.accuracy!,
    candidates: counters.evaluations! / task.train.n - steps,
  };
}

export interface SearchPlan {
  readonly widths: readonly number[];
  readonly sweeps: number;
  readonly options?: ParticleOptions & { readonly start?: 'around' | 'own' | 'uniform' };
  /** Rows of a batch; all unless said. */
  readonly batch?: number;
}

/** Neuron-wise particles on a task; the learning rate 1 stands for the defaults of spread and vmax. */
export function searchers(
  { widths, options }: Pick<SearchPlan, 'widths' | 'options'>,
  task: Task,
  batch = task.train.n,
) {
  const setting = { task, model: network(widths), batch, learningRate: 1, options: { ...options } };
  return { neurons: particleLearner(setting), plain: plainSwarmLearner(setting) };
}

export const search = (lab: Lab, task: Task, plan: SearchPlan, key: KeyWords): Promise<Outcome> =>
  learn(lab, searchers(plan, task, plan.batch).neurons, task, plan.sweeps, key);

/** Plain swarms with as many candidates; `sweeps` are ignored. */
export function plainSearch(
  lab: Lab,
  task: Task,
  plan: SearchPlan,
  candidates: number,
  key: KeyWords,
): Promise<Outcome> {
  const particles = plan.options?.particles ?? (plan.options?.start === 'own' ? 30 : 10);
  return learn(lab, searchers(plan, task).plain, task, Math.floor(candidates / particles), key);
}

/** FLOPs of so many sweeps on all rows of a task. */
export function flopsOfSweeps(task: Task, { widths, sweeps, options = {} }: SearchPlan, key: KeyWords): number {
  const searcher = searcherOf({ task, model: network(widths), learningRate: 1, options: { ...options } });
  const trainer = new ParticleTrainer(searcher, key);
  const { train, normaliser } = task;
  const all = toTensors(loader({ set: train, batch: train.n, normaliser }).batchAt({ epoch: 0, step: 0 }));
  return trainer.costOf(all, 0).flops + (sweeps - 1) * trainer.costOf(all, 1).flops;
}

/** Backprop by Adam on all rows, as the tuner tries it. */
export const adamCandidate = (widths: readonly number[], units: Units = 'tanh'): Candidate => ({
  id: units === 'tanh' ? 'backprop' : `backprop ${units}`,
  space: { learningRate: logScale(0.005, 0.1) },
  make: ({ learningRate }, { task }) =>
    ruleLearner({
      rule: backprop(),
      model: network(widths, units),
      loss: crossEntropy(),
      optimizer: adam({ learningRate: learningRate as number }),
      batch: task.train.n,
    }),
  detail: widths.join('-'),
});

/** Neuron-wise particles on all rows, as the tuner tries them: its rate stands for spread and vmax. */
export const particleCandidate = (widths: readonly number[], options: ParticleOptions = {}): Candidate => ({
  id: 'neuron-particles',
  space: { learningRate: logScale(0.3, 3) },
  make: ({ learningRate }, { task }) =>
    particleLearner({
      task,
      model: network(widths),
      batch: task.train.n,
      learningRate: learningRate as number,
      options: { ...options },
    }),
  detail: widths.join('-'),
});
