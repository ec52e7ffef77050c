/**
 * The forward-forward algorithm: two forward passes instead of a forward and a backward one; each layer learns to be active for true samples and quiet for wrong ones.
 *
 * Paper     G. Hinton, The Forward-Forward Algorithm: Some Preliminary Investigations, 2022, arXiv:2212.13345.
 * Rule      per unit: mean over pairs of softplus(θ − G₊) + softplus(G₋ − θ); credit is its gradient with respect to the unit's own weights, nothing crosses units.
 * Exact     as the gradient of its local loss; no gradient of any loss of the whole network.
 * Departs   the last unit of the model says how many classes there are; it stays as it is, or with `answer: 'head'` it learns by its own error on activities without a label. Goodness is the mean
 *           square, inputs have unit root mean square (`goodness: 'sum'`, `norm: 'length'` for the paper's). θ = 2 for the mean, the number of activities for the sum. No peer normalisation.
 * Letters   G goodness, h activities of a unit, θ threshold, B pairs.
 */
import { add, logistic, neg, softplus, sub } from '../../engine/index.ts';
import type { Citation, CreditRule } from '../rule.ts';
import { contrastRule, type PairLoss } from './contrast.ts';
import { refusal, type ForwardForwardOptions as Shared, settingsOf } from './options.ts';
import type { StackState } from './stack.ts';

export const hinton2022: Citation = {
  authors: 'G. Hinton',
  title: 'The Forward-Forward Algorithm: Some Preliminary Investigations',
  year: 2022,
  arxiv: '2212.13345',
};

export interface ForwardForwardOptions extends Shared {
  /** θ; 2 for a mean, the number of activities for a sum unless said. */
  readonly threshold?: number;
}

/** Forward-forward with labels in the first features, uniform wrong labels and θ = 2 unless told otherwise. */
export function forwardForward({ threshold, ...options }: ForwardForwardOptions = {}): CreditRule<StackState> {
  const settings = settingsOf('forward-forward', options);
  if (threshold !== undefined && !Number.isFinite(threshold))
    throw refusal('forward-forward', 'threshold', threshold, 'a finite number');
  return contrastRule({
    id: 'forward-forward',
    aliases: ['ff'],
    paper: hinton2022,
    summary: 'Each layer alone learns to be active for samples with their true class and quiet for a wrong one.',
    settings,
    pairLoss: (size) => thresholdLoss(threshold ?? (settings.goodness === 'mean' ? 2 : size)),
  });
}

/** softplus(θ − G₊) + softplus(G₋ − θ) of a pair. */
export const thresholdLoss =
  (theta: number): PairLoss =>
  (good, bad) => {
    const [below, above] = [sub(theta, good), sub(bad, theta)];
    return { value: add(softplus(below), softplus(above)), slopeGood: neg(logistic(below)), slopeBad: logistic(above) };
  };
