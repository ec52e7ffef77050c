/** Convolutions that treat channels apart, and the transposed one that makes planes larger. */

import type { ConvTransposeOptions, Shape, Tensor } from '../engine/index.ts';
import { add, conv2d as convolve, linearCall, reshape, convTranspose2d as spread } from '../engine/index.ts';
import type { ActivationName } from './activation.ts';
import { chainAs } from './chain.ts';
import type { Conv2dOptions } from './convolution.ts';
import { conv2d } from './convolution.ts';
import type { Fans, Initializer } from './initializer.ts';
import { defaultInitializer } from './initializer.ts';
import type { Layer } from './layer.ts';
import { entry } from './layer.ts';
import { checkCount, checkRank, drawAffine, param, postOf, sampleShape } from './parts.ts';

const IMAGE = '(channels, height, width)';

export interface DepthwiseConv2dOptions extends Omit<Conv2dOptions, 'filters' | 'groups'> {
  /** Filters for each channel; 1 unless said. */
  readonly multiplier?: number;
}

/** A convolution of each channel with filters of its own; params are w (channels · multiplier, 1, kh, kw) and b (channels · multiplier). */
export function depthwiseConv2d({ multiplier = 1, ...options }: DepthwiseConv2dOptions): Layer {
  checkCount('depthwiseConv2d', 'multiplier', multiplier);
  const { activation = 'identity' } = options;
  const across = (channels: number): Layer => conv2d({ ...options, filters: channels * multiplier, groups: channels });
  const forInput = (input: Shape): Layer => across(checkRank('depthwiseConv2d', input, [3], IMAGE)[0]!);
  const { groups: _groups, filters: _filters, ...config } = across(1).config;
  return {
    kind: 'depthwiseConv2d',
    config: { multiplier, ...config },
    outShape: (input) => forInput(input).outShape(input),
    init: (key, input) => forInput(input).init(key, input),
    pre: (params, state, x, call) => across(x.shape[1]!).pre(params, state, x, call),
    ...postOf(activation),
    anatomy: (input) => forInput(input).anatomy!(input),
    opensUnit: true,
  };
}

/** A depthwise convolution and a 1×1 convolution that mixes the channels; the activation stands behind the second. Source: L. Sifre, 2014; F. Chollet, Xception, CVPR 2017, arXiv:1610.02357. */
export function separableConv2d({ filters, activation = 'identity', groups: _, ...options }: Conv2dOptions): Layer {
  const { kernel, stride, padding, dilation, bias = true, init } = options;
  const window = { stride: stride ?? 1, padding: padding ?? 0, dilation: dilation ?? 1 };
  const law = init === undefined ? {} : { init };
  return chainAs('separableConv2d', { filters, kernel, ...window, activation, bias, ...law }, [
    depthwiseConv2d({ kernel, ...window, bias: false, ...law }),
    conv2d({ filters, kernel: 1, activation, bias, ...law }),
  ]);
}

export interface ConvTranspose2dOptions extends Omit<ConvTransposeOptions, 'groups'> {
  readonly filters: number;
  readonly kernel: number | readonly [number, number];
  readonly activation?: ActivationName;
  readonly bias?: boolean;
  readonly init?: Initializer;
}

/** A transposed convolution: each input pixel spreads a kernel; params are w (channels, filters, kh, kw) and b (filters). */
export function convTranspose2d({
  filters,
  kernel,
  activation = 'identity',
  bias = true,
  init = defaultInitializer(activation),
  ...window
}: ConvTranspose2dOptions): Layer {
  checkCount('convTranspose2d', 'filters', filters);
  const [kh, kw] = (typeof kernel === 'number' ? [kernel, kernel] : kernel).map((k) =>
    checkCount('convTranspose2d', 'kernel', k),
  ) as [number, number];
  const kernelShape = (input: Shape): Shape => [checkRank('convTranspose2d', input, [3], IMAGE)[0]!, filters, kh, kw];
  const fansOf = ([channels]: Shape): Fans => ({ fanIn: channels! * kh * kw, fanOut: filters * kh * kw });
  return {
    kind: 'convTranspose2d',
    config: { filters, kernel, activation, bias, init, ...window },
    outShape: (input) => sampleShape((x, w) => spread(x, w!, window), input, kernelShape(input)),
    init: (key, input) => ({
      params: drawAffine(key, {
        init,
        shape: kernelShape(input),
        fans: fansOf(input),
        bias: bias ? filters : undefined,
      }),
      state: null,
    }),
    pre(params, state, x, { feedback }) {
      const z = spreadWithFeedback(x, param('convTranspose2d', params, 'w'), entry(feedback, 'w'), window); // (B, filters, H′, W′)
      const b = entry(params, 'b');
      return [b === null ? z : add(z, reshape(b, [filters, 1, 1])), state];
    },
    ...postOf(activation),
    anatomy: (input) => ({
      isLinearInParams: true,
      isLinear: activation === 'identity',
      isPositionWise: false,
      ...fansOf(input),
      activation,
      weights: ['w'],
    }),
    opensUnit: true,
  };
}

/** A transposed convolution with W whose cotangents pass to x through B, when it is given. */
function spreadWithFeedback(x: Tensor, w: Tensor, b: Tensor | null, window: ConvTransposeOptions): Tensor {
  if (b === null) return spread(x, w, window);
  const { outputPadding: _, ...options } = window;
  return linearCall(
    (r: { w: Tensor; b: Tensor }, v: Tensor) => spread(v, r.w, window),
    (r, ct: Tensor) => convolve(ct, r.b, options),
    { w, b },
    x,
  );
}
