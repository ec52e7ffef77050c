/**
 * Backprop: the exact gradient, by reverse-mode differentiation of the loss.
 *
 * Paper     D. E. Rumelhart, G. E. Hinton, R. J. Williams, Learning representations by back-propagating errors, Nature 323, 1986.
 * Rule      δ at the output is ∂loss/∂output; every layer passes δ on through the transpose of its own derivative.
 * Exact     everywhere.
 */
import { creditThrough } from './feedback.ts';
import type { Citation, CreditRule } from './rule.ts';

export const rumelhart1986: Citation = {
  authors: 'D. E. Rumelhart, G. E. Hinton, R. J. Williams',
  title: 'Learning representations by back-propagating errors',
  year: 1986,
  venue: 'Nature 323',
};

export function backprop(): CreditRule<null> {
  return {
    id: 'backprop',
    aliases: ['bp'],
    paper: rumelhart1986,
    summary: 'The exact gradient, sent back through the transposed weights.',
    nature: 'exact',
    supports: () => true,
    init: () => null,
    credit: (call) => creditThrough(call, undefined),
  };
}
