/**
 * Training of the last unit alone: everything below it stays as it was drawn.
 *
 * Paper     G.-B. Huang, Q.-Y. Zhu, C.-K. Siew, Extreme learning machine: Theory and applications, Neurocomputing 70, 2006; `shallow` in M. J. Filipovich et al., arXiv:2210.14593.
 * Rule      the last unit gets its gradient, all others get zero.
 * Exact     the last unit. What is learned is a read-out of random features: no credit below the top, the floor under every rule that claims to assign some.
 * Departs   the read-out learns by steps, as all rules here, instead of in closed form. In a language model embeddings are frozen too.
 */
import { trees } from '../engine/index.ts';
import type { Tree } from '../nn/layer.ts';
import { unitsOf, unroll } from '../nn/unroll.ts';
import type { Citation, CreditRule } from './rule.ts';
import { reason } from './rule.ts';

export const huang2006: Citation = {
  authors: 'G.-B. Huang, Q.-Y. Zhu, C.-K. Siew',
  title: 'Extreme learning machine: Theory and applications',
  year: 2006,
  venue: 'Neurocomputing 70',
};

/** The gradient of the last unit and zero for all others: the baseline without credit below the top. */
export function lastUnit(): CreditRule<null> {
  return {
    id: 'last-unit',
    aliases: ['shallow'],
    paper: huang2006,
    summary: 'Only the last unit learns; everything below stays as it was drawn.',
    nature: 'biased',
    supports: (model) => unitsOf(model).length > 1 || reason('it has one unit, which is the last'),
    init: () => null,
    credit({ model, loss, params, modelState, state, batch, key }) {
      const run = unroll(model, params, modelState, batch.x, { key, train: true });
      const last = run.units.at(-1)!;
      const below = (params as readonly Tree[]).slice(0, last.from);
      const credit = [
        ...below.map((own) => trees.zerosLike(own)),
        ...(last.pullParams(loss.error(run.output, batch)) as readonly Tree[]),
      ];
      return { credit, loss: loss.value(run.output, batch), state, modelState: run.modelState, metrics: {} };
    },
  };
}
