/** Check 5: Q learns to silence apical dendrites while no teacher speaks, and credit turns towards feedback alignment. */
import { loader } from '../../data/index.ts';
import { jit } from '../../engine/index.ts';
import {
  type BurstCorticoCorticalOptions,
  type BurstState,
  burstCorticoCortical,
} from '../../methods/burst/burst-cortico-cortical.ts';
import type { CreditCall } from '../../methods/rule.ts';
import { type Batch, toTensors } from '../../nn/index.ts';
import { cosines, least, worst } from '../ebm-infinitesimal-limit/measure.ts';
import { above, atLeast, atMost, type Claim } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import { callOn, creditOf, pixelTask, reference, seedsOf, sigmoidNet } from './setting.ts';

interface Learned {
  /** Mean |u| without a teacher, layer by layer, before and after. */
  readonly before: readonly number[];
  readonly after: readonly number[];
  /** Angle to feedback alignment (backprop where Y = W) with a teacher, degrees. */
  readonly anglesBefore: readonly number[];
  readonly anglesAfter: readonly number[];
}

interface Case {
  readonly seed: number;
  readonly feedback: 'random' | 'symmetric';
  /** Whether the teacher is on while Q learns. */
  readonly isTaught: boolean;
}

const BATCH = 32;
const free = { cancellation: 'random', cancellationScale: 0.25, raw: true } as const;

/** Q of a frozen network after learning. */
async function learnedQ(
  lab: Lab,
  call: CreditCall<BurstState>,
  { seed, feedback, isTaught }: Case,
): Promise<BurstState> {
  const options: BurstCorticoCorticalOptions = { plasticity: 'cancellation', plasticityRate: 0.02 };
  const rule = burstCorticoCortical({ ...free, feedback, ...options, teaching: isTaught ? 1 : 0 });
  const update = jit((state: BurstState, batch: Batch) => creditOf(rule, { ...call, state, batch }).state);
  const { train: set, normaliser } = await lab.once('pixels for Q', () => pixelTask(10_000, 1000));
  const rows = loader({ set, batch: BATCH, key: lab.words('order of Q', seed), normaliser });
  const steps = lab.pick(500, 2000);
  let { state } = call;
  for (let step = 0; step < steps; step++) {
    if (step % 50 === 0) lab.step(`Q learns, seed ${seed}`, step / steps);
    const [epoch, inEpoch] = [Math.floor(step / rows.stepsPerEpoch), step % rows.stepsPerEpoch];
    state = update(state, toTensors(rows.batchAt({ epoch, step: inEpoch })));
  }
  return state;
}

const experiment = (lab: Lab, one: Case): Promise<Learned> =>
  lab.once(`Q ${JSON.stringify(one)}`, async () => {
    const { feedback, seed } = one;
    const silent = burstCorticoCortical({ ...free, feedback, teaching: 0 });
    const taught = burstCorticoCortical({ ...free, feedback });
    const call = await callOn(lab, sigmoidNet(100, 100, 100, 100), silent, { rows: 1000, seed });
    const exact = reference(call, call.state.feedback.y);
    const sizes = (state: BurstState): number[] =>
      Object.entries(creditOf(silent, { ...call, state }).metrics).flatMap(([name, size]) =>
        name.startsWith('apical.') ? [size.item()] : [],
      );
    const angles = (state: BurstState): number[] =>
      cosines(creditOf(taught, { ...call, state }).credit, exact)
        .slice(0, -1)
        .map((c) => (Math.acos(Math.max(-1, Math.min(1, c))) * 180) / Math.PI);
    const state = await learnedQ(lab, call, one);
    const found = {
      before: sizes(call.state),
      after: sizes(state),
      anglesBefore: angles(call.state),
      anglesAfter: angles(state),
    };
    if (one.seed === 0) show(lab, one, found);
    return found;
  });

function show(lab: Lab, { feedback, isTaught }: Case, { before, after, anglesBefore, anglesAfter }: Learned): void {
  const digits = (v: number): number => Number(v.toPrecision(3));
  lab.table(
    `q-${feedback}${isTaught ? '-taught' : ''}`,
    `Q learning with the teacher ${isTaught ? 'on' : 'off'}, Y ${feedback}: mean |u| and angle to ${feedback === 'random' ? 'feedback alignment' : 'backprop'}, by hidden layer`,
    ['layer', '|u| before', '|u| after', 'angle before, °', 'angle after, °'],
    before.map((u, l) => [l, ...[u, after[l]!, anglesBefore[l]!, anglesAfter[l]!].map(digits)]),
  );
}

const over = async (lab: Lab, measure: (found: Learned) => number, rest: Partial<Case> = {}): Promise<number[]> => {
  const found: number[] = [];
  for (const seed of seedsOf(lab))
    found.push(measure(await experiment(lab, { seed, feedback: 'random', isTaught: false, ...rest })));
  return found;
};

const fall = ({ before, after }: Learned): number => least(before.map((u, l) => u / after[l]!));

const claim = (id: string, sentence: string, rest: Pick<Claim, 'threshold' | 'measure'> & Partial<Claim>): Claim => ({
  id,
  kind: 'learning',
  sentence,
  published: 'small angle',
  unit: '°',
  expected: 'holds',
  ...rest,
});

export const plasticityClaims: readonly Claim[] = [
  claim(
    'q-silences',
    'Learning without a teacher, a random Q brings the mean apical potential of every layer of a frozen network down: the least factor.',
    {
      published: 'to about 0',
      unit: '×',
      threshold: atLeast(5),
      measure: async (lab) => least(await over(lab, fall)),
    },
  ),
  claim(
    'q-angle-top',
    'With the teacher switched on after that, the credit of the top hidden layer is near feedback alignment: the largest angle.',
    {
      threshold: { quick: atMost(15), full: atMost(35) },
      measure: async (lab) => worst(await over(lab, ({ anglesAfter }) => anglesAfter.at(-1)!)),
    },
  ),
  claim('q-angle-second', 'So is that of the hidden layer below it.', {
    threshold: { quick: atMost(45), full: atMost(35) },
    measure: async (lab) => worst(await over(lab, ({ anglesAfter }) => anglesAfter.at(-2)!)),
  }),
  claim('q-angles-fall', 'The angle falls in every hidden layer: the least decrease.', {
    scales: ['full'],
    threshold: above(0),
    measure: async (lab) =>
      least(await over(lab, ({ anglesBefore, anglesAfter }) => least(anglesBefore.map((a, l) => a - anglesAfter[l]!)))),
  }),
  claim(
    'q-angle-symmetric',
    'Where Y = W it is backprop that credit turns to: the largest angle of the two top hidden layers.',
    {
      kind: 'report',
      expected: 'not reproduced',
      why: 'The prototype had 27° and 30° in its two seeds; of three seeds here the worst is at 39° after 2000 steps, and still on its way: 27° after 4000, 25° after 8000.',
      scales: ['full'],
      threshold: atMost(35),
      measure: async (lab) =>
        worst(await over(lab, ({ anglesAfter }) => worst(anglesAfter.slice(-2)), { feedback: 'symmetric' })),
    },
  ),
  claim(
    'q-taught',
    'With the teacher on while Q learns in an untrained frozen network, no layer turns towards feedback alignment: the least angle.',
    {
      kind: 'report',
      published: 'larger, below 90',
      scales: ['full'],
      threshold: atLeast(70),
      measure: async (lab) => least(await over(lab, ({ anglesAfter }) => least(anglesAfter), { isTaught: true })),
    },
  ),
];
