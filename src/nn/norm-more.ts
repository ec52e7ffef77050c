/** Normalisation of each sample alone: by groups of channels, by pixels, by the root mean square. */

import type { Shape, Tensor } from '../engine/index.ts';
import { add, ConfigError, mean, mul, ones, range, reshape, rsqrt, square, sub, zeros } from '../engine/index.ts';
import type { Anatomy, Layer, Tree } from './layer.ts';
import { checkCount, checkRank, param } from './parts.ts';

const IMAGE = '(channels, …)';

const anatomyOf =
  (isPositionWise: boolean): (() => Anatomy) =>
  () => ({
    isLinearInParams: true,
    isLinear: false,
    isPositionWise,
    fanIn: 1,
    fanOut: 1,
    activation: 'identity',
    weights: [],
  });

const perChannel = (n: number): Tree => ({ scale: ones([n]), shift: zeros([n]) });

/** x·scale + shift with one number per channel of (B, C, …). */
function scaled(kind: string, x: Tensor, params: Tree): Tensor {
  if (params === null) return x;
  const shape = [x.shape[1]!, ...range(x.rank - 2).map(() => 1)];
  return add(mul(x, reshape(param(kind, params, 'scale'), shape)), reshape(param(kind, params, 'shift'), shape));
}

/** x with mean 0 and population variance 1 over some axes. */
function standardised(x: Tensor, axes: readonly number[], eps: number): Tensor {
  const centred = sub(x, mean(x, axes, { keepDims: true }));
  return mul(centred, rsqrt(add(mean(square(centred), axes, { keepDims: true }), eps)));
}

export interface GroupNormOptions {
  readonly groups: number;
  readonly eps?: number;
  /** Whether there is a trained scale and shift per channel. */
  readonly isAffine?: boolean;
}

/** Group normalisation of (C, …): neighbouring channels of each sample share mean and variance. Source: Y. Wu, K. He, Group Normalization, ECCV 2018, arXiv:1803.08494. */
export function groupNorm({ groups, eps = 1e-5, isAffine = true }: GroupNormOptions): Layer {
  checkCount('groupNorm', 'groups', groups);
  return channelwise('groupNorm', { groups, eps, isAffine }, isAffine, (x) => {
    const [batch, channels] = x.shape as [number, number];
    const grouped = reshape(x, [batch, groups, channels / groups, ...x.shape.slice(2)]);
    return reshape(standardised(grouped, range(grouped.rank - 2, 2), eps), x.shape);
  });
}

/** A normalisation of (C, …) behind a check of its channels. */
function channelwise(
  kind: string,
  config: Readonly<Record<string, unknown>> & { readonly groups?: number },
  isAffine: boolean,
  f: (x: Tensor) => Tensor,
): Layer {
  const channels = (input: Shape): number => {
    const [count] = checkRank(kind, input, [1, 2, 3], IMAGE) as [number];
    const { groups = 1 } = config;
    if (count % groups === 0) return count;
    throw new ConfigError(`${kind}: ${count} channels cannot be split into ${groups} groups`, {
      channels: count,
      groups,
    });
  };
  return {
    kind,
    config,
    outShape: (input) => [channels(input), ...input.slice(1)],
    init: (_, input) => ({ params: isAffine ? perChannel(channels(input)) : null, state: null }),
    pre: (params, state, x) => [scaled(kind, f(x), params), state],
    ...(isAffine ? { anatomy: anatomyOf(false) } : {}),
  };
}

export interface InstanceNormOptions {
  readonly eps?: number;
  /** Whether there is a trained scale and shift per channel; not unless said, as in PyTorch. */
  readonly isAffine?: boolean;
}

/** Instance normalisation: each channel of each sample by its own mean and variance over (H, W). Source: D. Ulyanov et al., arXiv:1607.08022. */
export const instanceNorm = ({ eps = 1e-5, isAffine = false }: InstanceNormOptions = {}): Layer =>
  channelwise('instanceNorm', { eps, isAffine }, isAffine, (x) => standardised(x, range(x.rank - 2, 2), eps));

export interface ChannelNormOptions {
  readonly eps?: number;
  readonly isAffine?: boolean;
}

/** Layer normalisation of (C, H, W) at each pixel: over the channels. */
export const channelNorm = ({ eps = 1e-6, isAffine = true }: ChannelNormOptions = {}): Layer =>
  channelwise('channelNorm', { eps, isAffine }, isAffine, (x) => standardised(x, [1], eps));

export interface RmsNormOptions {
  readonly eps?: number;
  readonly isAffine?: boolean;
}

/** x / √(mean x² + ε) over the last axis, times a trained scale. Source: B. Zhang, R. Sennrich, Root Mean Square Layer Normalization, NeurIPS 2019, arXiv:1910.07467. */
export function rmsNorm({ eps = 1e-6, isAffine = true }: RmsNormOptions = {}): Layer {
  const features = (input: Shape): number => checkRank('rmsNorm', input, [1, 2, 3], '(…, features)').at(-1)!;
  return {
    kind: 'rmsNorm',
    config: { eps, isAffine },
    outShape: (input) => [...input.slice(0, -1), features(input)],
    init: (_, input) => ({ params: isAffine ? { scale: ones([features(input)]) } : null, state: null }),
    pre(params, state, x) {
      const unit = mul(x, rsqrt(add(mean(square(x), -1, { keepDims: true }), eps)));
      return [isAffine ? mul(unit, param('rmsNorm', params, 'scale')) : unit, state];
    },
    ...(isAffine ? { anatomy: anatomyOf(true) } : {}),
  };
}

export interface ChannelScaleOptions {
  /** What the scales start from. */
  readonly initial?: number;
}

/** A trained factor per channel of (C, …), small at first, so that a residual branch begins near nothing. Source: H. Touvron et al., Going Deeper with Image Transformers, ICCV 2021, arXiv:2103.17239, eq. 4. */
export const channelScale = ({ initial = 1e-6 }: ChannelScaleOptions = {}): Layer => ({
  kind: 'channelScale',
  config: { initial },
  outShape: (input) => checkRank('channelScale', input, [1, 2, 3], IMAGE),
  init: (_, input) => ({ params: { scale: mul(ones([input[0]!]), initial) }, state: null }),
  pre: (params, state, x) => [
    mul(x, reshape(param('channelScale', params, 'scale'), [x.shape[1]!, ...range(x.rank - 2).map(() => 1)])),
    state,
  ],
  anatomy: anatomyOf(true),
});
