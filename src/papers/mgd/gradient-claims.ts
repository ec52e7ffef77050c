/** Checks 1 and 2: every code measures the gradient, and random codes come as near to it as the law of angles says. */
import { random, range, type Tensor, trees } from '../../engine/index.ts';
import { shown } from '../../methods/multiplexed/schedule.ts';
import type { MgdSettings } from '../../methods/multiplexed/settings.ts';
import { Simulation } from '../../methods/multiplexed/simulate.ts';
import { randomCodeCosine } from '../../methods/multiplexed/theory.ts';
import { lineChart } from '../../plot/index.ts';
import { mean } from '../../stats/index.ts';
import { atMost, type Claim } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import { cosine, distance, dot, numbersOf, probeNet } from './setting.ts';

type Probe = ReturnType<typeof probeNet>;

/** G over `patterns` steps at fixed parameters: what an update with rate 1 takes away. */
function integrated({ params, cost }: Probe, settings: MgdSettings, patterns: number, key: Tensor): number[] {
  const held = { ...settings, tauTheta: patterns, tauX: patterns };
  const simulation = new Simulation({ settings: held, cost, params, key });
  const all = Int32Array.from(range(20));
  simulation.advance(
    shown(() => all, { from: 0, blocks: 1, block: patterns, tauX: patterns }),
    [1],
  );
  return numbersOf(trees.sub(params, simulation.state.theta));
}

const CODES = {
  sequential: { settings: { code: 'sequential' }, patterns: 220, threshold: 1e-3, card: 3.2e-4 },
  walsh: { settings: { code: 'walsh' }, patterns: 256, threshold: 5e-4, card: 1.4e-4 },
  sinusoidal: {
    settings: { code: 'sinusoidal', frequencies: range(220).map((i) => (20 + i) / 1024) },
    patterns: 1024,
    threshold: 2e-4,
    card: 3.7e-5,
  },
  'flipped walsh': { settings: { code: 'walsh', flips: true }, patterns: 512, threshold: 1e-7, card: 2.9e-8 },
} as const satisfies Record<string, { settings: MgdSettings; patterns: number; threshold: number; card: number }>;

type CodeId = keyof typeof CODES;
const codeIds = Object.keys(CODES) as CodeId[];
const DECADES = [1e-1, 1e-2, 1e-3, 1e-4];

interface Accuracy {
  /** Relative error of G·P/N at each Δθ of DECADES. */
  readonly errors: readonly number[];
  /** G·g/(g·g)·P/N at Δθ = 10⁻³. */
  readonly scale: number;
}

const accuracies = (lab: Lab): Promise<Record<CodeId, Accuracy>> =>
  lab.once('accuracies', () =>
    lab.f64(() => {
      const probe = probeNet(lab.key('probe'));
      const of = (id: CodeId, amplitude: number): number[] => {
        const { settings, patterns } = CODES[id];
        const G = integrated(probe, { ...settings, amplitude }, patterns, lab.key('codes'));
        return G.map((x) => (x * probe.parameters) / patterns);
      };
      const found = codeIds.map((id): [CodeId, Accuracy] => {
        const all = DECADES.map((amplitude) => of(id, amplitude));
        const g = probe.gradient;
        return [id, { errors: all.map((G) => distance(G, g)), scale: dot(all[2]!, g) / dot(g, g) }];
      });
      drawErrors(lab, found);
      return Object.fromEntries(found) as Record<CodeId, Accuracy>;
    }),
  );

function drawErrors(lab: Lab, found: readonly (readonly [CodeId, Accuracy])[]): void {
  const svg = lineChart(
    found.map(([name, { errors }]) => ({ name, points: errors.map((y, i) => ({ x: DECADES[i]!, y })) })),
    {
      title: 'What one period measures',
      x: { label: 'Δθ', log: true },
      y: { label: 'relative error of the gradient', log: true },
    },
  );
  lab.figure('accuracy', 'Relative error of G·P/N against the gradient after one period, 49-4-4, f64.', svg);
}

/** The factor by which an error falls from Δθ = 10⁻ⁱ⁻¹ to a tenth of it. */
const falls = ({ errors }: Accuracy): number[] => errors.slice(1).map((e, i) => errors[i]! / e);

const ANGLES = { quick: [220, 2200], full: [220, 2200, 6600] } as const;

const angles = (lab: Lab) =>
  lab.once('angles', () =>
    lab.f64(() => {
      const probe = probeNet(lab.key('probe'));
      const rows = [22, ...ANGLES[lab.scale]].map((patterns) => {
        const runs = range(lab.pick(3, 8)).map((i) =>
          cosine(integrated(probe, { amplitude: 1e-3 }, patterns, random.foldIn(lab.key('angles'), i)), probe.gradient),
        );
        return { patterns, measured: mean(runs), law: randomCodeCosine(patterns, probe.parameters) };
      });
      lab.table(
        'angles',
        'cos(G, gradient) of random codes, 49-4-4, P = 220: mean over runs beside √(N/(N + P − 1))',
        ['patterns', 'measured', 'law'],
        rows.map((row) => [row.patterns, row.measured, row.law]),
      );
      return rows;
    }),
  );

const identity = (claim: Omit<Claim, 'kind' | 'expected' | 'published'> & Partial<Claim>): Claim => ({
  kind: 'identity',
  expected: 'holds',
  published: null,
  ...claim,
});

export const gradientClaims: readonly Claim[] = [
  ...codeIds.map((id) =>
    identity({
      id: `measures-gradient-${id.replace(' ', '-')}`,
      sentence: `One period of ${id} codes measures the gradient of a 49-4-4 network: relative error of G·P/N at Δθ = 10⁻³.`,
      published: `${CODES[id].card} (prototype)`,
      unit: '',
      threshold: atMost(CODES[id].threshold),
      measure: async (lab) => (await accuracies(lab))[id].errors[2]!,
    }),
  ),
  identity({
    id: 'error-linear-in-amplitude',
    sentence:
      'The error of the three plain codes is linear in Δθ from 10⁻¹ to 10⁻⁴: largest difference from 10 of its fall per decade.',
    unit: '',
    threshold: atMost(1),
    measure: async (lab) => {
      const all = await accuracies(lab);
      const plain = codeIds.filter((id) => id !== 'flipped walsh');
      return Math.max(...plain.flatMap((id) => falls(all[id]).map((x) => Math.abs(x - 10))));
    },
  }),
  identity({
    id: 'flipped-error-quadratic',
    sentence:
      'With the second period of opposite sign the error of Walsh codes is quadratic: its fall from Δθ = 10⁻² to 10⁻³ is 100.',
    unit: 'difference from 100',
    threshold: atMost(5),
    measure: async (lab) => Math.abs(falls((await accuracies(lab))['flipped walsh'])[1]! - 100),
  }),
  identity({
    id: 'one-scale',
    sentence: 'G is (N/P) times the gradient for every code: largest difference of G·g/(g·g)·P/N from 1.',
    unit: '',
    threshold: atMost(1e-3),
    measure: async (lab) => Math.max(...Object.values(await accuracies(lab)).map(({ scale }) => Math.abs(scale - 1))),
  }),
  ...ANGLES.full.map((patterns) =>
    identity({
      id: `angle-${patterns}`,
      sentence: `After ${patterns} random codes for 220 parameters cos(G, gradient) is √(N/(N + P − 1)): difference of the mean over runs.`,
      unit: '',
      threshold: atMost(0.03),
      scales: ANGLES.quick.includes(patterns as 220) ? ['quick', 'full'] : ['full'],
      measure: async (lab) => {
        const row = (await angles(lab)).find((r) => r.patterns === patterns)!;
        return Math.abs(row.measured - row.law);
      },
    }),
  ),
];
