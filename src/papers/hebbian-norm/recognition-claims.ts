/** Checks 4 to 8: the own label answers strongest, recognition, little data, where it stops and how it fails; better simple rivals beside it. */

import { takeRows } from '../../data/index.ts';
import { DivergedError, jit, matmul, stack } from '../../engine/index.ts';
import { foldIn } from '../../engine/threefry.ts';
import { dense, flatten, model } from '../../nn/index.ts';
import { adam } from '../../optim/index.ts';
import { againstBackprop, taskOf } from '../../run/index.ts';
import { mean } from '../../stats/index.ts';
import { above, atLeast, atMost, type Claim, claimsIn, exactly } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import {
  agreement,
  type ClosedPlan,
  closed,
  online,
  recalls,
  type Shares,
  selectivity,
  withOwnStarts,
} from './recognition.ts';
import { accuracy, answers, digits, images, LABELS, ofLabel, seedsOf, testRows } from './setting.ts';

const share = async (lab: Lab, plan: ClosedPlan, of: keyof Shares): Promise<number> =>
  mean((await closed(lab, plan)).map((s) => s[of]));

/** The plan of the headline at each scale: closed form, which the online networks follow. */
const headline = (lab: Lab): ClosedPlan => ({ n: lab.pick(100, 200), seeds: 5, tests: lab.pick(500, 2000) });

const trained = (lab: Lab, eta = 1e-5, layers = 2) => online(lab, { n: 200, seed: 0, tests: 2000, eta, layers });

/** Raw-pixel class means and cosine, 200 images a label. */
const classMeans = (lab: Lab): Promise<number> =>
  lab.once('class means', async () => {
    const all = await digits(lab);
    const test = testRows(all, lab.pick(500, 2000));
    const means = stack(
      seedsOf(LABELS).map((label) => images(ofLabel(all, label, lab.pick(100, 200)), 'f32', 'none').mean(0)),
    );
    const unit = means.div(means.square().sum(-1, { keepDims: true }).sqrt());
    return accuracy(answers(jit(matmul)(unit, images(test).transpose())), test);
  });

/** 784-256-10 by tuned backprop on the same 2,000 images. */
const backprop = (lab: Lab): Promise<number> =>
  lab.once('backprop', async () => {
    const all = await digits(lab);
    const rows = seedsOf(LABELS).flatMap((label) => all.byLabel[label]!.slice(0, 200));
    const set = { name: 'mnist', title: 'MNIST, 200 images a label', task: 'classification', licence: '' } as const;
    const classes = seedsOf(LABELS).map(String);
    const task = taskOf({
      ...set,
      classes,
      featureShape: [1, 28, 28],
      train: takeRows(all.train, rows),
      test: testRows(all, 2000),
    });
    const { results } = await againstBackprop({
      task,
      rules: [],
      model: model([1, 28, 28], [flatten(), dense({ units: 256, activation: 'relu' }), dense({ units: 10 })]),
      optimizer: (learningRate) => adam({ learningRate }),
      learners: [],
      batch: 32,
      trials: 3,
      runs: 1,
      budget: { kind: 'epochs', value: 15 },
      key: foldIn(lab.words('backprop'), 1),
      signal: lab.signal,
    });
    return results.backprop!.accuracy.mean!;
  });

/** 1 where learning ends in a typed report that it diverged, else 0. */
async function diverges(lab: Lab): Promise<number> {
  try {
    await trained(lab, 1e-2, 4);
    return 0;
  } catch (error) {
    if (error instanceof DivergedError) return 1;
    throw error;
  }
}

const claim = claimsIn('learning', 'share');

const FULL = { scales: ['full'] } as const satisfies Partial<Claim>;

const stage2: readonly Claim[] = [
  claim(
    'own-above-untrained',
    'A network of 200 images answers its own label longer than before learning: share of test images.',
    atLeast(0.99),
    async (lab) => selectivity(await trained(lab)).aboveUntrained,
    { ...FULL, published: 'sign only' },
  ),
  claim(
    'own-above-others',
    'The own network answers longer than the mean of the other nine: share of test images.',
    atLeast(0.88),
    async (lab) => selectivity(await trained(lab)).aboveOthers,
    { ...FULL, published: 'sign only' },
  ),
  claim(
    'selectivity',
    'With η = 1e-3 the median relative norm of the own network is above that of the others, which answer longer than untrained too: difference.',
    atLeast(0.01),
    async (lab) => {
      const { medianOwn, medianOther } = selectivity(await trained(lab, 1e-3));
      return medianOwn - medianOther;
    },
    FULL,
  ),
];

const stage3: readonly Claim[] = [
  claim(
    'recognition',
    'The longest answer recognises digits: accuracy to first order, mean of 5 seeds (100 images a label and 500 tests at quick scale, 200 and 2,000 at full).',
    { quick: atLeast(0.62), full: atLeast(0.64) },
    (lab) => share(lab, headline(lab), 'plain'),
    { published: 0.75 },
  ),
  claim(
    'recognition-worst',
    'The worst of those five seeds.',
    { quick: atLeast(0.5), full: atLeast(0.58) },
    async (lab) => Math.min(...(await closed(lab, headline(lab))).map((s) => s.plain)),
    FULL,
  ),
  claim(
    'recognition-online',
    'Ten networks learning online, 200 images a label: accuracy, one seed.',
    atLeast(0.58),
    async (lab) => (await trained(lab)).accuracy,
    { ...FULL, published: 0.75 },
  ),
  claim(
    'recognition-1000-row',
    'With 1,000 images a label and the correction by rows: accuracy, mean of 3 seeds.',
    atLeast(0.7),
    (lab) => share(lab, { n: 1000, seeds: 3, tests: 2000, correction: 'row' }, 'plain'),
    { ...FULL, published: 0.75 },
  ),
  claim(
    'online-is-first-order',
    'Online networks answer as the first order says, 20 images a label: share of 200 test images.',
    atLeast(0.97),
    agreement,
  ),
  claim(
    'energy',
    'Our extension: with the same amount of change for every label: accuracy.',
    { quick: atLeast(0.75), full: atLeast(0.78) },
    (lab) => share(lab, headline(lab), 'energy'),
  ),
  claim(
    'energy-lead',
    'That is ahead of the paper’s rule: points.',
    atLeast(5),
    async (lab) => 100 * ((await share(lab, headline(lab), 'energy')) - (await share(lab, headline(lab), 'plain'))),
    { unit: 'points' },
  ),
  claim(
    'zscore',
    'Our extension: responses standardised over unlabelled test images: accuracy.',
    atLeast(0.76),
    (lab) => share(lab, headline(lab), 'zscore'),
    FULL,
  ),
  claim(
    'class-means-are-better',
    'Raw-pixel class means with cosine are better than the paper’s rule on the same images: points.',
    above(0),
    async (lab) => 100 * ((await classMeans(lab)) - (await share(lab, headline(lab), 'plain'))),
    { unit: 'points' },
  ),
  claim(
    'backprop-is-better',
    'So is tuned backprop, 784-256-10 on the same 2,000 images: accuracy.',
    atLeast(0.9),
    backprop,
    FULL,
  ),
  claim(
    'little-20',
    'With 20 images a label: accuracy, mean of 5 seeds.',
    atLeast(0.55),
    (lab) => share(lab, { n: 20, seeds: 5, tests: 2000 }, 'plain'),
    FULL,
  ),
  claim(
    'little-1',
    'With one image a label: accuracy, mean of 5 seeds.',
    atLeast(0.35),
    (lab) => share(lab, { n: 1, seeds: 5, tests: 2000 }, 'plain'),
    FULL,
  ),
  claim(
    'raw-pixels',
    'Without unit length bright images dominate: accuracy of the paper’s rule, mean of 3 seeds.',
    atMost(0.6),
    (lab) => share(lab, { n: 200, seeds: 3, tests: 2000, normalise: 'none' }, 'plain'),
    FULL,
  ),
  claim(
    'digit-5-is-lost',
    'Why it stops: recall of digit 5, which 9 and 0 take.',
    atMost(0.4),
    async (lab) => recalls(await trained(lab))[5]!,
    FULL,
  ),
];

const failures: readonly Claim[] = [
  claim(
    'large-eta',
    'With η = 1e-2 accuracy falls against η = 1e-5 of the same seed: points.',
    atLeast(10),
    async (lab) => 100 * ((await trained(lab)).accuracy - (await trained(lab, 1e-2)).accuracy),
    { ...FULL, unit: 'points' },
  ),
  claim(
    'large-eta-deep',
    'With η = 1e-2 and 3 hidden layers it is lost.',
    atMost(0.2),
    async (lab) => (await trained(lab, 1e-2, 3)).accuracy,
    FULL,
  ),
  claim(
    'diverges',
    'With η = 1e-2 and 4 hidden layers f32 overflows, which ends in a typed report.',
    exactly(1),
    diverges,
    { ...FULL, unit: '' },
  ),
  claim(
    'own-starts',
    'Networks that do not begin with the same weights recognise nothing: accuracy.',
    atMost(0.2),
    withOwnStarts,
    FULL,
  ),
];

export const recognitionClaims: readonly Claim[] = [...stage2, ...stage3, ...failures];
