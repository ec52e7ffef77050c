/**
 * Multiplexed gradient descent: training by one broadcast cost, without a backward pass.
 *
 * Paper   A. N. McCaughan and others, Multiplexed gradient descent: Fast online training of modern datasets on hardware neural networks without backpropagation, APL Machine Learning 1(2), 2023,
 *         arXiv:2303.03986; the follow-up is B. G. Oripov and others, 2025, arXiv:2501.15403.
 * Rule    C̃ = C(θ + θ̃) − C(θ), G += C̃θ̃/Δθ², every τ_θ steps θ −= ηG; the analogue form filters instead of remembering.
 * Exact   codes, time constants, the border of stability and the gain of the filter are identities.
 * Departs the paper's tables of accuracy are not available to us: thresholds are those of two independent prototypes. NIST7x7 is drawn by procedure. CIFAR-10 takes 2·10⁷ steps in the paper, out of reach
 *         here. Biases are added where the paper subtracts them.
 */
import { definePaper, type Paper } from './ledger/claim.ts';
import { circuitClaims } from './mgd/circuit-claims.ts';
import { gradientClaims } from './mgd/gradient-claims.ts';
import { timeClaims } from './mgd/time-claims.ts';

export const paper: Paper = definePaper({
  slug: 'mgd',
  title:
    'Multiplexed gradient descent: Fast online training of modern datasets on hardware neural networks without backpropagation',
  citation: {
    authors: 'A. N. McCaughan, B. G. Oripov, N. Ganesh, S. W. Nam, A. Dienstfrey, S. M. Buckley',
    title:
      'Multiplexed gradient descent: Fast online training of modern datasets on hardware neural networks without backpropagation',
    year: 2023,
    venue: 'APL Machine Learning 1(2), 026118',
    arxiv: '2303.03986',
  },
  summary: 'Trains networks in hardware that only says what an input costs, with noise, drift and defects in it.',
  methods: ['multiplexed-gradient-descent'],
  claims: [...gradientClaims, ...timeClaims, ...circuitClaims],
});
