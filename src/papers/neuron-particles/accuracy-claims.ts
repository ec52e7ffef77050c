/** Checks 3, 4 and 6: as good as backprop on the paper's tables, batches, and hidden units without a derivative; every rival has equal FLOPs and equal trials. */

import { type TunedComparison, tuneAndRun } from '../../run/index.ts';
import { mean } from '../../stats/index.ts';
import { atLeast, atMost, type Claim, claimsIn } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import {
  adamCandidate,
  flopsOfSweeps,
  particleCandidate,
  type SearchPlan,
  search,
  type Toy,
  tableTask,
  toyTask,
  widthsFor,
} from './setting.ts';

interface Table {
  readonly name: string;
  readonly rows?: number;
  readonly hidden: number;
  readonly sweeps: number;
}

const TABLES = {
  rice: { name: 'rice', hidden: 8, sweeps: 15 },
  'dry-bean': { name: 'dry-bean', rows: 4000, hidden: 12, sweeps: 15 },
  vowel: { name: 'pmlb/vowel', hidden: 12, sweeps: 25 },
} as const satisfies Record<string, Table>;

/** Tuned neuron swarms beside tuned backprop, with the FLOPs of so many sweeps each. */
const beside = (lab: Lab, name: keyof typeof TABLES): Promise<TunedComparison> =>
  lab.once(`beside backprop on ${name}`, async () => {
    const { name: set, hidden, sweeps, ...table } = TABLES[name] as Table;
    const task = await tableTask(set, lab.words(name), table.rows);
    const widths = widthsFor(task, hidden);
    const value = flopsOfSweeps(task, { widths, sweeps }, lab.words('cost'));
    lab.step(`${name}: neuron swarms and backprop`);
    const found = await tuneAndRun({
      task,
      learners: [particleCandidate(widths), adamCandidate(widths)],
      trials: lab.pick(1, 3),
      runs: lab.pick(1, 3),
      budget: { kind: 'flops', value },
      key: lab.words(`runs ${name}`),
      signal: lab.signal,
      onTrial: ({ rule }) => lab.step(`${name}: tuning ${rule}`),
      onRun: ({ rule, run }) => lab.step(`${name}: ${rule}, run ${run + 1}`),
    });
    show(lab, name, widths, found);
    return found;
  });

function show(lab: Lab, name: string, widths: readonly number[], { tuned, results }: TunedComparison): void {
  lab.table(
    `beside-backprop-${name}`,
    `${name}, ${widths.join('-')}, all rows in a batch, equal FLOPs and trials: means over runs`,
    ['learner', 'rate', 'test accuracy', 'test loss'],
    Object.entries(results).map(([id, { accuracy, loss }]) => [
      id,
      String(tuned.best[id]!.hyper.learningRate),
      accuracy.mean!.toFixed(4),
      loss.mean!.toFixed(4),
    ]),
  );
}

const lead = ({ results }: TunedComparison, rival = 'backprop'): number =>
  100 * (results['neuron-particles']!.accuracy.mean! - results[rival]!.accuracy.mean!);

/** Accuracies on batches of several sizes, with equal candidates, over seeds. */
const batches = (lab: Lab, name: 'rice' | 'dry-bean') =>
  lab.once(`batches of ${name}`, async () => {
    const { name: set, hidden, sweeps, ...table } = TABLES[name] as Table;
    const task = await tableTask(set, lab.words(name), table.rows);
    const plan = { widths: widthsFor(task, hidden) };
    const accuracy = async (batch: number, steps: number): Promise<number> => {
      const seeds = [0, 1].map((seed) => lab.words(`batches ${name}`, seed));
      const runs = [];
      for (const key of seeds) runs.push(await search(lab, task, { ...plan, batch, sweeps: steps }, key));
      return mean(runs.map((run) => run.test));
    };
    const found = {
      all: await accuracy(task.train.n, sweeps),
      large: await accuracy(1024, 60),
      small: await accuracy(256, 60),
    };
    lab.table(
      `batches-${name}`,
      `${name}: test accuracy by rows of a batch, mean of 2 seeds`,
      ['batch', 'sweeps', 'accuracy'],
      [
        ['all', sweeps, found.all.toFixed(4)],
        [1024, 60, found.large.toFixed(4)],
        [256, 60, found.small.toFixed(4)],
      ],
    );
    return found;
  });

type SignSet = Toy | 'iris' | 'wdbc';

/** Hidden sign units: neuron swarms, backprop whose gradient stops at them, and the straight-through estimator. */
const signs = (lab: Lab, name: SignSet): Promise<TunedComparison> =>
  lab.once(`sign units on ${name}`, async () => {
    const task =
      name === 'iris' || name === 'wdbc' ? await tableTask(name, lab.words(name)) : toyTask(name, 500, lab.words(name));
    const widths = widthsFor(task, 8);
    const plan: SearchPlan = { widths, sweeps: 40, options: { activation: 'sign' } };
    lab.step(`sign units on ${name}`);
    const found = await tuneAndRun({
      task,
      learners: [
        particleCandidate(widths, { activation: 'sign' }),
        adamCandidate(widths, 'sign'),
        ...lab.pick([], [adamCandidate(widths, 'straight-through')]),
      ],
      trials: lab.pick(1, 3),
      runs: lab.pick(1, 3),
      budget: { kind: 'flops', value: flopsOfSweeps(task, plan, lab.words('cost')) },
      key: lab.words(`sign runs ${name}`),
      signal: lab.signal,
      onRun: ({ rule, run }) => lab.step(`sign units on ${name}: ${rule}, run ${run + 1}`),
    });
    show(lab, `sign-${name}`, widths, found);
    return found;
  });

const learning = claimsIn('learning', 'points');

const FULL = { scales: ['full'] } as const satisfies Partial<Claim>;

const signClaims = (['iris', 'wdbc', 'moons', 'circles'] as const).flatMap((name): Claim[] => [
  learning(
    `sign-${name}`,
    `With 8 hidden sign units on ${name} neuron swarms are ahead of backprop, which can train the last layer only.`,
    atLeast(3),
    async (lab) => lead(await signs(lab, name), 'backprop sign'),
    name === 'iris' || name === 'wdbc' ? {} : FULL,
  ),
  learning(
    `sign-straight-through-${name}`,
    `Neuron swarms beside straight-through estimation, the fair rival, on ${name}.`,
    atLeast(-100),
    async (lab) => lead(await signs(lab, name), 'backprop straight-through'),
    { ...FULL, kind: 'report' },
  ),
]);

export const accuracyClaims: readonly Claim[] = [
  learning(
    'rice',
    'Test accuracy on Rice, 7-8-2, with the FLOPs of 15 sweeps, less that of tuned backprop.',
    atLeast(-1.5),
    async (lab) => lead(await beside(lab, 'rice')),
    { published: 'comparable' },
  ),
  learning(
    'dry-bean',
    'Test accuracy on Dry Bean (first 4,000 rows), 16-12-7, with the FLOPs of 15 sweeps, less that of tuned backprop.',
    atLeast(-1.5),
    async (lab) => lead(await beside(lab, 'dry-bean')),
    { published: 'comparable', ...FULL },
  ),
  learning(
    'vowel-loses',
    'On vowel, 13-12-11, with the FLOPs of 25 sweeps it is behind tuned backprop: eleven classes with curved borders want joint fine tuning.',
    atMost(-5),
    async (lab) => lead(await beside(lab, 'vowel')),
    FULL,
  ),
  ...(['rice', 'dry-bean'] as const).flatMap((name): Claim[] => [
    learning(
      `batch-256-${name}`,
      `With batches of 256 and 60 sweeps ${name} loses against all rows and 15 sweeps: points.`,
      atLeast(-3),
      async (lab) => {
        const { small, all } = await batches(lab, name);
        return 100 * (small - all);
      },
      FULL,
    ),
    learning(
      `batch-1024-${name}`,
      `Batches of 1,024 close the gap on ${name}: points above batches of 256.`,
      atLeast(0),
      async (lab) => {
        const { small, large } = await batches(lab, name);
        return 100 * (large - small);
      },
      FULL,
    ),
  ]),
  ...signClaims,
];
