/**
 * Direct feedback alignment: each hidden unit hears the output error through its own fixed random matrix.
 *
 * Paper     A. Nøkland, Direct Feedback Alignment Provides Learning in Deep Neural Networks, NeurIPS 2016, arXiv:1609.01596.
 * Rule      backprop sends e back through the transposed weights; here the output of unit i receives e·Bᵢ, with Bᵢ drawn once, and the unit's own derivative turns it into credit.
 * Exact     the last unit (it sees e itself). Everything below is an alignment-based direction, not a gradient.
 * Departs   Bᵢ is uniform in ±scale/√C unless said; the paper leaves the scale open. Where the model predicts at each position, a position hears its own error through a Bᵢ that all positions share. In a convolutional model the unit is the convolution with the activation, normalisation and pooling behind it, and e·Bᵢ is
 *           shaped like the unit's output. A residual block is one unit; inside it the exact derivative is used.
 * Letters   B batch, C outputs, Hᵢ size of unit i's output; e = ∂loss/∂output, (B, C).
 */

import type { FloatDtype, Shape, Tensor } from '../engine/index.ts';
import { leavesOf, matmul, mul, random, reshape, sameShape, sizeOf, sliceAxis } from '../engine/index.ts';
import type { Key } from '../nn/key.ts';
import type { Tree } from '../nn/layer.ts';
import type { Model } from '../nn/model.ts';
import { unitsOf, unroll } from '../nn/unroll.ts';
import type { Citation, CreditRule, Reason } from './rule.ts';
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
  /** Of the elements of B: uniform in ±1/√C, or normal of variance 1/C. */
  readonly law?: 'uniform' | 'normal';
  /** Whether all units hear through one matrix, of which narrower ones take the first columns. */
  readonly isShared?: boolean;
}

export type DirectFeedbackAlignmentState = {
  /** Bᵢ for each hidden unit, (C, Hᵢ), or the one that all share; never updated. C and Hᵢ are sizes at one position where the model predicts at each. */
  readonly feedback: readonly Tensor[];
};

/** Direct feedback alignment, for chains of units without memory. */
export function directFeedbackAlignment({
  scale = 1,
  law = 'uniform',
  isShared = false,
}: DirectFeedbackAlignmentOptions = {}): CreditRule<DirectFeedbackAlignmentState> {
  const options = { scale, law, isShared };
  return {
    id: 'direct-feedback-alignment',
    aliases: ['dfa'],
    paper: nokland2016,
    summary: 'Each hidden unit hears the output error through its own fixed random matrix.',
    nature: 'biased',
    supports: (model) => supports(model, isShared),
    init: (model, params, key) => ({ feedback: drawMatrices(model, params, key, options) }),
    credit({ model, loss, params, modelState, state, batch, key }) {
      const run = unroll(model, params, modelState, batch.x, { key, train: true });
      const error = loss.error(run.output, batch); // (B, C)
      const credit = run.units.flatMap((unit, i) => {
        const isLast = i === run.units.length - 1;
        const direct = isLast ? error : project(error, state.feedback[isShared ? 0 : i]!, unit.output.shape);
        return unit.pullParams(direct) as readonly Tree[];
      });
      return { credit, loss: loss.value(run.output, batch), state, modelState: run.modelState, metrics: {} };
    },
  };
}

function supports(model: Model, isShared: boolean): true | Reason {
  const recurrent = model.layers.find((layer) => layer.isRecurrent === true);
  if (recurrent !== undefined)
    return reason(`direct feedback needs units without memory; ${recurrent.kind} carries state through time`);
  const rows = new Set(hiddenSizes(model).map(([errors]) => errors));
  if (isShared && rows.size > 1)
    return reason('some units hear the error of a position and others that of all; they cannot share a matrix');
  return true;
}

/** e·B at each position that error and unit share, or over all of them at once; (B, …) in the shape of the unit's output. */
function project(e: Tensor, matrix: Tensor, wanted: Shape): Tensor {
  const rows = reshape(e, [-1, matrix.shape[0]!]);
  const width = sizeOf(wanted) / rows.shape[0]!;
  const own = width === matrix.shape[1] ? matrix : sliceAxis(matrix, 1, 0, width);
  return reshape(matmul(rows, own), wanted); // (rows, C)·(C, H)
}

/** Errors and elements that one row of the product has, for a unit whose samples have the shape `unit`. */
function sizesOf(output: Shape, unit: Shape): readonly [errors: number, elements: number] {
  const positions = output.slice(0, -1);
  const isPositionWise = positions.length > 0 && sameShape(positions, unit.slice(0, -1));
  return isPositionWise ? [output.at(-1)!, unit.at(-1)!] : [sizeOf(output), sizeOf(unit)];
}

const hiddenSizes = (model: Model): (readonly [errors: number, elements: number])[] =>
  unitsOf(model)
    .slice(0, -1)
    .map(({ to }) => sizesOf(model.outputShape, model.shapes[to]!));

function drawMatrices(
  model: Model,
  params: Tree,
  key: Key,
  { scale, law, isShared }: Required<DirectFeedbackAlignmentOptions>,
): Tensor[] {
  const { dtype } = leavesOf(params)[0] as { dtype: FloatDtype };
  const shapes = hiddenSizes(model);
  const widest = Math.max(0, ...shapes.map(([, elements]) => elements));
  const drawn = isShared ? shapes.slice(0, 1).map(([errors]) => [errors, widest] as const) : shapes;
  const keys = random.split(key, Math.max(1, drawn.length));
  return drawn.map((shape, i) => {
    const bound = scale / Math.sqrt(shape[0]);
    return law === 'normal'
      ? mul(random.normal(keys[i]!, shape, { dtype }), bound)
      : random.uniform(keys[i]!, shape, { low: -bound, high: bound, dtype });
  });
}
