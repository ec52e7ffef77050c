/**
 * Single-phase deep learning in cortico-cortical networks: events go up and bursts come down at the same time, and bursts beyond a baseline are the error.
 *
 * Paper   W. Greedy, H. W. Zhu, J. Pemberton, J. Mellor, R. P. Costa, NeurIPS 2022, arXiv:2206.11769.
 * Rule    u = bY − eQ; p = σ(4u(1 − e)); weights change by (p − ½)·e times the rate they hear. Q = ½Y cancels everything that is no error.
 * Exact   the output layer, and silence without a teacher; below it backprop or feedback alignment to third order in u, measured over teaching strengths.
 * Departs networks of 100 to 200 units and a few epochs instead of 500 and 200; no CIFAR-10; the spiking experiment is not done. Thresholds are those of a prototype in another language.
 */
import { greedy2022 } from '../methods/burst/burst-cortico-cortical.ts';
import { costClaims } from './burstccn/cost-claims.ts';
import { identityClaims } from './burstccn/identity-claims.ts';
import { plasticityClaims } from './burstccn/plasticity-claims.ts';
import { streamClaims } from './burstccn/stream-claims.ts';
import { trainingClaims } from './burstccn/training-claims.ts';
import { tunedClaims } from './burstccn/tuned-claims.ts';
import { definePaper, type Paper } from './ledger/claim.ts';

export const paper: Paper = definePaper({
  slug: 'burstccn',
  title: 'Single-phase deep learning in cortico-cortical networks',
  citation: greedy2022,
  summary:
    'Trains deep networks while input and target stay on, with two feedback pathways whose difference is the error.',
  methods: ['burst-cortico-cortical', 'burstprop', 'dendritic-error'],
  claims: [...identityClaims, ...trainingClaims, ...tunedClaims, ...plasticityClaims, ...streamClaims, ...costClaims],
});
