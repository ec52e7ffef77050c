/** Check 6: frog and mean beside backprop on MNIST, with equal initial weights and batches. */
import { loader } from '../../data/index.ts';
import { backprop } from '../../methods/backprop.ts';
import { type MultiTangentOptions, multiTangent } from '../../methods/multi-tangent.ts';
import type { CreditRule } from '../../methods/rule.ts';
import { toTensors } from '../../nn/index.ts';
import { sgd } from '../../optim/index.ts';
import { lineChart } from '../../plot/index.ts';
import { againstBackprop, Evaluator, logScale, Trainer, type TrainState } from '../../run/index.ts';
import { mean, median } from '../../stats/index.ts';
import { above, atLeast, atMost, type Claim } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import { mnistTask, reluNetwork } from '../shared/mnist.ts';

/** k tangents combined, or `backprop`. */
interface Fit {
  readonly by: 'frog' | 'mean' | 'backprop';
  readonly k?: number;
  readonly rate: number;
  readonly seed: number;
  readonly epochs: number;
  readonly width?: number;
  readonly drawn?: 'fresh' | 'shared';
  readonly train?: number;
  readonly test?: number;
}

const BATCH = 64;

function ruleOf({ by, k = 1, drawn = 'shared' }: Fit): CreditRule {
  if (by === 'backprop') return backprop() as CreditRule;
  const options: MultiTangentOptions = { tangents: k, aggregate: by, drawn };
  return multiTangent(options) as CreditRule;
}

/** Test accuracy after every epoch; 0 where training left the numbers. */
const trained = (lab: Lab, one: Fit): Promise<number[]> =>
  lab.once(`mnist ${JSON.stringify(one)}`, () => fitted(lab, one));

async function fitted(lab: Lab, one: Fit): Promise<number[]> {
  const { rate, seed, epochs, width = 64, train = 10_000, test = 2000 } = one;
  const task = await lab.once(`mnist task ${train} ${test}`, () => mnistTask(train, test));
  const model = reluNetwork([width, width]);
  const rule = ruleOf(one);
  const trainer = new Trainer({
    model,
    loss: task.loss,
    rule,
    optimizer: sgd({ learningRate: rate }),
    key: lab.words('mnist start', seed),
  });
  const rows = loader({
    set: task.train,
    batch: BATCH,
    key: lab.words('mnist order', seed),
    normaliser: task.normaliser,
  });
  const evaluator = new Evaluator(
    (s: TrainState, x) => model.apply(s.params, s.modelState, x, { train: false })[0],
    task,
  );
  const found: number[] = [];
  for (let epoch = 0; epoch < epochs; epoch++) {
    lab.step(`MNIST, ${one.by} ${one.k ?? ''}, width ${width}, rate ${rate}, seed ${seed}`, epoch / epochs);
    for (let step = 0; step < rows.stepsPerEpoch; step++) {
      const loss = await trainer.step(
        toTensors(rows.batchAt({ epoch, step }), false),
        epoch * rows.stepsPerEpoch + step,
      );
      if (!Number.isFinite(loss)) return [...found, ...Array(epochs - epoch).fill(0)];
    }
    found.push((await evaluator.measure(trainer.state, task.test)).accuracy!);
  }
  return found;
}

const SEEDS = [0, 1, 2];
const TANGENTS = [1, 4, 16, 64, 138] as const;
const UNITS = 138;

/** The mean's rate that corresponds to one of frog. */
const meanRate = (rate: number, k: number, n = UNITS): number => (rate * k) / (n + k + 1);

interface Grid {
  readonly frog: ReadonlyMap<number, number[]>;
  readonly mean: ReadonlyMap<number, number[]>;
  readonly backprop: number[];
}

/** Accuracies of three seeds after three epochs at full scale, k by k. */
const grid = (lab: Lab, rate: number): Promise<Grid> =>
  lab.once(`grid ${rate}`, async () => {
    const last = async (one: Omit<Fit, 'seed' | 'epochs'>): Promise<number[]> => {
      const all: number[] = [];
      for (const seed of SEEDS) all.push((await trained(lab, { ...one, seed, epochs: 3 })).at(-1)!);
      return all;
    };
    const frog = new Map<number, number[]>();
    const other = new Map<number, number[]>();
    for (const k of TANGENTS) {
      frog.set(k, await last({ by: 'frog', k, rate }));
      other.set(k, await last({ by: 'mean', k, rate: meanRate(rate, k) }));
    }
    const exact = await last({ by: 'backprop', rate });
    showGrid(lab, rate, { frog, mean: other, backprop: exact });
    return { frog, mean: other, backprop: exact };
  });

function showGrid(lab: Lab, rate: number, { frog, mean: other, backprop: exact }: Grid): void {
  const show = (xs: readonly number[]): string => xs.map((x) => x.toFixed(3)).join(' ');
  lab.table(
    `mnist-${rate}`,
    `MNIST, 784-64-64-10, 10,000 images, 3 epochs, rate ${rate} (mean: that times k/(n + k + 1)): test accuracy of three seeds`,
    ['k', 'frog', 'mean'],
    [...TANGENTS.map((k) => [k, show(frog.get(k)!), show(other.get(k)!)]), ['backprop', show(exact), '']],
  );
  const line = (name: string, of: (k: number) => number[]) => ({
    name,
    points: TANGENTS.map((k) => ({ x: k, y: mean(of(k)), low: Math.min(...of(k)), high: Math.max(...of(k)) })),
  });
  const svg = lineChart([line('frog', (k) => frog.get(k)!), line('mean', (k) => other.get(k)!)], {
    title: `MNIST by number of tangents, rate ${rate}`,
    x: { label: 'tangents', log: true },
    y: { label: 'test accuracy', range: [0, 1] },
    reference: mean(exact),
  });
  lab.figure(
    `mnist-${rate}`,
    `Test accuracy of frog and mean after three epochs, rate ${rate}; dotted: backprop. Bands hold three seeds.`,
    svg,
  );
}

type Reduce = (xs: readonly number[]) => number;
const least: Reduce = (xs) => Math.min(...xs);

const frogAt = async (lab: Lab, rate: number, k: number, reduce: Reduce): Promise<number> =>
  reduce((await grid(lab, rate)).frog.get(k)!);

/** The least gain from one number of tangents to the next, seed by seed or of medians. */
async function gains(lab: Lab, rate: number, isMedian: boolean): Promise<number> {
  const { frog } = await grid(lab, rate);
  return Math.min(
    ...TANGENTS.slice(1).flatMap((k, i) => {
      const [before, after] = [frog.get(TANGENTS[i]!)!, frog.get(k)!];
      return isMedian ? [median(after) - median(before)] : after.map((x, s) => x - before[s]!);
    }),
  );
}

const claim = (
  id: string,
  sentence: string,
  threshold: Claim['threshold'],
  measure: (lab: Lab) => Promise<number>,
  scale: 'quick' | 'full' = 'full',
): Claim => ({
  id,
  kind: 'learning',
  sentence,
  published: null,
  unit: 'test accuracy',
  threshold,
  expected: 'holds',
  scales: [scale],
  measure,
});

const quick = (lab: Lab, by: Fit['by'], k: number, epochs: number): Promise<number> => {
  const rate = by === 'mean' ? meanRate(0.1, k) : 0.1;
  return trained(lab, { by, ...(by === 'backprop' ? {} : { k }), rate, seed: 0, epochs }).then((xs) => xs.at(-1)!);
};

const quickClaims: readonly Claim[] = [
  claim(
    'mnist-quick-1',
    'One tangent hardly trains 784-64-64-10 in two epochs (rate 0.1).',
    atMost(0.35),
    (lab) => quick(lab, 'frog', 1, 2),
    'quick',
  ),
  claim(
    'mnist-quick-16',
    'Sixteen tangents combined by frog train 784-64-64-10 in two epochs (rate 0.1).',
    atLeast(0.68),
    (lab) => quick(lab, 'frog', 16, 2),
    'quick',
  ),
  claim(
    'mnist-quick-frog-over-mean',
    'Frog with 16 tangents is ahead of their mean after two epochs: difference.',
    above(0),
    async (lab) => (await quick(lab, 'frog', 16, 2)) - (await quick(lab, 'mean', 16, 2)),
    'quick',
  ),
  claim(
    'mnist-quick-all-units',
    'With 138 tangents for 138 units frog follows backprop: difference after one epoch.',
    atMost(0.01),
    async (lab) => Math.abs((await quick(lab, 'frog', UNITS, 1)) - (await quick(lab, 'backprop', 0, 1))),
    'quick',
  ),
];

const thresholds = (rate: number, rows: readonly (readonly [number, number])[], reduce: Reduce, how: string): Claim[] =>
  rows.map(([k, limit]) =>
    claim(
      `mnist-${String(rate).replace('.', '')}-${k}`,
      `Frog with ${k} tangents trains 784-64-64-10 in three epochs at rate ${rate}: ${how}.`,
      atLeast(limit),
      (lab) => frogAt(lab, rate, k, reduce),
    ),
  );

/** Accuracy after the first epoch of the mean at frog's rate, 0 where it is not finite. */
async function meanAtFrogsRate(lab: Lab): Promise<number> {
  const found: number[] = [];
  for (const k of [1, 4, 16])
    for (const seed of SEEDS.slice(0, 2))
      found.push((await trained(lab, { by: 'mean', k, rate: 0.1, seed, epochs: 1 }))[0]!);
  return Math.max(...found);
}

/** Accuracy of one tangent for every sample less that of one for the batch, mean of three seeds. */
async function freshLead(lab: Lab): Promise<number> {
  const fresh: number[] = [];
  for (const seed of SEEDS)
    fresh.push((await trained(lab, { by: 'mean', k: 1, rate: 0.02, seed, epochs: 3, drawn: 'fresh' })).at(-1)!);
  const shared = (await grid(lab, 0.3)).frog.get(1)!;
  lab.table(
    'fresh',
    'One tangent a sample (mean, rate 0.02) and one for the batch (frog, rate 0.3): test accuracy after three epochs',
    ['drawn', 'seeds'],
    [
      ['fresh', fresh.map((x) => x.toFixed(3)).join(' ')],
      ['shared', shared.map((x) => x.toFixed(3)).join(' ')],
    ],
  );
  return mean(fresh) - mean(shared);
}

/** Frog and mean with 16 tangents beside backprop, tuned with the same nine rates from 1e-3 to 1, three runs each. */
const tuned = (lab: Lab): Promise<Readonly<Record<string, number>>> =>
  lab.once('tuned', async () => {
    const choice = (by: 'frog' | 'mean') => ({
      id: `${by} 16`,
      rule: () => multiTangent({ tangents: 16, aggregate: by }) as CreditRule<unknown>,
      space: { learningRate: logScale(1e-3, 1) },
    });
    const { tuned: best, results } = await againstBackprop({
      task: await mnistTask(10_000, 2000),
      model: reluNetwork([64, 64]),
      rules: [choice('frog'), choice('mean')],
      optimizer: (learningRate) => sgd({ learningRate }),
      batch: BATCH,
      trials: 9,
      budget: { kind: 'epochs', value: 3 },
      runs: 3,
      key: lab.words('mnist tuned'),
      signal: lab.signal,
      onTrial: ({ rule }) => lab.step(`tuning ${rule}`),
    });
    lab.table(
      'tuned',
      'MNIST, 784-64-64-10, 3 epochs, each tuned over the same nine rates on held-out rows: test accuracy of three runs',
      ['rule', 'rate', 'accuracy', '± (95 %)'],
      Object.entries(results).map(([name, { accuracy }]) => [
        name,
        Number(best.best[name]!.hyper.learningRate),
        accuracy.mean?.toFixed(3) ?? '–',
        accuracy.ci95?.toFixed(3) ?? '–',
      ]),
    );
    return Object.fromEntries(
      Object.entries(results).map(([name, { accuracy }]) => [name, accuracy.mean ?? Number.NaN]),
    );
  });

/** Width 256, 20,000 images, 10 epochs, the whole test set, one seed, rate 0.15. */
const long = async (lab: Lab, by: 'frog' | 'backprop'): Promise<number> =>
  (
    await trained(lab, {
      by,
      ...(by === 'frog' ? { k: 16 } : {}),
      rate: 0.15,
      seed: 0,
      epochs: 10,
      width: 256,
      train: 20_000,
      test: 10_000,
    })
  ).at(-1)!;

const fullClaims: readonly Claim[] = [
  ...thresholds(
    0.3,
    [
      [4, 0.68],
      [16, 0.82],
      [64, 0.88],
    ],
    median,
    'median of three seeds',
  ),
  claim(
    'mnist-03-increases',
    'At rate 0.3 more tangents are better: least gain from one number to the next, medians of three seeds.',
    above(0),
    (lab) => gains(lab, 0.3, true),
  ),
  claim(
    'mnist-03-all-units',
    'At rate 0.3 with 138 tangents frog ends where backprop does: difference of medians.',
    atMost(0.015),
    async (lab) => Math.abs((await frogAt(lab, 0.3, UNITS, median)) - median((await grid(lab, 0.3)).backprop)),
  ),
  ...thresholds(
    0.1,
    [
      [4, 0.45],
      [16, 0.78],
      [64, 0.86],
    ],
    least,
    'least of three seeds',
  ),
  claim(
    'mnist-01-increases',
    'At rate 0.1 more tangents are better in every seed: least gain from one number to the next.',
    above(0),
    (lab) => gains(lab, 0.1, false),
  ),
  claim(
    'mnist-01-all-units',
    'At rate 0.1 with 138 tangents frog ends where backprop does: largest difference over seeds.',
    atMost(0.01),
    async (lab) => {
      const { frog, backprop: exact } = await grid(lab, 0.1);
      return Math.max(...frog.get(UNITS)!.map((x, s) => Math.abs(x - exact[s]!)));
    },
  ),
  claim(
    'mnist-01-frog-over-mean',
    'At rate 0.1 frog is ahead of the mean with 16, 64 and 138 tangents: least difference of averages.',
    above(0),
    async (lab) => {
      const { frog, mean: other } = await grid(lab, 0.1);
      return Math.min(...[16, 64, UNITS].map((k) => mean(frog.get(k)!) - mean(other.get(k)!)));
    },
  ),
  claim(
    'mnist-01-frog-not-behind',
    'At rate 0.1 frog is nowhere behind the mean by more than 0.02: least difference of averages.',
    atLeast(-0.02),
    async (lab) => {
      const { frog, mean: other } = await grid(lab, 0.1);
      return Math.min(...TANGENTS.map((k) => mean(frog.get(k)!) - mean(other.get(k)!)));
    },
  ),
  claim(
    'mnist-mean-at-frogs-rate',
    'The mean fails at frog’s and backprop’s rate 0.1 with 1, 4 and 16 tangents: largest accuracy after one epoch, 0 where not finite.',
    atMost(0.5),
    meanAtFrogsRate,
  ),
  {
    ...claim(
      'mnist-fresh-lead',
      'One tangent for every sample is far better than one for the batch: difference of averages.',
      atLeast(0.1),
      freshLead,
    ),
    kind: 'report',
  },
  claim(
    'mnist-tuned-frog',
    'Tuned, frog with 16 tangents trains 784-64-64-10 well.',
    atLeast(0.8),
    async (lab) => (await tuned(lab))['frog 16']!,
  ),
  claim(
    'mnist-tuned-gap',
    'Tuned, a gap to backprop remains with 16 tangents: difference.',
    above(0.02),
    async (lab) => (await tuned(lab)).backprop! - (await tuned(lab))['frog 16']!,
  ),
  claim(
    'mnist-long-backprop',
    'Backprop trains 784-256-256-10 on 20,000 images in 10 epochs, rate 0.15.',
    atLeast(0.96),
    (lab) => long(lab, 'backprop'),
  ),
  claim('mnist-long-frog', 'So does frog with 16 tangents.', atLeast(0.89), (lab) => long(lab, 'frog')),
  claim(
    'mnist-long-gap',
    'A gap to backprop remains for the wider network: difference.',
    above(0.02),
    async (lab) => (await long(lab, 'backprop')) - (await long(lab, 'frog')),
  ),
  {
    ...claim(
      'mnist-256',
      'With 256 units a layer and 16 or 64 tangents frog and mean are nearly equal once rates correspond: largest difference after 4 epochs.',
      atMost(0.05),
      wideDifference,
    ),
    kind: 'report',
  },
];

async function wideDifference(lab: Lab): Promise<number> {
  const n = 522;
  const rows: (string | number)[][] = [];
  const differences: number[] = [];
  for (const k of [4, 16, 64]) {
    const [frog, other] = [await wide('frog', k, 0.15), await wide('mean', k, meanRate(0.15, k, n))];
    rows.push([k, frog.toFixed(3), other.toFixed(3)]);
    if (k > 4) differences.push(Math.abs(frog - other));
  }
  rows.push(['backprop', (await wide('backprop', 0, 0.15)).toFixed(3), '']);
  lab.table(
    'mnist-256',
    'MNIST, 784-256-256-10, 10,000 images, 4 epochs, rate 0.15 (mean: that times k/(n + k + 1)), one seed',
    ['k', 'frog', 'mean'],
    rows,
  );
  return Math.max(...differences);

  async function wide(by: Fit['by'], k: number, rate: number): Promise<number> {
    return (await trained(lab, { by, ...(by === 'backprop' ? {} : { k }), rate, seed: 0, epochs: 4, width: 256 })).at(
      -1,
    )!;
  }
}

export const mnistClaims: readonly Claim[] = [...quickClaims, ...fullClaims];
