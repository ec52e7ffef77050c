/**
 * Top-down credit assignment: a second network, found by evolution, emits the credits that train the first one.
 *
 * Paper   J.-H. Chen, Z. Wang, C.-L. Liu, Replacing Backpropagation with Biological Plausible Top-down Credit Assignment in Deep Neural Networks Training, 2022, arXiv:2208.01416; second version 2024.
 * Rule    credits from [output, target] by one small network for every sample, diffused from few sources to all neurons of a layer; found without any derivative.
 * Exact   backprop for one hidden layer when its credits are sent, the delta rule at the output, no derivative rule called, cost by count.
 * Departs reconstructed from the two abstracts: every formula and constant is ours, checked by two independent prototypes; the paper gives no numbers. Reinforcement learning and non-convex functions of
 *         the second version are not repeated.
 */
import { chen2022 } from '../methods/top-down/top-down-credit-assignment.ts';
import { definePaper, type Paper } from './ledger/claim.ts';
import { classClaims } from './tdca/class-claims.ts';
import { costClaims } from './tdca/cost-claims.ts';
import { identityClaims } from './tdca/identity-claims.ts';
import { transferClaims } from './tdca/transfer-claims.ts';
import { xorClaims } from './tdca/xor-claims.ts';

export const paper: Paper = definePaper({
  slug: 'tdca',
  title:
    'Replacing Backpropagation with Biological Plausible Top-down Credit Assignment in Deep Neural Networks Training',
  citation: chen2022,
  summary:
    'Trains networks by credits from a second network that looks at answers and targets and was found by evolution.',
  methods: ['top-down-credit-assignment'],
  claims: [...identityClaims, ...xorClaims, ...classClaims, ...transferClaims, ...costClaims],
});
