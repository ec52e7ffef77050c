/** Normalisation by the statistics of a batch, or of each sample. */

import type { Shape, Tensor } from '../engine/index.ts';
import {
  add,
  mean,
  mul,
  ones,
  range,
  reshape,
  rsqrt,
  ShapeError,
  showShape,
  square,
  stopGradient,
  sub,
  zeros,
} from '../engine/index.ts';
import type { Anatomy, Layer, Tree } from './layer.ts';
import { checkRank, param } from './parts.ts';

interface Moments {
  readonly mean: Tensor;
  readonly variance: Tensor;
}

/** Mean and population variance over some axes, which stay with length 1. */
function momentsOf(x: Tensor, axes: readonly number[]): Moments {
  const center = mean(x, axes, { keepDims: true });
  return { mean: center, variance: mean(square(sub(x, center)), axes, { keepDims: true }) };
}

const standardise = (x: Tensor, { mean: center, variance }: Moments, eps: number): Tensor =>
  mul(sub(x, center), rsqrt(add(variance, eps)));

const affine = (kind: string, x: Tensor, params: Tree, shape: Shape): Tensor =>
  params === null
    ? x
    : add(mul(x, reshape(param(kind, params, 'scale'), shape)), reshape(param(kind, params, 'shift'), shape));

const anatomyOf = (isPositionWise: boolean): Anatomy => ({
  isLinearInParams: true,
  isLinear: false,
  isPositionWise,
  fanIn: 1,
  fanOut: 1,
  activation: 'identity',
  weights: [],
});

export interface BatchNormOptions {
  /** Share with which the batch enters the running statistics. */
  readonly momentum?: number;
  readonly eps?: number;
  /** Whether there is a trained scale and shift per channel. */
  readonly isAffine?: boolean;
}

/**
 * Batch normalisation per feature of (B, F) or per channel of (B, C, …).
 *
 * Training normalises by the batch's mean and population variance and moves the running mean and the running (unbiased) variance by `momentum` towards the batch's; otherwise the running ones are used.
 */
export function batchNorm({ momentum = 0.1, eps = 1e-5, isAffine = true }: BatchNormOptions = {}): Layer {
  const channels = (input: Shape): number =>
    checkRank('batchNorm', input, [1, 2, 3], '(features) or (channels, …)')[0]!;
  const start = (n: number): Tree => ({ scale: ones([n]), shift: zeros([n]) });
  return {
    kind: 'batchNorm',
    config: { momentum, eps, isAffine },
    outShape: (input) => [channels(input), ...input.slice(1)],
    init: (_, input) => ({
      params: isAffine ? start(channels(input)) : null,
      state: { mean: zeros([channels(input)]), variance: ones([channels(input)]) },
    }),
    pre(params, state, x, { train = false }) {
      const own = [x.shape[1]!, ...range(x.rank - 2).map(() => 1)]; // broadcasts over (B, C, …)
      const running = state as unknown as Moments;
      if (!train)
        return [
          affine(
            'batchNorm',
            standardise(x, { mean: reshape(running.mean, own), variance: reshape(running.variance, own) }, eps),
            params,
            own,
          ),
          state,
        ];
      const batch = momentsOf(
        x,
        range(x.rank).filter((axis) => axis !== 1),
      );
      return [
        affine('batchNorm', standardise(x, batch, eps), params, own),
        { ...moveTowards(running, batch, x, momentum) },
      ];
    },
    ...(isAffine ? { anatomy: () => anatomyOf(false) } : {}),
  };
}

function moveTowards(running: Moments, batch: Moments, x: Tensor, momentum: number): Moments {
  const count = x.size / x.shape[1]!;
  if (count < 2)
    throw new ShapeError(
      `batchNorm: a batch of shape ${showShape(x.shape)} has one value per channel, and no variance`,
      { shape: x.shape, help: 'train with batches of 2 or more, or use layerNorm' },
    );
  const move = (old: Tensor, now: Tensor, factor: number): Tensor =>
    add(mul(old, 1 - momentum), mul(stopGradient(reshape(now, old.shape)), momentum * factor));
  return {
    mean: move(running.mean, batch.mean, 1),
    variance: move(running.variance, batch.variance, count / (count - 1)),
  };
}

export interface LayerNormOptions {
  /** How many trailing axes of a sample are normalised together. */
  readonly axes?: number;
  readonly eps?: number;
  readonly isAffine?: boolean;
}

/** Layer normalisation: each sample (and each position in its leading axes) by its own mean and population variance. */
export function layerNorm({ axes = 1, eps = 1e-5, isAffine = true }: LayerNormOptions = {}): Layer {
  const normalised = (input: Shape): Shape =>
    checkRank('layerNorm', input, range(5, axes), `${axes} or more axes`).slice(-axes);
  return {
    kind: 'layerNorm',
    config: { axes, eps, isAffine },
    outShape: (input) => [...input.slice(0, -axes), ...normalised(input)],
    init: (_, input) => ({
      params: isAffine ? { scale: ones(normalised(input)), shift: zeros(normalised(input)) } : null,
      state: null,
    }),
    pre(params, state, x) {
      const over = range(axes, x.rank - axes);
      return [
        affine(
          'layerNorm',
          standardise(x, momentsOf(x, over), eps),
          params,
          over.map((axis) => x.shape[axis]!),
        ),
        state,
      ];
    },
    ...(isAffine ? { anatomy: (input: Shape) => anatomyOf(input.length > axes) } : {}),
  };
}
