/**
 * Can the brain do backpropagation? Predictive coding with three conditions gives backprop's weight changes exactly, and the third version needs no clock.
 *
 * Paper   Y. Song, T. Lukasiewicz, Z. Xu, R. Bogacz, NeurIPS 2020; on computation graphs: T. Salvatori and others, AAAI 2022, arXiv:2103.04689.
 * Rule    start at the forward pass, let errors travel one layer a step, learn in each layer at the step when its error is backprop's.
 * Exact   everywhere, measured against backprop in f64 on chains, convolutions, residual blocks and tied layers; each condition is broken in turn and the equality goes.
 * Departs the paper shows curves: thresholds are those of two independent prototypes. How Fa-Z-IL notices that an error wakes up is our reading.
 */
import { song2020 } from '../methods/predictive-coding/zero-divergence.ts';
import { definePaper, type Paper } from './ledger/claim.ts';
import { costClaims } from './z-il-predictive-coding/cost-claims.ts';
import { identityClaims } from './z-il-predictive-coding/identity-claims.ts';
import { trainingClaims } from './z-il-predictive-coding/training-claims.ts';
import { waveClaims } from './z-il-predictive-coding/wave-claims.ts';

export const paper: Paper = definePaper({
  slug: 'z-il-predictive-coding',
  title: 'Can the Brain Do Backpropagation? Exact Implementation of Backpropagation in Predictive Coding Networks',
  citation: song2020,
  summary:
    'Trains with local errors that all layers compute at once, and gets the weights of backprop to the last digits.',
  methods: ['zero-divergence-inference-learning', 'autonomous-inference-learning', 'inference-learning'],
  claims: [...identityClaims, ...waveClaims, ...trainingClaims, ...costClaims],
});
