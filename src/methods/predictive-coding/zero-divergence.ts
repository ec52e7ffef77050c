/**
 * Z-IL, zero-divergence inference learning: inference learning under three conditions that make its weight changes backprop's, exactly.
 *
 * Paper     Y. Song, T. Lukasiewicz, Z. Xu, R. Bogacz, Can the brain do backpropagation? Exact implementation of backpropagation in predictive coding networks, NeurIPS 2020; on graphs: T. Salvatori,
 *           Y. Song, T. Lukasiewicz, Z. Xu, R. Bogacz, Reverse differentiation via predictive coding, AAAI 2022, arXiv:2103.04689.
 * Rule      C1 hidden values start at the forward pass; C2 a vertex at depth l below the output learns at step t = l and at no other; C3 the step is γ = 1. At step t all values move at once by
 *           −ε + (∂μ/∂x)ᵀε of their children; credit is −(∂μ/∂θ)ᵀε of the step, at the values of that step.
 * Exact     everywhere, on every graph once it is levelled; in floating point up to the digits that (μ + δ) − μ loses. Each condition can be broken by an option, and then it is not.
 * Departs   weights stay as they are during the M steps and credit is collected: a weight that has learned touches no value that is used later, so this is the in-place rule to the last bit.
 *           ε of the output is minus the slope of any loss. With `lean` only what is used is computed; then it is backprop's arithmetic in another order.
 * Letters   x values, μ predictions, ε = x − μ, γ step, M vertices on the longest way, t time.
 */
import type { Tensor } from '../../engine/index.ts';
import { add, ConfigError, random, sub } from '../../engine/index.ts';
import type { Tree } from '../../nn/layer.ts';
import { depthsOf, levelled, networkOf, type Place } from '../energy/build.ts';
import { forwardValues, heard, type Network, predictAndPull, pullParams, type Values } from '../energy/network.ts';
import type { Citation, CreditCall, CreditResult, CreditRule } from '../rule.ts';
import { creditFrom, surroundingsOf } from './credit.ts';
import { checkPositive } from './options.ts';
import { momentAt, movedValues, noisy, outputError } from './wave.ts';

export const song2020: Citation = {
  authors: 'Y. Song, T. Lukasiewicz, Z. Xu, R. Bogacz',
  title: 'Can the Brain Do Backpropagation? Exact Implementation of Backpropagation in Predictive Coding Networks',
  year: 2020,
  venue: 'NeurIPS',
};

/** When a vertex at depth l learns: at its `own` step l, one step `late`, or at the `last` step together with all others. */
export type Timing = 'own' | 'late' | 'last';

export interface ZeroDivergenceOptions {
  /** C3: γ. */
  readonly step?: number;
  /** C2. */
  readonly timing?: Timing;
  /** C1: standard deviation of noise on the hidden start values. */
  readonly startNoise?: number;
  /** Where values live: before the activation of their layer, or after it. */
  readonly place?: Place;
  /** Computes at step t only the errors that learn and the values that move next. */
  readonly lean?: boolean;
}

/** Z-IL, for any model; all three conditions hold unless an option breaks one. */
export function zeroDivergence({
  step = 1,
  timing = 'own',
  startNoise = 0,
  place = 'before',
  lean = false,
}: ZeroDivergenceOptions = {}): CreditRule<null> {
  checkPositive('step', step, 'the rule is exact at 1 alone');
  checkBreaks(timing, startNoise);
  if (lean && (step !== 1 || timing !== 'own' || startNoise !== 0))
    throw new ConfigError('lean inference skips what is unused when all three conditions hold, and one is broken', {
      step,
      timing,
      startNoise,
      help: 'drop lean, or the option that breaks a condition',
    });
  return {
    id: 'zero-divergence-inference-learning',
    aliases: ['z-il', 'zil'],
    paper: song2020,
    summary: "Predictive coding timed so that every layer learns at the moment when its error is exactly backprop's.",
    nature: step === 1 && timing === 'own' && startNoise === 0 ? 'exact' : 'biased',
    supports: () => true,
    init: () => null,
    credit(call) {
      const net = levelled(networkOf(call.model, place));
      return lean ? leanCredit(call, net) : zeroDivergenceCredit(call, net, { step, timing, startNoise });
    },
  };
}

export type Conditions = Required<Pick<ZeroDivergenceOptions, 'step' | 'timing' | 'startNoise'>>;

/** What inference looked like: one entry a step. */
export interface WaveStep {
  readonly values: Values;
  readonly errors: readonly Tensor[];
  readonly energy: Tensor;
}

const NOISE = 0x7a696c;

/** Credit of a levelled network by Z-IL; `watch` sees every step. */
export function zeroDivergenceCredit<S>(
  call: CreditCall<S>,
  net: Network,
  { step, timing, startNoise }: Conditions,
  watch?: (step: WaveStep) => void,
): CreditResult<S> {
  const around = surroundingsOf(call);
  const depths = depthsOf(net);
  const count = net.vertices[0] === undefined ? 0 : Math.max(...depths) + 1; // M
  const forward = forwardValues(net, around);
  const parts: Tree[][] = net.vertices.map(() => []);
  let values: Values =
    startNoise === 0 ? forward.values : noisy(forward.values, random.foldIn(call.key, NOISE), startNoise);
  for (let t = 0; t < (timing === 'late' ? count + 1 : count); t++) {
    const { errors, moves, energy } = momentAt(net, around, call.loss, call.batch, values);
    watch?.({ values, errors, energy });
    depths.forEach((depth, i) => {
      if (t === learningStep(timing, depth, count)) parts[i] = pullParams(net, i, around, values, errors[i]!);
    });
    values = movedValues(values, moves, step);
  }
  return creditFrom(call, net, parts, forward);
}

const learningStep = (timing: Timing, depth: number, count: number): number => {
  if (timing === 'last') return count - 1;
  return timing === 'late' ? depth + 1 : depth;
};

/** Z-IL without what is never used: at step t the errors at depth t, and the values right below them. */
function leanCredit<S>(call: CreditCall<S>, net: Network): CreditResult<S> {
  const around = surroundingsOf(call);
  const depths = depthsOf(net);
  const forward = forwardValues(net, around);
  const values: Tensor[] = [...forward.values];
  const parts: Tree[][] = net.vertices.map(() => []);
  for (let t = 0; t <= Math.max(...depths); t++) {
    const messages = net.vertices.map((_, i): Tensor | null => {
      if (depths[i] !== t) return null;
      const [mu, pull] = predictAndPull(net, i, around, values);
      const error = i === values.length - 1 ? outputError(call.loss, call.batch, mu) : sub(values[i]!, mu);
      parts[i] = pullParams(net, i, around, values, error);
      return pull(error);
    });
    heard(net, messages).forEach((message, i) => {
      if (message !== null) values[i] = add(values[i]!, message);
    });
  }
  return creditFrom(call, net, parts, forward);
}

function checkBreaks(timing: Timing, startNoise: number): void {
  if (!['own', 'late', 'last'].includes(timing))
    throw new ConfigError(`timing is "${timing}"`, { timing, help: 'choose own, late or last' });
  if (!(Number.isFinite(startNoise) && startNoise >= 0))
    throw new ConfigError(`startNoise is ${startNoise}; it is a standard deviation`, {
      startNoise,
      help: 'use 0 or more',
    });
}
