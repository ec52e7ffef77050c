/**
 * The online loop of multiplexed gradient descent as pure functions: perturb, hear, settle.
 *
 * Paper     A. N. McCaughan and others, Multiplexed gradient descent, APL Machine Learning 1(2), 2023, arXiv:2303.03986.
 * Rule      C̃ = C − C₀, G += C̃θ̃/Δθ² in each step; every τ_θ steps θ −= ηG, G = 0. Analogue: C̃ is the high-passed cost, G its low-passed correlation, θ −= ηG in each step.
 * Exact     whole periods of a code give G = (n/P)·∂C/∂θ + O(Δθ).
 * Departs   the update stands at the end of a step, where the paper has it at the beginning of the next: the same parameters are measured, and nothing is pending between steps.
 * Letters   C cost, C₀ its baseline, θ̃ perturbation of length Δθ, G integrated error, η rate, P parameters.
 */
import {
  add,
  cast,
  clamp,
  div,
  eq,
  jvp,
  mapTree,
  mul,
  random,
  rem,
  round,
  sub,
  type Tensor,
  trees,
  where,
  zeros,
} from '../../engine/index.ts';
import type { Key } from '../../nn/key.ts';
import type { Tree } from '../../nn/layer.ts';
import { type Code, codeOf } from './codes.ts';
import { type FullSettings, fullSettings, type MgdSettings } from './settings.ts';

/** Everything that the circuit remembers. */
export type MgdState = {
  /** θ, without the perturbation. */
  readonly theta: Tree;
  /** G. */
  readonly sum: Tree;
  /** v; null without momentum. */
  readonly velocity: Tree;
  /** Of the code. */
  readonly wiring: Tree;
  readonly key: Key;
  /** The analogue form's memory of the cost: [C of the step before, C̃ of the step before]; null in the discrete form. */
  readonly filter: Tree;
};

/** The cost of one point. */
export type Measure = (theta: Tree) => Tensor;

/** Where a measurement is made: at θ + θ̃, at θ − θ̃, or at θ. */
export type Measured = 'plus' | 'minus' | 'baseline';

/** The parts of the loop, for settings that are fixed. */
export interface Loop {
  readonly settings: FullSettings;
  readonly code: Code;
  init(params: Tree, key: Key): MgdState;
  /** θ̃ of step n. */
  perturbation(state: MgdState, n: Tensor): Tree;
  /** C̃ of one step, from fresh measurements; `baseline` is C₀. */
  signal(state: MgdState, n: Tensor, shake: Tree, measure: Measure, baseline: Tensor | null): Tensor;
  /** C̃ from what was read at θ + θ̃ and, as it was measured, the baseline or the cost at θ − θ̃. */
  difference(state: MgdState, n: Tensor, plus: Tensor, other: Tensor): Tensor;
  /** What is wrong with a measurement: noise on the perturbed cost, and the converter. */
  reading(state: MgdState, n: Tensor, cost: Tensor, which: Measured): Tensor;
  /** The high-pass filter: C̃ and the filter's next memory; `isNew` says that the sample has just changed. */
  highPass(state: MgdState, cost: Tensor, isNew: Tensor): readonly [signal: Tensor, filter: Tree];
  /** G after C̃ is known. */
  hear(state: MgdState, shake: Tree, signal: Tensor): MgdState;
  /** The update at the end of step n, where one is due. */
  settle(state: MgdState, n: Tensor, rate: Tensor): MgdState;
}

const CODE = 0x636f6465;
const NOISE: Readonly<Record<Measured, number>> = { plus: 0x706c7573, minus: 0x6d696e75, baseline: 0x62617365 };
const UPDATE = 0x75706461;

/** The loop of these settings. */
export function loopOf(options: MgdSettings): Loop {
  const settings = fullSettings(options);
  const code = codeOf(settings);
  const { amplitude, tauP, tauHighPass, limit, probe } = settings;
  const loop: Loop = {
    settings,
    code,
    init: (params, key) => ({
      theta: params,
      sum: trees.zerosLike(params),
      velocity: settings.momentum > 0 ? trees.zerosLike(params) : null,
      wiring: code.wire(random.foldIn(key, CODE), params),
      key,
      filter: settings.form === 'analogue' ? [zeros([], 'f64'), zeros([], 'f64')] : null,
    }),
    perturbation: ({ wiring, key, theta }, n) => code.at(wiring, key, slotOf(n, tauP), theta),
    signal(state, n, shake, measure, baseline) {
      if (probe === 'jvp') return jvp(measure, state.theta, shake)[1];
      const at = (sign: number): Tensor => measure(trees.addScaled(state.theta, sign, shake));
      return loop.difference(state, n, loop.reading(state, n, at(1), 'plus'), baseline ?? at(-1));
    },
    difference(state, n, plus, other) {
      if (probe === 'finite') return cut(sub(plus, other), limit);
      return cut(mul(sub(plus, loop.reading(state, n, other, 'minus')), 0.5), limit);
    },
    reading: ({ key }, n, cost, which) => faulty(settings, random.foldIn(key, NOISE[which]), n, cost, which),
    highPass({ filter }, cost, isNew) {
      const [before, signal] = filter as [Tensor, Tensor];
      const a = tauHighPass / (tauHighPass + 1);
      const next = mul(add(signal, sub(cost, where(isNew, cost, before))), a);
      return [next, [cost, next]];
    },
    hear(state, shake, signal) {
      if (settings.form === 'discrete')
        return { ...state, sum: trees.addScaled(state.sum, mul(signal, 1 / amplitude ** 2), shake) };
      const share = 1 / (settings.tauTheta + 1);
      const old = trees.scale(state.sum, 1 - share);
      return { ...state, sum: trees.addScaled(old, mul(signal, share / amplitude ** 2), shake) };
    },
    settle: (state, n, rate) => (settings.form === 'discrete' ? discrete : analogue)(settings, state, n, rate),
  };
  return loop;
}

const slotOf = (n: Tensor, tauP: number): Tensor => (tauP === 1 ? n : div(n, tauP));

const cut = (x: Tensor, limit: number): Tensor => (Number.isFinite(limit) ? clamp(x, -limit, limit) : x);

function faulty({ costNoise, converter }: FullSettings, key: Key, n: Tensor, cost: Tensor, which: Measured): Tensor {
  const isNoisy = which !== 'baseline' && costNoise > 0;
  const heard = isNoisy ? add(cost, mul(random.normal(random.foldIn(key, n), [], { dtype: 'f64' }), costNoise)) : cost;
  if (converter === undefined) return heard;
  const step = converter.full / 2 ** converter.bits;
  return mul(round(div(clamp(heard, 0, converter.full), step)), step);
}

function discrete(settings: FullSettings, state: MgdState, n: Tensor, rate: Tensor): MgdState {
  const { tauTheta, momentum } = settings;
  const velocity = momentum > 0 ? trees.addScaled(state.sum, momentum, state.velocity) : state.sum;
  const theta = shaken(settings, state, n, trees.addScaled(state.theta, mul(rate, -1), velocity));
  const after = { theta, sum: trees.zerosLike(state.sum), velocity: momentum > 0 ? velocity : null };
  if (tauTheta === 1) return { ...state, ...after };
  const isDue = eq(rem(add(n, 1), tauTheta), 0);
  const choose = (a: Tree, b: Tree): Tree => mapTree((x: Tensor, y: Tensor) => where(isDue, x, y), a, b);
  return {
    ...state,
    theta: choose(after.theta, state.theta),
    sum: choose(after.sum, state.sum),
    velocity: momentum > 0 ? choose(velocity, state.velocity) : null,
  };
}

const analogue = (settings: FullSettings, state: MgdState, n: Tensor, rate: Tensor): MgdState => ({
  ...state,
  theta: shaken(settings, state, n, trees.addScaled(state.theta, mul(rate, -1), state.sum)),
});

/** Noise on what an update has written. */
function shaken({ updateNoise, updateNoiseKind }: FullSettings, { key }: MgdState, n: Tensor, theta: Tree): Tree {
  if (updateNoise === 0) return theta;
  const own = random.foldIn(random.foldIn(key, UPDATE), n);
  if (updateNoiseKind === 'independent') return trees.addScaled(theta, updateNoise, trees.randomLike(own, theta));
  const common = mul(random.normal(own, [], { dtype: 'f64' }), updateNoise);
  return mapTree((x: Tensor) => add(x, cast(common, x.dtype)), theta);
}

/** Whether step n is the first that shows its sample. */
export const isNewSample = (n: Tensor, tauX: number): Tensor => eq(rem(n, tauX), 0);
