/**
 * Backpropagation at the infinitesimal inference limit: predictive coding, equilibrium propagation and contrastive Hebbian learning as three ways to read one gradient off an energy.
 *
 * Paper   B. Millidge, Y. Song, T. Salvatori, T. Lukasiewicz, R. Bogacz, ICLR 2023, arXiv:2206.02629.
 * Rule    settle freely, settle again under an infinitely weak pull of the loss; the change of ∂E/∂θ per unit of pull is the gradient of the loss at the free equilibrium.
 * Exact   the limits are identities and are measured as slopes; the training runs stand beside backprop from the same start, stream and rate.
 * Departs the paper shows figures without numbers: thresholds are those of two independent prototypes. Equilibrium propagation and contrastive Hebbian learning, which it treats in theory, are measured too.
 */
import { millidge2023 } from '../methods/predictive-coding/nudge.ts';
import { costClaims } from './ebm-infinitesimal-limit/cost-claims.ts';
import { equilibriumClaims } from './ebm-infinitesimal-limit/equilibrium-claims.ts';
import { hebbianClaims } from './ebm-infinitesimal-limit/hebbian-claims.ts';
import { nudgeClaims } from './ebm-infinitesimal-limit/nudge-claims.ts';
import { trainingClaims } from './ebm-infinitesimal-limit/training-claims.ts';
import { definePaper, type Paper } from './ledger/claim.ts';

export const paper: Paper = definePaper({
  slug: 'ebm-infinitesimal-limit',
  title: 'Backpropagation at the Infinitesimal Inference Limit of Energy-Based Models',
  citation: millidge2023,
  summary: 'Reads the gradient off any network that minimises an energy, from how it gives way to a weak pull.',
  methods: ['predictive-coding-nudge', 'equilibrium-propagation', 'contrastive-hebbian-learning', 'inference-learning'],
  claims: [...nudgeClaims, ...equilibriumClaims, ...hebbianClaims, ...trainingClaims, ...costClaims],
});
