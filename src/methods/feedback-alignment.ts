/**
 * Feedback alignment: errors travel back through fixed random weights instead of the transposed ones.
 *
 * Paper     T. P. Lillicrap, D. Cownden, D. B. Tweed, C. J. Akerman, Random synaptic feedback weights support error backpropagation for deep learning, Nature Communications 7, 2016.
 * Rule      δᵢ = (δᵢ₊₁·Bᵢ₊₁ᵀ) ⊙ φ′(zᵢ), ΔWᵢ from δᵢ and the layer's input as in backprop; B has W's shape and is drawn once.
 * Exact     the last layer, and every layer where B = W. Elsewhere W grows towards B until the direction is one of descent.
 * Departs   B comes from the layer's own initialiser (another key, times `scale`) unless said, so it has the spread of the first weights; the paper draws B uniform and tunes its range. Convolutions, residual blocks
 *           and both matrices of recurrent cells take part in the same way. The first layer's B is kept though nothing flows below it.
 * Letters   W weights (in, out), B their stand-in, δ = ∂loss/∂z, φ′ slope of the activation.
 */
import type { FloatDtype } from '../engine/index.ts';
import { mul, random } from '../engine/index.ts';
import { feedbackTree } from '../nn/feedback.ts';
import type { Key } from '../nn/key.ts';
import type { Tree } from '../nn/layer.ts';
import type { Model } from '../nn/model.ts';
import { creditThrough, drawFeedback } from './feedback.ts';
import type { Citation, CreditRule } from './rule.ts';

export const lillicrap2016: Citation = {
  authors: 'T. P. Lillicrap, D. Cownden, D. B. Tweed, C. J. Akerman',
  title: 'Random synaptic feedback weights support error backpropagation for deep learning',
  year: 2016,
  venue: 'Nature Communications 7',
  arxiv: '1411.0247',
};

export interface FeedbackAlignmentOptions {
  /** Multiplies all feedback weights. */
  readonly scale?: number;
  /** `layer`: drawn like the weights. `fanOut`: normal of variance one over the errors that are summed, so that credit keeps its size on the way down. */
  readonly law?: 'layer' | 'fanOut';
}

export type FeedbackAlignmentState = {
  /** B for each replaceable weight; never updated. */
  readonly feedback: Tree;
};

/** Feedback alignment, for chains of any layers with weights. */
export function feedbackAlignment({
  scale = 1,
  law = 'layer',
}: FeedbackAlignmentOptions = {}): CreditRule<FeedbackAlignmentState> {
  return {
    id: 'feedback-alignment',
    aliases: ['fa'],
    paper: lillicrap2016,
    summary: 'Errors travel back through fixed random weights instead of the transposed ones.',
    nature: 'biased',
    supports: () => true,
    init: (model, params, key) => ({
      feedback:
        law === 'layer' ? drawFeedback(model, params, key, scale) : drawByErrors(model, params, { key, gain: scale }),
    }),
    credit: (call) => creditThrough(call, call.state.feedback),
  };
}

/** Normal feedback of variance gain² / errors summed: the columns of a dense map, all outputs that a kernel reaches of a convolution. */
function drawByErrors(model: Model, params: Tree, { key, gain }: { readonly key: Key; readonly gain: number }): Tree {
  let drawn = 0;
  return feedbackTree(model, params, model.inputShape, (weight) => {
    const { shape, dtype } = weight;
    const summed = shape.length === 2 ? shape[1]! : weight.size / shape[1]!; // dense (in, out), kernels (out, in / groups, …)
    return mul(
      random.normal(random.foldIn(key, drawn++), shape, { dtype: dtype as FloatDtype }),
      gain / Math.sqrt(summed),
    );
  });
}
