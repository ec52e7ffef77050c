/** The quick setting of check 7: 5,000 images, 784-200-200, four epochs at 1e-3, labels as overlay. */
import { lineChart } from '../../plot/index.ts';
import { atMost, below, type Claim, claimsOf } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import { errorsOf, type Fit } from './setting.ts';

const shared = { seed: 0, size: 'small', epochs: 4 } as const;
const RUNS = {
  SymBa: { ...shared, by: 'symba' },
  'FF, θ = 2': { ...shared, by: 'ff', level: 2 },
  'FF, θ = 0.25': { ...shared, by: 'ff', level: 0.25 },
  backprop: { ...shared, by: 'backprop' },
} as const satisfies Record<string, Fit>;

type Name = keyof typeof RUNS;

const curves = (lab: Lab): Promise<Record<Name, number[]>> =>
  lab.once('short curves', async () => {
    const found = {} as Record<Name, number[]>;
    for (const name of Object.keys(RUNS) as Name[]) found[name] = await errorsOf(lab, RUNS[name]);
    const series = Object.entries(found).map(([name, ys]) => ({ name, points: ys.map((y, i) => ({ x: i + 1, y })) }));
    lab.figure(
      'short-training',
      'Test error of 784-200-200 on 5,000 images of MNIST (1,000 test images), Adam 1e-3, labels as overlay.',
      lineChart(series, { title: 'Test error', x: { label: 'epochs' }, y: { label: '%', range: [0, 80] } }),
    );
    lab.table(
      'short-training',
      'Test error in percent, epoch by epoch',
      ['rule', '1', '2', '3', '4'],
      Object.entries(found).map(([name, ys]) => [name, ...ys.map((y) => y.toFixed(1))]),
    );
    return found;
  });

const at = async (lab: Lab, name: Name, epoch: number): Promise<number> => (await curves(lab))[name][epoch - 1]!;

const claim = claimsOf('learning');

export const quickClaims: readonly Claim[] = [
  claim(
    'short-first-epoch',
    'After one epoch on 5,000 images SymBa’s test error over that of FF with θ = 2.',
    '× FF',
    atMost(0.6),
    async (lab) => (await at(lab, 'SymBa', 1)) / (await at(lab, 'FF, θ = 2', 1)),
    { published: 'faster' },
  ),
  claim(
    'short-fourth-epoch',
    'After four epochs on 5,000 images SymBa’s test error less that of FF with θ = 2.',
    'points',
    atMost(-2),
    async (lab) => (await at(lab, 'SymBa', 4)) - (await at(lab, 'FF, θ = 2', 4)),
    { published: 'better' },
  ),
  claim('short-error', 'SymBa’s test error after those four epochs.', '%', atMost(20), (lab) => at(lab, 'SymBa', 4)),
  claim(
    'short-low-threshold',
    'FF with θ = 0.25, near the goodness at the start, is ahead of SymBa after those four epochs: its error less SymBa’s.',
    'points',
    below(0),
    async (lab) => (await at(lab, 'FF, θ = 0.25', 4)) - (await at(lab, 'SymBa', 4)),
    {
      kind: 'report',
      why: 'SymBa’s early advantage is to a large part that of a threshold which need not be chosen.',
    },
  ),
  claim(
    'short-backprop',
    'Backprop of the same size is ahead of SymBa after those four epochs: its error less SymBa’s.',
    'points',
    below(0),
    async (lab) => (await at(lab, 'backprop', 4)) - (await at(lab, 'SymBa', 4)),
    { kind: 'report' },
  ),
];
