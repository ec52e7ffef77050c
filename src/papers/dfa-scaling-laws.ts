/**
 * Scaling laws beyond backpropagation: direct feedback alignment on causal Transformers, by compute.
 *
 * Paper   M. J. Filipovich, A. Cappelli, D. Hesslow, J. Launay, ICBINB workshop at NeurIPS 2022, arXiv:2210.14593.
 * Rule    each block hears e·B of every token, with one fixed random matrix; what saved compute is worth is read off L = (C₀/C)^α.
 * Exact   what a tap cuts and what it saves: in f64, and in multiply-adds of the graph.
 * Departs characters of tiny-shakespeare instead of web text, models of 10⁴ to 10⁵ parameters: the order and the ratios of the exponents are the claim. Learning rates are common to all rules except where tuned.
 */
import { filipovich2022 } from '../methods/tapped-direct-feedback.ts';
import { costClaims } from './dfa-scaling-laws/cost-claims.ts';
import { identityClaims } from './dfa-scaling-laws/identity-claims.ts';
import { mlpClaims } from './dfa-scaling-laws/mlp-claims.ts';
import { scalingClaims } from './dfa-scaling-laws/scaling-claims.ts';
import { transformerClaims } from './dfa-scaling-laws/transformer-claims.ts';
import { definePaper, type Paper } from './ledger/claim.ts';

export const paper: Paper = definePaper({
  slug: 'dfa-scaling-laws',
  title: 'Scaling Laws Beyond Backpropagation',
  citation: filipovich2022,
  summary:
    'Asks, with scaling laws, at which compute budget direct feedback alignment would pay on language models: at none.',
  methods: [
    'direct-feedback-macro',
    'direct-feedback-micro',
    'direct-feedback-alignment',
    'feedback-alignment',
    'last-unit',
  ],
  claims: [...identityClaims, ...mlpClaims, ...transformerClaims, ...scalingClaims, ...costClaims],
});
