/** Meta-training runs on digits, and what their results do on data that they have and have not seen, beside tuned gradient descent. */
import { loadDataset } from '../../data/index.ts';
import { random, type Tensor } from '../../engine/index.ts';
import { drawEpisodes, type EpisodeOptions, type Pool, poolOf } from '../../methods/vsml/episodes.ts';
import { type LstmTheta, lstmSynapse } from '../../methods/vsml/lstm-synapse.ts';
import { machine, type Stream } from '../../methods/vsml/machine.ts';
import { type MetaEvent, metaStart, metaTrain } from '../../methods/vsml/meta.ts';
import { metaOptimizer, shippedSynapse } from '../../methods/vsml/meta-setting.ts';
import { decodeTheta } from '../../methods/vsml/shipped.ts';
import { META_TRAINED } from '../../methods/vsml/trained.ts';
import { adam, type Optimizer, sgd } from '../../optim/index.ts';
import type { Lab } from '../ledger/lab.ts';
import { accuracyCurve, asOnline, metaRnn, type Online, type RnnTheta, regression } from './students.ts';

export const INPUTS = 16;
export const CLASSES = 5;
const EPISODES = 32;

/** The synapse of all runs of this paper. */
export const synapse = lstmSynapse({ units: 8, messageSize: 8, microTicks: 1 });

export type SetName = 'train' | 'digits' | 'mnist' | 'fashion-mnist';

/** Resident images: the digits' training rows, and test rows of three data sets. */
export const pool = (lab: Lab, name: SetName): Promise<Pool> =>
  lab.once(`pool ${name}`, async () => {
    if (name === 'train') return poolOf((await loadDataset('optdigits')).train, 10);
    if (name === 'digits') return poolOf((await loadDataset('optdigits')).test, 10);
    return poolOf((await loadDataset(name, { test: 2000 })).test, 10);
  });

export interface MetaRun {
  readonly length: number;
  readonly episodes: number;
  readonly learningRate: number;
  readonly steps: number;
}

/** The card's runs: T = 40, and one with longer episodes. */
export const SHORT: MetaRun = { length: 40, episodes: 8, learningRate: 1e-2, steps: 340 };
export const LONG: MetaRun = { length: 80, episodes: 6, learningRate: 7e-3, steps: 760 };

/** What a run leaves: its parameters and the meta-loss of every step. */
export interface Trained<Theta> {
  readonly theta: Theta;
  readonly losses: readonly number[];
}

async function drain<Theta>(
  lab: Lab,
  what: string,
  steps: number,
  events: AsyncGenerator<MetaEvent<Theta>, void, undefined>,
): Promise<Trained<Theta>> {
  const losses: number[] = [];
  let theta: Theta | null = null;
  for await (const { loss, state, step } of events) {
    losses.push(loss);
    theta = state.theta;
    lab.step(what, step / steps);
  }
  return { theta: theta!, losses };
}

/** One projection for all episodes, which meta learning may then memorise. */
export const fixedProjection = (lab: Lab): Tensor =>
  random.uniform(lab.key('fixed projection'), [64, INPUTS], { low: -1, high: 1 });

/** A machine that learned to learn on the digits. */
export const metaTrained = (lab: Lab, seed: number, run: MetaRun, isFixed = false): Promise<Trained<LstmTheta>> =>
  lab.once(`meta ${seed} ${run.length} ${run.steps} ${isFixed}`, async () => {
    const source = await pool(lab, 'train');
    const optimizer = metaOptimizer(run.learningRate);
    const name = `meta-training, seed ${seed}`;
    const options = {
      machine: machine([INPUTS, CLASSES], synapse),
      episodes: run.episodes,
      draw: (key: Tensor) => drawEpisodes(source, taskOf(run, isFixed ? fixedProjection(lab) : null), key),
      optimizer,
      key: lab.key('meta', seed),
    };
    const from = metaStart(synapse.init(lab.key('meta theta', seed)), optimizer);
    return drain(lab, name, run.steps, metaTrain(options, { from, steps: run.steps, signal: lab.signal }));
  });

const taskOf = ({ episodes, length }: MetaRun, fixed: Tensor | null): EpisodeOptions => ({
  episodes,
  length,
  inputs: INPUTS,
  classes: CLASSES,
  ...(fixed === null ? {} : { fixed }),
});

export const rnn = metaRnn({ inputs: INPUTS, classes: CLASSES, units: 64 });

/** The recurrent net, meta-trained in the same way. */
export const trainedRnn = (lab: Lab, steps: number, isFixed: boolean): Promise<Trained<RnnTheta>> =>
  lab.once(`rnn ${steps} ${isFixed}`, async () => {
    const source = await pool(lab, 'train');
    const optimizer = metaOptimizer(3e-3);
    const run: MetaRun = { length: 40, episodes: 16, learningRate: 3e-3, steps };
    const options = {
      machine: rnn,
      episodes: run.episodes,
      draw: (key: Tensor) => drawEpisodes(source, taskOf(run, isFixed ? fixedProjection(lab) : null), key),
      optimizer,
      key: lab.key('rnn', Number(isFixed)),
    };
    const from = metaStart(rnn.init(lab.key('rnn theta')), optimizer);
    return drain(lab, 'the Meta RNN', steps, metaTrain(options, { from, steps, signal: lab.signal }));
  });

export interface TestOptions {
  readonly length?: number;
  readonly inputs?: number;
  readonly classes?: number;
  readonly isFixed?: boolean;
}

/** Episodes that are only measured on. */
export const testStream = (lab: Lab, name: SetName, options: TestOptions = {}): Promise<Stream> => {
  const { length = 40, inputs = INPUTS, classes = CLASSES, isFixed = false } = options;
  return lab.once(`stream ${name} ${length} ${inputs} ${classes} ${isFixed}`, async () => {
    const fixed = isFixed ? { fixed: fixedProjection(lab) } : {};
    return drawEpisodes(
      await pool(lab, name),
      { episodes: EPISODES, length, inputs, classes, ...fixed },
      lab.key(`test ${name}`, length + inputs),
    );
  });
};

export const meanOf = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

/** The algorithm that the package ships, for streams of these sizes. */
export function shippedLearner(lab: Lab, { xs, ys }: Stream): Online<unknown> {
  const theta = decodeTheta(META_TRAINED, shippedSynapse.init(lab.key('unused')));
  const net = machine([xs.shape[2]!, ys.shape[2]!], shippedSynapse);
  return asOnline(net, theta, lab.key('test states')) as Online<unknown>;
}

/** A machine with these parameters, for streams of these sizes. */
export function learnerOf(lab: Lab, theta: LstmTheta, { xs, ys }: Stream): Online<unknown> {
  const net = machine([xs.shape[2]!, ys.shape[2]!], synapse);
  return asOnline(net, theta, lab.key('test states')) as Online<unknown>;
}

/** Accuracy of predictions before each update, place by place. */
export const vsmlCurve = async (lab: Lab, theta: LstmTheta, name: SetName, options: TestOptions = {}) => {
  const stream = await testStream(lab, name, options);
  return accuracyCurve(learnerOf(lab, theta, stream), stream);
};

/** Accuracy of the recurrent net, place by place. */
export async function rnnAccuracy(lab: Lab, theta: RnnTheta, name: SetName, isFixed = false): Promise<number> {
  const stream = await testStream(lab, name, { isFixed });
  const online = {
    start: (episodes: number) => rnn.start(lab.key('unused'), episodes),
    learn: (...[state, example]: Parameters<typeof rnn.learn> extends [unknown, infer S, infer X] ? [S, X] : never) =>
      rnn.learn(theta, state, example),
    predict: () => stream.xs,
  };
  return meanOf(accuracyCurve(online, stream));
}

const GRIDS: Readonly<Record<'sgd' | 'adam', readonly number[]>> = {
  sgd: [0.01, 0.03, 0.1, 0.3, 1],
  adam: [0.001, 0.01, 0.03, 0.1, 0.3],
};

/** The paper's rates, untuned. */
export const PAPER_RATES = { sgd: 0.01, adam: 1e-3 };

const optimizerOf = (kind: 'sgd' | 'adam', learningRate: number): Optimizer =>
  kind === 'sgd' ? sgd({ learningRate }) : adam({ learningRate });

/** Softmax regression with this optimiser, sized for a stream. */
export const regressionFor = (kind: 'sgd' | 'adam', rate: number, { xs, ys }: Stream) =>
  regression(optimizerOf(kind, rate), { inputs: xs.shape[2]!, classes: ys.shape[2]! });

export interface Baseline {
  readonly rate: number;
  readonly accuracy: number;
  readonly curve: readonly number[];
  readonly all: readonly { readonly rate: number; readonly accuracy: number }[];
}

/** The best of five rates, chosen on the very episodes that it is measured on: the baseline is flattered, not VSML. */
export const baseline = (lab: Lab, kind: 'sgd' | 'adam', name: SetName, options: TestOptions = {}): Promise<Baseline> =>
  lab.once(`baseline ${kind} ${name} ${JSON.stringify(options)}`, async () => {
    const stream = await testStream(lab, name, options);
    const all = GRIDS[kind].map((rate) => {
      const curve = accuracyCurve(regressionFor(kind, rate, stream), stream);
      return { rate, curve, accuracy: meanOf(curve) };
    });
    const best = all.reduce((a, b) => (b.accuracy > a.accuracy ? b : a));
    return { ...best, all };
  });
