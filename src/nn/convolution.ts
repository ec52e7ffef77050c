/** Two-dimensional convolution on N×C×H×W. */

import type { ConvOptions, Shape } from '../engine/index.ts';
import { add, reshape } from '../engine/index.ts';
import type { ActivationName } from './activation.ts';
import { conv2dWithFeedback } from './feedback.ts';
import type { Fans, Initializer } from './initializer.ts';
import { defaultInitializer } from './initializer.ts';
import type { Layer } from './layer.ts';
import { entry } from './layer.ts';
import { checkCount, checkRank, drawAffine, param, postOf, sampleShape } from './parts.ts';

export interface Conv2dOptions extends ConvOptions {
  readonly filters: number;
  /** Extent of the kernel, one number for both axes. */
  readonly kernel: number | readonly [number, number];
  readonly activation?: ActivationName;
  readonly bias?: boolean;
  readonly init?: Initializer;
}

/** A convolution; params are w (filters, channels / groups, kh, kw) and b (filters). */
export function conv2d({
  filters,
  kernel,
  stride = 1,
  padding = 0,
  dilation = 1,
  groups = 1,
  activation = 'identity',
  bias = true,
  init = defaultInitializer(activation),
}: Conv2dOptions): Layer {
  checkCount('conv2d', 'filters', filters);
  const [kh, kw] = (typeof kernel === 'number' ? [kernel, kernel] : kernel).map((k) =>
    checkCount('conv2d', 'kernel', k),
  ) as [number, number];
  const options = { stride, padding, dilation, groups };
  const kernelShape = (input: Shape): Shape => [
    filters,
    checkRank('conv2d', input, [3], '(channels, height, width)')[0]! / groups,
    kh,
    kw,
  ];
  const fansOf = (input: Shape): Fans => ({
    fanIn: (input[0]! / groups) * kh * kw,
    fanOut: (filters / groups) * kh * kw,
  });
  return {
    kind: 'conv2d',
    config: { filters, kernel, ...options, activation, bias, init },
    outShape: (input) => sampleShape((x, w) => conv2dWithFeedback(x, w!, null, options), input, kernelShape(input)),
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
      const z = conv2dWithFeedback(x, param('conv2d', params, 'w'), entry(feedback, 'w'), options); // (B, filters, H′, W′)
      const b = entry(params, 'b');
      return [b === null ? z : add(z, reshape(b, [filters, 1, 1])), state];
    },
    ...postOf(activation),
    anatomy: (input) => ({
      isLinearInParams: true,
      isLinear: activation === 'identity',
      isPositionWise: kh === 1 && kw === 1,
      ...fansOf(input),
      activation,
      weights: ['w'],
    }),
    opensUnit: true,
  };
}
