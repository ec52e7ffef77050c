/** For tests: a small language model in four forms, and texts for it. */

import { tensor } from '../../engine/index.ts';
import type { DecoderTransformerOptions } from '../transformer.ts';

export const smallDecoder: DecoderTransformerOptions = { vocabulary: 7, context: 5, width: 8, heads: 2, depth: 2 };

/** Embeddings so large that tokens and positions matter. */
export const wideEmbeddings = { embeddingInit: { distribution: 'normal', mode: 'fanIn', gain: 1 } } as const;

export const decoderVariants: readonly Partial<DecoderTransformerOptions>[] = [
  {},
  { norm: 'post', positions: 'sinusoidal', activation: 'relu' },
  { positions: 'rotary', hidden: 12, bias: false },
  { isTied: true, isNormAffine: false, positions: 'none' },
];

export const smallText = tensor(
  [
    [3, 1, 4, 1, 5],
    [2, 6, 0, 3, 6],
  ],
  { dtype: 'i32' },
);
