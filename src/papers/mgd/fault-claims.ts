/** Check 8 on images: slow updates, narrow inputs, noise, and what the signal is beside it. */
import type { MgdSettings } from '../../methods/multiplexed/settings.ts';
import { lineChart } from '../../plot/index.ts';
import { atLeast, atMost, type Claim } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import { pooled, reference } from './image-claims.ts';

interface Variation {
  readonly settings: MgdSettings;
  readonly rate?: number;
  /** Accuracy of the prototypes after 10,000 steps. */
  readonly card: string;
}

const VARIATIONS: Readonly<Record<string, Variation>> = {
  'updates every 10 steps': { settings: { tauTheta: 10, tauX: 10 }, card: '0.745' },
  'updates every 10 steps, samples every step': { settings: { tauTheta: 10 }, card: '0.764' },
  'updates every 100 steps': { settings: { tauTheta: 100, tauX: 100 }, card: '0.604' },
  'updates every 100 steps, η/3': { settings: { tauTheta: 100, tauX: 100 }, rate: 20 / 3, card: '0.717' },
  antithetic: { settings: { probe: 'antithetic' }, card: '0.762' },
  'momentum 0.9, η/10': { settings: { momentum: 0.9 }, rate: 2, card: '0.765' },
  'Δθ 10⁻⁴': { settings: { amplitude: 1e-4 }, card: '0.762–0.764' },
  'Δθ 10⁻¹': { settings: { amplitude: 1e-1 }, card: '0.762–0.764' },
  'clip 0.01': { settings: { limit: 0.01 }, card: '0.763' },
  'σ_C 10⁻⁴': { settings: { costNoise: 1e-4 }, card: '0.713–0.725' },
  'σ_C 3·10⁻⁴': { settings: { costNoise: 3e-4 }, card: '0.587' },
  'σ_C 10⁻³': { settings: { costNoise: 1e-3 }, card: '0.372–0.41' },
  'σ_C 3·10⁻³': { settings: { costNoise: 3e-3 }, card: '0.283' },
  'σ_C 10⁻³, Δθ 10⁻¹': { settings: { costNoise: 1e-3, amplitude: 0.1 }, card: '0.731' },
  'σ_C 10⁻², Δθ 1': { settings: { costNoise: 1e-2, amplitude: 1 }, card: '0.699' },
  'Δθ 3': { settings: { amplitude: 3 }, card: '0.694' },
  'σ_θ 10⁻³': { settings: { updateNoise: 1e-3 }, card: '0.751' },
  'σ_θ 10⁻²': { settings: { updateNoise: 1e-2 }, card: '0.605' },
  'cost of 12 bits up to 4, Δθ 10⁻¹': {
    settings: { converter: { bits: 12, full: 4 }, amplitude: 0.1 },
    card: 'none (ours)',
  },
};

const accuracyOf = async (lab: Lab, name: string): Promise<number> => {
  const { settings, rate = 20 } = VARIATIONS[name]!;
  const curve = await pooled(lab, name, { settings, rate, steps: 10_000, seeds: 3, every: 2000 });
  return curve.accuracy.at(-1)!;
};

/** All variations, with a table and the curve of the noise. */
const everything = (lab: Lab) =>
  lab.once('variations', async () => {
    const rows: [string, string, number][] = [['none', '0.741–0.763', (await reference(lab)).accuracy.at(-1)!]];
    for (const [name, { card }] of Object.entries(VARIATIONS)) rows.push([name, card, await accuracyOf(lab, name)]);
    lab.table(
      'variations',
      'Fashion-MNIST 7×7, 49-32-10, 10,000 steps, η 20 unless said: accuracy, mean of three seeds',
      ['what is different', 'prototypes', 'measured'],
      rows,
    );
    drawNoise(lab, new Map(rows.map(([name, , accuracy]) => [name, accuracy])));
    return new Map(rows.map(([name, , accuracy]) => [name, accuracy]));
  });

function drawNoise(lab: Lab, found: ReadonlyMap<string, number>): void {
  const points = [
    ['σ_C 10⁻⁴', 1e-4],
    ['σ_C 3·10⁻⁴', 3e-4],
    ['σ_C 10⁻³', 1e-3],
    ['σ_C 3·10⁻³', 3e-3],
  ] as const;
  const svg = lineChart([{ name: 'Δθ 0.01', points: points.map(([name, x]) => ({ x, y: found.get(name)! })) }], {
    title: 'Accuracy with a noisy cost',
    x: { label: 'deviation of the noise on the cost', log: true },
    y: { label: 'test accuracy after 10,000 steps' },
  });
  lab.figure('noise', 'The signal is ‖g‖Δθ/√P, about 10⁻⁴ here: noise of its size costs little.', svg);
}

const behind = async (lab: Lab, name: string): Promise<number> => {
  const found = await everything(lab);
  return 100 * (found.get('none')! - found.get(name)!);
};

const full = (id: string, sentence: string, published: string, most: number, name: string): Claim => ({
  id,
  kind: 'learning',
  sentence,
  published,
  unit: 'points',
  threshold: atMost(most),
  expected: 'holds',
  scales: ['full'],
  measure: (lab) => behind(lab, name),
});

const report = (id: string, name: string): Claim => ({
  id: `variation-${id}`,
  kind: 'report',
  sentence: `Fashion-MNIST 7×7 after 10,000 steps, ${name}: test accuracy.`,
  published: `${VARIATIONS[name]!.card} (prototypes)`,
  unit: 'accuracy',
  threshold: atLeast(0),
  expected: 'holds',
  scales: ['full'],
  measure: async (lab) => (await everything(lab)).get(name)!,
});

export const faultClaims: readonly Claim[] = [
  full(
    'slow-updates',
    'Ten times fewer updates cost little: points of accuracy behind an update in every step.',
    '1.8 points (prototype)',
    4,
    'updates every 10 steps',
  ),
  full(
    'cost-noise',
    'Noise on the cost as large as the signal (σ_C = 10⁻⁴) costs little: points of accuracy behind no noise.',
    '3.8 points (prototype)',
    6,
    'σ_C 10⁻⁴',
  ),
  report('updates-100', 'updates every 100 steps, η/3'),
  report('antithetic', 'antithetic'),
  report('momentum', 'momentum 0.9, η/10'),
  report('cost-noise-1e-3', 'σ_C 10⁻³'),
  report('cost-noise-1e-3-larger-shake', 'σ_C 10⁻³, Δθ 10⁻¹'),
  report('update-noise-1e-2', 'σ_θ 10⁻²'),
  report('converter', 'cost of 12 bits up to 4, Δθ 10⁻¹'),
];
