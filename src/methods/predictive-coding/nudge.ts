/**
 * PC-Nudge: predictive coding under an infinitely weak pull of the loss, whose prediction errors are then backprop's.
 *
 * Paper     B. Millidge, Y. Song, T. Salvatori, T. Lukasiewicz, R. Bogacz, Backpropagation at the infinitesimal inference limit of energy-based models, ICLR 2023, arXiv:2206.02629.
 * Rule      values start at the forward pass and relax T times, x ← x + dt·(−ε + (∂μ/∂x)ᵀε of the layer above), ε_L = −λ·∂L/∂o; then credit of every layer is −(∂μ/∂θ)ᵀε/λ.
 * Exact     as λ → 0 and T → ∞; relative error O(λ), and until the force is gone a magnitude that falls short, so `residual` says how far it is.
 * Departs   relaxes deviations from the forward pass, so that f32 loses nothing to 1/λ; activations other than tanh, logistic, softplus and relu move to first order. Residual blocks are opened into vertices.
 *           The loss is any loss: ε_L is minus its slope, summed over the batch.
 * Letters   x values, μ predictions, ε = x − μ, o output, λ nudge, T steps, dt rate.
 */
import { networkOf } from '../energy/build.ts';
import { checkRelaxation } from '../energy/relax.ts';
import type { Citation, CreditRule } from '../rule.ts';
import { relaxedCredit } from './credit.ts';
import { checkPositive } from './options.ts';

export const millidge2023: Citation = {
  authors: 'B. Millidge, Y. Song, T. Salvatori, T. Lukasiewicz, R. Bogacz',
  title: 'Backpropagation at the Infinitesimal Inference Limit of Energy-Based Models',
  year: 2023,
  venue: 'ICLR',
  arxiv: '2206.02629',
};

export interface PredictiveCodingNudgeOptions {
  /** λ: how strongly the loss pulls. */
  readonly nudge?: number;
  /** T: moves of inference. */
  readonly steps?: number;
  /** dt: length of a move. */
  readonly rate?: number;
  /** Keeps the paper's scale: summed over the batch and not divided by λ. */
  readonly raw?: boolean;
}

/** PC-Nudge, for any model; λ = 1e-4, 50 steps of 0.3 as in the paper's training. */
export function predictiveCodingNudge({
  nudge = 1e-4,
  steps = 50,
  rate = 0.3,
  raw = false,
}: PredictiveCodingNudgeOptions = {}): CreditRule<null> {
  checkPositive('nudge', nudge, 'try 1e-4');
  checkRelaxation({ steps, rate });
  return {
    id: 'predictive-coding-nudge',
    aliases: ['pc-nudge'],
    paper: millidge2023,
    summary:
      'Predictive coding under a weak pull of the loss; its errors over the strength of the pull are the gradient.',
    nature: 'biased',
    supports: () => true,
    init: () => null,
    credit: (call) => relaxedCredit(call, networkOf(call.model), { nudge, steps, rate, raw }),
  };
}
