/**
 * Backprop: the exact gradient, by reverse-mode differentiation of the loss.
 *
 * Paper     D. E. Rumelhart, G. E. Hinton, R. J. Williams, Learning representations by back-propagating errors, Nature 323, 1986.
 * Rule      δ at the output is ∂loss/∂output; every layer passes δ on through the transpose of its own derivative.
 * Exact     everywhere.
 */
import { valueAndGrad } from '../engine/index.ts';
import type { Tree } from '../nn/layer.ts';
import type { Citation, CreditCall, CreditResult, CreditRule } from './rule.ts';

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

/** The gradient of the loss, with `feedback` in the place of the weights on the way back. */
export function creditThrough<State>(
  { model, loss, params, modelState, state, batch, key }: CreditCall<State>,
  feedback: Tree | undefined,
): CreditResult<State> {
  const run = (p: Tree): [ReturnType<typeof loss.value>, Tree] => {
    const [output, next] = model.apply(p, modelState, batch.x, { key, train: true, feedback });
    return [loss.value(output, batch), next];
  };
  const [[value, next], credit] = valueAndGrad(run, { aux: true })(params);
  return { credit, loss: value, state, modelState: next, metrics: {} };
}
