/** The online loop: codes are orthogonal, simulation and chip agree, filters do what their gain says, seconds add up. */
import { describe, expect, it } from 'vitest';
import {
  ConfigError,
  leavesOf,
  mul,
  random,
  scalar,
  sub,
  sum,
  type Tensor,
  type Tree,
  UnsupportedError,
  zeros,
} from '../../engine/index.ts';
import { inF64 } from '../testing/cases.ts';
import { type Chip, trainChip } from './chip.ts';
import { type CodeOptions, codeOf } from './codes.ts';
import { variedLogistic } from './device.ts';
import { loopOf, type MgdState } from './loop.ts';
import { batchesOf, shown } from './schedule.ts';
import { type MgdSettings, measurementsPerStep } from './settings.ts';
import { Simulation } from './simulate.ts';
import { freshCodeGain, highPassGain, meanSquares, randomCodeCosine } from './theory.ts';
import { breakEven, platforms, wallClock } from './wall-clock.ts';

const like = (): Tree => ({ a: zeros([3], 'f64'), b: zeros([2, 2], 'f64') });
const P = 7;

/** Patterns of so many slots as rows. */
function patterns(options: CodeOptions, slots: number): number[][] {
  const code = codeOf(options);
  const wiring = code.wire(random.key(3), like());
  return Array.from({ length: slots }, (_, t) =>
    (leavesOf(code.at(wiring, random.key(4), scalar(t, 'i32'), like())) as Tensor[]).flatMap((x) => [...x.readSync()]),
  );
}

const correlation = (rows: readonly number[][], i: number, j: number): number =>
  rows.reduce((s, row) => s + row[i]! * row[j]!, 0) / rows.length;

describe('codes', () => {
  it.each([
    ['sequential', {}, 7, 1e-12],
    ['walsh', {}, 8, 1e-12],
    ['walsh', { flips: true }, 16, 1e-12],
    ['sinusoidal', { frequencies: [1, 2, 3, 4, 5, 6, 7].map((k) => k / 32) }, 32, 1e-12],
    ['random-code', {}, 4000, 0.06],
    ['random-code', { share: 0.25 }, 4000, 0.12],
  ] as const)(
    '%s %o: components are orthogonal over %i slots, and the mean of ‖θ̃‖² is Δθ²',
    (code, options, slots, tolerance) => {
      inF64(() => {
        const rows = patterns({ code, amplitude: 0.5, ...options }, slots);
        for (let i = 0; i < P; i++)
          for (let j = 0; j < P; j++)
            expect(Math.abs((correlation(rows, i, j) * P) / 0.25 - Number(i === j))).toBeLessThan(tolerance);
      });
    },
  );

  it('of Walsh have mean zero: the constant row is left out', () => {
    inF64(() => {
      const rows = patterns({ code: 'walsh' }, 8);
      for (let i = 0; i < P; i++) expect(rows.reduce((s, row) => s + Math.sign(row[i]!), 0)).toBe(0);
    });
  });

  it('of given frequencies are one for each parameter', () => {
    expect(() => patterns({ code: 'sinusoidal', frequencies: [0.1, 0.2, 0.3] }, 1)).toThrow(ConfigError);
  });
});

/** Σ (θ − row)²: a bowl with another centre for each row of the data. */
const bowl = (theta: Tree, rows: Tensor): Tensor => {
  const off = sub((theta as Tensor[])[0]!, rows.cast('f64'));
  return sum(mul(off, off));
};

const chip: Chip = { cost: (theta, sample) => theta.reduce((s, x) => s + (x - (sample % 3)) ** 2, 0) };
const START = [0.5, -1, 2, 0.1];
const theta = (): Tree => [random.uniform(random.key(1), [4], { dtype: 'f64' }).mul(0).add(1)];

describe('a chip in the loop', () => {
  it.each([
    { code: 'random-code', tauTheta: 2, tauX: 4 },
    { code: 'walsh', tauTheta: 6, tauX: 2, momentum: 0.5 },
    { code: 'sequential', probe: 'antithetic', limit: 0.05 },
    { form: 'analogue', tauTheta: 4, tauX: 5, costNoise: 1e-3 },
    { code: 'sinusoidal', updateNoise: 1e-3, converter: { bits: 12, full: 20 } },
    { updateNoise: 1e-3, updateNoiseKind: 'common', tauTheta: 3, tauX: 3 },
  ] as readonly MgdSettings[])('learns as in the simulation: %o', async (settings) => {
    const steps = 60;
    const key = random.key(9);
    const simulation = new Simulation({ settings: { amplitude: 0.1, ...settings }, cost: bowl, params: theta(), key });
    const { block } = simulation.simulator;
    const rows = shown(batchesOf({ rows: 3, batch: 1 }), {
      from: 0,
      blocks: steps / block,
      block,
      tauX: settings.tauX ?? 1,
    });
    simulation.advance(rows, Array(steps / block).fill(0.02));
    let state: MgdState | null = null;
    const run = { chip, settings: { amplitude: 0.1, ...settings }, theta: [1, 1, 1, 1], steps, rate: 0.02, key };
    let measurements = 0;
    for await (const event of trainChip(run)) ({ state, measurements } = event);
    const [ours, theirs] = [simulation.state, state!].map(
      ({ theta }) => (leavesOf(theta) as Tensor[])[0]!.toArray() as number[],
    );
    for (const [i, x] of ours!.entries()) expect(x).toBeCloseTo(theirs![i]!, 11);
    expect(ours).not.toEqual([1, 1, 1, 1]);
    const baselines = Math.round(steps * measurementsPerStep(settings));
    if (settings.tauTheta === undefined || settings.form === 'analogue') expect(measurements).toBe(baselines);
    else expect(measurements).toBeLessThanOrEqual(baselines);
  });

  it('has no forward mode', async () => {
    const run = { chip, settings: { probe: 'jvp' }, theta: START, steps: 1, rate: 1, key: random.key(1) } as const;
    await expect(trainChip(run).next()).rejects.toThrow(UnsupportedError);
  });
});

describe('runs side by side', () => {
  it('are the runs one by one', () => {
    inF64(() => {
      const keys = random.keys(random.key(2), 3);
      const settings: MgdSettings = { tauTheta: 2, tauX: 2 };
      const stretch = { from: 0, blocks: 20, block: 2, tauX: 2 };
      const source = batchesOf({ rows: 3, batch: 1 });
      const many = new Simulation({ settings, cost: bowl, params: [zeros([3, 4], 'f64')], key: keys, runs: 3 });
      many.advance(shown([source, source, source], stretch), Array(20).fill(0.1));
      const together = (many.state.theta as Tensor[])[0]!.toArray() as number[][];
      together.forEach((row, i) => {
        const one = new Simulation({
          settings,
          cost: bowl,
          params: [zeros([4], 'f64')],
          key: random.split(random.key(2), 3)[i]!,
        });
        one.advance(shown(source, stretch), Array(20).fill(0.1));
        expect((one.state.theta as Tensor[])[0]!.toArray()).toEqual(row);
      });
    });
  });

  it('refuse rates that do not fit their rows', () => {
    const one = new Simulation({ settings: {}, cost: bowl, params: theta(), key: random.key(1) });
    expect(() =>
      one.advance(shown(batchesOf({ rows: 3, batch: 1 }), { from: 0, blocks: 4, block: 1, tauX: 1 }), [1]),
    ).toThrow(ConfigError);
  });
});

describe('the high-pass filter', () => {
  it.each([0.05, 0.15, 0.35])('leaves the gain of %f cycles a step', (f) => {
    const loop = loopOf({ form: 'analogue', code: 'sinusoidal' });
    let state = loop.init(like(), random.key(1));
    let [kept, power] = [0, 0];
    for (let n = 0; n < 300; n++) {
      const wave = Math.sin(2 * Math.PI * f * n);
      const [signal, filter] = loop.highPass(state, scalar(wave, 'f64'), scalar(n === 0 ? 1 : 0, 'bool'));
      state = { ...state, filter };
      if (n >= 100) [kept, power] = [kept + signal.item() * wave, power + wave * wave];
    }
    expect(kept / power).toBeCloseTo(highPassGain(f), 6);
  });

  it('hides the jump of a new sample', () => {
    const loop = loopOf({ form: 'analogue' });
    const state = { ...loop.init(like(), random.key(1)), filter: [scalar(1, 'f64'), scalar(0.2, 'f64')] };
    expect(loop.highPass(state, scalar(50, 'f64'), scalar(1, 'bool'))[0].item()).toBeCloseTo(0.2 * freshCodeGain(), 12);
  });
});

describe('theory', () => {
  it('puts 45 degrees where patterns and parameters are as many', () => {
    expect(randomCodeCosine(1000, 1000)).toBeCloseTo(Math.SQRT1_2, 3);
  });

  it('has its border of stability at 2P/tr H', () => {
    const eigenvalues = Array.from({ length: 20 }, (_, i) => 1 / (i + 1));
    const limit = 40 / eigenvalues.reduce((a, b) => a + b);
    const end = (share: number): number =>
      meanSquares(eigenvalues, Array(20).fill(1), share * limit, 3000).reduce((a, b) => a + b) / 20;
    expect(end(0.95)).toBeLessThan(1);
    expect(end(1.05)).toBeGreaterThan(1);
  });
});

describe('seconds on hardware', () => {
  it('are the published row', () => {
    const seconds = Object.values(platforms).map((hardware) => wallClock({ steps: 2e7 }, hardware).seconds);
    expect(seconds[0]! / 3600).toBeCloseTo(5.56, 2);
    expect(seconds[1]).toBeCloseTo(0.2, 12);
    expect(seconds[2]).toBeCloseTo(0.004, 12);
    expect(breakEven(480, 2e7)).toBeCloseTo(24e-6, 12);
  });

  it('name the slowest part, and count baselines on request', () => {
    const hardware = { name: 'slow writes', perturbation: 2 ** -20, input: 2 ** -19, update: 2 ** -13 };
    const run = { steps: 1024, settings: { tauTheta: 16, tauX: 4 } };
    expect(wallClock(run, hardware)).toEqual({
      seconds: 2 ** -7,
      slowest: 'updates',
      perturbations: 2 ** -10,
      samples: 2 ** -11,
      updates: 2 ** -7,
    });
    expect(wallClock({ ...run, countBaseline: true }, hardware).perturbations).toBe(1.25 * 2 ** -10);
  });
});

describe('settings', () => {
  it.each([
    { tauX: 3, tauP: 2 },
    { form: 'analogue', probe: 'antithetic' },
    { momentum: 1 },
    { tauHighPass: 0 },
    { costNoise: -1 },
    { converter: { bits: 0, full: 1 } },
    { updateNoiseKind: 'pink' },
  ])('are refused: %o', (settings) => {
    expect(() => loopOf(settings as MgdSettings)).toThrow(ConfigError);
  });

  it('say how often the cost is measured', () => {
    expect(measurementsPerStep({})).toBe(2);
    expect(measurementsPerStep({ tauTheta: 40, tauX: 20 })).toBe(1.05);
    expect(measurementsPerStep({ form: 'analogue' })).toBe(1);
    expect(measurementsPerStep({ probe: 'antithetic' })).toBe(2);
  });
});

describe('a varied device', () => {
  it('is the logistic function where nothing varies, and fixed where it does', () => {
    inF64(() => {
      const x = random.normal(random.key(1), [2, 3]);
      const of = (deviation: number, seed: number): number[] => {
        const layer = variedLogistic({ deviation });
        const { state } = layer.init(random.key(seed), [3]);
        return [...layer.pre(null, state, x, {})[0].readSync()];
      };
      const plain = [...x.readSync()].map((v) => 1 / (1 + Math.exp(-v)));
      for (const [i, v] of of(0, 1).entries()) expect(v).toBeCloseTo(plain[i]!, 12);
      expect(of(0.3, 1)).toEqual(of(0.3, 1));
      expect(of(0.3, 1)).not.toEqual(of(0.3, 2));
    });
  });
});
