/** Checks 1 and 2: PC-Nudge tends to backprop with slope 1 in λ, and arrives in direction long before in length. */
import { jit, type Tensor, trees } from '../../engine/index.ts';
import { networkOf } from '../../methods/energy/build.ts';
import { forwardValues } from '../../methods/energy/network.ts';
import { localCredit, surroundingsOf } from '../../methods/predictive-coding/credit.ts';
import { infer } from '../../methods/predictive-coding/relaxation.ts';
import type { CreditCall } from '../../methods/rule.ts';
import type { Batch, Tree } from '../../nn/index.ts';
import { lineChart } from '../../plot/index.ts';
import { logLogSlope } from '../../stats/index.ts';
import { above, atLeast, atMost, below, type Claim, exactly } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import { cosines, distance, least, norm, numbersOf, worst } from './measure.ts';
import { digitCall, digitNet, exactAt, type NetOptions, seedsOf } from './setting.ts';

const NUDGES = [1, 0.1, 0.01, 1e-3, 1e-4] as const;

type NetName = 'tanh' | 'relu' | 'normal';

const nets: Readonly<Record<NetName, NetOptions>> = {
  tanh: { widths: [48, 32, 10], activation: 'tanh', init: 'pytorchDefault' },
  relu: { widths: [48, 32, 10], activation: 'relu', init: 'pytorchDefault' },
  normal: { widths: [48, 32, 10], activation: 'tanh', init: 'lecunNormal' },
};

/** Where inference stands after some moves. */
export interface Stage {
  readonly moved: readonly Tensor[];
  readonly credit: Tree;
  readonly energies: { readonly internal: Tensor; readonly loss: Tensor };
}

/** PC-Nudge in portions: `moves` more moves of 0.1 from ξ, and the credit there. */
export function portion(call: CreditCall<null>, moves: number) {
  const net = networkOf(call.model);
  return jit((params: Tree, batch: Batch, from: Tensor[], nudge: Tensor | number): Stage => {
    const around = surroundingsOf({ ...call, params, batch });
    const teacher = { loss: call.loss, batch, nudge };
    const { values, errors, moved, relaxed } = infer(net, around, teacher, {
      steps: moves,
      rate: 0.1,
      from,
      trace: true,
    });
    const summed = localCredit(net, around, values, errors, 1 / batch.x.shape[0]!);
    const records = relaxed!.records!;
    const energies = { internal: records.internal, loss: records.loss };
    return { moved, credit: trees.mapTensors((g) => g.div(nudge), summed), energies };
  });
}

/** ξ = 0 for every hidden vertex. */
export const unmoved = (call: CreditCall<null>): Tensor[] =>
  forwardValues(networkOf(call.model), surroundingsOf(call)).values.slice(0, -1).map(trees.zerosLike);

interface Sweep {
  /** By nudge, then by seed. */
  readonly errors: readonly (readonly number[])[];
  readonly cosines: readonly (readonly number[])[];
  /** ‖x − x°‖ / λ. */
  readonly moved: readonly (readonly number[])[];
}

/** 400 moves for every nudge and seed. */
const sweep = (lab: Lab, name: NetName): Promise<Sweep> =>
  lab.once(`nudges ${name}`, () =>
    lab.f64(async () => {
      const bySeed: { error: number; cosine: number; away: number }[][] = [];
      for (const seed of seedsOf(lab)) {
        const call = await digitCall(lab, digitNet(nets[name]), seed);
        const exact = exactAt(call);
        const run = portion(call, 20);
        bySeed.push(
          NUDGES.map((nudge) => {
            lab.step(`${name}, λ = ${nudge}`);
            let stage = run(call.params, call.batch, unmoved(call), nudge);
            for (let k = 1; k < 20; k++) stage = run(call.params, call.batch, [...stage.moved], nudge);
            const away = norm(numbersOf(stage.moved)) / nudge;
            return { error: distance(stage.credit, exact), cosine: least(cosines(stage.credit, exact)), away };
          }),
        );
      }
      const collect = (key: 'error' | 'cosine' | 'away') => NUDGES.map((_, i) => bySeed.map((row) => row[i]![key]));
      return { errors: collect('error'), cosines: collect('cosine'), moved: collect('away') };
    }),
  );

/** The log–log slope of the error from λ = 0.1 down, the one that lies farthest from 1. */
async function slope(lab: Lab, name: NetName): Promise<number> {
  const { errors } = await sweep(lab, name);
  const slopes = errors[0]!.map(
    (_, s) =>
      logLogSlope(
        NUDGES.slice(1),
        errors.slice(1).map((row) => row[s]!),
      ).slope,
  );
  return slopes.reduce((a, b) => (Math.abs(b - 1) > Math.abs(a - 1) ? b : a));
}

const errorAt = async (lab: Lab, name: NetName, nudge: (typeof NUDGES)[number]): Promise<number> =>
  worst((await sweep(lab, name)).errors[NUDGES.indexOf(nudge)]!);

interface Course {
  readonly errors: readonly number[];
  readonly cosines: readonly number[];
  /** Norm of the credit of the first layer after one move. */
  readonly firstLayer: number;
}

/** A hundred moves at λ = 1e-4, one by one. */
const course = (lab: Lab): Promise<readonly Course[]> =>
  lab.once('course of inference', () =>
    lab.f64(async () => {
      const courses: Course[] = [];
      for (const seed of seedsOf(lab)) {
        lab.step('inference step by step');
        const call = await digitCall(lab, digitNet(nets.tanh), seed);
        const exact = exactAt(call);
        const run = portion(call, 1);
        const errors: number[] = [];
        const angles: number[] = [];
        let firstLayer = Number.NaN;
        let moved = unmoved(call);
        for (let t = 1; t <= 100; t++) {
          const stage = run(call.params, call.batch, moved, 1e-4);
          moved = [...stage.moved];
          errors.push(distance(stage.credit, exact));
          angles.push(least(cosines(stage.credit, exact)));
          if (t === 1) firstLayer = norm(numbersOf((stage.credit as readonly Tree[])[1]!));
        }
        courses.push({ errors, cosines: angles, firstLayer });
      }
      drawCourse(lab, courses[0]!);
      return courses;
    }),
  );

function drawCourse(lab: Lab, { errors }: Course): void {
  const points = errors.map((y, i) => ({ x: i + 1, y }));
  const svg = lineChart([{ name: 'error', points }], {
    title: 'PC-Nudge while inference runs',
    x: { label: 'moves of 0.1' },
    y: { label: 'relative distance to backprop', log: true },
  });
  lab.figure('inference-time', 'Distance of the credit to backprop after each move; λ = 1e-4, tanh.', svg);
}

interface Energies {
  readonly internal: readonly number[];
  readonly loss: readonly number[];
}

/** The parts of the energy before each of a hundred moves at λ = 1. */
const energies = (lab: Lab): Promise<Energies> =>
  lab.once('energies', () =>
    lab.f64(async () => {
      lab.step('energies during inference');
      const call = await digitCall(lab, digitNet(nets.tanh), 0);
      const stage = portion(call, 100)(call.params, call.batch, unmoved(call), 1);
      const found = { internal: numbersOf(stage.energies.internal), loss: numbersOf(stage.energies.loss) };
      drawEnergies(lab, found);
      return found;
    }),
  );

function drawEnergies(lab: Lab, { internal, loss }: Energies): void {
  const line = (name: string, ys: readonly number[]) => ({ name, points: ys.map((y, x) => ({ x, y })) });
  const total = internal.map((e, i) => e + loss[i]!);
  const svg = lineChart([line('total', total), line('loss', loss), line('internal', internal)], {
    title: 'Energies during inference at λ = 1',
    x: { label: 'moves of 0.1' },
    y: { label: 'energy, summed over eight digits' },
  });
  lab.figure('energies', 'Inference trades loss for internal energy; the total falls.', svg);
}

const after = (lab: Lab, moves: number, pick: (xs: readonly number[]) => number): Promise<number> =>
  course(lab).then((all) => pick(all.map(({ errors }) => errors[moves - 1]!)));

const claim = (id: string, sentence: string, rest: Pick<Claim, 'threshold' | 'measure'> & Partial<Claim>): Claim => ({
  id,
  kind: 'identity',
  sentence,
  published: null,
  unit: '',
  expected: 'holds',
  ...rest,
});

const full = { kind: 'report', scales: ['full'] } as const;

/** The error after some moves lies in a band. */
const band = (moves: number, low: number, high: number): Claim[] => [
  claim(`error-after-${moves}-moves`, `After ${moves} moves of 0.1 at λ = 1e-4 the error is at most ${high}.`, {
    threshold: atMost(high),
    measure: (lab) => after(lab, moves, worst),
  }),
  claim(
    `error-after-${moves}-moves-floor`,
    `After ${moves} moves of 0.1 at λ = 1e-4 the error is still at least ${low}.`,
    {
      threshold: atLeast(low),
      measure: (lab) => after(lab, moves, least),
    },
  ),
];

export const nudgeClaims: readonly Claim[] = [
  claim(
    'slope-at-least',
    'The error of PC-Nudge against backprop falls with λ from 0.1 to 1e-4 with a log–log slope of at least 0.9 (tanh).',
    {
      published: 1,
      threshold: atLeast(0.9),
      measure: (lab) => slope(lab, 'tanh'),
    },
  ),
  claim('slope-at-most', 'The slope is at most 1.1.', {
    published: 1,
    threshold: atMost(1.1),
    measure: (lab) => slope(lab, 'tanh'),
  }),
  claim('error-at-1e-4', 'At λ = 1e-4 the relative error over all weight matrices is below 3e-4 (tanh).', {
    threshold: below(3e-4),
    measure: (lab) => errorAt(lab, 'tanh', 1e-4),
  }),
  claim('cosine-at-1e-3', 'At λ = 1e-3 every layer has a cosine to backprop above 0.99999.', {
    threshold: above(0.99999),
    measure: async (lab) => least((await sweep(lab, 'tanh')).cosines[3]!),
  }),
  claim('cosine-at-1', 'At λ = 1, ordinary predictive coding, the worst layer has a cosine below 0.95.', {
    threshold: below(0.95),
    measure: async (lab) => worst((await sweep(lab, 'tanh')).cosines[0]!),
  }),
  claim(
    'moved-in-proportion',
    'The distance of the activities from the free state is proportional to λ below 1e-2: the ratio changes by less than 2 %.',
    {
      unit: '%',
      threshold: below(2),
      async measure(lab) {
        const { moved } = await sweep(lab, 'tanh');
        const changes = moved[2]!.map((first, s) =>
          worst([moved[3]![s]!, moved[4]![s]!].map((m) => Math.abs(m / first - 1))),
        );
        return 100 * worst(changes);
      },
    },
  ),
  claim(
    'relu-error-at-1e-3',
    'With ReLU the error at λ = 1e-3 is of the same size; a unit that crosses its kink breaks the slope.',
    {
      ...full,
      threshold: below(3e-3),
      measure: (lab) => errorAt(lab, 'relu', 1e-3),
    },
  ),
  claim(
    'normal-error-at-1e-4',
    'With weights from N(0, 1/fan-in) the error at λ = 1e-4 is three to four times larger, and below 1e-3.',
    {
      ...full,
      threshold: below(1e-3),
      measure: (lab) => errorAt(lab, 'normal', 1e-4),
    },
  ),
  claim(
    'total-energy-falls',
    'At λ = 1 the total energy falls in every one of a hundred moves: the number of moves in which it rises.',
    {
      published: 'falls',
      unit: 'moves',
      scales: ['full'],
      threshold: exactly(0),
      async measure(lab) {
        const { internal, loss } = await energies(lab);
        const total = internal.map((e, i) => e + loss[i]!);
        return total.filter((e, i) => i > 0 && e > total[i - 1]!).length;
      },
    },
  ),
  claim(
    'loss-traded-for-internal-energy',
    'At λ = 1 a good part of the loss becomes internal energy: the share of the energy that is internal after a hundred moves.',
    {
      kind: 'report',
      published: 'traded',
      unit: '%',
      scales: ['full'],
      threshold: above(5),
      async measure(lab) {
        const { internal, loss } = await energies(lab);
        return (100 * internal.at(-1)!) / (internal.at(-1)! + loss.at(-1)!);
      },
    },
  ),
  ...band(10, 0.45, 0.65),
  ...band(50, 0.055, 0.095),
  ...band(100, 0.005, 0.011),
  claim(
    'direction-after-3-moves',
    'After 3 moves every layer has a cosine to backprop above 0.998, long before the length is right.',
    {
      threshold: above(0.998),
      measure: async (lab) => least((await course(lab)).map(({ cosines: c }) => c[2]!)),
    },
  ),
  claim('direction-stays', 'From then on every cosine stays above 0.99.', {
    threshold: above(0.99),
    measure: async (lab) => least((await course(lab)).flatMap(({ cosines: c }) => c.slice(2))),
  }),
  claim(
    'silence-before-arrival',
    'After one move the first of three layers has learned nothing at all: its credit is 0.',
    {
      threshold: exactly(0),
      measure: async (lab) => worst((await course(lab)).map(({ firstLayer }) => firstLayer)),
    },
  ),
];
