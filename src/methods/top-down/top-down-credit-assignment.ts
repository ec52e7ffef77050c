/**
 * Top-down credit assignment: a second network looks at what the first one answered and at the target, and emits a credit for every neuron; no loss is differentiated, nothing is sent back.
 *
 * Paper     J.-H. Chen, Z. Wang, C.-L. Liu, Replacing Backpropagation with Biological Plausible Top-down Credit Assignment in Deep Neural Networks Training, 2022, arXiv:2208.01416.
 * Rule      q = tanh(z·A + a)·C + c + z·S with z = [o, t]; the output unit gets q_out, hidden unit l gets q_l·D_l, spread from a few sources over its neurons (credit diffusion); each unit's own
 *           derivative turns that into credit. A, a, C, c, S are ψ, found by evolution (`evolveTopDown`) and frozen.
 * Exact     the delta rule at the output for S = [−I; I]. With q_hid = (t − o)·W_out, which ψ cannot know, it would be backprop for one hidden layer.
 * Departs   reconstructed from the abstracts: inputs, architecture, kernel and search are ours. Without a ψ the network is linear, S = [−I, −B; I, B] with B drawn: a direct feedback alignment that
 *           diffuses. Credit is in units of +gradient; the paper's update is SGD with rate 1 and a clip at ±20. The loss is evaluated for the record alone.
 * Letters   o answer, t target, D diffusion, k sources.
 */
import {
  ConfigError,
  type FloatDtype,
  leavesOf,
  logistic,
  mul,
  neg,
  random,
  reshape,
  sizeOf,
  softmax,
  type Tensor,
} from '../../engine/index.ts';
import type { Key } from '../../nn/key.ts';
import type { Tree } from '../../nn/layer.ts';
import { sampleWeights, targetsLike } from '../../nn/loss.ts';
import type { Model } from '../../nn/model.ts';
import { unitsOf, unroll } from '../../nn/unroll.ts';
import type { Citation, CreditRule } from '../rule.ts';
import { reason } from '../rule.ts';
import { linearTopDown, sizeOfTopDown, type TopDownShape, topDownCredits } from './top-down.ts';

export const chen2022: Citation = {
  authors: 'J.-H. Chen, Z. Wang, C.-L. Liu',
  title:
    'Replacing Backpropagation with Biological Plausible Top-down Credit Assignment in Deep Neural Networks Training',
  year: 2022,
  arxiv: '2208.01416',
};

export interface TopDownCreditOptions {
  /** ψ of an evolved top-down network for models of this shape. */
  readonly psi?: Tensor;
  /** Credit sources of a hidden unit at most. */
  readonly sources?: number;
  /** H_T. */
  readonly units?: number;
  /** Shows hidden activities to the top-down network. */
  readonly observeHidden?: boolean;
}

export type TopDownCreditState = {
  /** ψ; never updated here. */
  readonly psi: Tensor;
};

/** Top-down credit assignment with ten sources for every hidden unit, and a linear top-down network where no evolved one is given. */
export function topDownCreditAssignment(options: TopDownCreditOptions = {}): CreditRule<TopDownCreditState> {
  return {
    id: 'top-down-credit-assignment',
    aliases: ['tdca'],
    paper: chen2022,
    summary: 'A second network sees answer and target and emits a credit for every neuron, diffused from few sources.',
    nature: 'biased',
    supports: (model) => {
      const recurrent = model.layers.find((layer) => layer.isRecurrent === true);
      if (recurrent !== undefined) return reason(`credits go to units without memory; ${recurrent.kind} carries state`);
      return model.outputShape.length === 1 || reason('the answer must be one vector a sample');
    },
    init: (model, params, key) => ({ psi: psiFor(model, params, key, options) }),
    credit({ model, loss, params, modelState, state, batch, key }) {
      const run = unroll(model, params, modelState, batch.x, { key, train: true });
      const { output } = run;
      const answer = output.shape[1] === 1 ? logistic(output) : softmax(output, -1);
      const activities = run.units.slice(0, -1).map((unit) => reshape(unit.output, [output.shape[0]!, -1]));
      const source = topDownCredits(state.psi, shapeOf(model, options));
      const q = source({ hidden: activities, output: answer }, targetsLike(output, batch), { w: [], b: [] });
      const weights = neg(sampleWeights(output, batch, 'mean')).expandDims(1); // the paper's update raises, credit descends
      const credit = run.units.flatMap((unit, i) => {
        const own = mul(q.hidden[i] ?? q.output, weights);
        return unit.pullParams(reshape(own, unit.output.shape)) as readonly Tree[];
      });
      return { credit, loss: loss.value(output, batch), state, modelState: run.modelState, metrics: {} };
    },
  };
}

/** The shape of the top-down network that belongs to a model. */
export function shapeOf(
  model: Model,
  { sources = 10, units = 8, observeHidden = false }: TopDownCreditOptions,
): TopDownShape {
  const hidden = unitsOf(model)
    .slice(0, -1)
    .map(({ to }) => sizeOf(model.shapes[to]!));
  const own = hidden.map((n) => Math.min(n, sources));
  return { outputs: sizeOf(model.outputShape), hidden, sources: own, observeHidden, units };
}

function psiFor(model: Model, params: Tree, key: Key, options: TopDownCreditOptions): Tensor {
  const shape = shapeOf(model, options);
  if (options.psi === undefined) {
    const { dtype } = leavesOf(params)[0] as { dtype: FloatDtype };
    const count = shape.sources.reduce((a, b) => a + b, 0);
    const feedback = random.normal(key, [shape.outputs, count], { dtype });
    return linearTopDown(shape, mul(feedback, 1 / Math.sqrt(shape.outputs)));
  }
  if (options.psi.size === sizeOfTopDown(shape)) return options.psi;
  throw new ConfigError(`ψ has ${options.psi.size} numbers; this model takes ${sizeOfTopDown(shape)}`, {
    found: options.psi.size,
    expected: sizeOfTopDown(shape),
    help: 'evolve a top-down network for the same outputs, hidden units, sources and observeHidden',
  });
}
