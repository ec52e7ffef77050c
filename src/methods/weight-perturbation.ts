/**
 * Weight perturbation: all weights are shaken at once, and each takes the change of the loss times its own shake.
 *
 * Paper     J. C. Spall, Multivariate stochastic approximation using a simultaneous perturbation gradient approximation, IEEE Transactions on Automatic Control 37, 1992 (SPSA).
 * Rule      credit = (L(θ + σv) − L(θ − σv))/(2σ)·v.
 * Exact     in the mean over v as σ → 0, where it becomes the forward gradient of the same v. In one draw it differs from that by O(σ²) with two sides, O(σ) with one; in the mean by O(σ²).
 * Departs   One entry of the registry serves both names: signs (rademacher) with two sides, the defaults, are SPSA. SPSA divides by vᵢ where this multiplies: the same for signs, and for other laws the
 *           only one of the two with finite variance. σ is fixed; Spall lets it shrink.
 * Letters   L loss, θ all params, v direction of unit variance per component, σ step.
 */
import { averaged } from './perturbation/credit.ts';
import type { Law } from './perturbation/law.ts';
import { checkChoice, checkDraws, checkLaw, checkSigma } from './perturbation/options.ts';
import { differenceSlope } from './perturbation/slope.ts';
import { weightEstimate } from './perturbation/weights.ts';
import type { Citation, CreditRule } from './rule.ts';

export const spall1992: Citation = {
  authors: 'J. C. Spall',
  title: 'Multivariate stochastic approximation using a simultaneous perturbation gradient approximation',
  year: 1992,
  venue: 'IEEE Transactions on Automatic Control 37',
};

export interface WeightPerturbationOptions {
  readonly law?: Law;
  /** Standard deviation of the shake of one weight. */
  readonly sigma?: number;
  /** `two` compares +σv with −σv, `one` compares +σv with no shake. */
  readonly sides?: 'one' | 'two';
  /** Shakes whose estimates are averaged. */
  readonly draws?: number;
}

/** Weight perturbation; SPSA unless told otherwise. */
export function weightPerturbation({
  law = 'rademacher',
  sigma = 1e-3,
  sides = 'two',
  draws = 1,
}: WeightPerturbationOptions = {}): CreditRule<null> {
  checkLaw(law);
  checkSigma(sigma);
  checkChoice('sides', sides, ['one', 'two']);
  checkDraws('draws', draws);
  return {
    id: 'weight-perturbation',
    aliases: ['spsa', 'wp'],
    paper: spall1992,
    summary: 'All weights are shaken at once, and each takes the change of the loss times its own shake.',
    nature: 'unbiased',
    supports: () => true,
    init: () => null,
    credit: (call) => averaged(call, draws, weightEstimate(call, law, differenceSlope({ sigma, sides }))),
  };
}
