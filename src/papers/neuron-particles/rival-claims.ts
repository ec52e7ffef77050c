/** Check 5 and the table of options: neuron swarms against plain swarms with equal numbers of candidates. */

import { splitPart, takeRows } from '../../data/index.ts';
import type { ParticleOptions } from '../../methods/particles/options.ts';
import { lineChart } from '../../plot/index.ts';
import { mean } from '../../stats/index.ts';
import { above, atLeast, type Claim } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import {
  type Outcome,
  plainSearch,
  rises,
  type SearchPlan,
  search,
  tableTask,
  taskFrom,
  toyTask,
  widthsFor,
} from './setting.ts';

/** Hidden units and sweeps on vowel. */
const WIDTHS = [
  [4, 30],
  [16, 12],
  [48, 10],
] as const;

interface Race {
  readonly neurons: readonly Outcome[];
  readonly around: readonly Outcome[];
  readonly own: readonly Outcome[];
}

const SEEDS = [0, 1];

/** Neuron swarms, then both plain rivals with as many candidates, from two seeds. */
async function race(lab: Lab, task: Parameters<typeof search>[1], plan: SearchPlan, seeds = SEEDS): Promise<Race> {
  const all = { neurons: [] as Outcome[], around: [] as Outcome[], own: [] as Outcome[] };
  for (const seed of seeds) {
    const key = lab.words('race', seed);
    const ours = await search(lab, task, plan, key);
    all.neurons.push(ours);
    for (const start of ['around', 'own'] as const)
      all[start].push(await plainSearch(lab, task, { ...plan, options: { start } }, ours.candidates, key));
  }
  return all;
}

const lossOf = (runs: readonly Outcome[]): number => mean(runs.map((run) => run.loss));
const testOf = (runs: readonly Outcome[]): number => mean(runs.map((run) => run.test));

const onVowel = (lab: Lab, hidden: number, sweeps: number): Promise<Race> =>
  lab.once(`vowel ${hidden}`, async () => {
    const task = await tableTask('pmlb/vowel', lab.words('vowel'));
    const found = await race(lab, task, { widths: widthsFor(task, hidden), sweeps });
    lab.table(
      `vowel-${hidden}`,
      `vowel 13-${hidden}-11, ${found.neurons[0]!.candidates} candidates each, mean of 2 seeds`,
      ['search', 'training loss', 'test accuracy'],
      rowsOf(found),
    );
    if (hidden === 16) draw(lab, found);
    return found;
  });

const NAMES = { neurons: 'neuron swarms', around: 'plain, around one network', own: 'plain, own networks' } as const;

const rowsOf = (found: Race): (string | number)[][] =>
  (['neurons', 'around', 'own'] as const).map((name) => [
    NAMES[name],
    lossOf(found[name]).toFixed(4),
    testOf(found[name]).toFixed(4),
  ]);

function draw(lab: Lab, found: Race): void {
  const curves = (['neurons', 'around', 'own'] as const).map((name) => {
    const { losses, candidates } = found[name][0]!;
    return {
      name: NAMES[name],
      points: losses.map((y, i) => ({ x: (candidates * i) / (losses.length - 1), y })),
    };
  });
  const svg = lineChart(curves, {
    title: 'Training loss on vowel, 13-16-11',
    x: { label: 'candidates' },
    y: { label: 'cross-entropy' },
  });
  lab.figure('vowel-race', 'Training loss by candidates judged, vowel 13-16-11, first seed.', svg);
}

/** Two-dimensional sets, where the rivals do not separate. */
const planar = (lab: Lab): Promise<number> =>
  lab.once('planar', async () => {
    const banana = await tableTask('pmlb/banana', lab.words('banana'));
    const rows = Array.from({ length: 400 }, (_, i) => i);
    const sets = [
      toyTask('circles', 400, lab.words('circles'), { inner: 0.5 }),
      taskFrom('banana', splitPart(takeRows(banana.train, rows), { key: lab.words('banana rows') })),
      toyTask('moons', 400, lab.words('moons')),
      toyTask('spirals', 400, lab.words('spirals')),
    ];
    const table: (string | number)[][] = [];
    for (const task of sets) {
      const found = await race(lab, task, { widths: [2, 8, 2], sweeps: 40 }, [0, 1, 2]);
      for (const row of rowsOf(found)) table.push([task.name, ...row]);
    }
    lab.table(
      'planar',
      'Two-dimensional sets, 2-8-2, 40 sweeps, equal candidates, mean of 3 seeds',
      ['set', 'search', 'training loss', 'test accuracy'],
      table,
    );
    return table.length;
  });

/** Name, options, sweeps, rows of a batch (0 for all). */
const OPTIONS: readonly (readonly [string, ParticleOptions, number, number])[] = [
  ['default', {}, 25, 0],
  ['order forward', { order: 'forward' }, 25, 0],
  ['order parallel', { order: 'parallel' }, 25, 0],
  ['order parallel-guarded', { order: 'parallel-guarded' }, 25, 0],
  ['no guard', { guard: false }, 25, 0],
  ['memory keep', { memory: 'keep' }, 25, 0],
  ['batch 64', {}, 25, 64],
  ['batch 64, memory keep', { memory: 'keep' }, 25, 64],
  ['inner steps 5', { innerSteps: 5 }, 5, 0],
  ['particles 30', { particles: 30 }, 8, 0],
  ['spread 0.3', { spread: 0.3 }, 25, 0],
];

/** All options on one set; mean of two seeds. */
const options = (lab: Lab, name: 'wdbc' | 'vowel') =>
  lab.once(`options ${name}`, async () => {
    const task = await tableTask(name === 'wdbc' ? 'wdbc' : 'pmlb/vowel', lab.words(name));
    const widths = widthsFor(task, name === 'wdbc' ? 8 : 12);
    const found: Record<string, { loss: number; rises: number }> = {};
    const table: (string | number)[][] = [];
    for (const [label, own, sweeps, rows] of OPTIONS) {
      const runs: Outcome[] = [];
      for (const seed of SEEDS) {
        const plan = { widths, sweeps, options: own, ...(rows === 0 ? {} : { batch: rows }) };
        runs.push(await search(lab, task, plan, lab.words('options', seed)));
      }
      found[label] = { loss: lossOf(runs), rises: mean(runs.map(rises)) };
      table.push([
        label,
        lossOf(runs).toFixed(3),
        testOf(runs).toFixed(3),
        Math.round(runs[0]!.candidates),
        found[label].rises,
      ]);
    }
    lab.table(
      `options-${name}`,
      `Options on ${name}, ${widths.join('-')}, mean of 2 seeds`,
      ['option', 'training loss', 'test accuracy', 'candidates', 'rises'],
      table,
    );
    return found;
  });

const FULL = { scales: ['full'], published: null, expected: 'holds' } as const;

export const rivalClaims: readonly Claim[] = [
  ...WIDTHS.map(
    ([hidden, sweeps]): Claim => ({
      id: `vowel-${hidden}-beats-plain`,
      kind: 'learning',
      sentence: `Training loss on vowel 13-${hidden}-11 after ${sweeps} sweeps below that of the better plain swarm with as many candidates: nats ahead, mean of 2 seeds.`,
      unit: 'nats',
      threshold: above(0),
      measure: async (lab) => {
        const { neurons, around, own } = await onVowel(lab, hidden, sweeps);
        return Math.min(lossOf(around), lossOf(own)) - lossOf(neurons);
      },
      ...FULL,
    }),
  ),
  {
    id: 'planar',
    kind: 'report',
    sentence: 'Two-dimensional sets do not separate neuron swarms from plain swarms: rows of the table.',
    unit: 'rows',
    threshold: atLeast(12),
    measure: planar,
    ...FULL,
  },
  {
    id: 'parallel-rises',
    kind: 'learning',
    sentence:
      'When all neurons change at once without a guard the loss rises in some of 25 sweeps on wdbc, since rows that are good alone are bad together.',
    unit: 'sweeps',
    threshold: atLeast(1),
    measure: async (lab) => (await options(lab, 'wdbc'))['order parallel']!.rises,
    ...FULL,
  },
  {
    id: 'stale-bests-break-batches',
    kind: 'learning',
    sentence:
      'Bests that keep their value are fatal on batches: training loss on vowel with batches of 64, above that with bests judged anew.',
    unit: 'nats',
    threshold: above(0.2),
    measure: async (lab) => {
      const found = await options(lab, 'vowel');
      return found['batch 64, memory keep']!.loss - found['batch 64']!.loss;
    },
    ...FULL,
  },
  {
    id: 'kept-bests-on-all-rows',
    kind: 'report',
    sentence: 'On all rows kept bests halve the candidates: training loss on vowel with them.',
    unit: 'nats',
    threshold: atLeast(0),
    measure: async (lab) => (await options(lab, 'vowel'))['memory keep']!.loss,
    ...FULL,
  },
];
