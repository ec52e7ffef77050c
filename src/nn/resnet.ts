/**
 * Residual networks of basic or bottleneck blocks.
 *
 * Paper     K. He, X. Zhang, S. Ren, J. Sun, Deep Residual Learning for Image Recognition, CVPR 2016, arXiv:1512.03385, figure 5 and table 1, shortcuts of option B.
 * Departs   a bottleneck has its stride in the 3×3 convolution, as PyTorch's, not in the first 1×1.
 */

import type { Shape } from '../engine/index.ts';
import { conv2d } from './convolution.ts';
import { dense } from './dense.ts';
import type { Layer } from './layer.ts';
import type { Model } from './model.ts';
import { model } from './model.ts';
import { batchNorm } from './norm.ts';
import { checkCount } from './parts.ts';
import { activation, globalAvgPool, maxPool } from './plain.ts';
import { residual } from './residual.ts';

const normalised = (filters: number, kernel: number, stride = 1): Layer[] => [
  conv2d({ filters, kernel, stride, padding: Math.floor(kernel / 2), bias: false, init: 'heNormal' }),
  batchNorm(),
];

export interface ResnetBlockOptions {
  /** Filters of the 3×3 convolutions. */
  readonly filters: number;
  readonly stride?: number;
  /** Whether a 1×1 convolution carries the input over; needed where stride or channels change. */
  readonly isProjected?: boolean;
}

const around = (filters: number, stride: number, isProjected: boolean): { skip?: readonly Layer[] } =>
  isProjected ? { skip: normalised(filters, 1, stride) } : {};

/** Two 3×3 convolutions. */
export const basicBlock = ({ filters, stride = 1, isProjected = stride !== 1 }: ResnetBlockOptions): Layer =>
  residual({
    body: [...normalised(filters, 3, stride), activation('relu'), ...normalised(filters, 3)],
    ...around(filters, stride, isProjected),
    activation: 'relu',
  });

/** 1×1, 3×3 and 1×1 convolutions; the last has four times the filters. */
export const bottleneckBlock = ({ filters, stride = 1, isProjected = stride !== 1 }: ResnetBlockOptions): Layer =>
  residual({
    body: [
      ...normalised(filters, 1),
      activation('relu'),
      ...normalised(filters, 3, stride),
      activation('relu'),
      ...normalised(4 * filters, 1),
    ],
    ...around(4 * filters, stride, isProjected),
    activation: 'relu',
  });

export interface ResnetOptions {
  /** (channels, height, width). */
  readonly input: Shape;
  readonly classes: number;
  /** Blocks in each stage; [2, 2, 2, 2] is ResNet-18, [3, 4, 6, 3] 34 with basic blocks and 50 with bottlenecks, [3, 3, 3] of width 16 ResNet-20. */
  readonly blocks: readonly number[];
  readonly block?: 'basic' | 'bottleneck';
  /** Filters of the first stage, doubled from stage to stage; 64 unless said. */
  readonly width?: number;
  /** `large`: a 7×7 convolution and a pooling that take height and width to a quarter; `small`: one 3×3 convolution. */
  readonly stem?: 'large' | 'small';
}

/** A residual network; every stage but the first halves height and width. */
export function resnet({ input, classes, blocks, block = 'basic', width = 64, stem = 'small' }: ResnetOptions): Model {
  const make = block === 'basic' ? basicBlock : bottleneckBlock;
  const stage = (count: number, i: number): Layer[] =>
    Array.from({ length: checkCount('resnet', 'blocks', count) }, (_, j) => {
      const isEntry = j === 0 && (i > 0 || block === 'bottleneck');
      return make({ filters: width * 2 ** i, stride: j === 0 && i > 0 ? 2 : 1, isProjected: isEntry });
    });
  const entry =
    stem === 'small'
      ? [...normalised(width, 3), activation('relu')]
      : [...normalised(width, 7, 2), activation('relu'), maxPool({ size: 3, stride: 2, padding: 1 })];
  return model(input, [...entry, ...blocks.flatMap(stage), globalAvgPool(), dense({ units: classes })]);
}
