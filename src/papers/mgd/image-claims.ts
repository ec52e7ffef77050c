/** Checks 6 and 7: Fashion-MNIST beside backprop, and the time to a target as the network grows. */
import type { MgdSettings } from '../../methods/multiplexed/settings.ts';
import { lineChart } from '../../plot/index.ts';
import { atLeast, atMost, type Claim } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import {
  type ImageCurve,
  type ImageRun,
  parametersOf,
  pooledFashion,
  stepsTo,
  tanhNet,
  trainImages,
} from './images.ts';

type Trial = Pick<ImageRun, 'settings' | 'rate' | 'steps' | 'seeds' | 'every'> &
  Partial<Pick<ImageRun, 'decays'>> & { readonly hidden?: number };

const STEPS = 10_000;

/** A run on the pooled images, once. */
export const pooled = (lab: Lab, name: string, trial: Trial): Promise<ImageCurve> =>
  lab.once(`pooled ${name}`, async () => {
    const { hidden = 32, ...run } = trial;
    return trainImages(lab, { ...run, name, net: tanhNet(hidden), task: await pooledFashion(lab) });
  });

const circuit = (settings: MgdSettings, rate: number, more: Partial<Trial> = {}): Trial => ({
  settings,
  rate,
  steps: STEPS,
  seeds: 3,
  every: 500,
  ...more,
});

/** η 20 without decay: the reference of all variations. */
export const reference = (lab: Lab): Promise<ImageCurve> => pooled(lab, 'mgd η 20', circuit({}, 20));

const long = (lab: Lab): Promise<ImageCurve> =>
  pooled(lab, 'mgd η 20 → 0', circuit({}, 20, { steps: 40_000, decays: true }));

const backpropAt = (lab: Lab, rate: number): Promise<ImageCurve> =>
  pooled(lab, `backprop ${rate}`, {
    settings: null,
    rate,
    steps: lab.pick(1000, 3000),
    seeds: 3,
    every: 50,
  });

/** Rates that each side may try; at the quick scale the one that was best here. */
const RATES = { quick: { mgd: [20], backprop: [0.3] }, full: { mgd: [10, 20, 30], backprop: [0.1, 0.3, 1] } } as const;

const last = (curve: ImageCurve): number => curve.accuracy.at(-1)!;

/** Both sides at each of their rates, the best of each, and a picture. */
const race = (lab: Lab) =>
  lab.once('fashion race', async () => {
    const rates = RATES[lab.scale];
    const mgd: ImageCurve[] = [];
    for (const rate of rates.mgd) mgd.push(await pooled(lab, `mgd η ${rate}`, circuit({}, rate)));
    const backprop: ImageCurve[] = [];
    for (const rate of rates.backprop) backprop.push(await backpropAt(lab, rate));
    const best = (all: readonly ImageCurve[]): ImageCurve => all.reduce((a, b) => (last(b) > last(a) ? b : a));
    const found = { mgd: best(mgd), backprop: best(backprop) };
    lab.table(
      'fashion-rates',
      'Fashion-MNIST 7×7, 49-32-10: accuracy at the end for every rate tried',
      ['method', 'rate', 'steps', 'accuracy'],
      [
        ...rates.mgd.map((rate, i) => ['MGD', rate, STEPS, last(mgd[i]!)]),
        ...rates.backprop.map((rate, i) => ['backprop', rate, backprop[i]!.steps.at(-1)!, last(backprop[i]!)]),
      ],
    );
    const decayed = lab.isQuick ? [] : [{ name: 'MGD, η 20 → 0', curve: await long(lab) }];
    const all = [{ name: 'MGD', curve: found.mgd }, ...decayed, { name: 'backprop', curve: found.backprop }];
    const svg = lineChart(
      all.map(({ name, curve }) => ({ name, points: curve.steps.map((x, i) => ({ x, y: curve.accuracy[i]! })) })),
      {
        title: 'Fashion-MNIST 7×7: one broadcast cost beside backprop',
        x: { label: 'steps', log: true },
        y: { label: 'test accuracy' },
      },
    );
    lab.figure(
      'fashion',
      'Test accuracy by step, 49-32-10, batch 100, mean of three seeds, each at its best rate.',
      svg,
    );
    return found;
  });

const WIDTHS = [8, 32, 128] as const;
const SHARES = [0.012, 0.006] as const;

/** For each width the fewest steps to each target over two rates. */
const growth = (lab: Lab) =>
  lab.once('growth', async () => {
    const rows = [];
    for (const hidden of WIDTHS) {
      const P = parametersOf(tanhNet(hidden));
      const curves: ImageCurve[] = [];
      for (const share of SHARES)
        curves.push(
          await pooled(lab, `width ${hidden}, η ${share} P`, {
            ...circuit({}, share * P, { steps: 12_000, decays: true, every: 250 }),
            seeds: 2,
            hidden,
          }),
        );
      const to = (target: number): number => Math.min(...curves.map((curve) => stepsTo(curve, target)));
      rows.push({ hidden, P, steps: [0.65, 0.7, 0.74].map(to) });
    }
    lab.table(
      'growth',
      'Steps to an accuracy, the better of η = 0.012 P and 0.006 P decayed over 12,000 steps; patterns for cos(G, g) = 0.7 grow like P',
      ['hidden units', 'P', 'to 0.65', 'to 0.70', 'to 0.74', 'patterns for cos 0.7'],
      rows.map(({ hidden, P, steps }) => [
        hidden,
        P,
        ...steps.map((x) => (Number.isFinite(x) ? x : '–')),
        Math.ceil(((P - 1) * 0.49) / 0.51),
      ]),
    );
    return rows;
  });

const learning = (claim: Omit<Claim, 'kind' | 'expected' | 'published'> & Partial<Claim>): Claim => ({
  kind: 'learning',
  expected: 'holds',
  published: null,
  ...claim,
});

export const imageClaims: readonly Claim[] = [
  learning({
    id: 'fashion-10000-steps',
    sentence:
      'Fashion-MNIST pooled to 7×7, 49-32-10 (P = 1930), random codes, η 20: mean test accuracy of three seeds after 10,000 steps.',
    published: '0.741–0.763 (prototypes)',
    unit: 'accuracy',
    threshold: atLeast(0.73),
    measure: async (lab) => last(await reference(lab)),
  }),
  learning({
    id: 'fashion-backprop-ahead',
    sentence:
      'Backprop at its best rate reaches an accuracy of 0.72 in a tenth of the steps of multiplexed gradient descent at its best rate, or fewer: factor.',
    published: null,
    unit: '× steps',
    threshold: atLeast(10),
    measure: async (lab) => {
      const { mgd, backprop } = await race(lab);
      return stepsTo(mgd, 0.72) / stepsTo(backprop, 0.72);
    },
  }),
  learning({
    id: 'fashion-40000-steps',
    sentence: 'With η decayed from 20 to 0 over 40,000 steps: mean test accuracy of three seeds.',
    published: '0.7825, 0.7905 (prototypes); 91.6 % on the whole task (follow-up)',
    unit: 'accuracy',
    threshold: atLeast(0.77),
    scales: ['full'],
    measure: async (lab) => last(await long(lab)),
  }),
  learning({
    id: 'fashion-near-backprop',
    sentence:
      'After 40,000 steps it is near backprop at the best of three rates after 3,000: points of accuracy behind.',
    published: 'comparable to backprop (abstract)',
    unit: 'points',
    threshold: atMost(5),
    scales: ['full'],
    measure: async (lab) => 100 * (last((await race(lab)).backprop) - last(await long(lab))),
  }),
  learning({
    id: 'time-to-target-with-size',
    sentence:
      'The steps to an accuracy of 0.70 do not grow with the network: 128 hidden units (P = 7690) over 8 (P = 490), each at the better of two rates.',
    published: 'often falls with size (abstract of the follow-up)',
    unit: '× steps',
    threshold: atMost(1),
    scales: ['full'],
    measure: async (lab) => {
      const rows = await growth(lab);
      return rows.at(-1)!.steps[1]! / rows[0]!.steps[1]!;
    },
  }),
];
