/**
 * The vision Transformer: an image as a sequence of patches.
 *
 * Paper     A. Dosovitskiy et al., An Image Is Worth 16×16 Words, ICLR 2021, arXiv:2010.11929, eqs. 1–4.
 */

import type { Shape } from '../engine/index.ts';
import { mean, reshape, ShapeError, showShape, sliceAxis, transpose } from '../engine/index.ts';
import { chain } from './chain.ts';
import { conv2d } from './convolution.ts';
import { dense } from './dense.ts';
import type { Layer } from './layer.ts';
import type { Model } from './model.ts';
import { model } from './model.ts';
import { layerNorm } from './norm.ts';
import { checkRank, plain } from './parts.ts';
import { dropout } from './plain.ts';
import { classToken, positions } from './position.ts';
import type { TransformerBlockOptions } from './transformer.ts';
import { blocksOf } from './transformer.ts';

const IMAGE = '(channels, height, width)';
const SEQUENCE = '(time, features)';

/** Rows of pixels as a sequence: (C, H, W) → (H·W, C). */
export const toSequence = (): Layer =>
  plain(
    'toSequence',
    {},
    (input) => {
      const [channels, height, width] = checkRank('toSequence', input, [3], IMAGE) as [number, number, number];
      return [height * width, channels];
    },
    (x) => {
      const [batch, channels, height, width] = x.shape as [number, number, number, number];
      return transpose(reshape(x, [batch, channels, height * width]), [0, 2, 1]);
    },
  );

/** One row of a sequence: the first, or the mean of all. (T, F) → (F). */
export const poolSequence = (pool: 'first' | 'mean'): Layer =>
  plain(
    'poolSequence',
    { pool },
    (input) => checkRank('poolSequence', input, [2], SEQUENCE).slice(1),
    (x) => (pool === 'mean' ? mean(x, 1) : reshape(sliceAxis(x, 1, 0, 1), [x.shape[0]!, x.shape[2]!])),
  );

export interface VisionTransformerOptions extends Omit<TransformerBlockOptions, 'isCausal' | 'isRotary'> {
  /** Shape of an image, (channels, height, width). */
  readonly input: Shape;
  readonly classes: number;
  /** Height and width of a patch. */
  readonly patch: number;
  readonly depth: number;
  /** What the head reads: a class token that goes along, or the mean of all patches. */
  readonly pool?: 'token' | 'mean';
}

/** A vision Transformer with learned positions and pre-norm blocks unless said; units are the patches' map, each block, and the head. */
export function visionTransformer({
  input,
  classes,
  patch,
  depth,
  pool = 'token',
  ...block
}: VisionTransformerOptions): Model {
  checkPatches(checkRank('visionTransformer', input, [3], IMAGE), patch);
  const { width, norm = 'pre', dropout: rate = 0, bias = true, init = 'pytorchDefault' } = block;
  return model(input, [
    conv2d({ filters: width, kernel: patch, stride: patch, init }),
    toSequence(),
    ...(pool === 'token' ? [classToken()] : []),
    positions({ kind: 'learned' }),
    ...(rate === 0 ? [] : [dropout(rate)]),
    ...blocksOf(block, depth),
    chain({
      layers: [
        ...(norm === 'pre' ? [layerNorm()] : []),
        poolSequence(pool === 'token' ? 'first' : 'mean'),
        dense({ units: classes, bias, init }),
      ],
    }),
  ]);
}

function checkPatches(input: Shape, patch: number): void {
  if (input[1]! % patch === 0 && input[2]! % patch === 0) return;
  throw new ShapeError(`visionTransformer: an image ${showShape(input)} does not divide into patches of ${patch}`, {
    shape: input,
    patch,
    help: 'choose a patch that divides height and width',
  });
}
