/** The local weight change of predictive coding: every vertex pulls its own error to its own params, at the values its parents hold. */
import type { Tensor, TensorLike } from '../../engine/index.ts';
import { cast, div, le, mul, trees } from '../../engine/index.ts';
import type { Tree } from '../../nn/layer.ts';
import { asCredit, type Network, pullParams, type Surroundings, type Values } from '../energy/network.ts';
import { samplesIn } from '../energy/prediction.ts';
import { largest } from '../energy/relax.ts';
import type { CreditCall, CreditResult } from '../rule.ts';
import { type Inference, type InferenceOptions, infer } from './relaxation.ts';

/** −factor·Σᵢ (∂μᵢ/∂θᵢ)ᵀεᵢ: credit, as an error is minus a slope. */
export const localCredit = (
  net: Network,
  around: Surroundings,
  values: Values,
  errors: readonly Tensor[],
  factor: number,
): Tree =>
  scaledCredit(
    net,
    around.params,
    errors.map((error, i) => pullParams(net, i, around, values, error)),
    factor,
  );

const scaledCredit = (net: Network, params: Tree, parts: readonly (readonly Tree[])[], factor: number): Tree =>
  trees.scale(asCredit(net, params, parts), -factor);

/** A credit result from the pulls of all vertices and the forward pass they began with. */
export function creditFrom<S>(
  { loss, batch, params, state }: CreditCall<S>,
  net: Network,
  parts: readonly (readonly Tree[])[],
  forward: { readonly values: Values; readonly modelState: Tree },
): CreditResult<S> {
  const output = forward.values.at(-1)!;
  const credit = scaledCredit(net, params, parts, 1 / samplesIn(loss, output));
  return { credit, loss: loss.value(output, batch), state, modelState: forward.modelState, metrics: {} };
}

/** A relaxation has reached its equilibrium when no force is larger than this share of the largest output error. */
const SETTLED = 1e-3;

/** Whether inference reached its equilibrium: the largest force beside the largest output error, and 1 or 0. */
export function reached({ relaxed, errors }: Inference): Record<string, Tensor> {
  if (relaxed === null) return {};
  const scale = largest(errors.at(-1)!);
  const isThere = le(relaxed.residual, mul(scale, SETTLED));
  return { residual: div(relaxed.residual, scale), settled: cast(isThere, scale.dtype) };
}

/** What a network lies in during one credit call; the key is the step's, so that dropout is the same in every pass. */
export const surroundingsOf = <S>({ params, modelState, batch, key }: CreditCall<S>): Surroundings => ({
  params,
  modelState,
  x: batch.x,
  call: { key, train: true },
});

export interface RelaxedCreditOptions extends InferenceOptions {
  readonly nudge: TensorLike;
  readonly raw: boolean;
}

/** Credit from one relaxation: infer, then every vertex learns once, from the errors at the end. */
export function relaxedCredit<S>(
  call: CreditCall<S>,
  net: Network,
  { nudge, raw, ...options }: RelaxedCreditOptions,
): CreditResult<S> {
  const around = surroundingsOf(call);
  const inference = infer(net, around, { loss: call.loss, batch: call.batch, nudge }, options);
  const { values, errors, loss, modelState } = inference;
  const credit = localCredit(net, around, values, errors, raw ? 1 : 1 / samplesIn(call.loss, values.at(-1)!));
  const ofLoss = raw ? credit : trees.mapTensors((g) => div(g, nudge), credit);
  return { credit: ofLoss, loss, state: call.state, modelState, metrics: reached(inference) };
}
