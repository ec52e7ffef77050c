/**
 * Variable shared meta learning (VSML): a network whose weights are small recurrent nets that share their parameters; running it forward is its learning.
 *
 * Paper   L. Kirsch, J. Schmidhuber, Meta Learning Backpropagation And Improving It, NeurIPS 2021, arXiv:2012.14905.
 * Rule    messages go forwards and backwards along the wiring; a shared LSTM in every synapse turns them into memory. Its few thousand numbers are fitted to be backprop, or found by meta learning.
 * Exact   the machine with the formulas of backprop in its synapses is online gradient descent; permuted units give permuted answers; the meta-gradient.
 * Departs tasks are scaled to minutes of one core: 16 inputs after random projections, 5 classes, 40 to 80 examples, backpropagation through whole episodes where the paper uses evolution strategies on
 *         128 machines. The paper prints curves, no numbers: thresholds are those of two independent prototypes. Baselines are tuned on the very episodes that they are measured on.
 */
import { kirsch2021 } from '../methods/vsml/machine.ts';
import { definePaper, type Paper } from './ledger/claim.ts';
import { cloneClaims } from './vsml/clone-claims.ts';
import { contrastClaims } from './vsml/contrast-claims.ts';
import { costClaims } from './vsml/cost-claims.ts';
import { identityClaims } from './vsml/identity-claims.ts';
import { metaClaims } from './vsml/meta-claims.ts';

export const paper: Paper = definePaper({
  slug: 'vsml',
  title: 'Meta Learning Backpropagation And Improving It',
  citation: kirsch2021,
  summary:
    'Learns a learning algorithm: shared recurrent synapses become backprop, or something that is faster at first.',
  methods: ['variable-shared-meta-learning'],
  claims: [...identityClaims, ...cloneClaims, ...metaClaims, ...contrastClaims, ...costClaims],
});
