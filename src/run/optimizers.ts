/** Optimisers by name, as plain data for command lines and workers. */
import { ConfigError } from '../engine/index.ts';
import type { Optimizer, Rate } from '../optim/index.ts';
import { adagrad, adam, adamw, cosine, momentum, nesterov, rmsprop, sgd } from '../optim/index.ts';

export interface OptimizerSpec {
  readonly name: string;
  readonly learningRate: number;
  readonly weightDecay?: number;
  /** Steps over which the rate falls to 0 along half a cosine; constant unless given. */
  readonly decaySteps?: number;
}

type Maker = (options: { learningRate: Rate; weightDecay?: number }) => Optimizer;

const makers: Readonly<Record<string, Maker>> = { adagrad, adam, adamw, momentum, nesterov, rmsprop, sgd };

export const optimizerNames: readonly string[] = Object.keys(makers);

/** Builds an optimiser from its name, rate and schedule. */
export function buildOptimizer({ name, learningRate, weightDecay, decaySteps }: OptimizerSpec): Optimizer {
  const make = makers[name];
  if (make === undefined)
    throw new ConfigError(`there is no optimiser "${name}"`, {
      name,
      help: `optimisers are ${optimizerNames.join(', ')}`,
    });
  if (!(learningRate > 0))
    throw new ConfigError(`the learning rate must be a number above 0, not ${learningRate}`, { learningRate });
  const rate = decaySteps === undefined ? learningRate : cosine({ rate: learningRate, steps: decaySteps });
  return make(weightDecay === undefined ? { learningRate: rate } : { learningRate: rate, weightDecay });
}
