/**
 * U-Net: down to small planes and back, with each level's features carried over to the way up.
 *
 * Paper     O. Ronneberger, P. Fischer, T. Brox, U-Net: Convolutional Networks for Biomedical Image Segmentation, MICCAI 2015, arXiv:1505.04597, figure 1.
 * Departs   convolutions keep height and width (padding `same`), so that nothing is cropped; batch normalisation behind each is an option.
 */

import type { Shape } from '../engine/index.ts';
import { concat, ShapeError, showShape } from '../engine/index.ts';
import { blockAnatomy, initChildren } from './chain.ts';
import { conv2d } from './convolution.ts';
import { convTranspose2d } from './depthwise.ts';
import type { Layer } from './layer.ts';
import type { Model } from './model.ts';
import { chainShapes, layerNames, model, runLayers } from './model.ts';
import { batchNorm } from './norm.ts';
import { checkCount, checkRank } from './parts.ts';
import { activation, maxPool } from './plain.ts';

export interface JoinedOptions {
  readonly body: readonly Layer[];
}

/** A block that puts what its body makes behind its input, along the first axis of a sample: channels of images. */
export function joined({ body }: JoinedOptions): Layer {
  const names = layerNames(body);
  const childInputs = (input: Shape): readonly Shape[] => chainShapes(body, input).slice(0, -1);
  return {
    kind: 'joined',
    config: { body },
    children: body,
    childInputs,
    outShape: (input) => joinedShape(input, chainShapes(body, input).at(-1)!),
    init: (key, input) => initChildren(body, key, childInputs(input)),
    pre(params, state, x, call) {
      const [y, next] = runLayers({ layers: body, names }, params, state, x, call);
      return [concat([x, y], 1), next];
    },
    anatomy: (input) => blockAnatomy(body, childInputs(input)),
    opensUnit: true,
  };
}

function joinedShape(input: Shape, made: Shape): Shape {
  if (input.length === made.length && input.slice(1).every((d, i) => d === made[i + 1]))
    return [input[0]! + made[0]!, ...input.slice(1)];
  throw new ShapeError(`joined: a sample ${showShape(input)} and what becomes of it, ${showShape(made)}, do not join`, {
    input,
    body: made,
    help: 'only the first axis may differ; heights and widths must be even at every level of a U-Net',
  });
}

export interface UnetOptions {
  /** (channels, height, width); height and width are multiples of 2 to the power of `levels`. */
  readonly input: Shape;
  /** Channels of the result. */
  readonly outputs: number;
  /** How often the plane is halved; 4 unless said. */
  readonly levels?: number;
  /** Filters of the first level, doubled from level to level; 64 unless said. */
  readonly width?: number;
  readonly isNormalised?: boolean;
}

/** A U-Net: (channels, H, W) → (outputs, H, W). */
export function unet({ input, outputs, levels = 4, width = 64, isNormalised = false }: UnetOptions): Model {
  checkRank('unet', input, [3], '(channels, height, width)');
  checkCount('unet', 'levels', levels);
  const convolution = (filters: number): Layer[] => [
    conv2d({ filters, kernel: 3, padding: 'same', bias: !isNormalised, init: 'heNormal' }),
    ...(isNormalised ? [batchNorm()] : []),
    activation('relu'),
  ];
  const twice = (filters: number): Layer[] => [...convolution(filters), ...convolution(filters)];
  const level = (i: number): Layer[] => {
    const filters = width * 2 ** i;
    if (i === levels) return twice(filters);
    const below = [maxPool({ size: 2 }), ...level(i + 1), convTranspose2d({ filters, kernel: 2, stride: 2 })];
    return [...twice(filters), joined({ body: below }), ...twice(filters)];
  };
  return model(input, [...level(0), conv2d({ filters: outputs, kernel: 1 })]);
}
