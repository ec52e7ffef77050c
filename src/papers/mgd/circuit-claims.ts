/** Checks 4 and 10a: the border of stability on bowls, and what the analogue filter leaves of each code. */
import {
  eq,
  fromArray,
  full,
  grad,
  iota,
  jit,
  mul,
  ones,
  random,
  range,
  scan,
  square,
  sum,
  type Tensor,
  tensor,
  trees,
} from '../../engine/index.ts';
import { loopOf, type MgdState } from '../../methods/multiplexed/loop.ts';
import type { MgdSettings } from '../../methods/multiplexed/settings.ts';
import { Simulation } from '../../methods/multiplexed/simulate.ts';
import { freshCodeGain, highPassGain, largestStableRate, meanSquares } from '../../methods/multiplexed/theory.ts';
import { mse, type Tree } from '../../nn/index.ts';
import { median } from '../../stats/index.ts';
import { above, atMost, below, type Claim } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import { costOn, logisticNet, numbersOf, uniformStart } from './setting.ts';

const DIMENSIONS = 50;
const STEPS = 600;
const BOWLS = {
  round: range(DIMENSIONS).map(() => 1),
  long: range(DIMENSIONS).map((i) => 1 / (i + 1)),
} as const;
type Bowl = keyof typeof BOWLS;

interface Distance {
  /** Mean over runs of ‖θ‖² after 600 steps over that at the start. */
  readonly measured: number;
  /** The same by the exact recursion. */
  readonly theory: number;
}

const distanceAt = (lab: Lab, bowl: Bowl, share: number): Promise<Distance> =>
  lab.once(`bowl ${bowl} ${share}`, () =>
    lab.f64(() => {
      const eigenvalues = BOWLS[bowl];
      const runs = 2000;
      const curvature = tensor([...eigenvalues]);
      const rate =
        share *
        largestStableRate(
          DIMENSIONS,
          eigenvalues.reduce((a, b) => a + b),
        );
      const simulation = new Simulation({
        settings: { probe: 'jvp' },
        cost: (theta) => mul(sum(mul(square((theta as Tensor[])[0]!), curvature)), 0.5),
        params: [ones([runs, DIMENSIONS])],
        key: random.keys(lab.key(`bowl ${bowl}`), runs),
        runs,
      });
      simulation.advance(full([runs, STEPS, 1], 0, 'i32'), Array(STEPS).fill(rate));
      const end = numbersOf(simulation.state.theta).reduce((s, x) => s + x * x, 0);
      const start = Array(DIMENSIONS).fill(1);
      const theory = meanSquares(eigenvalues, start, rate, STEPS).reduce((a, b) => a + b) / DIMENSIONS;
      return { measured: end / (runs * DIMENSIONS), theory };
    }),
  );

const SHARES = [0.8, 1.2] as const;
const bowlClaims: readonly Claim[] = (Object.keys(BOWLS) as Bowl[]).flatMap((bowl) => [
  ...SHARES.map(
    (share): Claim => ({
      id: `stability-${bowl}-${share < 1 ? 'below' : 'above'}`,
      kind: 'identity',
      sentence: `On a ${bowl} bowl of 50 parameters the mean squared distance ${share < 1 ? 'shrinks' : 'grows'} at ${share} of η = 2P/tr H: factor after 600 steps, 2,000 runs.`,
      published: `${{ 'round 0.8': '4.4e-4', 'long 0.8': '5.8e-3', 'round 1.2': '9.0e4', 'long 1.2': '3.9e6' }[`${bowl} ${share}`]} (prototype)`,
      unit: '×',
      threshold: share < 1 ? below(1) : above(1),
      expected: 'holds',
      measure: async (lab) => (await distanceAt(lab, bowl, share)).measured,
    }),
  ),
  {
    id: `recursion-${bowl}`,
    kind: 'identity',
    sentence: `On a ${bowl} bowl at 0.8 of the border the mean of 2,000 runs follows s_i ← s_i(1 − 2ελ_i) + ε²Σλ_j²s_j: relative difference.`,
    published: '2 % (prototype, 4,000 runs)',
    unit: '',
    threshold: atMost(0.1),
    expected: 'holds',
    measure: async (lab) => {
      const { measured, theory } = await distanceAt(lab, bowl, 0.8);
      return Math.abs(measured / theory - 1);
    },
  },
]);

const GAIN_STEPS = 20_000;

/** Frozen parameters of XOR 2-4-1 on the sample (1, 1), whose inputs are not 0: P·mean of C̃θ̃/Δθ², beside the gradient. */
function filtered(
  lab: Lab,
  settings: MgdSettings,
  steps: number,
): { readonly heard: number[]; readonly g: number[]; readonly cycles: number[] } {
  const net = logisticNet([2, 4, 1]);
  const params = uniformStart(net, lab.key('gain start'), -0.5, 0.5);
  const cost = costOn(net, mse(), { x: tensor([[1, 1]]), y: tensor([[0]]) }, net.initialise(random.key(0)).state);
  const row = fromArray(Int32Array.of(0), [1], 'i32');
  const loop = loopOf({ form: 'analogue', amplitude: 1e-3, tauX: steps, ...settings });
  const first = loop.init(params, lab.key('gain codes'));
  const body = (state: MgdState, total: Tree, n: Tensor): readonly [MgdState, Tree] => {
    const shake = loop.perturbation(state, n);
    const [signal, filter] = loop.highPass(state, cost(trees.add(state.theta, shake), row, null), eq(n, 0));
    return [{ ...state, filter }, trees.addScaled(total, mul(signal, 1 / (1e-6 * steps)), shake)];
  };
  const program = jit((start: MgdState) => {
    const [end] = scan(
      (now: { filter: Tree; total: Tree }, n: Tensor) => {
        const [state, total] = body({ ...start, filter: now.filter }, now.total, n);
        return [{ filter: state.filter, total }, null] as const;
      },
      { filter: start.filter, total: start.sum },
      iota(steps),
    );
    return end.total;
  });
  const P = trees.countParams(params);
  const cycles = first.wiring === null ? [] : numbersOf((first.wiring as { cycles: Tree }).cycles);
  return {
    heard: numbersOf(program(first)).map((x) => x * P),
    g: numbersOf(grad((p: Tree) => cost(p, row, null))(params)),
    cycles,
  };
}

const projection = (heard: readonly number[], g: readonly number[]): number =>
  heard.reduce((s, x, i) => s + x * g[i]!, 0) / g.reduce((s, x) => s + x * x, 0);

/** Relative difference of the measured gain of a narrow band from Σg_i² Re H(f_i)/Σg_i². */
function bandError(lab: Lab, f0: number): number {
  const frequencies = range(17).map((i) => f0 + i * 1e-4);
  const { heard, g } = filtered(lab, { code: 'sinusoidal', frequencies }, GAIN_STEPS);
  const law = projection(
    g.map((x, i) => x * highPassGain(frequencies[i]!)),
    g,
  );
  return Math.abs(projection(heard, g) / law - 1);
}

/** Frequencies of which no two add up to a third: median over parameters of the relative error of each one's own gain. */
function wideError(lab: Lab): number {
  const frequencies = range(17).map((i) => (1001 + 499 * i) / GAIN_STEPS);
  const { heard, g } = filtered(lab, { code: 'sinusoidal', frequencies }, GAIN_STEPS);
  return median(heard.map((x, i) => Math.abs(x / (g[i]! * highPassGain(frequencies[i]!)) - 1)));
}

const BANDS = [0.05, 0.15, 0.35, 0.45];
const gain = (
  id: string,
  sentence: string,
  published: string,
  threshold: Claim['threshold'],
  measure: (lab: Lab) => number,
): Claim => ({
  id,
  kind: 'identity',
  sentence,
  published,
  unit: '',
  threshold,
  expected: 'holds',
  measure: (lab) => lab.f64(() => measure(lab)),
});

const gainClaims: readonly Claim[] = [
  ...BANDS.map((f0, i) =>
    gain(
      `filter-gain-${f0.toFixed(2).slice(2)}`,
      `The high-pass filter leaves Re H(f) of sinusoids around ${f0} cycles a step: relative difference of the projection on the gradient.`,
      `gain ${[0.234, 0.625, 0.751, 0.761][i]} (prototype)`,
      atMost(0.01),
      (lab) => bandError(lab, f0),
    ),
  ),
  gain(
    'filter-gain-random',
    'The high-pass filter leaves τ/(τ + 1) = 0.615 of fresh random codes: relative difference of the projection on the gradient.',
    '0.610–0.617 (prototype)',
    { quick: atMost(0.03), full: atMost(0.01) },
    (lab) => {
      const { heard, g } = filtered(lab, {}, lab.pick(GAIN_STEPS, 10 * GAIN_STEPS));
      return Math.abs(projection(heard, g) / freshCodeGain() - 1);
    },
  ),
  gain(
    'filter-wide-band',
    'In a wide band of frequencies of which no two add up to a third, every parameter has the gain of its own frequency: median relative error.',
    '≤ 0.5 % (card)',
    atMost(0.005),
    wideError,
  ),
];

export const circuitClaims: readonly Claim[] = [...bowlClaims, ...gainClaims];
