/**
 * Perturbed nodes: each sample hears how its own loss answers to the noise in its own units.
 *
 * Sites before the activation are the taps `…/pre`, in the order in which the model visits them; a site that encloses others (the sum of a block, the output of a recurrent layer) is left alone. Sites
 * behind the activation are the outputs of the units of `nn/unroll.ts`. At each site ∂loss/∂z is estimated by (slope of the loss along the noise)·noise, and pulled back to the parameters between
 * this site and the ones before it. No derivative crosses a site.
 */
import type { Tensor } from '../../engine/index.ts';
import {
  leavesOf,
  mul,
  neg,
  reshape,
  scopePath,
  slice,
  stopGradient,
  sub,
  sum,
  traceGraph,
  vjp,
  withTaps,
  zerosLike,
} from '../../engine/index.ts';
import type { Key } from '../../nn/key.ts';
import type { Tree } from '../../nn/layer.ts';
import { sampleWeights } from '../../nn/loss.ts';
import type { Model } from '../../nn/model.ts';
import { unitsOf } from '../../nn/unroll.ts';
import type { CreditCall, Reason } from '../rule.ts';
import { reason } from '../rule.ts';
import type { Estimate } from './credit.ts';
import type { Law } from './law.ts';
import { direction } from './law.ts';
import type { SlopeRule } from './slope.ts';

/** `fresh`: noise of its own for every sample; `shared`: one draw for the whole batch. */
export type Drawn = 'fresh' | 'shared';

/** Before the activation of every layer with weights, or at the outputs of the model's units. */
export type NodePlace = 'preactivation' | 'activation';

export interface NodeOptions {
  readonly place: NodePlace;
  readonly law: Law;
  readonly drawn: Drawn;
  readonly slopeOf: SlopeRule;
}

/** Noise that all samples share says nothing of single samples once they depend on one another. */
export function supportsNodes(model: Model, drawn: Drawn): true | Reason {
  if (drawn === 'fresh' || stateSize(model) === 0) return true;
  return reason(
    'noise shared by the batch needs samples that do not depend on one another; batch normalisation ties them',
  );
}

/** Slopes of single samples need samples that do not depend on one another. */
export const supportsSamples = (model: Model): true | Reason =>
  stateSize(model) === 0 ||
  reason('the slopes of samples need samples that do not depend on one another; batch normalisation ties them');

/** Tensors in the model's state, counted without drawing any. */
const stateSize = (model: Model): number =>
  traceGraph((key) => leavesOf(model.initialise(key!).state) as Tensor[], [{ shape: [2], dtype: 'u32' }]).outputs
    .length;

/** Whether a sample's loss depends on other samples: models with running statistics normalise over the batch. */
const mixesSamples = (modelState: Tree): boolean => leavesOf(modelState).length > 0;

/** The credit of one draw of noise at every site. */
export const nodeEstimate =
  <State>(call: CreditCall<State>, { place, law, drawn, slopeOf }: NodeOptions) =>
  (noise: Key): Estimate => {
    const { sites, pull } = localPulls(call, place);
    const v = direction(law, noise, drawn === 'fresh' ? sites : sites.map(firstSample), {
      isPerSample: true,
    }) as Tensor[];
    const run = mixesSamples(call.modelState) ? wholeLoss(call, place) : sampleLosses(call, place);
    const { value, slope, rest } = slopeOf((shift) => run(shift as readonly Tensor[]), v.map(zerosLike), v);
    const cts = v.map((x, i) => neg(mul(x, beside(slope, sites[i]!)))); // a shift is subtracted, hence the sign
    return { credit: pull(cts), loss: sum(value), modelState: rest };
  };

/** The values at the sites, (B, …) each, and the pull from their cotangents to the params. */
export interface LocalPulls {
  readonly sites: Tensor[];
  readonly pull: (cts: Tensor[]) => Tree;
}

/** One pass with no derivative across sites. */
export function localPulls<State>(call: CreditCall<State>, place: NodePlace): LocalPulls {
  const run = (params: Tree): Tensor[] => {
    const found: Tensor[] = [];
    forward({ ...call, params }, place, (z) => {
      found.push(z);
      return stopGradient(z);
    });
    return found;
  };
  const [sites, pull] = vjp(run, call.params);
  return { sites, pull };
}

/** The loss with z − shift at every site; where shifts are 0 its bits are those of the plain pass, which a compiled step then shares. */
export type Shifted = (shift: readonly Tensor[]) => readonly [value: Tensor, state: Tree];

/** The loss of the batch. */
const wholeLoss =
  <State>(call: CreditCall<State>, place: NodePlace): Shifted =>
  (shift) => {
    const [output, next] = shifted(call, place, shift);
    return [call.loss.value(output, call.batch), next];
  };

/** What each sample adds to the loss of the batch: (B). */
export const sampleLosses =
  <State>(call: CreditCall<State>, place: NodePlace): Shifted =>
  (shift) => {
    const [output, next] = shifted(call, place, shift);
    const reduction = call.loss.config.batch === 'sum' ? 'sum' : 'mean';
    return [mul(call.loss.perSample(output, call.batch), sampleWeights(output, call.batch, reduction)), next];
  };

function shifted<State>(call: CreditCall<State>, place: NodePlace, shift: readonly Tensor[]): readonly [Tensor, Tree] {
  let at = 0;
  return forward(call, place, (z) => sub(z, shift[at++]!));
}

/** One pass of the model with `change` applied at every site. */
function forward<State>(
  { model, params, modelState, batch, key }: CreditCall<State>,
  place: NodePlace,
  change: (z: Tensor) => Tensor,
): readonly [output: Tensor, state: Tree] {
  const isSite = place === 'activation' ? unitOutputs(model) : innermostPre();
  const handler = (z: Tensor, name: string): Tensor => (isSite(name) ? change(z) : z);
  return withTaps(handler, () => model.apply(params, modelState, batch.x, { key, train: true }));
}

/** The taps of this pass before an activation, without those that enclose one that was visited before. */
function innermostPre(): (name: string) => boolean {
  const visited: string[] = [];
  return (name) => {
    if (!name.endsWith('/pre')) return false;
    const scope = name.slice(0, -'pre'.length);
    const encloses = visited.some((other) => other.startsWith(scope));
    visited.push(name);
    return !encloses;
  };
}

/** The taps behind the last layers of units. */
function unitOutputs(model: Model): (name: string) => boolean {
  const root = scopePath() === '' ? '' : `${scopePath()}/`;
  const names = new Set(unitsOf(model).map(({ to }) => `${root}${model.names[to - 1]}/post`));
  return (name) => names.has(name);
}

/** The first sample of a site, (1, …): what stands for a draw that all samples share. */
export const firstSample = (z: Tensor): Tensor =>
  slice(
    z,
    z.shape.map(() => 0),
    [1, ...z.shape.slice(1)],
  );

/** A number per sample beside a site: (B) → (B, 1, …); a scalar stays. */
const beside = (x: Tensor, site: Tensor): Tensor =>
  x.rank === 0 ? x : reshape(x, [x.shape[0]!, ...site.shape.slice(1).map(() => 1)]);
