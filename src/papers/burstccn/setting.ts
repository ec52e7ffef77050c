/** What the checks share: sigmoid networks on MNIST with pixels in [0, 1], one batch of it in a dtype, and feedback alignment through the Y of a burst network. */
import { loader } from '../../data/index.ts';
import { cast, defaultDtype, type Tensor } from '../../engine/index.ts';
import type { BurstState } from '../../methods/burst/burst-cortico-cortical.ts';
import { creditThrough } from '../../methods/feedback.ts';
import { feedbackAlignment } from '../../methods/feedback-alignment.ts';
import type { CreditCall, CreditResult, CreditRule } from '../../methods/rule.ts';
import { feedbackTree } from '../../nn/feedback.ts';
import {
  type Batch,
  type DenseOptions,
  dense,
  flatten,
  type Loss,
  type Model,
  model,
  mse,
  type Tree,
  toTensors,
} from '../../nn/index.ts';
import type { Task } from '../../run/index.ts';
import type { Lab } from '../ledger/lab.ts';
import { mnistTask } from '../shared/mnist.ts';

/** ½·Σ(e − t)², the mean over the batch. */
export const halfSquares: Loss = mse({ features: 'half-sum' });

/** W from N(0, 3.6²·2/(in + out)), as the authors draw it. */
const init: NonNullable<DenseOptions['init']> = { distribution: 'normal', mode: 'fanAverage', gain: 3.6 };

/** Sigmoid layers on images, the last one of ten units. */
export const sigmoidNet = (...hidden: readonly number[]): Model =>
  model([1, 28, 28], [flatten(), ...[...hidden, 10].map((units) => dense({ units, activation: 'logistic', init }))]);

/** MNIST with pixels in [0, 1] and squared error. */
export async function pixelTask(train: number, test: number): Promise<Task> {
  const task = await mnistTask(train, test);
  return { ...task, loss: halfSquares, normaliser: { ...task.normaliser, mean: [0], std: [1] } };
}

/** The first rows of the test images. */
export async function imagesOf(lab: Lab, rows: number): Promise<Batch> {
  const { test, normaliser } = await lab.once(`images ${rows}`, () => pixelTask(32, rows));
  const { x, y } = toTensors(loader({ set: test, batch: rows, normaliser }).batchAt({ epoch: 0, step: 0 }));
  return { x: cast(x, defaultDtype()), y };
}

/** A call on a fresh network, all drawn by the seed. */
export async function callOn(
  lab: Lab,
  net: Model,
  rule: CreditRule<BurstState>,
  { rows, seed }: { readonly rows: number; readonly seed: number },
): Promise<CreditCall<BurstState>> {
  const { params, state: modelState } = net.initialise(lab.key('network', seed));
  const state = rule.init(net, params, lab.key('feedback', seed));
  const batch = await imagesOf(lab, rows);
  return { model: net, loss: halfSquares, params, modelState, state, batch, key: lab.key('step', seed) };
}

export const creditOf = (rule: CreditRule<BurstState>, call: CreditCall<BurstState>): CreditResult<BurstState> =>
  rule.credit(call) as CreditResult<BurstState>;

/** Y in the places of the weights that it stands in for; the first weights stand for themselves. */
function placed({ model: net, params }: CreditCall<BurstState>, y: readonly Tensor[]): Tree {
  const all: (Tensor | null)[] = [null, ...y];
  return feedbackTree(net, params, net.inputShape, (own) => all.shift() ?? own);
}

/** The gradient, or with Y what feedback alignment makes of it. */
export const reference = (call: CreditCall<BurstState>, y?: readonly Tensor[]): Tree =>
  creditThrough(call, y === undefined ? undefined : placed(call, y)).credit;

/** Feedback alignment through the Y that a burst rule draws. */
export function alignmentBeside(rule: CreditRule<BurstState>): CreditRule<BurstState> {
  const { id, aliases, paper, summary, nature, supports } = feedbackAlignment();
  const credit: CreditRule<BurstState>['credit'] = (call) => creditThrough(call, placed(call, call.state.feedback.y));
  return { id, aliases, paper, summary, nature, supports, init: rule.init, credit };
}

export const seedsOf = (lab: Lab): readonly number[] => lab.pick([0], [0, 1, 2]);
