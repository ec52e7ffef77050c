/** Training on MNIST as checks 3 and 4 ask: 784-100-100-100-10, batches of 32, plain descent, every rule from the same start in the same order. */
import { loader } from '../../data/index.ts';
import { backprop } from '../../methods/backprop.ts';
import {
  type BurstCorticoCorticalOptions,
  type BurstState,
  burstCorticoCortical,
} from '../../methods/burst/burst-cortico-cortical.ts';
import type { CreditRule } from '../../methods/rule.ts';
import { toTensors } from '../../nn/index.ts';
import { sgd } from '../../optim/index.ts';
import { Evaluator, Trainer, type TrainState } from '../../run/index.ts';
import type { Lab } from '../ledger/lab.ts';
import { alignmentBeside, pixelTask, sigmoidNet } from './setting.ts';

const learning: BurstCorticoCorticalOptions = { plasticity: 'cancellation', plasticityRate: 0.01 };

/** What is trained; rates of burst rules are the raw ones of the paper, twice those of the gradient. */
export const contestants = {
  backprop: () => backprop() as CreditRule,
  tied: () => burstCorticoCortical({ feedback: 'tied', raw: true }) as CreditRule,
  'feedback alignment': () => alignmentBeside(burstCorticoCortical()) as CreditRule<unknown> as CreditRule,
  'random Y': () => burstCorticoCortical({ raw: true }) as CreditRule,
  'learning Q': () => burstCorticoCortical({ raw: true, cancellation: 'symmetric', ...learning }) as CreditRule,
  'no Q': () => burstCorticoCortical({ raw: true, cancellation: 'random', cancellationScale: 0 }) as CreditRule,
  'random Q': () => burstCorticoCortical({ raw: true, cancellation: 'random', ...learning }) as CreditRule,
} as const satisfies Record<string, () => CreditRule<BurstState> | CreditRule>;

export type Contestant = keyof typeof contestants;

export interface Plan {
  readonly who: Contestant;
  readonly seed: number;
  readonly rate: number;
  readonly epochs: number;
}

const BATCH = 32;

/** Test error after every epoch, %. */
export const errorsOf = (lab: Lab, plan: Plan): Promise<number[]> =>
  lab.once(`mnist ${JSON.stringify(plan)}`, () => trained(lab, plan));

export const lastError = async (lab: Lab, plan: Plan): Promise<number> => (await errorsOf(lab, plan)).at(-1)!;

async function trained(lab: Lab, { who, seed, rate, epochs }: Plan): Promise<number[]> {
  const task = await lab.once('pixels', () => pixelTask(lab.pick(10_000, 60_000), 10_000));
  const model = sigmoidNet(100, 100, 100);
  const trainer = new Trainer({
    model,
    loss: task.loss,
    rule: contestants[who](),
    optimizer: sgd({ learningRate: rate }),
    key: lab.words('training', seed),
  });
  const { normaliser, train: set } = task;
  const rows = loader({ set, batch: BATCH, key: lab.words('order', seed), normaliser });
  const evaluator = new Evaluator((s: TrainState, x) => model.apply(s.params, s.modelState, x)[0], task);
  const found: number[] = [];
  for (let epoch = 0; epoch < epochs; epoch++) {
    lab.step(`MNIST, ${who}, seed ${seed}`, epoch / epochs);
    for (let step = 0; step < rows.stepsPerEpoch; step++) {
      const at = epoch * rows.stepsPerEpoch + step;
      await trainer.step(toTensors(rows.batchAt({ epoch, step })), at);
    }
    found.push(100 * (1 - (await evaluator.measure(trainer.state, task.test)).accuracy!));
  }
  return found;
}
