/** A language model's two ends with one matrix: what embeds the tokens also scores them. */

import { matmul } from '../engine/index.ts';
import { blockAnatomy, chain, initChildren } from './chain.ts';
import type { Layer } from './layer.ts';
import { applyLayer } from './layer.ts';
import { at, callFor } from './model.ts';
import { param } from './parts.ts';

export interface TiedVocabularyOptions {
  /** An `embedding` layer. */
  readonly embedding: Layer;
  /** From embedded tokens to features of the same number. */
  readonly body: readonly Layer[];
}

/** Embedding, body, and logits body(E[x])·Eᵀ with the same E. Source: O. Press, L. Wolf, Using the Output Embedding to Improve Language Models, arXiv:1608.05859. */
export function tiedVocabulary({ embedding, body }: TiedVocabularyOptions): Layer {
  const children = [embedding, chain({ layers: body })];
  const names = ['embedding', 'body'];
  const { vocabulary } = embedding.config as { readonly vocabulary: number };
  const childInputs = (input: readonly number[]): (readonly number[])[] => [input, embedding.outShape(input)];
  return {
    kind: 'tiedVocabulary',
    config: { embedding, body },
    children,
    childNames: names,
    childInputs,
    outShape: (input) => [...children[1]!.outShape(embedding.outShape(input)).slice(0, -1), vocabulary],
    init: (key, input) => initChildren(children, key, childInputs(input)),
    pre(params, state, x, call) {
      const [rows] = applyLayer(embedding, 'embedding', at(params, 0), null, x, callFor(call, 0));
      const [h, next] = applyLayer(children[1]!, 'body', at(params, 1), at(state, 1), rows, callFor(call, 1));
      return [matmul(h, param('embedding', at(params, 0), 'w'), { transposeY: true }), [null, next]]; // (B, T, d)·(d, V)
    },
    anatomy: (input) => blockAnatomy(children, childInputs(input)),
    opensUnit: true,
  };
}
