/** The networks, data and runs of this paper: MNIST with pixels from 0 to 1, ReLU networks from U(±1/√in), Adam. */
import { loadDataset, loader } from '../../data/index.ts';
import type { Tensor } from '../../engine/index.ts';
import { backprop } from '../../methods/backprop.ts';
import { forwardForward } from '../../methods/forward-forward/forward-forward.ts';
import type { LabelCode } from '../../methods/forward-forward/options.ts';
import { symba } from '../../methods/forward-forward/symba.ts';
import type { CreditRule } from '../../methods/rule.ts';
import { type Model, toTensors } from '../../nn/index.ts';
import { adam } from '../../optim/index.ts';
import { Evaluator, type Task, Trainer, type TrainState, taskOf } from '../../run/index.ts';
import type { Lab } from '../ledger/lab.ts';
import { reluNetwork } from '../shared/mnist.ts';

/** One training run. */
export interface Fit {
  readonly by: 'symba' | 'ff' | 'backprop';
  readonly label?: LabelCode;
  /** α of SymBa, θ of FF. */
  readonly level?: number;
  readonly rate?: number;
  readonly seed: number;
  readonly size: 'small' | 'large' | 'deep';
  readonly epochs: number;
}

const SIZES = {
  small: { train: 5000, test: 1000, batch: 64, widths: [200, 200] },
  deep: { train: 5000, test: 1000, batch: 64, widths: [200, 200, 200, 200] },
  large: { train: 20_000, test: 2000, batch: 128, widths: [300, 300] },
} as const;

/** MNIST as it is stored, in units of the brightest pixel. */
export const pixels = (lab: Lab, train: number, test: number): Promise<Task> =>
  lab.once(`pixels ${train} ${test}`, async () => {
    const task = taskOf(await loadDataset('mnist', { train, test }));
    return { ...task, normaliser: { by: 'scalar', featureShape: task.featureShape, mean: [0], std: [1] } };
  });

export function ruleOf({ by, label = 'overlay', level }: Pick<Fit, 'by' | 'label' | 'level'>): CreditRule {
  if (by === 'backprop') return backprop() as CreditRule;
  if (by === 'symba') return symba({ label, alpha: level ?? 4 }) as CreditRule;
  return forwardForward({ label, threshold: level ?? 2 }) as CreditRule;
}

/** What a run leaves. */
export interface Trained {
  /** Test error in percent after every epoch. */
  readonly errors: number[];
  readonly model: Model;
  readonly state: TrainState;
  readonly task: Task;
}

/** Test error in percent after every epoch. */
export const errorsOf = async (lab: Lab, fit: Fit): Promise<number[]> => (await trained(lab, fit)).errors;

export const trained = (lab: Lab, fit: Fit): Promise<Trained> =>
  lab.once(`fit ${JSON.stringify(fit)}`, () => train(lab, fit));

async function train(lab: Lab, fit: Fit): Promise<Trained> {
  const { train: rows, test, batch, widths } = SIZES[fit.size];
  const task = await pixels(lab, rows, test);
  const parts = { model: reluNetwork(widths), loss: task.loss, rule: ruleOf(fit) };
  const optimizer = adam({ learningRate: fit.rate ?? 1e-3 });
  const trainer = new Trainer({ ...parts, optimizer, key: lab.words('start', fit.seed) });
  const order = loader({ set: task.train, batch, key: lab.words('order', fit.seed), normaliser: task.normaliser });
  const evaluator = new Evaluator((s: TrainState, x) => predict(parts, s, x), task);
  const errors: number[] = [];
  for (let epoch = 0; epoch < fit.epochs; epoch++) {
    lab.step(nameOf(fit), epoch / fit.epochs);
    for (const host of order.epoch(epoch))
      await trainer.step(toTensors(host), epoch * order.stepsPerEpoch + host.position.step);
    errors.push(100 * (1 - (await evaluator.measure(trainer.state, task.test, lab.signal)).accuracy!));
  }
  return { errors, state: trainer.state, model: parts.model, task };
}

type Parts = Pick<Trainer['options'], 'model' | 'loss' | 'rule'>;

function predict({ rule, model, loss }: Parts, { params, modelState, rule: state }: TrainState, x: Tensor): Tensor {
  const own = rule.predict?.({ model, loss, params, modelState, state, x });
  return own ?? model.apply(params, modelState, x, { train: false })[0];
}

export const nameOf = ({ by, label, level, rate = 1e-3, seed, size }: Fit): string =>
  [by, label, level, `rate ${rate}`, `seed ${seed}`, size].filter((word) => word !== undefined).join(' ');

export const sumOf = (xs: readonly number[]): number => xs.reduce((a, b) => a + b, 0);
