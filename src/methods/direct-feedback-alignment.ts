/**
 * Direct feedback alignment: each hidden unit hears the output error through its own fixed random matrix.
 *
 * Paper     A. Nøkland, Direct Feedback Alignment Provides Learning in Deep Neural Networks, NeurIPS 2016, arXiv:1609.01596.
 * Rule      backprop sends e back through the transposed weights; here the output of unit i receives e·Bᵢ, with Bᵢ drawn once, and the unit's own derivative turns it into credit.
 * Exact     the last unit (it sees e itself). Everything below is an alignment-based direction, not a gradient.
 * Departs   Bᵢ is uniform in ±scale/√C; the paper leaves the scale open. In a convolutional model the unit is the convolution with the activation, normalisation and pooling behind it, and e·Bᵢ is
 *           shaped like the unit's output. A residual block is one unit; inside it the exact derivative is used.
 * Letters   B batch, C outputs, Hᵢ size of unit i's output; e = ∂loss/∂output, (B, C).
 */

import type { FloatDtype, Tensor } from '../engine/index.ts';
import { leavesOf, matmul, random, reshape, sizeOf } from '../engine/index.ts';
import type { Key } from '../nn/key.ts';
import type { Tree } from '../nn/layer.ts';
import type { Model } from '../nn/model.ts';
import { unitsOf, unroll } from '../nn/unroll.ts';
import type { Citation, CreditRule } from './rule.ts';
import { reason } from './rule.ts';

export const nokland2016: Citation = {
  authors: 'A. Nøkland',
  title: 'Direct Feedback Alignment Provides Learning in Deep Neural Networks',
  year: 2016,
  venue: 'NeurIPS',
  arxiv: '1609.01596',
};

export interface DirectFeedbackAlignmentOptions {
  /** Multiplies every feedback matrix. */
  readonly scale?: number;
}

export type DirectFeedbackAlignmentState = {
  /** Bᵢ for each hidden unit, (C, Hᵢ); never updated. */
  readonly feedback: readonly Tensor[];
};

/** Direct feedback alignment, for chains of units without memory. */
export function directFeedbackAlignment({
  scale = 1,
}: DirectFeedbackAlignmentOptions = {}): CreditRule<DirectFeedbackAlignmentState> {
  return {
    id: 'direct-feedback-alignment',
    aliases: ['dfa'],
    paper: nokland2016,
    summary: 'Each hidden unit hears the output error through its own fixed random matrix.',
    nature: 'biased',
    supports: (model) => {
      const recurrent = model.layers.find((layer) => layer.isRecurrent === true);
      return (
        recurrent === undefined ||
        reason(`direct feedback needs units without memory; ${recurrent.kind} carries state through time`)
      );
    },
    init: (model, params, key) => ({ feedback: drawMatrices(model, params, key, scale) }),
    credit({ model, loss, params, modelState, state, batch, key }) {
      const run = unroll(model, params, modelState, batch.x, { key, train: true });
      const error = loss.error(run.output, batch); // (B, C)
      const credit = run.units.flatMap((unit, i) => {
        const direct =
          i === run.units.length - 1 ? error : reshape(matmul(flat(error), state.feedback[i]!), unit.output.shape); // (B, C)·(C, Hᵢ)
        return unit.pullParams(direct) as readonly Tree[];
      });
      return { credit, loss: loss.value(run.output, batch), state, modelState: run.modelState, metrics: {} };
    },
  };
}

const flat = (e: Tensor): Tensor => reshape(e, [e.shape[0]!, -1]);

function drawMatrices(model: Model, params: Tree, key: Key, scale: number): Tensor[] {
  const outputs = sizeOf(model.outputShape);
  const bound = scale / Math.sqrt(outputs);
  const { dtype } = leavesOf(params)[0] as { dtype: FloatDtype };
  const hidden = unitsOf(model).slice(0, -1);
  const keys = random.split(key, Math.max(1, hidden.length));
  return hidden.map(({ to }, i) =>
    random.uniform(keys[i]!, [outputs, sizeOf(model.shapes[to]!)], { low: -bound, high: bound, dtype }),
  );
}
