/** Checks 1 and 2: silence without a teacher, and backprop (or feedback alignment) with an error of the second order in the teaching strength. */
import { abs, max, type Tensor } from '../../engine/index.ts';
import {
  type BurstCorticoCorticalOptions,
  type BurstLayer,
  burstCorticoCortical,
  burstSweep,
} from '../../methods/burst/burst-cortico-cortical.ts';
import { rateChain } from '../../methods/burst/chain.ts';
import { scaled } from '../../methods/burst/feedback.ts';
import { untaught } from '../../methods/burst/teacher.ts';
import { lineChart } from '../../plot/index.ts';
import { logLogSlope } from '../../stats/index.ts';
import { cosines, distance, layerDistances, least, numbersOf, worst } from '../ebm-infinitesimal-limit/measure.ts';
import { above, atMost, type Claim } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import { callOn, creditOf, reference, seedsOf, sigmoidNet } from './setting.ts';

const net = () => sigmoidNet(200, 200, 200, 200);

type Mode = 'tied' | 'random';

const sizeOf = (x: Tensor): number => max(abs(x)).item();

/** Apical potentials of every hidden layer without a teacher, by rates as they are. */
async function silentLayers(lab: Lab, mode: Mode, seed: number, cancels: boolean): Promise<readonly BurstLayer[]> {
  const rule = burstCorticoCortical({ feedback: mode === 'tied' ? 'symmetric' : 'random' });
  const call = await callOn(lab, net(), rule, { rows: 32, seed });
  const { y } = call.state.feedback;
  const chain = rateChain(call);
  const q = scaled(y, cancels ? 0.5 : 0);
  return burstSweep(chain, untaught(chain.layers.at(-1)!, 0.5), { y, q }, { baseline: 0.5, form: 'rates' });
}

const potentials = (layers: readonly BurstLayer[]): number[] =>
  layers.flatMap(({ u }) => (u === null ? [] : [sizeOf(u)]));

const overModes = async (lab: Lab, measure: (mode: Mode, seed: number) => Promise<number>): Promise<number[]> => {
  const found: number[] = [];
  for (const mode of ['tied', 'random'] as const)
    for (const seed of seedsOf(lab)) found.push(await measure(mode, seed));
  return found;
};

/** The largest change of a parameter without a teacher. */
const silentChange = (lab: Lab, mode: Mode, seed: number): Promise<number> =>
  lab.f64(async () => {
    const rule = burstCorticoCortical({ feedback: mode, form: 'rates', teaching: 0, raw: true });
    const { credit } = creditOf(rule, await callOn(lab, net(), rule, { rows: 32, seed }));
    return numbersOf(credit).reduce((most, v) => Math.max(most, Math.abs(v)), 0); // too many to be arguments
  });

const STRENGTHS = [1, 0.5, 0.25, 0.1, 0.05, 0.01];

interface Order {
  /** Relative error of every layer, strength by strength. */
  readonly errors: readonly (readonly number[])[];
  /** Angle of every layer at s = 1, degrees. */
  readonly angles: readonly number[];
}

/** Credit beside what it tends to: the gradient where Y = W, feedback alignment where Y is random. */
const order = (lab: Lab, mode: Mode, seed: number): Promise<Order> =>
  lab.once(`order ${mode} ${seed}`, () =>
    lab.f64(async () => {
      const ruleAt = (teaching: number) => burstCorticoCortical({ feedback: mode, form: 'rates', teaching });
      const call = await callOn(lab, net(), ruleAt(1), { rows: 32, seed });
      const exact = reference(call, mode === 'random' ? call.state.feedback.y : undefined);
      const credits = STRENGTHS.map((s) => creditOf(ruleAt(s), call).credit);
      const errors = credits.map((credit) => layerDistances(credit, exact));
      if (seed === 0) drawOrder(lab, mode, errors);
      const angles = cosines(credits[0]!, exact).map((c) => (Math.acos(Math.min(1, c)) * 180) / Math.PI);
      return { errors, angles };
    }),
  );

function drawOrder(lab: Lab, mode: Mode, errors: Order['errors']): void {
  const layers = errors[0]!.slice(0, -1).map((_, l) => l);
  const svg = lineChart(
    layers.map((l) => ({ name: `layer ${l}`, points: STRENGTHS.map((s, i) => ({ x: s, y: errors[i]![l]! })) })),
    {
      title: mode === 'tied' ? 'Distance from backprop' : 'Distance from feedback alignment',
      x: { label: 'teaching strength', log: true },
      y: { label: 'relative error', log: true },
    },
  );
  lab.figure(`order-${mode}`, 'Credit of 784-200-200-200-200-10 on 32 MNIST images, f64, by hidden layer.', svg);
}

const overSeeds = async (lab: Lab, mode: Mode, measure: (o: Order) => number): Promise<number> => {
  const found: number[] = [];
  for (const seed of seedsOf(lab)) found.push(measure(await order(lab, mode, seed)));
  return worst(found);
};

const hidden = (xs: readonly number[]): number[] => xs.slice(0, -1);

/** |slope − 2| of the hidden layer that is farthest from it. */
const slopeGap = ({ errors }: Order): number =>
  worst(
    hidden(errors[0]!).map((_, l) =>
      Math.abs(
        logLogSlope(
          STRENGTHS,
          errors.map((row) => row[l]!),
        ).slope - 2,
      ),
    ),
  );

/** Distance of the two forms in f64 at a strength, or of one in f32 from f64. */
async function formGap(
  lab: Lab,
  teaching: number,
  dtype: 'f64' | 'f32',
  form: 'difference' | 'rates',
): Promise<number> {
  const credit = async (options: BurstCorticoCorticalOptions) => {
    const rule = burstCorticoCortical({ feedback: 'tied', teaching, ...options });
    return creditOf(rule, await callOn(lab, net(), rule, { rows: 32, seed: 0 })).credit;
  };
  const exact = await lab.f64(() => credit({ form: 'difference' }));
  if (dtype === 'f64') return distance(await lab.f64(() => credit({ form })), exact);
  return distance(await credit({ form }), exact);
}

const claim = (id: string, sentence: string, rest: Pick<Claim, 'threshold' | 'measure'> & Partial<Claim>): Claim => ({
  id,
  kind: 'identity',
  sentence,
  published: null,
  unit: '',
  expected: 'holds',
  ...rest,
});

const silence: readonly Claim[] = [
  claim(
    'silent-apical',
    'Without a teacher and with Q = p_b·Y the largest apical potential in 784-200-200-200-200-10 on MNIST is 0, for Y = W and for random Y.',
    {
      published: 0,
      threshold: atMost(1e-12),
      measure: (lab) =>
        lab.f64(async () =>
          worst(
            await overModes(lab, async (mode, seed) => worst(potentials(await silentLayers(lab, mode, seed, true)))),
          ),
        ),
    },
  ),
  claim('silent-weights', 'Without a teacher no parameter changes: the largest change.', {
    published: 0,
    threshold: atMost(1e-12),
    measure: async (lab) => worst(await overModes(lab, (mode, seed) => silentChange(lab, mode, seed))),
  }),
  claim('without-q', 'With Q = 0 the largest apical potential is above 0.5 in every layer: the least over layers.', {
    threshold: above(0.5),
    measure: (lab) =>
      lab.f64(async () =>
        least(
          await overModes(lab, async (mode, seed) => least(potentials(await silentLayers(lab, mode, seed, false)))),
        ),
      ),
  }),
];

const near = (mode: Mode, other: string, error: number, angle: number): readonly Claim[] => [
  claim(`${mode}-error`, `At s = 1 the relative error to ${other} is small in every hidden layer: the largest.`, {
    published: 'third order',
    threshold: atMost(error),
    measure: (lab) => overSeeds(lab, mode, ({ errors }) => worst(hidden(errors[0]!))),
  }),
  claim(`${mode}-angle`, `At s = 1 the angle to ${other} is small in every hidden layer: the largest.`, {
    unit: '°',
    threshold: atMost(angle),
    measure: (lab) => overSeeds(lab, mode, ({ angles }) => worst(hidden(angles))),
  }),
  claim(
    `${mode}-slope`,
    `The error to ${other} falls with the square of the teaching strength: largest distance of a log–log slope from 2.`,
    {
      published: 'O(u³) of u',
      threshold: atMost(0.1),
      measure: (lab) => overSeeds(lab, mode, slopeGap),
    },
  ),
];

export const identityClaims: readonly Claim[] = [
  ...silence,
  claim(
    'output-layer',
    "The output layer's credit is the gradient of ½‖e − t‖²: the largest relative error over strengths.",
    {
      threshold: atMost(1e-10),
      measure: (lab) => overSeeds(lab, 'tied', ({ errors }) => worst(errors.map((row) => row.at(-1)!))),
    },
  ),
  ...near('tied', 'backprop (Y = W)', 1e-2, 1),
  ...near('random', 'feedback alignment (Y random)', 5e-2, 1.5),
  claim(
    'forms-agree',
    'Carrying d = b − p_b·e is the same algebra: relative difference of the two forms in f64 at s = 1.',
    {
      threshold: atMost(1e-12),
      measure: (lab) => formGap(lab, 1, 'f64', 'rates'),
    },
  ),
  claim('forms-agree-weakly-taught', 'The two forms agree in f64 at s = 0.01 too.', {
    threshold: atMost(1e-9),
    measure: (lab) => formGap(lab, 0.01, 'f64', 'rates'),
  }),
  claim('f32-difference', 'In f32 the difference form keeps its digits at s = 0.001: relative error to f64.', {
    threshold: atMost(1e-5),
    measure: (lab) => formGap(lab, 0.001, 'f32', 'difference'),
  }),
  claim('f32-rates', 'In f32 the form of plain rates loses them: relative error at s = 0.001.', {
    kind: 'report',
    threshold: above(1e-3),
    measure: (lab) => formGap(lab, 0.001, 'f32', 'rates'),
  }),
];
