/** What rules with feedback weights share: the gradient through other weights, and where such weights may stand. */
import { valueAndGrad } from '../engine/index.ts';
import type { Tree } from '../nn/layer.ts';
import type { CreditCall, CreditResult } from './rule.ts';

/** The gradient of the loss, with `feedback` in the place of the weights on the way back; the true gradient without it. */
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
