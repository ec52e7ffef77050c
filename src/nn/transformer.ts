/**
 * Transformer blocks, and the decoder-only language model made of them.
 *
 * Paper     A. Vaswani et al., Attention Is All You Need, NeurIPS 2017, arXiv:1706.03762; pre-norm: R. Xiong et al., On Layer Normalization in the Transformer Architecture, ICML 2020, arXiv:2002.04745.
 * Rule      pre:  x + attention(norm(x)), then x + mlp(norm(x)); post: norm(x + attention(x)), then norm(x + mlp(x)).
 * Departs   dropout acts on both branches before they are added, not on the attention weights; embeddings are not multiplied by √width.
 */

import { ConfigError, range } from '../engine/index.ts';
import type { ActivationName } from './activation.ts';
import { attention } from './attention.ts';
import { chain, chainAs } from './chain.ts';
import { dense } from './dense.ts';
import { embedding } from './embedding.ts';
import type { Initializer } from './initializer.ts';
import type { Layer } from './layer.ts';
import type { Model } from './model.ts';
import { layerNames, model } from './model.ts';
import { layerNorm } from './norm.ts';
import { checkCount } from './parts.ts';
import { dropout } from './plain.ts';
import { positions } from './position.ts';
import { residual } from './residual.ts';
import { tiedVocabulary } from './tied.ts';

export interface TransformerBlockOptions {
  /** Features of the stream. */
  readonly width: number;
  readonly heads: number;
  /** Units between the two dense maps; 4 · width unless said. */
  readonly hidden?: number;
  /** Where the layer normalisations stand: at the start of each branch, or after each sum. */
  readonly norm?: 'pre' | 'post';
  readonly isCausal?: boolean;
  readonly isRotary?: boolean;
  readonly activation?: ActivationName;
  readonly dropout?: number;
  readonly bias?: boolean;
  /** Whether the normalisations have a trained scale and shift. */
  readonly isNormAffine?: boolean;
  /** For every dense map. */
  readonly init?: Initializer;
}

/** A Transformer block for samples (time, width): attention and a two-layer perceptron, each added to the stream. Its children are the two residual blocks, with a normalisation after each in the post-norm form. */
export function transformerBlock(options: TransformerBlockOptions): Layer {
  const { width, heads, norm = 'pre', isCausal = false, isRotary = false, activation = 'gelu' } = options;
  const { hidden = 4 * width, dropout: rate = 0, bias = true, isNormAffine = true, init = 'pytorchDefault' } = options;
  if (norm !== 'pre' && norm !== 'post')
    throw new ConfigError(`transformerBlock: norm is ${String(norm)}`, { norm, help: "choose 'pre' or 'post'" });
  const normal = (): Layer => layerNorm({ isAffine: isNormAffine });
  const dropped = rate === 0 ? [] : [dropout(rate)];
  const mix = [attention({ width, heads, isCausal, isRotary, bias, init }), ...dropped];
  const think = [dense({ units: hidden, activation, bias, init }), dense({ units: width, bias, init }), ...dropped];
  const layers =
    norm === 'pre'
      ? [mix, think].map((branch) => residual({ body: [normal(), ...branch] }))
      : [mix, think].flatMap((branch) => [residual({ body: branch }), normal()]);
  const config = {
    width,
    heads,
    hidden,
    norm,
    isCausal,
    isRotary,
    activation,
    dropout: rate,
    bias,
    isNormAffine,
    init,
  };
  return chainAs('transformerBlock', config, layers);
}

export interface DecoderTransformerOptions extends Omit<TransformerBlockOptions, 'isCausal' | 'isRotary'> {
  readonly vocabulary: number;
  /** Positions of a sample. */
  readonly context: number;
  /** Number of blocks. */
  readonly depth: number;
  readonly positions?: 'learned' | 'sinusoidal' | 'rotary' | 'none';
  /** Whether the rows of the embedding are the columns of the last map; there is then no bias. */
  readonly isTied?: boolean;
  /** For embeddings of tokens and positions; N(0, 0.02²) unless said. */
  readonly embeddingInit?: Initializer;
}

/**
 * A causal language model: i32 tokens (batch, context) to logits (batch, context, vocabulary).
 *
 * Units are the embeddings, each block, and the head (final normalisation and the map to the vocabulary); the post-norm form has no final normalisation.
 */
export function decoderTransformer({
  vocabulary,
  context,
  depth,
  positions: code = 'learned',
  isTied = false,
  embeddingInit = { distribution: 'normal', mode: 'fanIn', gain: 0.02 },
  ...block
}: DecoderTransformerOptions): Model {
  checkCount('decoderTransformer', 'context', context);
  const { width, norm = 'pre', dropout: rate = 0, bias = true, init = 'pytorchDefault' } = block;
  const tokens = embedding({ vocabulary, units: width, init: embeddingInit });
  const body: Layer[] = [
    ...(code === 'learned' || code === 'sinusoidal' ? [positions({ kind: code, init: embeddingInit })] : []),
    ...(rate === 0 ? [] : [dropout(rate)]),
    ...blocksOf({ ...block, isCausal: true, isRotary: code === 'rotary' }, depth),
  ];
  const last = norm === 'pre' ? [layerNorm()] : [];
  if (isTied) return model([context], [tiedVocabulary({ embedding: tokens, body: [...body, ...last] })]);
  return model([context], [tokens, ...body, chain({ layers: [...last, dense({ units: vocabulary, bias, init })] })]);
}

/** A stack of equal blocks. */
export const blocksOf = (options: TransformerBlockOptions, depth: number): Layer[] =>
  range(checkCount('transformer', 'depth', depth)).map(() => transformerBlock(options));

/** Names of the places in a Transformer where feedback may enter. */
export type TapPlacement = 'macro' | 'micro' | 'micro3' | 'full';

/**
 * Names of taps in the Transformer blocks of a model, in the order of the forward pass, for `runCut`.
 *
 * `macro`: the end of each block. `micro`: also behind the sum (and norm) after attention. `micro3`: also behind the first dense map and its activation. `full`: also before attention's last map. A tap that
 * ends a block cuts the residual stream too.
 */
export function blockTaps(within: Layer, placement: TapPlacement, path = ''): string[] {
  const names = within.childNames ?? layerNames(within.children ?? []);
  if (within.kind !== 'transformerBlock')
    return (within.children ?? []).flatMap((child, i) => blockTaps(child, placement, `${path}${names[i]}/`));
  const isPre = within.config.norm === 'pre';
  const after = path.slice(0, -1);
  const mixed = isPre ? 'residual0/attention1/mixed' : 'residual0/attention0/mixed';
  const inside = [
    ...(placement === 'full' ? [mixed] : []),
    ...(placement === 'macro' ? [] : [isPre ? 'residual0/post' : 'layerNorm1/post']),
    ...(placement === 'micro3' || placement === 'full'
      ? [isPre ? 'residual1/dense1/post' : 'residual2/dense0/post']
      : []),
    'post',
  ];
  return inside.map((name) => `${after}/${name}`);
}
