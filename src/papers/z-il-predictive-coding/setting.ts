/** What the checks share: networks without biases, gaussian samples drawn in f32, and the measures of the paper. */
import { cast, defaultDtype, type FloatDtype, random } from '../../engine/index.ts';
import { backprop } from '../../methods/backprop.ts';
import type { CreditCall, CreditResult, CreditRule } from '../../methods/rule.ts';
import {
  type ActivationName,
  crossEntropy,
  dense,
  type Loss,
  type Model,
  model,
  mse,
  type Tree,
} from '../../nn/index.ts';
import { weightsOf } from '../ebm-infinitesimal-limit/measure.ts';
import type { Lab } from '../ledger/lab.ts';

/** ½·Σ(s − y)², the mean over the batch: credit times the batch over α is the paper's −Δθ. */
export const halfSquares: Loss = mse({ features: 'half-sum' });

/** 64, then hidden layers of 32, then 10 linear outputs; θ from N(0, 1/fan-in). */
export const chainNet = (hidden: number, activation: ActivationName): Model =>
  model(
    [64],
    [
      ...Array.from({ length: hidden }, () => dense({ units: 32, activation, bias: false, init: 'lecunNormal' })),
      dense({ units: 10, bias: false, init: 'lecunNormal' }),
    ],
  );

export type LossName = 'squares' | 'cross-entropy';

export interface Setting {
  readonly seed: number;
  /** Standard deviation of inputs and targets. */
  readonly scale?: number;
  readonly loss?: LossName;
}

/** A credit call of batch 16 in the default dtype; f32 and f64 start from equal numbers. */
export function gaussianCall(lab: Lab, net: Model, { seed, scale = 1, loss = 'squares' }: Setting): CreditCall<null> {
  const { params, state } = net.initialise(lab.key('network', seed));
  const draw = (name: string, shape: readonly number[]) =>
    cast(random.normal(lab.key(name, seed), [16, ...shape], { dtype: 'f32' }).mul(scale), defaultDtype() as FloatDtype);
  const x = draw('inputs', net.inputShape);
  const y =
    loss === 'squares' ? draw('targets', net.outputShape) : random.randint(lab.key('labels', seed), [16], 0, 10);
  const own = loss === 'squares' ? halfSquares : crossEntropy();
  return { model: net, loss: own, params, modelState: state, state: null, batch: { x, y }, key: lab.key('step', seed) };
}

export const creditOf = (rule: CreditRule<null>, call: CreditCall<null>): CreditResult<null> =>
  rule.credit(call) as CreditResult<null>;

export const exactOf = (call: CreditCall<null>): Tree => creditOf(backprop(), call).credit;

/** The largest over layers of max|ΔW − ΔW_BP| / max|ΔW_BP|. */
export function largestDifference(own: Tree, exact: Tree): number {
  const reference = weightsOf(exact);
  return Math.max(
    ...weightsOf(own).map((w, l) => {
      const r = reference[l]!;
      return Math.max(...w.map((v, i) => Math.abs(v - r[i]!))) / Math.max(...r.map(Math.abs));
    }),
  );
}

/** Σ|ΔW − ΔW_BP| over all weights. */
export function summedDifference(own: Tree, exact: Tree): number {
  const reference = weightsOf(exact);
  return weightsOf(own).reduce((sum, w, l) => sum + w.reduce((s, v, i) => s + Math.abs(v - reference[l]![i]!), 0), 0);
}

/** Seeds of a scale. */
export const seedsOf = (lab: Lab): readonly number[] => lab.pick([0], [0, 1, 2]);
