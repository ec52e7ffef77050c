/**
 * Fa-Z-IL, fully autonomous zero-divergence inference learning: no clock says when to learn; the weights of a vertex learn when its error first becomes non-zero.
 *
 * Paper     Y. Song, T. Lukasiewicz, Z. Xu, R. Bogacz, Can the brain do backpropagation? Exact implementation of backpropagation in predictive coding networks, NeurIPS 2020.
 * Rule      the network rests at the forward pass, every error 0; the output is clamped and T steps of γ = 1 run. φ = 1 for a vertex that has not fired yet and has any non-zero error: then, and once,
 *           credit is −(∂μ/∂θ)ᵀε of that step.
 * Exact     everywhere when T is at least the number M of vertices on the longest way: φ fires after as many steps as the vertex lies below the output.
 * Departs   the paper describes φ as a sharp response to a change of the local error; the gate is our reading. It listens to a vertex as a whole: a gate for every neuron is wrong for relu, where a unit
 *           that is silent at its own step may get an error later. What fires latches its error and inputs, and credit is pulled from them at the end: the same numbers.
 *           The rest phase is a forward sweep, the limit of the free relaxation, which in floating point would stall at errors of 1e-16 and fire at once.
 * Letters   x values, ε errors, φ gate, γ step, T steps, M vertices on the longest way.
 */
import type { Tensor } from '../../engine/index.ts';
import { and, any, full, ne, not, or, where, zeros, zerosLike } from '../../engine/index.ts';
import { depthsOf, levelled, networkOf, type Place } from '../energy/build.ts';
import { forwardValues, INPUT, type Network, pullParams, type Values } from '../energy/network.ts';
import type { CreditCall, CreditResult, CreditRule } from '../rule.ts';
import { creditFrom, surroundingsOf } from './credit.ts';
import { checkSteps } from './options.ts';
import { momentAt, movedValues } from './wave.ts';
import { song2020 } from './zero-divergence.ts';

export interface AutonomousOptions {
  /** T: steps after the output is clamped; two more than the model needs unless said. Vertices that lie deeper do not learn. */
  readonly steps?: number;
  /** Where values live: before the activation of their layer, or after it. */
  readonly place?: Place;
}

/** Fa-Z-IL, for any model. */
export function autonomousInferenceLearning({ steps, place = 'before' }: AutonomousOptions = {}): CreditRule<null> {
  if (steps !== undefined) checkSteps('steps', steps);
  return {
    id: 'autonomous-inference-learning',
    aliases: ['fa-z-il', 'fa-zil'],
    paper: song2020,
    summary:
      'Predictive coding where the weights of a layer learn at the moment when its error wakes up; no clock is shared.',
    nature: 'exact',
    supports: () => true,
    init: () => null,
    credit: (call) => autonomousCredit(call, levelled(networkOf(call.model, place)), steps),
  };
}

/** What a vertex has seen when its gate opened. */
interface Latch {
  readonly hasFired: Tensor;
  readonly at: Tensor;
  readonly error: Tensor;
  readonly inputs: Values;
}

/** Credit of a levelled network by Fa-Z-IL. */
export function autonomousCredit<S>(
  call: CreditCall<S>,
  net: Network,
  steps = Math.max(...depthsOf(net)) + 3,
): CreditResult<S> {
  const around = surroundingsOf(call);
  const forward = forwardValues(net, around);
  let values: Values = forward.values;
  let latches: readonly Latch[] = net.vertices.map(({ parents }, i) => asleep(parents, i, values));
  for (let t = 0; t < steps; t++) {
    const { errors, moves } = momentAt(net, around, call.loss, call.batch, values);
    latches = latches.map((latch, i) => woken(latch, errors[i]!, inputsOf(net, i, values), t));
    values = movedValues(values, moves, 1);
  }
  const parts = latches.map(({ error, inputs }, i) => pullParams(net, i, around, placed(net, i, inputs), error));
  const firing = latches.map(({ at }, i) => [`firedAt.${net.vertices[i]!.name}`, at] as const);
  return { ...creditFrom(call, net, parts, forward), metrics: Object.fromEntries(firing) };
}

/** Before anything has happened; a vertex that never fires learns from an error of 0. */
function asleep(parents: readonly number[], i: number, values: Values): Latch {
  const like = values[i]!;
  return {
    hasFired: zeros([], 'bool'),
    at: full([], -1, like.dtype),
    error: zerosLike(like),
    inputs: parents.flatMap((p) => (p === INPUT ? [] : [values[p]!])),
  };
}

/** φ: the first non-zero error opens the gate for this step. */
function woken(latch: Latch, error: Tensor, inputs: Values, t: number): Latch {
  const phi = and(not(latch.hasFired), any(ne(error, 0)));
  return {
    hasFired: or(latch.hasFired, phi),
    at: where(phi, t, latch.at),
    error: where(phi, error, latch.error),
    inputs: inputs.map((x, k) => where(phi, x, latch.inputs[k]!)),
  };
}

const inputsOf = (net: Network, i: number, values: Values): Values =>
  net.vertices[i]!.parents.flatMap((p) => (p === INPUT ? [] : [values[p]!]));

/** Latched inputs at the places of the parents they came from. */
function placed(net: Network, i: number, inputs: Values): Values {
  const values: Tensor[] = [];
  const parents = net.vertices[i]!.parents.filter((p) => p !== INPUT);
  parents.forEach((p, k) => {
    values[p] = inputs[k]!;
  });
  return values;
}
