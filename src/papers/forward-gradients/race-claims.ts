/** Checks 4 and 6: how many steps descent takes as dimensions grow, with the best rates and with tuned ones. */
import { rosenbrock } from '../../data/index.ts';
import { iota, mul, square, sum, type Tensor, tensor } from '../../engine/index.ts';
import { HostRandom } from '../../engine/threefry.ts';
import { type Law, lengthFactor } from '../../methods/perturbation/law.ts';
import { adam, sgd } from '../../optim/index.ts';
import { lineChart } from '../../plot/index.ts';
import { leastSquaresLine, median } from '../../stats/index.ts';
import { above, atLeast, atMost, type Claim, exactly } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import { type Racer, race } from './race.ts';

const sphere = (x: Tensor): Tensor => sum(square(x));
const weighted = (x: Tensor): Tensor => sum(mul(iota(x.shape[0]!, x.dtype).add(1), square(x)));

const LAWS: readonly Law[] = ['rademacher', 'sphere', 'gaussian'];

interface Growth {
  readonly law: Law;
  readonly n: number;
  readonly steps: number;
  /** n·ln 1e6. */
  readonly theory: number;
}

/** Median steps of 50 runs on ‖x‖² from −1 to a millionth of the start, at the best rate 1/(2c). */
const growth = (lab: Lab): Promise<readonly Growth[]> =>
  lab.once('growth', () =>
    lab.f64(() => {
      const rows = lab.pick([8, 32, 128], [8, 32, 128, 512]).flatMap((n) => {
        lab.step(`steps at n = ${n}`);
        const racers = LAWS.map(
          (law): Racer => ({
            name: law,
            credit: law,
            optimizer: sgd({ learningRate: 1 }),
            rates: [1 / (2 * lengthFactor(law, n))],
            repeats: 50,
          }),
        );
        const starts = [Array.from({ length: n }, () => -1)];
        const finish = race({
          value: sphere,
          starts,
          racers,
          targets: [1e-6 * n],
          limit: 1e12,
          key: lab.key('growth', n),
          steps: 25 * n,
        });
        return LAWS.map((law, i) => ({ law, n, steps: median(finish[i]!.flat(2)), theory: n * Math.log(1e6) }));
      });
      showGrowth(lab, rows);
      return rows;
    }),
  );

function showGrowth(lab: Lab, rows: readonly Growth[]): void {
  const series = LAWS.map((law) => ({
    name: law,
    points: rows.filter((row) => row.law === law).map(({ n, steps }) => ({ x: n, y: steps })),
  }));
  const theory = {
    name: 'n·ln 10⁶',
    points: rows.filter((row) => row.law === 'sphere').map((row) => ({ x: row.n, y: row.theory })),
  };
  const svg = lineChart([...series, theory], {
    title: 'Steps to a millionth of ‖x₀‖² at the best rate',
    x: { label: 'dimensions', log: true },
    y: { label: 'steps', log: true },
  });
  lab.figure(
    'steps-by-dimension',
    'Median steps of 50 runs of forward gradients on ‖x‖²; gradient descent takes one.',
    svg,
  );
}

const slopes = async (lab: Lab): Promise<number[]> => {
  const rows = (await growth(lab)).filter(({ n }) => n >= 32);
  return LAWS.map((law) => {
    const own = rows.filter((row) => row.law === law);
    return leastSquaresLine(
      own.map(({ n }) => Math.log(n)),
      own.map(({ steps }) => Math.log(steps)),
    ).slope;
  });
};

/** Quarter-decade rates from 1e-5 to 1. */
const GRID = Array.from({ length: 21 }, (_, q) => 10 ** (q / 4 - 5));
const MOST = { quick: 1000, full: 6000 } as const;
const STARTS = 5;

interface TunedSteps {
  readonly problem: string;
  readonly n: number;
  readonly gd: number;
  readonly adam: number;
  readonly forward: readonly number[];
  readonly adamForward: readonly number[];
}

interface Problem {
  readonly name: string;
  readonly value: (x: Tensor) => Tensor;
  readonly n: number;
  /** Random starts in ±1 unless given. */
  readonly start?: readonly number[];
}

/** Median steps over five starts to a hundredth of the start, each optimiser at the rate of the grid with the fewest. */
function tuned(lab: Lab, { name, value, n, start }: Problem): TunedSteps {
  const random = new HostRandom(lab.words(`tuned starts ${n}`));
  const starts =
    start === undefined
      ? Array.from({ length: STARTS }, () => Array.from({ length: n }, () => random.uniform(-1, 1)))
      : [start];
  const repeats = start === undefined ? 1 : STARTS;
  const at = (credit: Racer['credit'], optimizer: Racer['optimizer']): Racer => ({
    name: credit,
    credit,
    optimizer,
    rates: GRID,
    repeats: credit === 'gradient' ? 1 : repeats,
  });
  const plain = sgd({ learningRate: 1 });
  const racers = [
    at('gradient', plain),
    at('gradient', adam({ learningRate: 1 })),
    ...LAWS.map((law) => at(law, plain)),
    ...LAWS.map((law) => at(law, adam({ learningRate: 1 }))),
  ];
  const finish = race({
    value,
    starts,
    racers,
    targets: starts.map((x) => 0.01 * firstValue(value, x)),
    limit: 1e12,
    key: lab.key(`tuned ${name} ${n}`),
    steps: MOST[lab.scale],
    onProgress: (t) => lab.step(`tuned rates, ${name}, n = ${n}`, t / MOST[lab.scale]),
  });
  const best = finish.map((byStart) =>
    Math.min(...GRID.map((_, q) => middle(byStart.flatMap((byRate) => byRate[q]!)))),
  );
  return { problem: name, n, gd: best[0]!, adam: best[1]!, forward: best.slice(2, 5), adamForward: best.slice(5) };
}

/** The median of an odd number of counts, of which some may be Infinity. */
const middle = (xs: readonly number[]): number => [...xs].sort((a, b) => a - b)[(xs.length - 1) / 2]!;

const firstValue = (value: Problem['value'], x: readonly number[]): number =>
  value(tensor([...x], { dtype: 'f64' })).item();

const fromMinusOne = (n: number): number[] => Array.from({ length: n }, (_, i) => (i === 0 ? -1 : 0));

const tunedTable = (lab: Lab): Promise<readonly TunedSteps[]> =>
  lab.once('tuned', () =>
    lab.f64(() => {
      const sizes = lab.pick([8, 32], [8, 32, 128]);
      const problems: Problem[] = [
        ...lab.pick([], [8, 128]).map((n) => ({ name: 'Σ x²', value: sphere, n })),
        ...sizes.map((n) => ({ name: 'Σ i·x²', value: weighted, n })),
        ...lab
          .pick([], [8, 32])
          .map((n) => ({ name: 'Rosenbrock', value: rosenbrock.value, n, start: fromMinusOne(n) })),
      ];
      const rows = problems.map((problem) => tuned(lab, problem));
      lab.table(
        'tuned-steps',
        `Median steps to 1 % of f₀, each at the best of 21 rates; – not within ${MOST[lab.scale]} steps`,
        [
          'function',
          'n',
          'gradient descent',
          ...LAWS.map((law) => `forward, ${law}`),
          'Adam',
          ...LAWS.map((law) => `Adam forward, ${law}`),
        ],
        rows.map((row) => [
          row.problem,
          row.n,
          ...[row.gd, ...row.forward, row.adam, ...row.adamForward].map((x) => (Number.isFinite(x) ? x : '–')),
        ]),
      );
      return rows;
    }),
  );

/** The least ratio of forward to exact steps over the laws, by dimension of Σ i·x². */
async function ratios(lab: Lab, which: 'plain' | 'adam'): Promise<number[]> {
  const rows = (await tunedTable(lab)).filter((row) => row.problem === 'Σ i·x²');
  return rows.map((row) =>
    which === 'plain' ? Math.min(...row.forward) / row.gd : Math.min(...row.adamForward) / row.adam,
  );
}

const rosenbrockRow = async (lab: Lab, n: number): Promise<TunedSteps> =>
  (await tunedTable(lab)).find((row) => row.problem === 'Rosenbrock' && row.n === n)!;

const growthOf = (xs: readonly number[]): number => Math.min(...xs.slice(1).map((x, i) => x / xs[i]!));

export const raceClaims: readonly Claim[] = [
  {
    id: 'steps-follow-theory',
    kind: 'learning',
    sentence:
      'On ‖x‖² at the best rate the median number of steps is n·ln 10⁶ for n ≥ 32: largest relative difference over laws (gradient descent: one step).',
    published: null,
    unit: '',
    threshold: atMost(0.1),
    expected: 'holds',
    measure: async (lab) =>
      Math.max(
        ...(await growth(lab)).filter(({ n }) => n >= 32).map(({ steps, theory }) => Math.abs(steps / theory - 1)),
      ),
  },
  ...(['least', 'largest'] as const).map(
    (which): Claim => ({
      id: `steps-slope-${which}`,
      kind: 'learning',
      sentence: `Steps grow like n: the ${which} slope of log steps over log n from n = 32 on.`,
      published: null,
      unit: '',
      threshold: which === 'least' ? atLeast(0.95) : atMost(1.1),
      expected: 'holds',
      measure: async (lab) => (which === 'least' ? Math.min(...(await slopes(lab))) : Math.max(...(await slopes(lab)))),
    }),
  ),
  {
    id: 'tuned-forward-over-gradient',
    kind: 'learning',
    sentence:
      'With tuned rates on Σ i·x², n = 128, forward gradients take many times the steps of gradient descent: least ratio over three laws.',
    published: null,
    unit: '× steps',
    threshold: atLeast(50),
    expected: 'holds',
    scales: ['full'],
    measure: async (lab) => (await ratios(lab, 'plain')).at(-1)!,
  },
  {
    id: 'tuned-adam-forward-over-adam',
    kind: 'learning',
    sentence:
      'With tuned rates on Σ i·x², n = 128, Adam with forward gradients takes many times the steps of Adam: least ratio over three laws.',
    published: null,
    unit: '× steps',
    threshold: atLeast(15),
    expected: 'holds',
    scales: ['full'],
    measure: async (lab) => (await ratios(lab, 'adam')).at(-1)!,
  },
  ...(['plain', 'adam'] as const).map(
    (which): Claim => ({
      id: `tuned-ratio-grows-${which}`,
      kind: 'learning',
      sentence: `The ratio of steps with tuned rates (${which === 'plain' ? 'forward gradients over gradient descent' : 'Adam with forward gradients over Adam'}) grows with n on Σ i·x²: least growth from one n to the next.`,
      published: null,
      unit: '×',
      threshold: above(1),
      expected: 'holds',
      measure: async (lab) => growthOf(await ratios(lab, which)),
    }),
  ),
  {
    id: 'rosenbrock-8',
    kind: 'learning',
    sentence:
      'On Rosenbrock, n = 8, the best forward variant with tuned rates takes more steps than gradient descent: ratio (6001 where none arrives).',
    published: null,
    unit: '× steps',
    threshold: atLeast(2),
    expected: 'holds',
    scales: ['full'],
    measure: async (lab) => {
      const { forward, gd } = await rosenbrockRow(lab, 8);
      return Math.min(MOST.full + 1, ...forward) / gd;
    },
  },
  {
    id: 'rosenbrock-32',
    kind: 'learning',
    sentence:
      'On Rosenbrock, n = 32, no plain forward variant arrives within 6000 steps at any rate, where gradient descent does: variants that arrive.',
    published: null,
    unit: 'variants',
    threshold: exactly(0),
    expected: 'holds',
    scales: ['full'],
    measure: async (lab) => {
      const { forward, gd } = await rosenbrockRow(lab, 32);
      return Number.isFinite(gd) ? forward.filter(Number.isFinite).length : Number.NaN;
    },
  },
];
