/** Check 2: DFA does work on MLPs, which is why people believed in it: 784-200-200-200-10 tanh on MNIST. */
import { loadDataset, loader } from '../../data/index.ts';
import { backprop, directFeedbackAlignment, feedbackAlignment, lastUnit } from '../../methods/index.ts';
import type { CreditRule } from '../../methods/rule.ts';
import { dense, flatten, type Model, model, toTensors } from '../../nn/index.ts';
import { sgd } from '../../optim/index.ts';
import { Diagnostics, Evaluator, type Task, Trainer, type TrainState, taskOf } from '../../run/index.ts';
import { mean } from '../../stats/index.ts';
import { above, atLeast, atMost, type Claim, type PerScale, type Threshold } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';

const BATCH = 64;
const RATE = 0.1;
/** Updates before alignment counts, and between two looks at it. */
const EARLY = 100;
const EVERY = 50;
/** Rows on which credit is compared with the gradient. */
const PROBE = 200;

type Contestant = 'backprop' | 'dfa' | 'fa' | 'fa-narrow' | 'shallow';

const rules: Readonly<Record<Contestant, () => CreditRule>> = {
  backprop: backprop as () => CreditRule,
  dfa: () => directFeedbackAlignment({ law: 'normal', isShared: true }) as unknown as CreditRule,
  fa: () => feedbackAlignment({ law: 'fanOut' }) as unknown as CreditRule,
  'fa-narrow': () => feedbackAlignment() as unknown as CreditRule,
  shallow: lastUnit as unknown as () => CreditRule,
};

const net = (): Model =>
  model(
    [1, 28, 28],
    [
      flatten(),
      ...[200, 200, 200].map((units) => dense({ units, activation: 'tanh', init: 'lecunNormal' })),
      dense({ units: 10, init: 'lecunNormal' }),
    ],
  );

const mnist = (lab: Lab): Promise<Task> =>
  lab.once('mnist', async () => {
    const task = taskOf(await loadDataset('mnist', lab.isQuick ? { train: 10_000 } : {}));
    return { ...task, normaliser: { by: 'scalar', featureShape: task.featureShape, mean: [0.1307], std: [1] } };
  });

interface Outcome {
  /** Test error, percent. */
  readonly error: number;
  /** Cosines of credit and gradient of the three hidden layers, at every look after the first updates. */
  readonly cosines: readonly (readonly number[])[];
}

const outcome = (lab: Lab, name: Contestant): Promise<Outcome> => lab.once(`mnist ${name}`, () => train(lab, name));

async function train(lab: Lab, name: Contestant): Promise<Outcome> {
  const task = await mnist(lab);
  const parts = { model: net(), loss: task.loss, rule: rules[name]() };
  const trainer = new Trainer({ ...parts, optimizer: sgd({ learningRate: RATE }), key: lab.words('mlp') });
  const order = loader({ set: task.train, batch: BATCH, key: lab.words('order'), normaliser: task.normaliser });
  const rows = loader({ set: task.train, batch: PROBE, normaliser: task.normaliser });
  const probe = toTensors(rows.batchAt({ epoch: 0, step: 0 }));
  const diagnose = name === 'dfa' || name === 'fa' ? new Diagnostics(parts.model, task.loss, parts.rule) : null;
  const cosines: number[][] = [];
  const epochs = lab.pick(2, 3);
  for (let epoch = 0, step = 0; epoch < epochs; epoch++) {
    for (const host of order.epoch(epoch)) {
      await trainer.step(toTensors(host), step++);
      if (step % EVERY !== 0) continue;
      lab.step(`${name} on MNIST`, step / (epochs * order.stepsPerEpoch));
      if (diagnose === null || step <= EARLY) continue;
      const { angleDeg } = await diagnose.measure(trainer.state, probe, lab.words('probe'));
      cosines.push(angleDeg.slice(0, 3).map((angle) => Math.cos(((angle ?? 90) * Math.PI) / 180)));
    }
  }
  const predict = ({ params, modelState }: TrainState, x: Parameters<Model['apply']>[2]) =>
    parts.model.apply(params, modelState, x)[0];
  const { accuracy } = await new Evaluator(predict, task).measure(trainer.state, task.test, lab.signal);
  return { error: 100 * (1 - accuracy!), cosines };
}

const errorOf = async (lab: Lab, name: Contestant): Promise<number> => (await outcome(lab, name)).error;

const over = async (lab: Lab, name: Contestant): Promise<number> =>
  (await errorOf(lab, name)) - (await errorOf(lab, 'backprop'));

/** The smallest over hidden layers of the mean cosine after the first updates. */
async function leastCosine(lab: Lab, name: 'dfa' | 'fa'): Promise<number> {
  const { cosines } = await outcome(lab, name);
  return Math.min(...[0, 1, 2].map((layer) => mean(cosines.map((row) => row[layer]!))));
}

/** The smallest single cosine after the first updates. */
const lowestCosine = async (lab: Lab, name: 'dfa' | 'fa'): Promise<number> =>
  Math.min(...(await outcome(lab, name)).cosines.flat());

async function tabled(lab: Lab): Promise<void> {
  const names: readonly Contestant[] = lab.pick<readonly Contestant[]>(
    ['backprop', 'dfa', 'shallow'],
    ['backprop', 'dfa', 'fa', 'fa-narrow', 'shallow'],
  );
  const rows: string[][] = [];
  for (const name of names) {
    const { error, cosines } = await outcome(lab, name);
    const means = cosines.length === 0 ? [] : [0, 1, 2].map((k) => mean(cosines.map((row) => row[k]!)).toFixed(2));
    rows.push([name, error.toFixed(2), means.join(' ')]);
  }
  const caption = `Test error on MNIST (%) and mean cosine of credit and gradient by hidden layer after ${EARLY} updates; fa: variance of B one over the errors summed, fa-narrow: that of W`;
  lab.table('mnist', caption, ['rule', 'error', 'cosines'], rows);
}

const claim = (
  id: string,
  sentence: string,
  unit: string,
  threshold: PerScale<Threshold>,
  measure: Claim['measure'],
): Claim => ({ id, kind: 'learning', sentence, published: null, unit, threshold, expected: 'holds', measure });

export const mlpClaims: readonly Claim[] = [
  claim(
    'mnist-dfa',
    'On MNIST DFA is as good as backprop: its test error less backprop’s, 784-200-200-200-10 tanh, 3 epochs (quick: 10,000 images, 2 epochs).',
    'points',
    atMost(1),
    async (lab) => {
      const measured = await over(lab, 'dfa');
      await tabled(lab);
      return measured;
    },
  ),
  {
    ...claim('mnist-fa', 'So is feedback alignment.', 'points', atMost(1.5), (lab) => over(lab, 'fa')),
    scales: ['full'],
  },
  {
    ...claim(
      'mnist-fa-narrow',
      'The scale of B alone decides that: with the variance of the weights FA’s error is larger than with one over the errors summed.',
      'points',
      atLeast(1),
      async (lab) => (await errorOf(lab, 'fa-narrow')) - (await errorOf(lab, 'fa')),
    ),
    kind: 'report',
    scales: ['full'],
  },
  claim(
    'mnist-shallow',
    'The body matters: the error of shallow training over backprop’s.',
    '× backprop',
    { quick: atLeast(2), full: atLeast(2.5) },
    async (lab) => (await errorOf(lab, 'shallow')) / (await errorOf(lab, 'backprop')),
  ),
  claim(
    'mnist-dfa-aligned',
    'Under DFA the forward weights align with the feedback: least mean cosine of credit and gradient in a hidden layer after 100 updates.',
    'cosine',
    above(0.3),
    (lab) => leastCosine(lab, 'dfa'),
  ),
  claim(
    'mnist-dfa-lowest',
    'At no look after 100 updates is a cosine lower: the lowest of all layers.',
    'cosine',
    above(0.3),
    (lab) => lowestCosine(lab, 'dfa'),
  ),
  {
    ...claim('mnist-fa-aligned', 'Under FA too: least mean cosine in a hidden layer.', 'cosine', above(0.3), (lab) =>
      leastCosine(lab, 'fa'),
    ),
    scales: ['full'],
  },
];
