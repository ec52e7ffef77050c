/** What rules with feedback weights share: the gradient through other weights, and weights drawn to stand in for others. */
import type { Tensor } from '../engine/index.ts';
import { cast, mapTree, mul, valueAndGrad } from '../engine/index.ts';
import { feedbackTree } from '../nn/feedback.ts';
import type { Key } from '../nn/key.ts';
import type { Tree } from '../nn/layer.ts';
import type { Model } from '../nn/model.ts';
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

/** Weights that stand in for those of `params` on the way back: drawn by each layer's own initialiser from another key, times `scale`. */
export function drawFeedback(model: Model, params: Tree, key: Key, scale: number): Tree {
  const drawn = weightsOf(model, model.initialise(key).params);
  return mapTree((b: Tensor, w: Tensor) => cast(mul(b, scale), w.dtype), drawn, weightsOf(model, params));
}

/** The replaceable weights of a model out of a tree like its params: a list with one entry a layer. */
export const weightsOf = (model: Model, params: Tree): Tree =>
  feedbackTree(model, params, model.inputShape, (weight) => weight);
