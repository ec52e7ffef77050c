/** What the estimators of this family have in common: a key of their own, and the mean over several draws. */

import type { Tensor } from '../../engine/index.ts';
import { mapTree, mean, random, sliceAxis, squeeze, vmap } from '../../engine/index.ts';
import type { Key } from '../../nn/key.ts';
import type { Tree } from '../../nn/layer.ts';
import type { CreditCall, CreditResult } from '../rule.ts';

/** One draw's part of a credit result. */
export type Estimate = {
  readonly credit: Tree;
  readonly loss: Tensor;
  readonly modelState: Tree;
};

const NOISE = 0x6e6f6973;

/** The key of the noise of a step, apart from the key that the model sees. */
export const noiseKey = (key: Key): Key => random.foldIn(key, NOISE);

/** Averages `draws` estimates, each with its own key; the model sees the step's key, so dropout is the same in every pass. */
export function averaged<State>(
  { state, key }: CreditCall<State>,
  draws: number,
  estimate: (key: Key) => Estimate,
): CreditResult<State> {
  const noise = noiseKey(key);
  const { credit, loss, modelState } = draws === 1 ? estimate(noise) : overDraws(estimate, noise, draws);
  return { credit, loss, state, modelState, metrics: {} };
}

function overDraws(estimate: (key: Key) => Estimate, key: Key, draws: number): Estimate {
  const all = vmap(estimate)(random.keys(key, draws));
  return {
    credit: mapTree((x: Tensor) => mean(x, 0), all.credit),
    loss: mean(all.loss, 0),
    modelState: mapTree((x: Tensor) => squeeze(sliceAxis(x, 0, 0, 1), 0), all.modelState),
  };
}
