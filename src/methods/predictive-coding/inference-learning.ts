/**
 * Inference learning: predictive coding as it is usually trained, values relaxed for a fixed time and weights changed once from the errors that are left.
 *
 * Paper     Y. Song, T. Lukasiewicz, Z. Xu, R. Bogacz, Can the brain do backpropagation? Exact implementation of backpropagation in predictive coding networks, NeurIPS 2020 (as the baseline IL);
 *           J. C. R. Whittington, R. Bogacz, An approximation of the error backpropagation algorithm in a predictive coding network with local Hebbian synaptic plasticity, Neural Computation 29, 2017.
 * Rule      hidden values start at the forward pass, the output is clamped to the target; T times all values at once x ← x + γ·(−ε + (∂μ/∂x)ᵀε of the layer above), then credit −(∂μ/∂θ)ᵀε.
 * Exact     nowhere: hidden values give way, so at equilibrium the output error is (I + Σ JₗJₗᵀ)⁻¹ of what it was, Jₗ = ∂o/∂xₗ. The difference shrinks with the error, its share does not.
 * Departs   the output error is minus the slope of any loss at the output's prediction, which for half the squared error is target − output. Values live before the activation, as in the paper;
 *           `place: 'after'` puts them behind it.
 * Letters   o output, x values, μ predictions, ε = x − μ, γ rate, T steps.
 */
import { networkOf, type Place } from '../energy/build.ts';
import { checkRelaxation } from '../energy/relax.ts';
import type { CreditRule } from '../rule.ts';
import { relaxedCredit } from './credit.ts';
import { song2020 } from './zero-divergence.ts';

export interface InferenceLearningOptions {
  /** T: moves of inference. */
  readonly steps?: number;
  /** γ: length of a move; above 0.2 inference may oscillate. */
  readonly rate?: number;
  /** Where values live: before the activation of their layer, or after it. */
  readonly place?: Place;
  /** Keeps the paper's scale: summed over the batch. */
  readonly raw?: boolean;
}

/** Inference learning, for any model; 20 steps of 0.1 unless told otherwise. */
export function inferenceLearning({
  steps = 20,
  rate = 0.1,
  place = 'before',
  raw = false,
}: InferenceLearningOptions = {}): CreditRule<null> {
  checkRelaxation({ steps, rate });
  return {
    id: 'inference-learning',
    aliases: ['il', 'predictive-coding', 'pc'],
    paper: song2020,
    summary:
      'Predictive coding: values settle between input and target, then weights learn from the errors that are left.',
    nature: 'biased',
    supports: () => true,
    init: () => null,
    credit: (call) => relaxedCredit(call, networkOf(call.model, place), { nudge: 1, steps, rate, raw }),
  };
}
