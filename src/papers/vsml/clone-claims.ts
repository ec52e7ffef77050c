/** Learning algorithm cloning: how well a shared LSTM becomes backprop, and whether it carries over. */
import { random } from '../../engine/index.ts';
import { cellSynapse } from '../../methods/vsml/clone-synapse.ts';
import { cloneQuality, drawTuples, fitClone } from '../../methods/vsml/cloning.ts';
import { lineChart } from '../../plot/index.ts';
import { atLeast, atMost, type Claim, type PerScale, type Threshold } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import {
  digitsRace,
  driftOf,
  fittedSlot,
  imageRace,
  qualityOnFresh,
  RATE,
  type Race,
  recorded,
  slot,
} from './clone-runs.ts';

const ANSWERS = [
  ['forward', 'forward message'],
  ['backward', 'backward message'],
  ['change', 'change of the weight'],
] as const;

const least = (quick: number, full: number): PerScale<Threshold> => ({ quick: atLeast(quick), full: atLeast(full) });
const most = (quick: number, full: number): PerScale<Threshold> => ({ quick: atMost(quick), full: atMost(full) });

const QUALITY = [least(0.997, 0.999), least(0.97, 0.995), least(0.99, 0.998)];

const qualityClaims: Claim[] = ANSWERS.map(([id, name], i) => ({
  id: `slot-${id}`,
  kind: 'learning',
  sentence: `A shared LSTM of 1,331 parameters with its weight in a slot of its own gives backprop's ${name} on synapses it has never seen.`,
  published: null,
  unit: 'R²',
  threshold: QUALITY[i]!,
  expected: 'holds',
  measure: async (lab) => (await qualityOnFresh(lab))[i]!,
}));

const recordedClaims: Claim[] = ANSWERS.map(([id, name], i) => ({
  id: `slot-${id}-recorded`,
  kind: 'learning',
  sentence: `The same fit gives the ${name} on synapses recorded while real networks learn.`,
  published: null,
  unit: 'R²',
  threshold: atLeast([0.999, 0.995, 0.998][i]!),
  expected: 'holds',
  why: 'the tuples are those of stage B itself: 60,000 of them, of which a fit sees 768,000 draws',
  scales: ['full'],
  measure: async (lab) => cloneQuality(slot, await fittedSlot(lab), await recorded(lab))[i]!,
}));

const cellQuality = (lab: Lab) =>
  lab.once('cell', async () => {
    const synapse = cellSynapse({ rate: RATE });
    const theta = await fitClone({ synapse, key: lab.key('cell'), steps: 3000, clip: 1, signal: lab.signal });
    return cloneQuality(synapse, theta, drawTuples(random.foldIn(lab.key('cell'), 7), 20_000));
  });

const cellClaims: Claim[] = ANSWERS.map(([id, name], i) => ({
  id: `cell-${id}`,
  kind: 'learning',
  sentence: `With the weight in the memory of the LSTM itself, as the paper has it, 3,000 steps on drawn tuples give the ${name}.`,
  published: null,
  unit: 'R²',
  threshold: atLeast([0.98, 0.92, 0.99][i]!),
  expected: 'holds',
  scales: ['full'],
  measure: async (lab) => (await cellQuality(lab))[i]!,
}));

const driftClaims: Claim[] = [
  {
    id: 'drift',
    kind: 'learning',
    sentence: 'Without error, weights from N(0, 0.3²) stay where they are for 2,000 ticks (rms).',
    published: null,
    unit: 'rms |w − w(0)|',
    threshold: most(0.05, 0.01),
    expected: 'holds',
    why: 'at the quick scale a report: fits of 1,500 steps drift by 0.011 to 0.027 in the prototype',
    measure: async (lab) => (await driftOf(lab, 0.3)).rms,
  },
  {
    id: 'drift-wide',
    kind: 'report',
    sentence: 'Without error, weights from N(0, 0.6²), some of them beyond what the fit has seen, drift more (rms).',
    published: null,
    unit: 'rms |w − w(0)|',
    threshold: atMost(0.1),
    expected: 'holds',
    scales: ['full'],
    measure: async (lab) => (await driftOf(lab, 0.6)).rms,
  },
];

interface Net {
  readonly widths: readonly number[];
  readonly seeds: { readonly quick: number; readonly full: number };
  readonly cumulative: PerScale<Threshold>;
  readonly test: PerScale<Threshold>;
  readonly cosine: PerScale<Threshold>;
}

const NETS: readonly Net[] = [
  {
    widths: [65, 10],
    seeds: { quick: 1, full: 3 },
    cumulative: atMost(0.02),
    test: atMost(0.02),
    cosine: least(0.95, 0.98),
  },
  {
    widths: [65, 16, 10],
    seeds: { quick: 1, full: 3 },
    cumulative: most(0.06, 0.02),
    test: most(0.05, 0.02),
    cosine: least(0.95, 0.98),
  },
];

/** All races of a network, with their picture. */
async function races(lab: Lab, { widths, seeds }: Net): Promise<Race[]> {
  const all: Race[] = [];
  for (let seed = 0; seed < lab.pick(seeds.quick, seeds.full); seed++) all.push(await digitsRace(lab, widths, seed));
  drawRace(lab, widths, all[0]!);
  return all;
}

function drawRace(lab: Lab, widths: readonly number[], { curves }: Race): void {
  const points = (hits: readonly number[]) => hits.map((y, i) => ({ x: i + 1, y })).filter((_, i) => i % 10 === 9);
  const name = widths.join('-');
  lab.figure(
    `clone-${name}`,
    `Online accuracy on UCI digits, ${name}: backprop and the LSTM that was fitted to be backprop, from the same weights.`,
    lineChart(
      [
        { name: 'backprop', points: points(curves.backprop) },
        { name: 'clone', points: points(curves.clone) },
      ],
      { title: `The clone and backprop, ${name}`, x: { label: 'examples' }, y: { label: 'cumulative accuracy' } },
    ),
  );
}

const largest = (values: readonly number[]): number => Math.max(...values.map(Math.abs));

const raceClaims: Claim[] = NETS.flatMap((net): Claim[] => {
  const name = net.widths.join('-');
  return [
    {
      id: `clone-${name}-cumulative`,
      kind: 'learning',
      sentence: `Run forward on digits, the cloned ${name} machine predicts as well online as backprop does (largest difference over seeds).`,
      published: 'curves agree',
      unit: 'difference of accuracies',
      threshold: net.cumulative,
      expected: 'holds',
      measure: async (lab) => largest((await races(lab, net)).map((r) => r.cumulative.clone - r.cumulative.backprop)),
    },
    {
      id: `clone-${name}-test`,
      kind: 'learning',
      sentence: `Its final weights are as good on test digits as those of backprop (${name}, largest difference over seeds).`,
      published: 'curves agree',
      unit: 'difference of accuracies',
      threshold: net.test,
      expected: 'holds',
      measure: async (lab) => largest((await races(lab, net)).map((r) => r.test.clone - r.test.backprop)),
    },
    {
      id: `clone-${name}-direction`,
      kind: 'learning',
      sentence: `Every layer of the cloned ${name} machine has moved where backprop moved it (smallest cosine over layers and seeds).`,
      published: null,
      unit: 'cosine',
      threshold: net.cosine,
      expected: 'holds',
      measure: async (lab) => Math.min(...(await races(lab, net)).flatMap((r) => r.cosines)),
    },
    {
      id: `clone-${name}-backprop-learns`,
      kind: 'learning',
      sentence: `What is cloned learns: backprop's own test accuracy after these examples (${name}, smallest over seeds).`,
      published: null,
      unit: 'accuracy',
      threshold: least(0.35, 0.7),
      expected: 'holds',
      measure: async (lab) => Math.min(...(await races(lab, net)).map((r) => r.test.backprop)),
    },
  ];
});

const forwardClaim: Claim = {
  id: 'own-messages',
  kind: 'learning',
  sentence:
    'On test digits (500 at the quick scale) the clone answers by its own forward messages as it does by tanh(x)·W with its weights (65-10).',
  published: null,
  unit: 'difference of accuracies',
  threshold: most(0.02, 0.002),
  expected: 'holds',
  measure: async (lab) => largest((await races(lab, NETS[0]!)).map((r) => r.firstTest!.difference)),
};

interface Transfer {
  readonly id: string;
  readonly title: string;
  readonly set: string;
  readonly side: number;
  readonly count: number;
}

const TRANSFERS: readonly Transfer[] = [
  { id: 'mnist-197-10', title: 'MNIST at 14×14', set: 'mnist', side: 14, count: 400 },
  { id: 'fashion-197-10', title: 'Fashion-MNIST at 14×14', set: 'fashion-mnist', side: 14, count: 400 },
  { id: 'mnist-785-10', title: 'MNIST at 28×28', set: 'mnist', side: 28, count: 2000 },
];

const transferClaims: Claim[] = TRANSFERS.flatMap(({ id, title, set, side, count }): Claim[] => [
  {
    id: `transfer-${id}`,
    kind: 'learning',
    sentence: `The algorithm that was fitted around 8×8 digits learns ${title} online as backprop does, in a network of another size.`,
    published: 'curves agree',
    unit: 'difference of accuracies',
    threshold: atMost(0.02),
    expected: 'holds',
    scales: ['full'],
    measure: async (lab) => {
      const { cumulative } = await imageRace(lab, set, side, count);
      return Math.abs(cumulative.clone - cumulative.backprop);
    },
  },
  {
    id: `transfer-${id}-direction`,
    kind: 'learning',
    sentence: `There it moves the weights where backprop moves them (${title}).`,
    published: null,
    unit: 'cosine',
    threshold: atLeast(0.97),
    expected: 'holds',
    scales: ['full'],
    measure: async (lab) => Math.min(...(await imageRace(lab, set, side, count)).cosines),
  },
]);

export const cloneClaims: readonly Claim[] = [
  ...qualityClaims,
  ...recordedClaims,
  ...cellClaims,
  ...driftClaims,
  ...raceClaims,
  forwardClaim,
  ...transferClaims,
];
