/**
 * VGG: stages of 3×3 convolutions with pooling behind each, then dense layers.
 *
 * Paper     K. Simonyan, A. Zisserman, Very Deep Convolutional Networks for Large-Scale Image Recognition, ICLR 2015, arXiv:1409.1556, table 1.
 */

import type { Shape } from '../engine/index.ts';
import { conv2d } from './convolution.ts';
import { dense } from './dense.ts';
import type { Layer } from './layer.ts';
import type { Model } from './model.ts';
import { model } from './model.ts';
import { batchNorm } from './norm.ts';
import { activation, dropout, flatten, maxPool } from './plain.ts';

/** Filters of each convolution, stage by stage: configurations A, B, D and E of the paper. */
export const vggStages = {
  vgg11: [[64], [128], [256, 256], [512, 512], [512, 512]],
  vgg13: [
    [64, 64],
    [128, 128],
    [256, 256],
    [512, 512],
    [512, 512],
  ],
  vgg16: [
    [64, 64],
    [128, 128],
    [256, 256, 256],
    [512, 512, 512],
    [512, 512, 512],
  ],
  vgg19: [
    [64, 64],
    [128, 128],
    [256, 256, 256, 256],
    [512, 512, 512, 512],
    [512, 512, 512, 512],
  ],
} as const;

export interface VggOptions {
  /** (channels, height, width). */
  readonly input: Shape;
  readonly classes: number;
  readonly stages: readonly (readonly number[])[];
  /** Units of the dense layers before the last; 4096 and 4096 unless said. */
  readonly hidden?: readonly number[];
  /** Behind every convolution, which then has no bias. */
  readonly isNormalised?: boolean;
  /** Behind each hidden dense layer; 0.5 unless said. */
  readonly dropout?: number;
}

/** A VGG network; every stage halves height and width. */
export function vgg({
  input,
  classes,
  stages,
  hidden = [4096, 4096],
  isNormalised = false,
  dropout: rate = 0.5,
}: VggOptions): Model {
  const convolution = (filters: number): Layer[] => [
    conv2d({ filters, kernel: 3, padding: 'same', bias: !isNormalised, init: 'heNormal' }),
    ...(isNormalised ? [batchNorm()] : []),
    activation('relu'),
  ];
  return model(input, [
    ...stages.flatMap((stage) => [...stage.flatMap(convolution), maxPool({ size: 2 })]),
    flatten(),
    ...hidden.flatMap((units) => [dense({ units, activation: 'relu' }), ...(rate === 0 ? [] : [dropout(rate)])]),
    dense({ units: classes }),
  ]);
}
