/** Layers without parameters: activation, flatten, dropout, pooling. */

import type { Pair, Tensor, PoolOptions as WindowOfPool } from '../engine/index.ts';
import {
  avgPool as avgPoolOf,
  ConfigError,
  div,
  lt,
  maxPool as maxPoolOf,
  mean,
  random,
  reshape,
  sizeOf,
  where,
} from '../engine/index.ts';
import type { ActivationName } from './activation.ts';
import type { Layer } from './layer.ts';
import { checkRank, plain, postOf, sampleShape } from './parts.ts';

/** An activation on its own. */
export const activation = (name: ActivationName): Layer => ({
  ...plain(
    'activation',
    { name },
    (input) => input,
    (x) => x,
  ),
  ...postOf(name),
});

/** Makes one axis of a sample's axes. */
export const flatten = (): Layer =>
  plain(
    'flatten',
    {},
    (input) => [sizeOf(input)],
    (x) => reshape(x, [x.shape[0]!, sizeOf(x.shape.slice(1))]),
  );

/** Zeroes elements with probability `rate` in training and scales the others by 1 / (1 − rate). */
export function dropout(rate: number): Layer {
  if (!(rate >= 0 && rate < 1)) throw new ConfigError(`dropout: the rate is ${rate}; it must be in [0, 1)`, { rate });
  return plain(
    'dropout',
    { rate },
    (input) => input,
    (x, { key, train = false }) => {
      if (!train || rate === 0) return x;
      if (key === undefined)
        throw new ConfigError('dropout: training needs a random key', { help: 'pass { key, train: true } to apply' });
      return where(lt(random.uniform(key, x.shape, { dtype: 'f32' }), 1 - rate), div(x, 1 - rate), 0);
    },
  );
}

/** Zeroes whole samples with probability `rate` in training and scales the others by 1 / (1 − rate): at the end of a residual body it drops the body. Source: G. Huang et al., Deep Networks with Stochastic Depth, ECCV 2016, arXiv:1603.09382. */
export function stochasticDepth(rate: number): Layer {
  if (!(rate >= 0 && rate < 1))
    throw new ConfigError(`stochasticDepth: the rate is ${rate}; it must be in [0, 1)`, { rate });
  return plain(
    'stochasticDepth',
    { rate },
    (input) => input,
    (x, { key, train = false }) => {
      if (!train || rate === 0) return x;
      if (key === undefined)
        throw new ConfigError('stochasticDepth: training needs a random key', {
          help: 'pass { key, train: true } to apply',
        });
      const drawn = random.uniform(key, [x.shape[0]!, ...x.shape.slice(1).map(() => 1)], { dtype: 'f32' });
      return where(lt(drawn, 1 - rate), div(x, 1 - rate), 0);
    },
  );
}

export interface PoolOptions extends WindowOfPool {
  /** Extent of the window, one number for both axes. */
  readonly size: number | Pair;
}

const windowed = (kind: string, config: Layer['config'], f: (x: Tensor) => Tensor): Layer =>
  plain(kind, config, (input) => sampleShape(f, checkRank(kind, input, [3], '(channels, height, width)')), f);

/** The largest value of each window, channel by channel; the stride is the window's size unless said. */
export const maxPool = ({ size, stride = size, padding = 0 }: PoolOptions): Layer =>
  windowed('maxPool', { size, stride, padding }, (x) => maxPoolOf(x, size, { stride, padding }));

export interface AvgPoolOptions extends PoolOptions {
  /** Divides by the size of the window even where part of it lies in the padding. */
  readonly countPadding?: boolean;
}

/** The mean of each window, channel by channel; the stride is the window's size unless said. */
export const avgPool = ({ size, stride = size, padding = 0, countPadding = false }: AvgPoolOptions): Layer =>
  windowed('avgPool', { size, stride, padding, countPadding }, (x) =>
    avgPoolOf(x, size, { stride, padding, countPadding }),
  );

/** The mean over height and width: (C, H, W) → (C). */
export const globalAvgPool = (): Layer =>
  plain(
    'globalAvgPool',
    {},
    (input) => checkRank('globalAvgPool', input, [3], '(channels, height, width)').slice(0, 1),
    (x) => mean(x, [2, 3]),
  );
