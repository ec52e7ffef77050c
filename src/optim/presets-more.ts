/** More optimisers under their usual names; PyTorch's or their authors' defaults. */

import type { AdamOptions } from './adaptive.ts';
import { scaleByAdam } from './adaptive.ts';
import type { AdadeltaOptions, BeliefOptions, LionOptions } from './adaptive-more.ts';
import { scaleByAdadelta, scaleByBelief, scaleByLion, scaleByTrustRatio } from './adaptive-more.ts';
import type { Optimizer } from './optimizer.ts';
import { decay, named } from './preset.ts';
import type { AdaptiveOptions } from './presets.ts';
import type { ScaleByLbfgsOptions } from './quasi-newton.ts';
import { scaleByLbfgs } from './quasi-newton.ts';
import { scaleByRate } from './rate.ts';

/** AdaBelief (Zhuang et al. 2020), with decay decoupled as in AdamW. */
export function adabelief({
  learningRate = 1e-3,
  weightDecay = 0,
  ...own
}: AdaptiveOptions & BeliefOptions = {}): Optimizer {
  return named('adabelief', { learningRate, weightDecay, ...own }, [
    scaleByBelief(own),
    ...decay(weightDecay),
    scaleByRate(learningRate),
  ]);
}

/** Adadelta (Zeiler 2012), whose steps have a scale of their own: the rate is 1. */
export function adadelta({
  learningRate = 1,
  weightDecay = 0,
  ...own
}: AdaptiveOptions & AdadeltaOptions = {}): Optimizer {
  return named('adadelta', { learningRate, weightDecay, ...own }, [
    ...decay(weightDecay),
    scaleByAdadelta(own),
    scaleByRate(learningRate),
  ]);
}

/** Lion (Chen et al. 2023), with decoupled decay. */
export function lion({ learningRate = 1e-4, weightDecay = 0, ...own }: AdaptiveOptions & LionOptions = {}): Optimizer {
  return named('lion', { learningRate, weightDecay, ...own }, [
    scaleByLion(own),
    ...decay(weightDecay),
    scaleByRate(learningRate),
  ]);
}

/** LAMB (You et al. 2020): Adam and decay, each leaf's step scaled to the length of the leaf. */
export function lamb({
  learningRate = 1e-3,
  weightDecay = 0,
  eps = 1e-6,
  ...own
}: AdaptiveOptions & AdamOptions = {}): Optimizer {
  return named('lamb', { learningRate, weightDecay, eps, ...own }, [
    scaleByAdam({ eps, ...own }),
    ...decay(weightDecay),
    scaleByTrustRatio(),
    scaleByRate(learningRate),
  ]);
}

/** L-BFGS (Nocedal 1980) without a line search, for credit of the whole batch. */
export function lbfgs({
  learningRate = 1,
  weightDecay = 0,
  ...own
}: AdaptiveOptions & ScaleByLbfgsOptions = {}): Optimizer {
  return named('lbfgs', { learningRate, weightDecay, ...own }, [
    ...decay(weightDecay),
    scaleByLbfgs(own),
    scaleByRate(learningRate),
  ]);
}
