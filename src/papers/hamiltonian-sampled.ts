/**
 * Training Hamiltonian networks without backpropagation: a sampled hidden layer and one least-squares solve of Hamilton's equations.
 *
 * Paper   A. Rahma, C. Datar, F. Dietrich, Training Hamiltonian Neural Networks without Backpropagation, NeurIPS 2024 workshop ML and the Physical Sciences, arXiv:2411.17511.
 * Rule    hidden weights at random (ELM) or from pairs of data points (U-SWIM, SWIM, A-SWIM); output weights and constant solve q̇ = ∂H/∂p, ṗ = −∂H/∂q and one anchor in f64.
 * Exact   the units at their points, the derivatives, the anchor, the conserved learned energy, the normal equations.
 * Departs sizes are a tenth of the paper's (K to 6000, M to 2000; its own are 20,000 and 5000); a pivoted QR by blocks of rows stands for its SVD; the trained network has a tuned cosine schedule,
 *         which makes it several times better than the paper's baseline at the same number of steps.
 */
import { rahma2024 } from '../methods/hamiltonian/sampled.ts';
import { adamClaims } from './hamiltonian-sampled/adam-claims.ts';
import { costClaims } from './hamiltonian-sampled/cost-claims.ts';
import { domainClaims } from './hamiltonian-sampled/domain-claims.ts';
import { energyClaims } from './hamiltonian-sampled/energy-claims.ts';
import { identityClaims } from './hamiltonian-sampled/identity-claims.ts';
import { seriesClaims } from './hamiltonian-sampled/series-claims.ts';
import { solverClaims } from './hamiltonian-sampled/solver-claims.ts';
import { definePaper, type Paper } from './ledger/claim.ts';

export const paper: Paper = definePaper({
  slug: 'hamiltonian-sampled',
  title: 'Training Hamiltonian Neural Networks without Backpropagation',
  citation: rahma2024,
  summary: 'Learns the energy of a mechanical system from motion by drawing the hidden layer and solving for the rest.',
  methods: ['sampled-network'],
  claims: [
    ...identityClaims,
    ...domainClaims,
    ...adamClaims,
    ...solverClaims,
    ...seriesClaims,
    ...energyClaims,
    ...costClaims,
  ],
});
