/** Optimisers by name, as plain data for command lines and workers. */
import { ConfigError } from '../engine/index.ts';
import type { Optimizer, Rate } from '../optim/index.ts';
import {
  adabelief,
  adadelta,
  adagrad,
  adam,
  adamw,
  cosine,
  lamb,
  lbfgs,
  lion,
  momentum,
  nesterov,
  rmsprop,
  sgd,
} from '../optim/index.ts';

export interface OptimizerSpec {
  readonly name: string;
  readonly learningRate: number;
  readonly weightDecay?: number;
  /** `cosine`: the rate falls to 0 along half a cosine over the budget, which must be in epochs, steps or samples. */
  readonly schedule?: 'constant' | 'cosine';
}

type Maker = (options: { learningRate: Rate; weightDecay?: number }) => Optimizer;

const makers: Readonly<Record<string, Maker>> = {
  adabelief,
  adadelta,
  adagrad,
  adam,
  adamw,
  lamb,
  lbfgs,
  lion,
  momentum,
  nesterov,
  rmsprop,
  sgd,
};

/** The names that `buildOptimizer` knows. */
export const optimizers: readonly string[] = Object.keys(makers);

/** Builds an optimiser from its name, rate and schedule; `steps` are those of the whole budget, null where they are not known beforehand. */
export function buildOptimizer(
  { name, learningRate, weightDecay, schedule = 'constant' }: OptimizerSpec,
  steps: number | null,
): Optimizer {
  const make = Object.hasOwn(makers, name) ? makers[name] : undefined;
  if (make === undefined)
    throw new ConfigError(`there is no optimiser "${name}"`, {
      name,
      help: `optimisers are ${optimizers.join(', ')}`,
    });
  if (!(learningRate > 0))
    throw new ConfigError(`the learning rate must be a number above 0, not ${learningRate}`, { learningRate });
  if (schedule === 'cosine' && steps === null)
    throw new ConfigError('a cosine schedule needs a budget in epochs, steps or samples', {
      help: 'use --epochs, or --schedule constant',
    });
  const rate = schedule === 'cosine' ? cosine({ rate: learningRate, steps: steps! }) : learningRate;
  return make(weightDecay === undefined ? { learningRate: rate } : { learningRate: rate, weightDecay });
}
