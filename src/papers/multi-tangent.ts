/**
 * Multi-tangent forward gradients (FROG): what can be made of k directional derivatives, and how much more that is than their mean.
 *
 * Paper   K. Flügel, D. Coquelin, M. Weiel, C. Debus, A. Streit, M. Götz, Beyond Backpropagation: Optimization with Multi-Tangent Forward Gradients, IJCNN 2025, arXiv:2410.17764.
 * Rule    k directional derivatives in one forward pass; the orthogonal projection of the gradient onto the tangents' span is the best vector that can be made of them.
 * Exact   the projection identities, the laws of direction and length for gaussian tangents, slopes by tangent injection, as many tangents as variables.
 * Departs numbers of the paper's figures are not published: thresholds are those of two independent prototypes; its learning rates are used as they are. The theory of step sizes, per-sample tangents
 *         and the networks on 10,000 images are ours; ResNet-18 and the ViT of the paper are not trained here.
 */

import { flugel2025 } from '../methods/multi-tangent.ts';
import { definePaper, type Paper } from './ledger/claim.ts';
import { costClaims } from './multi-tangent/cost-claims.ts';
import { directionClaims } from './multi-tangent/direction-claims.ts';
import { functionClaims } from './multi-tangent/function-claims.ts';
import { mnistClaims } from './multi-tangent/mnist-claims.ts';
import { networkIdentities } from './multi-tangent/network-identities.ts';
import { projectionClaims } from './multi-tangent/projection-claims.ts';

export const paper: Paper = definePaper({
  slug: 'multi-tangent',
  title: 'Beyond Backpropagation: Optimization with Multi-Tangent Forward Gradients',
  citation: flugel2025,
  summary: 'Trains without a backward pass by projecting the gradient onto the span of a few random tangents.',
  methods: ['multi-tangent', 'forward-gradient'],
  claims: [
    ...projectionClaims,
    ...networkIdentities,
    ...directionClaims,
    ...functionClaims,
    ...mnistClaims,
    ...costClaims,
  ],
});
