/**
 * SymBa: forward-forward on the difference of a pair's goodness, so that true and wrong sample always pull with equal strength; with an intrinsic pattern for each class.
 *
 * Paper     H.-C. Lee, J. Song, SymBa: Symmetric Backpropagation-Free Contrastive Learning with Forward-Forward Algorithm for Optimizing Convergence, 2023, arXiv:2303.08418.
 * Rule      per unit: mean over pairs of softplus(−α(G₊ − G₋)); credit is its gradient with respect to the unit's own weights. No threshold.
 * Exact     as the gradient of its local loss: ∂/∂G₊ = −∂/∂G₋ for every pair. With one unit it is gradient descent on that loss.
 * Departs   where a class pattern enters is our reading of the abstract: appended to the input, normalised with it (`icp-input`), and also to the input of every hidden unit, normalised apart
 *           (`icp-every-layer`). The weights that meet a pattern are the rule's own trainables. The last unit of the model says how many classes there are, see forward-forward.
 * Letters   G goodness, α slope, B pairs.
 */
import { logistic, mul, neg, softplus, sub } from '../../engine/index.ts';
import type { Citation, CreditRule } from '../rule.ts';
import { contrastRule, type PairLoss } from './contrast.ts';
import { type ForwardForwardOptions, refusal, settingsOf } from './options.ts';
import type { StackState } from './stack.ts';

export const leeSong2023: Citation = {
  authors: 'H.-C. Lee, J. Song',
  title:
    'SymBa: Symmetric Backpropagation-Free Contrastive Learning with Forward-Forward Algorithm for Optimizing Convergence',
  year: 2023,
  arxiv: '2303.08418',
};

export interface SymbaOptions extends ForwardForwardOptions {
  /** α: how steeply the loss falls with the difference. */
  readonly alpha?: number;
}

/** SymBa with α = 4, labels in the first features and uniform wrong labels unless told otherwise. */
export function symba({ alpha = 4, ...options }: SymbaOptions = {}): CreditRule<StackState> {
  if (!(Number.isFinite(alpha) && alpha > 0)) throw refusal('symba', 'alpha', alpha, 'a number above 0');
  return contrastRule({
    id: 'symba',
    aliases: ['symmetric-forward-forward'],
    paper: leeSong2023,
    summary: 'Forward-forward on the difference of goodness between a true and a wrong class, both pulling alike.',
    settings: settingsOf('symba', options),
    pairLoss: () => symmetricLoss(alpha),
  });
}

/** softplus(−α(G₊ − G₋)) of a pair. */
export const symmetricLoss =
  (alpha: number): PairLoss =>
  (good, bad) => {
    const behind = mul(-alpha, sub(good, bad));
    const pull = mul(alpha, logistic(behind));
    return { value: softplus(behind), slopeGood: neg(pull), slopeBad: pull };
  };
