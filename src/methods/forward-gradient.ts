/**
 * Forward gradients: one directional derivative along a random tangent, times that tangent.
 *
 * Paper     A. G. Baydin, B. A. Pearlmutter, D. Syme, F. Wood, P. Torr, Gradients without Backpropagation, 2022, arXiv:2202.08587; also D. Silver et al., Learning by Directional Gradient Descent, ICLR 2022.
 *           Laws of tangents and where they fail: G. Belouze, Optimization without Backpropagation, 2022, arXiv:2209.06302.
 *           Perturbed activities: M. Ren, S. Kornblith, R. Liao, G. Hinton, Scaling Forward Gradient With Local Losses, ICLR 2023, arXiv:2210.03310.
 * Rule      d = ∇L·v by one forward pass with tangents; credit = d·v. With `place: 'preactivation'` or `'activation'` v lives on the units, d on the samples, and each layer turns d·v into credit for
 *           its own weights.
 * Exact     in the mean over v, never in one draw: the relative squared error is (c − 1)/k for k tangents, c as in perturbation/law.ts.
 * Departs   Baydin draws gaussian tangents only; Belouze's default is `sphere`. All laws have unit variance per component.
 * Letters   L loss, v tangent, d directional derivative, k tangents.
 */
import { averaged } from './perturbation/credit.ts';
import type { Law } from './perturbation/law.ts';
import { type NodePlace, nodeEstimate, supportsNodes } from './perturbation/nodes.ts';
import { checkChoice, checkDraws, checkLaw } from './perturbation/options.ts';
import { exactSlope } from './perturbation/slope.ts';
import { weightEstimate } from './perturbation/weights.ts';
import type { Citation, CreditRule } from './rule.ts';

export const baydin2022: Citation = {
  authors: 'A. G. Baydin, B. A. Pearlmutter, D. Syme, F. Wood, P. Torr',
  title: 'Gradients without Backpropagation',
  year: 2022,
  arxiv: '2202.08587',
};

export interface ForwardGradientOptions {
  readonly law?: Law;
  /** Tangents whose estimates are averaged. */
  readonly tangents?: number;
  /** What the tangent moves: all weights at once, or every unit before or behind its activation. */
  readonly place?: 'weight' | NodePlace;
  /** Tangents of units: one for every sample, or one for the whole batch. */
  readonly drawn?: 'fresh' | 'shared';
}

/** Forward gradients; an unbiased estimate of the gradient without a backward pass. */
export function forwardGradient({
  law = 'gaussian',
  tangents = 1,
  place = 'weight',
  drawn = 'fresh',
}: ForwardGradientOptions = {}): CreditRule<null> {
  checkLaw(law);
  checkDraws('tangents', tangents);
  checkChoice('place', place, ['weight', 'preactivation', 'activation']);
  checkChoice('drawn', drawn, ['fresh', 'shared']);
  return {
    id: 'forward-gradient',
    aliases: ['fg'],
    paper: baydin2022,
    summary: 'One directional derivative along a random tangent, times that tangent.',
    nature: 'unbiased',
    supports: (model) => place === 'weight' || supportsNodes(model, drawn),
    init: () => null,
    credit: (call) =>
      averaged(
        call,
        tangents,
        place === 'weight'
          ? weightEstimate(call, law, exactSlope)
          : nodeEstimate(call, { place, law, drawn, slopeOf: exactSlope }),
      ),
  };
}
