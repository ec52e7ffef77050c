/**
 * Recognition by the length of the answer: Hebbian networks, one a label, without loss, gradient or optimiser.
 *
 * Paper   K. Itoh, Rethinking Deep Learning: Non-backpropagation and Non-optimization Machine Learning Approach Using Hebbian Neural Networks, 2024, arXiv:2411.05861; stage 0: arXiv:2409.03760.
 * Rule    W ← W + ΔW − mean(ΔW), ΔW = η·pre·postᵀ between hidden layers; the label whose network answers with the longest vector.
 * Exact   what the correction keeps, the scalar form, and the first order in η: stage 3 is argmax of uᵀ·G_c·p, one matrix a label.
 * Departs Layers, η, correction and unit-length images are reconstructed. Stage 3 at scale is measured by the first order, which online networks follow (a claim). `energy` and `zscore` are ours.
 *         Class means of raw pixels and backprop are better on the same images, and stand beside it.
 */
import { itoh2024 } from '../methods/hebbian/hebbian-norm.ts';
import { costClaims } from './hebbian-norm/cost-claims.ts';
import { identityClaims } from './hebbian-norm/identity-claims.ts';
import { recognitionClaims } from './hebbian-norm/recognition-claims.ts';
import { stageClaims } from './hebbian-norm/stage-claims.ts';
import { definePaper, type Paper } from './ledger/claim.ts';

export const paper: Paper = definePaper({
  slug: 'hebbian-norm',
  title:
    'Rethinking Deep Learning: Non-backpropagation and Non-optimization Machine Learning Approach Using Hebbian Neural Networks',
  citation: itoh2024,
  summary: 'Recognises by how strongly a network answers: one network a label, wired by Hebb’s rule alone.',
  methods: ['hebbian-norm'],
  claims: [...identityClaims, ...stageClaims, ...recognitionClaims, ...costClaims],
});
