/** What the weight sharing is good for: a Meta RNN learns its data set and nothing else; and what one example changes inside a machine that learned to learn. */
import { lineChart } from '../../plot/index.ts';
import { atLeast, atMost, type Claim } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import {
  baseline,
  learnerOf,
  meanOf,
  metaTrained,
  regressionFor,
  rnnAccuracy,
  type SetName,
  SHORT,
  testStream,
  trainedRnn,
  vsmlCurve,
} from './meta-runs.ts';
import { type Exposure, exposure, type Online } from './students.ts';

const ELSEWHERE: readonly SetName[] = ['digits', 'mnist', 'fashion-mnist'];
const RNN_STEPS = 150;
const FIXED = { ...SHORT, steps: 300 };

/** Both nets, meta-trained on ONE projection and the classes 0 to 4. */
const contrast = (lab: Lab) =>
  lab.once('contrast', async () => {
    const { theta: recurrent } = await trainedRnn(lab, RNN_STEPS, true);
    const { theta: shared } = await metaTrained(lab, 0, FIXED, true);
    const own = {
      rnn: await rnnAccuracy(lab, recurrent, 'digits', true),
      vsml: meanOf(await vsmlCurve(lab, shared, 'digits', { isFixed: true })),
    };
    const elsewhere: { set: SetName; rnn: number; vsml: number }[] = [];
    for (const set of ELSEWHERE)
      elsewhere.push({
        set,
        rnn: await rnnAccuracy(lab, recurrent, set),
        vsml: meanOf(await vsmlCurve(lab, shared, set)),
      });
    const rows = elsewhere.map(({ set, ...r }) => [`${set}, new projections and classes`, r.rnn, r.vsml] as const);
    lab.table(
      'meta-rnn',
      'Meta-trained on one projection and five classes of digits: cumulative accuracy over 40 examples (chance 0.2).',
      ['test', 'Meta RNN', 'VSML'],
      [['test digits, that projection', own.rnn, own.vsml], ...rows],
    );
    return { own, elsewhere };
  });

const rnnClaims: Claim[] = [
  {
    id: 'meta-rnn-own',
    kind: 'learning',
    sentence: 'A Meta RNN (LSTM 64) trained on one projection of digits is good at just that, on test digits.',
    published: 'does well on its own data set',
    unit: 'accuracy',
    threshold: atLeast(0.85),
    expected: 'holds',
    scales: ['full'],
    measure: async (lab) => (await contrast(lab)).own.rnn,
  },
  {
    id: 'meta-rnn-elsewhere',
    kind: 'learning',
    sentence:
      'It fails on new projections of the same digits, on MNIST and on Fashion-MNIST (largest accuracy; chance is 0.2).',
    published: 'fails on other data sets',
    unit: 'accuracy',
    threshold: atMost(0.3),
    expected: 'holds',
    scales: ['full'],
    measure: async (lab) => Math.max(...(await contrast(lab)).elsewhere.map((r) => r.rnn)),
  },
  {
    id: 'vsml-elsewhere',
    kind: 'learning',
    sentence: 'VSML trained on that same one projection learns all three (smallest accuracy).',
    published: 'carries over to unseen data sets',
    unit: 'accuracy',
    threshold: atLeast(0.38),
    expected: 'holds',
    scales: ['full'],
    measure: async (lab) => Math.min(...(await contrast(lab)).elsewhere.map((r) => r.vsml)),
  },
];

const SEEDS = [0, 1, 2];
const WARM_UPS = [0, 5, 20];

interface Shown {
  readonly warmUp: number;
  /** One of each seed. */
  readonly vsml: readonly Exposure[];
  readonly slow: Exposure;
  readonly tuned: Exposure;
}

/** One exposure after 0, 5 and 20 examples, in machines of three seeds and in SGD at the paper's rate and at 0.1. */
const exposures = (lab: Lab): Promise<readonly Shown[]> =>
  lab.once('exposures', async () => {
    const stream = await testStream(lab, 'digits');
    const { rate } = await baseline(lab, 'sgd', 'digits');
    const machines: Online<unknown>[] = [];
    for (const seed of SEEDS) machines.push(learnerOf(lab, (await metaTrained(lab, seed, SHORT)).theta, stream));
    const shown = WARM_UPS.map((warmUp) => ({
      warmUp,
      vsml: machines.map((net) => exposure(net, stream, warmUp)),
      slow: exposure(regressionFor('sgd', 0.01, stream), stream, warmUp),
      tuned: exposure(regressionFor('sgd', rate, stream), stream, warmUp),
    }));
    draw(lab, shown, rate);
    return shown;
  });

function draw(lab: Lab, shown: readonly Shown[], rate: number): void {
  const row = (name: string, warmUp: number, e: Exposure) =>
    [name, warmUp, e.before, e.after, e.same, e.other] as const;
  lab.table(
    'introspection',
    'Probability of the right class before and after one showing, and the mean change for inputs of the same and of other classes.',
    ['learner', 'examples before', 'before', 'after', 'same class', 'other classes'],
    shown.flatMap(({ warmUp, vsml, slow, tuned }) => [
      ...vsml.map((e, seed) => row(`VSML, seed ${seed}`, warmUp, e)),
      row('SGD 0.01', warmUp, slow),
      row(`SGD ${rate}`, warmUp, tuned),
    ]),
  );
  const jump = (of: (s: Shown) => number) => shown.map((s) => ({ x: s.warmUp, y: of(s) }));
  lab.figure(
    'introspection',
    'How far one showing lifts the probability of the right class for the same input, after so many other examples.',
    lineChart(
      [
        { name: 'VSML', points: jump((s) => meanOf(s.vsml.map(gain))) },
        { name: 'SGD 0.01', points: jump((s) => gain(s.slow)) },
        { name: `SGD ${rate}`, points: jump((s) => gain(s.tuned)) },
      ],
      { title: 'One showing', x: { label: 'examples before' }, y: { label: 'gain of probability' } },
    ),
  );
}

const gain = ({ before, after }: Exposure): number => after - before;

const introspectionClaims: Claim[] = [
  {
    id: 'one-shot-jump',
    kind: 'learning',
    sentence:
      'One showing lifts the probability of the right class for the same input at least five times as far as SGD at the paper’s 0.01 does (mean of three seeds, no examples before).',
    published: 'jumps, SGD moves little',
    unit: 'ratio',
    threshold: atLeast(5),
    expected: 'holds',
    why: 'against SGD at its best rate the jump is no larger: see the report beside it',
    scales: ['full'],
    measure: async (lab) => {
      const { vsml, slow } = (await exposures(lab))[0]!;
      return meanOf(vsml.map(gain)) / gain(slow);
    },
  },
  {
    id: 'one-shot-tuned',
    kind: 'report',
    sentence: 'The same jump over that of SGD at its best rate: the paper’s contrast is with an untuned baseline.',
    published: null,
    unit: 'ratio',
    threshold: atMost(1.5),
    expected: 'holds',
    scales: ['full'],
    measure: async (lab) => {
      const { vsml, tuned } = (await exposures(lab))[0]!;
      return meanOf(vsml.map(gain)) / gain(tuned);
    },
  },
  {
    id: 'little-interference',
    kind: 'learning',
    sentence:
      'After 20 examples one showing disturbs inputs of other classes at most half as much as tuned SGD does (mean of three seeds).',
    published: null,
    unit: 'ratio',
    threshold: atMost(0.5),
    expected: 'holds',
    scales: ['full'],
    measure: async (lab) => {
      const { vsml, tuned } = (await exposures(lab))[2]!;
      return Math.abs(meanOf(vsml.map((e) => e.other))) / Math.abs(tuned.other);
    },
  },
  {
    id: 'same-class',
    kind: 'report',
    sentence:
      'After 20 examples one showing moves other inputs of the same class by this much (mean of three seeds): that the association is selective is not established.',
    published: null,
    unit: 'change of probability',
    threshold: atMost(0.1),
    expected: 'holds',
    scales: ['full'],
    measure: async (lab) => meanOf((await exposures(lab))[2]!.vsml.map((e) => e.same)),
  },
];

export const contrastClaims: readonly Claim[] = [...rnnClaims, ...introspectionClaims];
