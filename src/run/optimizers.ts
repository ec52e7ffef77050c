/** Optimisers by name, as plain data for command lines and workers. */
import { ConfigError } from '../engine/index.ts';
import type { Optimizer } from '../optim/index.ts';
import { adagrad, adam, adamw, momentum, nesterov, rmsprop, sgd } from '../optim/index.ts';

export interface OptimizerSpec {
  readonly name: string;
  readonly learningRate: number;
  readonly weightDecay?: number;
}

const makers: Readonly<Record<string, (options: { learningRate: number; weightDecay?: number }) => Optimizer>> = {
  adagrad,
  adam,
  adamw,
  momentum,
  nesterov,
  rmsprop,
  sgd,
};

/** The names that `buildOptimizer` knows. */
export const optimizers: readonly string[] = Object.keys(makers);

/** Builds an optimiser from its name and rate. */
export function buildOptimizer({ name, learningRate, weightDecay }: OptimizerSpec): Optimizer {
  const make = Object.hasOwn(makers, name) ? makers[name] : undefined;
  if (make === undefined)
    throw new ConfigError(`there is no optimiser "${name}"`, {
      name,
      help: `optimisers are ${optimizers.join(', ')}`,
    });
  if (!(learningRate > 0))
    throw new ConfigError(`the learning rate must be a number above 0, not ${learningRate}`, { learningRate });
  return make(weightDecay === undefined ? { learningRate } : { learningRate, weightDecay });
}
