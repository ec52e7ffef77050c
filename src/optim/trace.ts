/** Memory of past credit: momentum as PyTorch writes it, and the exponential average. */

import type { Tensor, Tree } from '../engine/index.ts';
import { add, ConfigError, div, full, mul, sub, trees } from '../engine/index.ts';
import { flushed } from './flush.ts';
import type { Optimizer } from './optimizer.ts';
import { checkRange } from './optimizer.ts';

export interface TraceOptions {
  /** μ, the share of the velocity that stays. */
  readonly momentum: number;
  /** Looks one step ahead: passes on g + μ·v instead of v. */
  readonly nesterov?: boolean;
  /** Credit enters with the factor 1 − dampening, except in the first step. */
  readonly dampening?: number;
}

/** `gain` is the factor with which the next credit enters: 1 at first, 1 − dampening afterwards; null without dampening. */
export type TraceState = { readonly velocity: Tree; readonly gain: Tensor | null };

/** Momentum: v ← μ·v + g, and passes on v. */
export function trace({ momentum, nesterov = false, dampening = 0 }: TraceOptions): Optimizer<TraceState> {
  checkRange('trace', 'momentum', momentum, 0);
  if (nesterov && dampening !== 0)
    throw new ConfigError(`trace: nesterov needs dampening 0, not ${dampening}`, {
      dampening,
      help: 'drop one of the two',
    });
  return {
    name: 'trace',
    config: { momentum, nesterov, dampening },
    init: (params) => ({ velocity: trees.zerosLike(params), gain: dampening === 0 ? null : full([], 1, 'f64') }),
    update(credit, { velocity, gain }) {
      const entering = gain === null ? credit : trees.scale(credit, gain);
      const next = trees.mapTensors((v, g) => flushed(add(mul(v, momentum), g)), velocity, entering);
      const step = nesterov ? trees.addScaled(credit, momentum, next) : next;
      return [step, { velocity: next, gain: gain === null ? null : full([], 1 - dampening, 'f64') }];
    },
  };
}

export interface EmaOptions {
  /** The share of the average that stays. */
  readonly decay: number;
  /** Divides by 1 − decayᵗ, so that early averages are not drawn to 0. */
  readonly debias?: boolean;
}

/** `weight` is decayᵗ. */
export type EmaState = { readonly average: Tree; readonly weight: Tensor };

/** The exponential average: a ← decay·a + (1 − decay)·g, from 0, and passes on a. */
export function ema({ decay, debias = false }: EmaOptions): Optimizer<EmaState> {
  checkRange('ema', 'decay', decay, 0, 1);
  return {
    name: 'ema',
    config: { decay, debias },
    init: (params) => ({ average: trees.zerosLike(params), weight: full([], 1, 'f64') }),
    update(credit, state) {
      const average = averaged(state.average, credit, decay);
      const weight = flushed(mul(state.weight, decay));
      const step = debias ? trees.mapTensors((a) => mul(a, trees.scalarFor(correction(weight), a)), average) : average;
      return [step, { average, weight }];
    },
  };
}

/** decay·a + (1 − decay)·g, leaf by leaf. */
export const averaged = (average: Tree, credit: Tree, decay: number): Tree =>
  trees.mapTensors((a, g) => flushed(add(mul(a, decay), mul(g, 1 - decay))), average, credit);

/** 1 / (1 − decayᵗ), which undoes the pull of an average towards its start at 0. */
export const correction = (weight: Tensor): Tensor => div(1, sub(1, weight));
