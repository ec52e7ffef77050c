/**
 * SymBa: forward-forward with a symmetric loss and an intrinsic pattern for each class.
 *
 * Paper   H.-C. Lee, J. Song, SymBa: Symmetric Backpropagation-Free Contrastive Learning with Forward-Forward Algorithm for Optimizing Convergence, 2023, arXiv:2303.08418.
 * Rule    every layer alone: mean over pairs of softplus(−α(G₊ − G₋)), credit its gradient with respect to that layer's weights.
 * Exact   equal and opposite slopes, credit as the gradient of the local losses, nothing across layers, cost by count.
 * Departs the paper's widths, optimiser, epochs and the construction of its patterns could not be read: settings and thresholds are those of two independent prototypes on MNIST. CIFAR and runs of 60
 *         epochs are not repeated here.
 */
import { leeSong2023 } from '../methods/forward-forward/symba.ts';
import { definePaper, type Paper } from './ledger/claim.ts';
import { costClaims } from './symba/cost-claims.ts';
import { fairClaims } from './symba/fair-claims.ts';
import { identityClaims } from './symba/identity-claims.ts';
import { longClaims } from './symba/long-claims.ts';
import { patternClaims } from './symba/pattern-claims.ts';
import { quickClaims } from './symba/quick-claims.ts';

export const paper: Paper = definePaper({
  slug: 'symba',
  title: 'SymBa: Symmetric Backpropagation-Free Contrastive Learning with Forward-Forward Algorithm',
  citation: leeSong2023,
  summary: 'Trains every layer alone on pairs of a true and a wrong class, both pulling with equal strength.',
  methods: ['symba', 'forward-forward'],
  claims: [...identityClaims, ...quickClaims, ...longClaims, ...patternClaims, ...fairClaims, ...costClaims],
});
