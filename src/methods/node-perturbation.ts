/**
 * Node perturbation: every unit is shaken before its activation, and takes the change of the sample's loss times its own shake as its error.
 *
 * Paper     I. R. Fiete, H. S. Seung, Gradient learning in spiking neural networks by dynamic perturbation of conductances, Physical Review Letters 97, 2006; as a law of reward times noise:
 *           R. J. Williams, Simple statistical gradient-following algorithms for connectionist reinforcement learning, Machine Learning 8, 1992.
 * Rule      ∂L_b/∂z_b ≈ (L_b(z + σξ) − L_b(z))/σ·ξ_b for sample b; the layer's own input turns this into credit for its weights.
 * Exact     in the mean over ξ as σ → 0; in the mean at finite σ up to O(σ²).
 * Departs   ξ has unit variance and σ stands apart, so the paper's 1/σ² is split. In models that normalise over the batch, samples answer to one another's noise: there the loss of the whole batch is
 *           compared, at more variance. Blocks are shaken inside, recurrent cells at every step.
 * Letters   L_b loss of sample b, z pre-activation, ξ noise, σ its size.
 */
import { averaged } from './perturbation/credit.ts';
import type { Law } from './perturbation/law.ts';
import { nodeEstimate, supportsNodes } from './perturbation/nodes.ts';
import { checkChoice, checkDraws, checkLaw, checkSigma } from './perturbation/options.ts';
import { differenceSlope } from './perturbation/slope.ts';
import type { Citation, CreditRule } from './rule.ts';

export const fieteSeung2006: Citation = {
  authors: 'I. R. Fiete, H. S. Seung',
  title: 'Gradient learning in spiking neural networks by dynamic perturbation of conductances',
  year: 2006,
  venue: 'Physical Review Letters 97',
};

export interface NodePerturbationOptions {
  readonly law?: Law;
  /** Standard deviation of the noise in one unit. */
  readonly sigma?: number;
  /** `one` compares with the undisturbed pass, `two` with the opposite noise. */
  readonly sides?: 'one' | 'two';
  /** Noise of its own for every sample, or one draw for the whole batch. */
  readonly drawn?: 'fresh' | 'shared';
  /** Draws whose estimates are averaged. */
  readonly draws?: number;
}

/** Node perturbation; gaussian noise, one-sided, fresh for every sample unless told otherwise. */
export function nodePerturbation({
  law = 'gaussian',
  sigma = 1e-3,
  sides = 'one',
  drawn = 'fresh',
  draws = 1,
}: NodePerturbationOptions = {}): CreditRule<null> {
  checkLaw(law);
  checkSigma(sigma);
  checkChoice('sides', sides, ['one', 'two']);
  checkChoice('drawn', drawn, ['fresh', 'shared']);
  checkDraws('draws', draws);
  return {
    id: 'node-perturbation',
    aliases: ['np'],
    paper: fieteSeung2006,
    summary: 'Every unit is shaken before its activation and hears how the loss of the sample answers.',
    nature: 'unbiased',
    supports: (model) => supportsNodes(model, drawn),
    init: () => null,
    credit: (call) =>
      averaged(
        call,
        draws,
        nodeEstimate(call, { place: 'preactivation', law, drawn, slopeOf: differenceSlope({ sigma, sides }) }),
      ),
  };
}
