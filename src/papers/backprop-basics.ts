/**
 * Backpropagation basics: a small network, an expression graph, and why backpropagation is more than the chain rule.
 *
 * Paper   three tutorials: "Backpropagation Network using Python"; "Backpropagation of Simple Expression" (in the manner of A. Karpathy's micrograd);
 *         L. Hu, "Backpropagation ≠ Chain Rule", Theory Dish (Stanford), 16 December 2021; around the third the theorem of W. Baur & V. Strassen,
 *         The complexity of partial derivatives, Theoretical Computer Science 22 (1983).
 * Rule    a forward pass records a graph; walking it backwards with one local rule per operation gives every partial derivative of one output for a constant times the cost of the output.
 * Exact   operation counts are those of the operations carried out, with the convention named beside each.
 * Departs the tutorials give no figures but the 33 of the third; the other published figures are counts that follow from the theorem's programs.
 */
import { costClaims } from './backprop-basics/cost-claims.ts';
import { expressionClaims } from './backprop-basics/expression-claims.ts';
import { irisClaims } from './backprop-basics/iris-claims.ts';
import { pictureClaims } from './backprop-basics/picture-claims.ts';
import { definePaper, type Paper } from './ledger/claim.ts';

export const paper: Paper = definePaper({
  slug: 'backprop-basics',
  title: 'Backpropagation basics: three tutorials',
  citation: { authors: 'L. Hu and others', title: 'Backpropagation ≠ Chain Rule', year: 2021, venue: 'Theory Dish' },
  summary:
    'Shows what a gradient is and what it costs, from one expression to one network, in numbers that can be checked by hand.',
  methods: ['backprop'],
  claims: [...costClaims, ...expressionClaims, ...irisClaims, ...pictureClaims],
});
