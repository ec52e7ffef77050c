/** Perturbed weights: one direction over all parameters, one number back. */

import type { Tensor } from '../../engine/index.ts';
import { mapTree, mul } from '../../engine/index.ts';
import type { Key } from '../../nn/key.ts';
import type { Tree } from '../../nn/layer.ts';
import type { CreditCall } from '../rule.ts';
import type { Estimate } from './credit.ts';
import type { Law } from './law.ts';
import { direction } from './law.ts';
import type { SlopeRule } from './slope.ts';

/** (dL/ds along v)·v for one draw of v over the whole tree of params. */
export const weightEstimate =
  <State>({ model, loss, params, modelState, batch, key }: CreditCall<State>, law: Law, slopeOf: SlopeRule) =>
  (noise: Key): Estimate => {
    const run = (p: Tree): readonly [Tensor, Tree] => {
      const [output, next] = model.apply(p, modelState, batch.x, { key, train: true });
      return [loss.value(output, batch), next];
    };
    const v = direction(law, noise, params);
    const { value, slope, rest } = slopeOf(run, params, v);
    return { credit: mapTree((x: Tensor) => mul(x, slope), v), loss: value, modelState: rest };
  };
