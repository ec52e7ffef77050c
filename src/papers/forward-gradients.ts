/**
 * Forward gradients on test functions: the best tangents there are, and why they do not scale.
 *
 * Paper   G. Belouze, Optimization without Backpropagation, 2022, arXiv:2209.06302; the method is A. G. Baydin and others, Gradients without Backpropagation, 2022, arXiv:2202.08587.
 * Rule    one directional derivative along a random tangent, times that tangent; tangents of constant length √n are the best, with the relative squared error n − 1.
 * Exact   the error law, the limit of the step size on ‖x‖² and the flat second moment of Adam are identities.
 * Departs the paper publishes profiles without numbers: thresholds are those of two independent prototypes. Brown is the textbook's, not the official code's with its slip of an index. The networks
 *         and the tuned step sizes are our extension; so are the laws beside sphere, gaussian and signs.
 */
import { benchmarkClaims } from './forward-gradients/benchmark-claims.ts';
import { costClaims } from './forward-gradients/cost-claims.ts';
import { lawClaims } from './forward-gradients/law-claims.ts';
import { networkClaims } from './forward-gradients/network-claims.ts';
import { raceClaims } from './forward-gradients/race-claims.ts';
import { definePaper, type Paper } from './ledger/claim.ts';

export const paper: Paper = definePaper({
  slug: 'forward-gradients',
  title: 'Optimization without Backpropagation',
  citation: { authors: 'G. Belouze', title: 'Optimization without Backpropagation', year: 2022, arxiv: '2209.06302' },
  summary:
    'Trains and optimises without a backward pass, and shows how fast that becomes too noisy as dimensions grow.',
  methods: ['forward-gradient'],
  claims: [...lawClaims, ...raceClaims, ...benchmarkClaims, ...networkClaims, ...costClaims],
});
