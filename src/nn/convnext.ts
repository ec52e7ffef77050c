/**
 * ConvNeXt: convolutional blocks in the shape of a Transformer's.
 *
 * Paper     Z. Liu et al., A ConvNet for the 2020s, CVPR 2022, arXiv:2201.03545, figure 4 and table 9.
 * Rule      x + γ∘W₂·gelu(W₁·norm(depthwise 7×7 x)), norm and maps at each pixel, γ from 1e-6.
 * Departs   initialisers are this library's, not a truncated normal of 0.02.
 */

import type { Shape } from '../engine/index.ts';
import { ConfigError } from '../engine/index.ts';
import { conv2d } from './convolution.ts';
import { dense } from './dense.ts';
import { depthwiseConv2d } from './depthwise.ts';
import type { Layer } from './layer.ts';
import type { Model } from './model.ts';
import { model } from './model.ts';
import { layerNorm } from './norm.ts';
import { channelNorm, channelScale } from './norm-more.ts';
import { globalAvgPool, stochasticDepth } from './plain.ts';
import { residual } from './residual.ts';

export interface ConvNextBlockOptions {
  readonly filters: number;
  /** Extent of the depthwise kernel; 7 unless said. */
  readonly kernel?: number;
  /** Filters between the two pixelwise maps, as a multiple; 4 unless said. */
  readonly expansion?: number;
  /** What the channel scales start from; null for none. */
  readonly scale?: number | null;
  /** Probability with which training drops the branch. */
  readonly dropRate?: number;
}

/** A ConvNeXt block for images of `filters` channels. */
export const convNextBlock = ({
  filters,
  kernel = 7,
  expansion = 4,
  scale = 1e-6,
  dropRate = 0,
}: ConvNextBlockOptions): Layer =>
  residual({
    body: [
      depthwiseConv2d({ kernel, padding: 'same' }),
      channelNorm(),
      conv2d({ filters: expansion * filters, kernel: 1, activation: 'gelu' }),
      conv2d({ filters, kernel: 1 }),
      ...(scale === null ? [] : [channelScale({ initial: scale })]),
      ...(dropRate === 0 ? [] : [stochasticDepth(dropRate)]),
    ],
  });

export interface ConvNextOptions {
  /** (channels, height, width). */
  readonly input: Shape;
  readonly classes: number;
  /** Blocks of each stage; [3, 3, 9, 3] with widths [96, 192, 384, 768] is ConvNeXt-T. */
  readonly blocks: readonly number[];
  readonly widths: readonly number[];
  /** Height and width of the first, non-overlapping patches; 4 unless said. */
  readonly patch?: number;
  /** Of the last block; it grows linearly from 0 at the first. */
  readonly dropRate?: number;
}

/** A ConvNeXt; each stage but the first begins with a 2×2 convolution that halves height and width. */
export function convNext({ input, classes, blocks, widths, patch = 4, dropRate = 0 }: ConvNextOptions): Model {
  if (blocks.length !== widths.length)
    throw new ConfigError(`convNext: ${blocks.length} stages have ${widths.length} widths`, { blocks, widths });
  const total = blocks.reduce((a, b) => a + b, 0);
  let done = 0;
  const stage = (filters: number, i: number): Layer[] => [
    ...(i === 0 ? [] : [channelNorm(), conv2d({ filters, kernel: 2, stride: 2 })]),
    ...Array.from({ length: blocks[i]! }, () =>
      convNextBlock({ filters, dropRate: total > 1 ? (dropRate * done++) / (total - 1) : 0 }),
    ),
  ];
  return model(input, [
    conv2d({ filters: widths[0]!, kernel: patch, stride: patch }),
    channelNorm(),
    ...widths.flatMap(stage),
    globalAvgPool(),
    layerNorm({ eps: 1e-6 }),
    dense({ units: classes }),
  ]);
}
