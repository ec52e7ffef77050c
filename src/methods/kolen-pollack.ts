/**
 * Kolen–Pollack learning: feedback weights start at random and receive the same updates as the forward ones.
 *
 * Paper     J. F. Kolen, J. B. Pollack, Backpropagation without weight transport, IEEE ICNN 1994; networks: M. Akrout, C. Wilson, P. C. Humphreys, T. P. Lillicrap, D. B. Tweed, Deep Learning without
 *           Weight Transport, NeurIPS 2019, arXiv:1904.05391.
 * Rule      feedback alignment whose B gets W's own credit through W's own optimiser, weight decay included.
 * Exact     in the limit: under SGD with rate η and decay λ the difference shrinks as B − W ← (1 − ηλ)(B − W), whatever the data; without decay it stays as it was drawn.
 * Departs   B comes from the layer's own initialiser, as in feedback alignment here. Clipping by the global norm sees two trees of different size and so breaks the law above.
 * Letters   W weights (in, out), B their stand-in, η learning rate, λ coupled weight decay.
 */
import type { Tree } from '../nn/layer.ts';
import { creditThrough, drawFeedback, weightsOf } from './feedback.ts';
import type { Citation, CreditRule } from './rule.ts';

export const kolenPollack1994: Citation = {
  authors: 'J. F. Kolen, J. B. Pollack',
  title: 'Backpropagation without weight transport',
  year: 1994,
  venue: 'IEEE International Conference on Neural Networks',
};

export interface KolenPollackOptions {
  /** Multiplies the first feedback weights. */
  readonly scale?: number;
}

export type KolenPollackState = {
  /** B for each replaceable weight; trained. */
  readonly feedback: Tree;
};

/** Kolen–Pollack learning, for chains of any layers with weights; train with weight decay. */
export function kolenPollack({ scale = 1 }: KolenPollackOptions = {}): CreditRule<KolenPollackState> {
  return {
    id: 'kolen-pollack',
    aliases: ['kp'],
    paper: kolenPollack1994,
    summary: 'Feedback weights start at random and receive the same updates as the forward ones.',
    nature: 'biased',
    trainsFeedback: true,
    supports: () => true,
    init: (model, params, key) => ({ feedback: drawFeedback(model, params, key, scale) }),
    credit(call) {
      const result = creditThrough(call, call.state.feedback);
      return { ...result, feedback: weightsOf(call.model, result.credit) };
    },
  };
}
