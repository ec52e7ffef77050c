/** The optimisers under their usual names, with PyTorch's conventions and defaults: chains of building blocks. */

import type { AdagradOptions, AdamOptions, RmsOptions } from './adaptive.ts';
import { scaleByAdagrad, scaleByAdam, scaleByRms } from './adaptive.ts';
import type { Optimizer } from './optimizer.ts';
import { decay, named } from './preset.ts';
import type { Rate } from './rate.ts';
import { scaleByRate } from './rate.ts';
import { trace } from './trace.ts';

export interface SgdOptions {
  readonly learningRate: Rate;
  readonly momentum?: number;
  readonly nesterov?: boolean;
  readonly dampening?: number;
  /** L2 regularisation, added to the credit before momentum. */
  readonly weightDecay?: number;
}

/** Gradient descent: v ← μ·v + g, step −rate·v; plain without momentum. */
export function sgd({
  learningRate,
  momentum: mu = 0,
  nesterov: isNesterov = false,
  dampening = 0,
  weightDecay = 0,
}: SgdOptions): Optimizer {
  const memory = mu === 0 ? [] : [trace({ momentum: mu, nesterov: isNesterov, dampening })];
  return named('sgd', { learningRate, momentum: mu, nesterov: isNesterov, dampening, weightDecay }, [
    ...decay(weightDecay),
    ...memory,
    scaleByRate(learningRate),
  ]);
}

/** `sgd` with momentum 0.9 unless said. */
export const momentum = (options: SgdOptions): Optimizer => sgd({ momentum: 0.9, ...options });

/** `momentum` that looks one step ahead. */
export const nesterov = (options: SgdOptions): Optimizer => sgd({ momentum: 0.9, nesterov: true, ...options });

export interface AdaptiveOptions {
  readonly learningRate?: Rate;
  readonly weightDecay?: number;
}

/** Adagrad (Duchi et al. 2011). */
export function adagrad({
  learningRate = 0.01,
  weightDecay = 0,
  ...own
}: AdaptiveOptions & AdagradOptions = {}): Optimizer {
  return named('adagrad', { learningRate, weightDecay, ...own }, [
    ...decay(weightDecay),
    scaleByAdagrad(own),
    scaleByRate(learningRate),
  ]);
}

export interface RmspropOptions extends AdaptiveOptions, RmsOptions {
  readonly momentum?: number;
}

/** RMSprop (Hinton 2012); momentum acts on the scaled credit. */
export function rmsprop({
  learningRate = 0.01,
  weightDecay = 0,
  momentum: mu = 0,
  ...own
}: RmspropOptions = {}): Optimizer {
  const memory = mu === 0 ? [] : [trace({ momentum: mu })];
  return named('rmsprop', { learningRate, weightDecay, momentum: mu, ...own }, [
    ...decay(weightDecay),
    scaleByRms(own),
    ...memory,
    scaleByRate(learningRate),
  ]);
}

/** Adam (Kingma & Ba 2015); `weightDecay` is L2 regularisation here. */
export function adam({ learningRate = 1e-3, weightDecay = 0, ...own }: AdaptiveOptions & AdamOptions = {}): Optimizer {
  return named('adam', { learningRate, weightDecay, ...own }, [
    ...decay(weightDecay),
    scaleByAdam(own),
    scaleByRate(learningRate),
  ]);
}

/** AdamW (Loshchilov & Hutter 2019): Adam with decay decoupled from the credit and multiplied by the rate. */
export function adamw({
  learningRate = 1e-3,
  weightDecay = 0.01,
  ...own
}: AdaptiveOptions & AdamOptions = {}): Optimizer {
  return named('adamw', { learningRate, weightDecay, ...own }, [
    scaleByAdam(own),
    ...decay(weightDecay),
    scaleByRate(learningRate),
  ]);
}
