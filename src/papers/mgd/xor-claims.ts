/** Checks 5, 8 and 10b on XOR: every code, every time constant, faulty devices, and the analogue circuit. */
import type { MgdSettings } from '../../methods/multiplexed/settings.ts';
import { barChart } from '../../plot/index.ts';
import { mean } from '../../stats/index.ts';
import { above, atLeast, type Claim, type PerScale } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import { trainXor, type XorResult, type XorRun } from './xor.ts';

const BAND = [0.05, 0.45];
const AMPLITUDE = 0.05;

/** What is tried: settings, rate, steps, runs. */
const trials: Readonly<Record<string, PerScale<Omit<XorRun, 'name'>>>> = {
  'random-code': scaled({}, 60, 20_000),
  sequential: scaled({ code: 'sequential' }, 60, 20_000),
  walsh: discrete({ code: 'walsh' }),
  sinusoidal: discrete({ code: 'sinusoidal', frequencies: BAND }),
  'tau-theta-4': discrete({ tauTheta: 4 }),
  'tau-theta-17': discrete({ tauTheta: 17 }),
  'tau-theta-68-tau-x-17': discrete({ tauTheta: 68, tauX: 17 }),
  backprop: {
    quick: { settings: null, rate: 5, steps: 8000, runs: 40 },
    full: { settings: null, rate: 5, steps: 20_000, runs: 60 },
  },
  'defects-0-15': { ...discrete({}), defects: 0.15 },
  'defects-0-3': { ...discrete({}), defects: 0.3 },
  'cost-noise-0-001': discrete({ costNoise: 1e-3 }),
  'cost-noise-0-01': discrete({ costNoise: 1e-2 }),
  'update-noise-0-003': discrete({ updateNoise: 3e-3 }),
  'update-noise-0-03': discrete({ updateNoise: 3e-2 }),
  'update-noise-0-03-common': discrete({ updateNoise: 3e-2, updateNoiseKind: 'common' }),
  'converter-10-bits': discrete({ converter: { bits: 10, full: 1 } }),
  'two-hidden': { ...discrete({}, 30_000), hidden: 2 },
  'two-hidden-backprop': { settings: null, rate: 5 * (9 / 17), steps: 30_000, runs: 40, hidden: 2 },
  'analogue-random': analogue({ tauTheta: 4, tauX: 10 }),
  'analogue-sinusoidal-4': analogue({ code: 'sinusoidal', frequencies: [0.1, 0.45], tauTheta: 4, tauX: 10 }),
  'analogue-sinusoidal-20': analogue({ code: 'sinusoidal', frequencies: [0.1, 0.45], tauTheta: 20, tauX: 20 }),
};

function discrete(settings: MgdSettings, steps = 12_000): Omit<XorRun, 'name'> {
  return { settings: { amplitude: AMPLITUDE, ...settings }, rate: 5, steps, runs: 40 };
}

function analogue(settings: MgdSettings): Omit<XorRun, 'name'> {
  return { settings: { amplitude: AMPLITUDE, form: 'analogue', ...settings }, rate: 1, steps: 25_000, runs: 120 };
}

function scaled(settings: MgdSettings, runs: number, steps: number): PerScale<Omit<XorRun, 'name'>> {
  return { quick: discrete(settings, 8000), full: { ...discrete(settings, steps), runs } };
}

const result = (lab: Lab, name: string): Promise<XorResult> =>
  lab.once(`xor ${name}`, () => {
    const trial = trials[name]!;
    const found = trainXor(lab, { name, ...('quick' in trial ? trial[lab.scale] : trial) });
    rows.get(lab)?.push(found) ?? rows.set(lab, [found]);
    report(lab);
    return found;
  });

const rows = new WeakMap<Lab, XorResult[]>();

function report(lab: Lab): void {
  const all = rows.get(lab)!;
  lab.table(
    'xor',
    'XOR: share of runs that answered right at a test, share that did at the last one, median steps of the former',
    ['circuit', 'solved', 'still solved', 'steps'],
    all.map(({ name, solved, still, steps }) => [name, solved, still, Number.isFinite(steps) ? steps : '–']),
  );
  const svg = barChart(
    all.map(({ name, solved }) => ({ name, value: solved })),
    { title: 'Share of runs that solve XOR', x: { label: 'share of runs' } },
  );
  lab.figure('xor', 'Share of runs that solve XOR, circuit by circuit.', svg);
}

const solved = (
  name: string,
  what: string,
  published: string | null,
  threshold: Claim['threshold'],
  scales?: Claim['scales'],
): Claim => ({
  id: `xor-${name}`,
  kind: 'learning',
  sentence: `XOR on 2-4-1, ${what}: share of runs that solve it.`,
  published,
  unit: 'of runs',
  threshold,
  expected: 'holds',
  ...(scales === undefined ? {} : { scales }),
  measure: async (lab) => (await result(lab, name)).solved,
});

const reported = (
  name: string,
  what: string,
  published: string,
  measured: (r: XorResult) => number,
  id = name,
): Claim => ({
  ...solved(name, what, published, atLeast(0), ['full']),
  id: `xor-${id}`,
  kind: 'report',
  measure: async (lab) => measured(await result(lab, name)),
});

const FULL = ['full'] as const;

export const xorClaims: readonly Claim[] = [
  solved('random-code', 'random codes, τ = 1, η 5', '1.00 (prototype)', atLeast(0.85)),
  solved('sequential', 'sequential codes, τ = 1, η 5', '0.97 (prototype)', atLeast(0.85)),
  solved('walsh', 'Walsh codes, τ = 1, η 5', '0.93–1.00 (prototype)', atLeast(0.85), FULL),
  solved('sinusoidal', 'sinusoids of 0.05–0.45, τ = 1, η 5', '0.95–1.00 (prototype)', atLeast(0.85), FULL),
  solved('backprop', 'online backprop at the same drift η/P', '1.00 (prototype)', atLeast(0.85)),
  {
    ...solved('random-code', '', null, above(1)),
    id: 'xor-steps-backprop-over-random',
    sentence:
      'Random codes reach the right answers of XOR in fewer steps than online backprop at the same drift: ratio of median steps.',
    published: '4500 / 1375 (prototype)',
    unit: '× steps',
    measure: async (lab) => (await result(lab, 'backprop')).steps / (await result(lab, 'random-code')).steps,
  },
  solved('tau-theta-4', 'random codes, τ_θ = 4', '0.98–1.00 (prototype)', atLeast(0.85), FULL),
  solved('tau-theta-17', 'random codes, τ_θ = 17', '0.97–1.00 (prototype)', atLeast(0.85), FULL),
  solved('tau-theta-68-tau-x-17', 'random codes, τ_θ = 68, τ_x = 17', '0.85–0.90 (prototype)', atLeast(0.75), FULL),
  solved('defects-0-15', 'activations that vary by 0.15', '0.78–0.95 (prototype)', atLeast(0.65), FULL),
  reported('defects-0-3', 'activations that vary by 0.3', '0.55–0.65 (prototype)', (r) => r.solved),
  reported('cost-noise-0-001', 'σ_C = 10⁻³', '1.00 (prototype)', (r) => r.solved),
  reported('cost-noise-0-01', 'σ_C = 10⁻²', '0.70 (prototype)', (r) => r.solved),
  reported(
    'cost-noise-0-01',
    'σ_C = 10⁻², at the last test',
    '0.12 (prototype)',
    (r) => r.still,
    'cost-noise-0-01-still',
  ),
  reported('update-noise-0-003', 'σ_θ = 3·10⁻³', '1.00 (prototype)', (r) => r.solved),
  reported('update-noise-0-03', 'σ_θ = 3·10⁻²', '1.00 (prototype)', (r) => r.solved),
  reported('update-noise-0-03-common', 'σ_θ = 3·10⁻², one number for all', '0.97 (prototype)', (r) => r.solved),
  reported('converter-10-bits', 'a cost of 10 bits', 'none (ours)', (r) => r.solved),
  {
    ...solved('two-hidden', '', '0.53–0.83 (prototype)', atLeast(0.5), FULL),
    sentence:
      'XOR on 2-2-1, nine parameters and bad minima, random codes: share of runs that solve it within 30,000 steps.',
  },
  reported(
    'two-hidden-backprop',
    'here 2-2-1, online backprop at the same drift',
    '0.80–0.86 (prototype)',
    (r) => r.solved,
  ),
  solved(
    'analogue-random',
    'analogue, random codes, τ_θ = 4, τ_x = 10, η 1',
    '0.80–0.95 (prototype)',
    atLeast(0.75),
    FULL,
  ),
  solved(
    'analogue-sinusoidal-4',
    'analogue, sinusoids, τ_θ = 4, τ_x = 10, η 1',
    '0.75–0.93 (prototype)',
    atLeast(0.7),
    FULL,
  ),
  solved(
    'analogue-sinusoidal-20',
    'analogue, sinusoids, τ_θ = 20, τ_x = 20, η 1',
    '0.88–0.97 (prototype)',
    atLeast(0.85),
    FULL,
  ),
  {
    ...solved('walsh', '', null, atLeast(0.85), FULL),
    id: 'xor-all-codes',
    sentence: 'All four codes solve XOR on 2-4-1: mean share of runs.',
    measure: async (lab) =>
      mean(
        await Promise.all(
          ['random-code', 'sequential', 'walsh', 'sinusoidal'].map(async (name) => (await result(lab, name)).solved),
        ),
      ),
  },
];
