/** What presets are made of: a chain under a name, with its options as config. */

import { addDecayedWeights } from './limit.ts';
import type { Optimizer } from './optimizer.ts';
import { chain } from './optimizer.ts';
import type { Rate } from './rate.ts';
import { describeRate } from './rate.ts';

/** Weight decay as a link of a chain; none where it is 0. */
export const decay = (weightDecay: number): Optimizer<null>[] =>
  weightDecay === 0 ? [] : [addDecayedWeights(weightDecay)];

/** A chain under a name of its own. */
export function named(
  name: string,
  config: Readonly<Record<string, unknown>> & { readonly learningRate: Rate },
  parts: readonly Optimizer[],
): Optimizer {
  const whole = chain(...parts);
  return { ...whole, name, config: { ...config, learningRate: describeRate(config.learningRate) } };
}
