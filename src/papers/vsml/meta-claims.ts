/** Meta learning from scratch: does what was learned on digits learn faster than tuned gradient descent, also on data and sizes it never saw? */
import { random, take } from '../../engine/index.ts';
import type { Stream } from '../../methods/vsml/machine.ts';
import { lineChart } from '../../plot/index.ts';
import { atLeast, atMost, type Claim, type Threshold } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import { randomStream } from './identity-claims.ts';
import {
  baseline,
  LONG,
  learnerOf,
  meanOf,
  metaTrained,
  PAPER_RATES,
  regressionFor,
  type SetName,
  SHORT,
  shippedLearner,
  type TestOptions,
  testStream,
  vsmlCurve,
} from './meta-runs.ts';
import { accuracyCurve } from './students.ts';

const SEEDS = [0, 1, 2];
const TITLES: Readonly<Record<SetName, string>> = {
  train: 'training digits',
  digits: 'UCI test digits',
  mnist: 'MNIST',
  'fashion-mnist': 'Fashion-MNIST',
};

/** Cumulative accuracies of the three runs of T = 40 on 32 episodes. */
const shortRuns = (lab: Lab, name: SetName, options: TestOptions = {}): Promise<number[]> =>
  lab.once(`short ${name} ${JSON.stringify(options)}`, async () => {
    const all: number[] = [];
    for (const seed of SEEDS) {
      const { theta } = await metaTrained(lab, seed, SHORT);
      all.push(meanOf(await vsmlCurve(lab, theta, name, options)));
    }
    return all;
  });

/** Puts down everything about a data set: three seeds, the long run, tuned and untuned descent. */
async function report(lab: Lab, name: SetName): Promise<void> {
  const [descent, adam] = [await baseline(lab, 'sgd', name), await baseline(lab, 'adam', name)];
  const long = await vsmlCurve(lab, (await metaTrained(lab, 0, LONG)).theta, name);
  const short = await vsmlCurve(lab, (await metaTrained(lab, 0, SHORT)).theta, name);
  const stream = await testStream(lab, name);
  const untuned = (kind: 'sgd' | 'adam') =>
    meanOf(accuracyCurve(regressionFor(kind, PAPER_RATES[kind], stream), stream));
  lab.table(
    `first-examples-${name}`,
    `Cumulative accuracy over 40 examples of ${TITLES[name]}, 64 or 784→16 by a new projection each episode, 5 random classes, 32 episodes (standard error about 0.015).`,
    ['learner', 'accuracy'],
    [
      ...(await shortRuns(lab, name)).map((accuracy, seed) => [`VSML, T = 40, seed ${seed}`, accuracy] as const),
      ['VSML, T = 80', meanOf(long)],
      [`SGD, best rate ${descent.rate}`, descent.accuracy],
      [`Adam, best rate ${adam.rate}`, adam.accuracy],
      ['SGD at the paper’s 0.01', untuned('sgd')],
      ['Adam at the paper’s 0.001', untuned('adam')],
    ],
  );
  const line = (label: string, curve: readonly number[]) => ({
    name: label,
    points: curve.map((_, i) => ({ x: i + 1, y: meanOf(curve.slice(0, i + 1)) })),
  });
  lab.figure(
    `first-examples-${name}`,
    `Cumulative accuracy over the first examples of ${TITLES[name]}: VSML meta-trained on UCI digits, and softmax regression at its best rate.`,
    lineChart(
      [line('VSML T=40', short), line('VSML T=80', long), line('SGD', descent.curve), line('Adam', adam.curve)],
      { title: `First examples of ${TITLES[name]}`, x: { label: 'examples' }, y: { label: 'cumulative accuracy' } },
    ),
  );
}

const plateauClaims: Claim[] = [
  {
    id: 'meta-loss-150',
    kind: 'learning',
    sentence:
      'After 150 steps the loss of whole episodes has left its plateau at ln 5 = 1.609 (mean of the last ten steps).',
    published: null,
    unit: 'nats',
    threshold: atMost(1.5),
    expected: 'holds',
    scales: ['full'],
    measure: async (lab) => {
      const { losses } = await metaTrained(lab, 0, SHORT);
      return meanOf(losses.slice(140, 150));
    },
  },
  {
    id: 'meta-loss',
    kind: 'learning',
    sentence: 'After 340 steps it is far below (mean of the last ten steps, largest of three seeds).',
    published: null,
    unit: 'nats',
    threshold: atMost(1.1),
    expected: 'holds',
    why: 'prototypes: 0.95 to 1.00 at step 300',
    scales: ['full'],
    measure: async (lab) => {
      const ends: number[] = [];
      for (const seed of SEEDS) ends.push(meanOf((await metaTrained(lab, seed, SHORT)).losses.slice(-10)));
      drawLosses(lab, await Promise.all(SEEDS.map((seed) => metaTrained(lab, seed, SHORT))));
      return Math.max(...ends);
    },
  },
];

function drawLosses(lab: Lab, runs: readonly { readonly losses: readonly number[] }[]): void {
  lab.figure(
    'meta-loss',
    'Meta-loss of three runs (means over ten steps): a plateau at ln 5, then learning to learn.',
    lineChart(
      runs.map(({ losses }, seed) => ({
        name: `seed ${seed}`,
        points: losses
          .map((_, i) => ({ x: i + 1, y: meanOf(losses.slice(Math.max(0, i - 9), i + 1)) }))
          .filter((_, i) => i % 10 === 9),
      })),
      { title: 'Meta-training', x: { label: 'steps' }, y: { label: 'meta-loss, nats' }, reference: Math.log(5) },
    ),
  );
}

interface Lead {
  readonly id: string;
  readonly sentence: string;
  readonly set: SetName;
  readonly threshold: Threshold;
  readonly over: (values: readonly number[]) => number;
}

const smallest = (values: readonly number[]): number => Math.min(...values);

const LEADS: readonly Lead[] = [
  {
    id: 'digits-against-sgd',
    sentence:
      'Over the first 40 examples of unseen digits VSML beats online SGD at its best rate (smallest lead of three seeds).',
    set: 'digits',
    threshold: atLeast(0.03),
    over: smallest,
  },
  {
    id: 'fashion-against-sgd',
    sentence: 'Meta-trained on digits alone it is no worse than tuned SGD on Fashion-MNIST (mean lead of three seeds).',
    set: 'fashion-mnist',
    threshold: atLeast(0),
    over: meanOf,
  },
  {
    id: 'mnist-against-sgd',
    sentence: 'Nor on MNIST (mean lead of three seeds).',
    set: 'mnist',
    threshold: atLeast(-0.01),
    over: meanOf,
  },
];

const leadClaims: Claim[] = LEADS.map(({ id, sentence, set, threshold, over }) => ({
  id,
  kind: 'learning',
  sentence,
  published: 'rises faster',
  unit: 'difference of accuracies',
  threshold,
  expected: 'holds',
  scales: ['full'],
  measure: async (lab) => {
    await report(lab, set);
    const { accuracy } = await baseline(lab, 'sgd', set);
    return over((await shortRuns(lab, set)).map((a) => a - accuracy));
  },
}));

const adamClaim: Claim = {
  id: 'digits-against-adam',
  kind: 'learning',
  sentence: 'On digits it beats Adam at its best rate too (mean lead of three seeds).',
  published: 'rises faster',
  unit: 'difference of accuracies',
  threshold: atLeast(0.03),
  expected: 'holds',
  scales: ['full'],
  measure: async (lab) => {
    const { accuracy } = await baseline(lab, 'adam', 'digits');
    return meanOf((await shortRuns(lab, 'digits')).map((a) => a - accuracy));
  },
};

/** What ships: trained on UCI digits and procedural digits; these sets and their test rows it has never seen. */
const shippedClaims: Claim[] = (['fashion-mnist', 'mnist'] as const).map((set) => ({
  id: `shipped-${set}`,
  kind: 'learning',
  sentence: `The learning algorithm that the package ships, meta-trained on two sets of digits, is no worse than tuned SGD over the first 40 examples of ${TITLES[set]}: its lead.`,
  published: 'rises faster',
  unit: 'difference of accuracies',
  threshold: atLeast(0),
  expected: 'holds',
  measure: async (lab) => {
    const stream = await testStream(lab, set);
    const own = meanOf(accuracyCurve(shippedLearner(lab, stream), stream));
    return own - (await baseline(lab, 'sgd', set)).accuracy;
  },
}));

interface Longer {
  readonly id: string;
  readonly what: string;
  readonly set: SetName;
  readonly options: TestOptions;
}

const LONGER: readonly Longer[] = [
  { id: 'digits-200', what: '200 examples of digits', set: 'digits', options: { length: 200 } },
  { id: 'fashion-200', what: '200 examples of Fashion-MNIST', set: 'fashion-mnist', options: { length: 200 } },
  {
    id: 'mnist-64-10',
    what: '40 examples of MNIST with 64 inputs and 10 classes',
    set: 'mnist',
    options: { inputs: 64, classes: 10 },
  },
  {
    id: 'fashion-64-10',
    what: '40 examples of Fashion-MNIST with 64 inputs and 10 classes',
    set: 'fashion-mnist',
    options: { inputs: 64, classes: 10 },
  },
];

const longerClaims: Claim[] = LONGER.map(({ id, what, set, options }) => ({
  id: `longer-${id}`,
  kind: 'learning',
  sentence: `Meta-trained on streams of 80 with 16 inputs and 5 classes, VSML keeps up with tuned SGD on ${what}.`,
  published: 'carries over to other sizes',
  unit: 'difference of accuracies',
  threshold: atLeast(-0.01),
  expected: 'holds',
  scales: ['full'],
  measure: async (lab) => {
    const curve = await vsmlCurve(lab, (await metaTrained(lab, 0, LONG)).theta, set, options);
    const [descent, adam] = [await baseline(lab, 'sgd', set, options), await baseline(lab, 'adam', set, options)];
    const short = await shortRuns(lab, set, options);
    lab.table(
      `longer-${id}`,
      `${what}: cumulative accuracy, and over the last 20.`,
      ['learner', 'all', 'last 20'],
      [
        ['VSML, T = 80', meanOf(curve), meanOf(curve.slice(-20))],
        ...short.map((accuracy, seed) => [`VSML, T = 40, seed ${seed}`, accuracy, ''] as const),
        ['SGD', descent.accuracy, meanOf(descent.curve.slice(-20))],
        ['Adam', adam.accuracy, meanOf(adam.curve.slice(-20))],
      ],
    );
    return meanOf(curve) - descent.accuracy;
  },
}));

/** 20 Gaussian vectors with random labels, 100 examples drawn from them. */
function randomTask(lab: Lab): Stream {
  const { xs, ys } = randomStream(lab.key('memorise'), [20, 32, 16, 5]);
  const order = random.randint(lab.key('memorise order'), [100], 0, 20);
  return { xs: take(xs, order), ys: take(ys, order) };
}

const memoryClaim: Claim = {
  id: 'random-labels',
  kind: 'report',
  sentence:
    'On 20 Gaussian vectors with random labels, 100 examples, VSML (T = 80) memorises no better than tuned SGD: its lead.',
  published: null,
  unit: 'difference of accuracies',
  threshold: atMost(0.03),
  expected: 'holds',
  scales: ['full'],
  measure: async (lab) => {
    const stream = randomTask(lab);
    const { theta } = await metaTrained(lab, 0, LONG);
    const own = meanOf(accuracyCurve(learnerOf(lab, theta, stream), stream));
    const rates = [0.03, 0.1, 0.3, 1, 3];
    const descent = rates.map((rate) => meanOf(accuracyCurve(regressionFor('sgd', rate, stream), stream)));
    return own - Math.max(...descent);
  },
};

export const metaClaims: readonly Claim[] = [
  ...plateauClaims,
  ...shippedClaims,
  ...leadClaims,
  adamClaim,
  ...longerClaims,
  memoryClaim,
];
