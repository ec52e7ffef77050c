/** The second half of check 4, and check 5: descent on functions, step sizes by theory and the published rates. */
import { rosenbrock, styblinskiTang, type TestFunction } from '../../data/index.ts';
import { fromArray, square, sum, type Tensor } from '../../engine/index.ts';
import { HostRandom } from '../../engine/threefry.ts';
import { lineChart } from '../../plot/index.ts';
import { mean, median } from '../../stats/index.ts';
import { atLeast, atMost, type Claim, exactly } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import { descend, type Run } from './descent.ts';
import { type Combination, publishedRate, ratesOverTheory, theoreticalRate } from './published-rates.ts';

const sphere: Pick<TestFunction, 'value' | 'minimum'> = { value: (x) => sum(square(x)), minimum: () => 0 };

interface Problem {
  readonly name: 'Sphere' | 'Styblinski–Tang' | 'Rosenbrock';
  readonly f: Pick<TestFunction, 'value' | 'minimum'>;
  readonly start: (n: number) => number[];
  readonly steps: number;
}

const everywhere = (value: number) => (n: number) => Array.from({ length: n }, () => value);

const problems: Readonly<Record<Problem['name'], Problem>> = {
  Sphere: { name: 'Sphere', f: sphere, start: everywhere(-1), steps: 1000 },
  'Styblinski–Tang': { name: 'Styblinski–Tang', f: styblinskiTang, start: everywhere(0), steps: 1000 },
  Rosenbrock: { name: 'Rosenbrock', f: rosenbrock, start: (n) => [-1, ...everywhere(0)(n - 1)], steps: 8000 },
};

/** The official runs end after so many successive steps without decrease. */
const PATIENCE = 50;

interface Setting {
  readonly problem: Problem['name'];
  readonly n: number;
  readonly by: 'frog' | 'mean';
  readonly k: number;
  readonly seeds: number;
  readonly rate?: number;
}

/** f − f* at the end of every seed, at the published rate unless another is given. */
const gaps = (
  lab: Lab,
  { problem, n, by, k, seeds, rate = publishedRate(problem, n, by, k) }: Setting,
): Promise<number[]> =>
  lab.once(`gaps ${problem} ${n} ${by} ${k} ${seeds} ${rate}`, () =>
    lab.f64(() => {
      const { f, start, steps } = problems[problem];
      const what = `${problem} ${n}, ${by} ${k}`;
      const runs = descend({
        value: f.value,
        start: start(n),
        rates: [rate],
        seeds,
        steps,
        by,
        k,
        key: lab.key(`descent ${problem} ${n} ${k}`),
        patience: PATIENCE,
        onProgress: (t) => lab.step(what, t / steps),
      });
      return runs.map((run) => run.value - f.minimum(n));
    }),
  );

const SHOWN: readonly (readonly [Problem['name'], readonly number[]])[] = [
  ['Sphere', [64, 1024]],
  ['Styblinski–Tang', [16, 64, 128, 1024]],
  ['Rosenbrock', [16, 64]],
];

const COLUMNS: readonly (readonly ['frog' | 'mean', number])[] = [
  ['mean', 1],
  ['mean', 4],
  ['mean', 16],
  ['frog', 4],
  ['frog', 16],
];

/** Average gaps over three seeds: the table of the card at full scale, two rows of it at quick scale. */
const averages = (lab: Lab): Promise<ReadonlyMap<string, number>> =>
  lab.once('averages', async () => {
    const shown = lab.pick<typeof SHOWN>(
      [
        ['Sphere', [64]],
        ['Styblinski–Tang', [64]],
      ],
      SHOWN,
    );
    const found = new Map<string, number>();
    const table: (string | number)[][] = [];
    for (const [problem, sizes] of shown)
      for (const n of sizes) {
        const row = [];
        for (const [by, k] of COLUMNS) {
          const average = mean(await gaps(lab, { problem, n, by, k, seeds: 3 }));
          found.set(`${problem} ${n} ${by} ${k}`, average);
          row.push(average.toExponential(1));
        }
        table.push([`${problem} ${n}`, ...row]);
      }
    lab.table(
      'functions',
      'f − f* at the end at the published rates, mean of three seeds',
      ['function, n', ...COLUMNS.map(([by, k]) => `${by} ${k}`)],
      table,
    );
    return found;
  });

/** The largest quotient of the gap with more tangents by the gap with fewer, where n ≥ 64: below 1 if the gap falls with k. */
async function fallWithTangents(lab: Lab): Promise<number> {
  const found = await averages(lab);
  const at = (key: string, by: string, k: number) => found.get(`${key} ${by} ${k}`)!;
  const keys = lab.pick(
    ['Sphere 64', 'Styblinski–Tang 64'],
    ['Sphere 64', 'Sphere 1024', 'Styblinski–Tang 64', 'Styblinski–Tang 128', 'Styblinski–Tang 1024', 'Rosenbrock 64'],
  );
  return Math.max(
    ...keys.flatMap((key) => [
      at(key, 'mean', 4) / at(key, 'mean', 1),
      at(key, 'mean', 16) / at(key, 'mean', 4),
      at(key, 'frog', 4) / at(key, 'mean', 1),
      at(key, 'frog', 16) / at(key, 'frog', 4),
    ]),
  );
}

/** Rises of f on ½Σ h·x² with h in [0.1, 1]: descent that must not rise, or must rise in every step. */
function quadraticRuns(
  lab: Lab,
  by: 'frog' | 'mean',
  settings: readonly (readonly [number, number])[],
  rates: readonly number[],
  steps: number,
): Run[] {
  return settings.flatMap(([n, k]) => {
    const own = new HostRandom(lab.words(`quadratic ${n}`));
    const h = fromArray(
      Float64Array.from({ length: n }, () => own.uniform(0.1, 1)),
      [n],
      'f64',
    );
    const value = (x: Tensor): Tensor => sum(square(x).mul(h)).mul(0.5);
    const start = Array.from({ length: n }, () => own.normal());
    return descend({ value, start, rates, seeds: 1, steps, by, k, key: lab.key(`quadratic ${n} ${k}`) });
  });
}

const FROG_SETTINGS = [
  [64, 1],
  [64, 4],
  [64, 16],
  [64, 64],
  [512, 16],
] as const;

/** The factor between the best rate of a log grid of ratio 1.3 and theory, on the sphere with n = 64: mean ln f of 12 seeds after 150 steps. */
async function bestOverTheory(lab: Lab, by: 'frog' | 'mean', k: number): Promise<number> {
  const theory = theoreticalRate(by, 64, k);
  const factors = [-3, -2, -1, 0, 1, 2, 3].map((i) => 1.3 ** i);
  const runs = descend({
    value: sphere.value,
    start: everywhere(-1)(64),
    rates: factors.map((x) => x * theory),
    seeds: 12,
    steps: 150,
    by,
    k,
    key: lab.key(`grid ${k}`),
  });
  const logs = factors.map((_, i) =>
    mean(runs.filter((_, r) => r % factors.length === i).map(({ value }) => Math.log(value))),
  );
  const best = factors[logs.indexOf(Math.min(...logs))]!;
  return Math.max(best, 1 / best);
}

const gridFactor = async (lab: Lab): Promise<number> => {
  const found: number[] = [];
  for (const by of ['frog', 'mean'] as const)
    for (const k of lab.pick([4], [1, 4, 16])) found.push(await bestOverTheory(lab, by, k));
  return Math.max(...found);
};

const ANGLES = [15, 30, 45, 60, 90] as const;
/** Rates of the search with angles, k = 16. */
const ANGLE_RATES: Readonly<Record<Combination, readonly number[]>> = {
  frog: ANGLES.map(() => 0.00184),
  mean: [0.0261, 0.0364, 0.0261, 0.0353, 0.0353],
};

/** Gaps on Styblinski–Tang, n = 64, k = 16, five seeds, by angle. */
const angleGaps = (lab: Lab, by: 'frog' | 'mean'): Promise<readonly number[][]> =>
  lab.once(`angle gaps ${by}`, () =>
    lab.f64(() => {
      const found = ANGLES.map((angle, i) => {
        lab.step(`angles, ${by}, ${angle}°`);
        const runs = descend({
          value: styblinskiTang.value,
          start: everywhere(0)(64),
          rates: [ANGLE_RATES[by][i]!],
          seeds: 5,
          steps: 1000,
          by,
          k: 16,
          law: `angle-${angle}`,
          key: lab.key('angle descent'),
          patience: PATIENCE,
        });
        return runs.map(({ value }) => value - styblinskiTang.minimum(64));
      });
      lab.table(
        `angle-gaps-${by}`,
        `Gap on Styblinski–Tang, n = 64, k = 16, after 1000 steps by ${by}, five seeds`,
        ['angle', 'mean', 'median'],
        ANGLES.map((angle, i) => [`${angle}°`, mean(found[i]!).toExponential(2), median(found[i]!).toExponential(2)]),
      );
      return found;
    }),
  );

const learning = (
  id: string,
  sentence: string,
  threshold: Claim['threshold'],
  measure: (lab: Lab) => number | Promise<number>,
  full = false,
): Claim => ({
  id,
  kind: 'learning',
  sentence,
  published: null,
  unit: '',
  threshold,
  expected: 'holds',
  ...(full ? { scales: ['full'] as const } : {}),
  measure: (lab) => lab.f64(() => measure(lab)),
});

export const functionClaims: readonly Claim[] = [
  learning(
    'frog-never-rises',
    'On ½Σh·x² frog never increases f at any rate up to 1.9/L, for k = 1 … 64 and n up to 512: rises in 300 steps of 20 runs.',
    exactly(0),
    (lab) => quadraticRuns(lab, 'frog', FROG_SETTINGS, [1.9, 1, 0.1, 0.01], 300).reduce((s, run) => s + run.rises, 0),
  ),
  learning(
    'mean-rises',
    'At the rate 1.9/L the mean of one tangent increases f in every step: share of the first 20.',
    exactly(1),
    (lab) => {
      const [run] = quadraticRuns(lab, 'mean', [[64, 1]], [1.9], 20);
      return run!.rises / run!.steps;
    },
  ),
  learning(
    'rate-by-theory',
    'The best rate on the sphere is that of theory, ½ for frog and k/(2(n + k + 1)) for the mean: largest factor to the best of a grid, n = 64.',
    atMost(1.3),
    gridFactor,
  ),
  {
    ...learning(
      'published-rate-least',
      'The rates that the paper’s search found on the sphere are those of theory: least quotient for n ≥ 64.',
      atLeast(0.83),
      () => Math.min(...ratesOverTheory()),
    ),
    kind: 'report',
  },
  {
    ...learning(
      'published-rate-largest',
      'The rates that the paper’s search found on the sphere are those of theory: largest quotient for n ≥ 64.',
      atMost(1.22),
      () => Math.max(...ratesOverTheory()),
    ),
    kind: 'report',
  },
  learning(
    'gap-falls',
    'For n ≥ 64 the gap at the end falls with every more tangents for frog and mean on all functions: largest quotient, mean of three seeds.',
    atMost(0.999),
    fallWithTangents,
  ),
  learning(
    'frog-leads-sphere',
    'On the sphere, n = 64, frog with 16 tangents ends far below the mean: quotient of gaps.',
    atLeast(100),
    async (lab) => {
      const found = await averages(lab);
      return found.get('Sphere 64 mean 16')! / found.get('Sphere 64 frog 16')!;
    },
  ),
  learning(
    'frog-leads-styblinski-tang',
    'On Styblinski–Tang, n = 128, frog with 16 tangents ends far below the mean: quotient of medians of 20 seeds.',
    atLeast(100),
    async (lab) => {
      const [frog, other] = await basins(lab);
      return median(other!) / median(frog!);
    },
    true,
  ),
  learning(
    'frog-leads-rosenbrock',
    'On Rosenbrock, n = 16, frog with 16 tangents ends below the mean with its rate tuned: quotient of medians of 5 seeds.',
    atLeast(5),
    async (lab) =>
      median(await bestMeanOnRosenbrock(lab)) /
      median(await gaps(lab, { problem: 'Rosenbrock', n: 16, by: 'frog', k: 16, seeds: 5 })),
    true,
  ),
  learning(
    'angles-do-not-matter-to-frog',
    'Frog ends at the same gap whatever the angle of its tangents, Styblinski–Tang n = 64, k = 16: largest relative difference from 90°.',
    atMost(1e-3),
    async (lab) => {
      const found = await angleGaps(lab, 'frog');
      return Math.max(...found.flatMap((row) => row.map((gap, seed) => Math.abs(gap / found.at(-1)![seed]! - 1))));
    },
    true,
  ),
  learning(
    'angles-ruin-the-mean',
    'The mean of tangents at 15° is far from the minimum of Styblinski–Tang, n = 64, k = 16: gap, mean of five seeds.',
    atLeast(50),
    async (lab) => mean((await angleGaps(lab, 'mean'))[0]!),
    true,
  ),
];

/** Gaps of frog and mean over 20 seeds on Styblinski–Tang, n = 128, k = 16. */
async function basins(lab: Lab): Promise<[number[], number[]]> {
  const at = (by: 'frog' | 'mean') => gaps(lab, { problem: 'Styblinski–Tang', n: 128, by, k: 16, seeds: 20 });
  const [frog, other] = [await at('frog'), await at('mean')];
  const rows = (
    [
      ['frog', frog],
      ['mean', other],
    ] as const
  ).map(([name, xs]) => [name, xs.filter((x) => x < 7).length, median(xs).toExponential(1), mean(xs).toFixed(1)]);
  lab.table(
    'basins',
    'Styblinski–Tang, n = 128, k = 16, 20 seeds: runs that end in the global basin, and gaps',
    ['rule', 'runs of 20', 'median gap', 'mean gap'],
    rows,
  );
  const sorted = (
    [
      ['frog', frog],
      ['mean', other],
    ] as const
  ).map(([name, xs]) => ({
    name,
    points: [...xs].sort((a, b) => a - b).map((y, i) => ({ x: i + 1, y: Math.max(y, 1e-12) })),
  }));
  lab.figure(
    'basins',
    'Gaps of 20 seeds in order, Styblinski–Tang n = 128, k = 16.',
    lineChart(sorted, { title: 'Gaps of 20 runs in order', x: { label: 'run' }, y: { label: 'gap', log: true } }),
  );
  return [frog, other];
}

/** The mean's gaps at the rate of a grid around the published one with the least median. */
async function bestMeanOnRosenbrock(lab: Lab): Promise<number[]> {
  const published = publishedRate('Rosenbrock', 16, 'mean', 16);
  const tried: number[][] = [];
  for (const factor of [1, 1.5, 2, 2.5, 3])
    tried.push(
      await gaps(lab, { problem: 'Rosenbrock', n: 16, by: 'mean', k: 16, seeds: 5, rate: factor * published }),
    );
  const finite = tried.filter((xs) => xs.every(Number.isFinite));
  return finite.reduce((best, xs) => (median(xs) < median(best) ? xs : best));
}
