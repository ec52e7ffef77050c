/**
 * Perturbed pre-activations: each sample hears how its own loss answers to the noise in its own units.
 *
 * Sites are the taps `…/pre`, in the order in which the model visits them; a site that encloses others (the sum of a block, the output of a recurrent layer) is left alone. At each site ∂loss/∂z is
 * estimated by (slope of the loss along the noise)·noise, and pulled back to the parameters between this site and the ones before it. No derivative crosses a site.
 */
import type { Tensor } from '../../engine/index.ts';
import {
  leavesOf,
  mul,
  neg,
  reshape,
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
import type { CreditCall, Reason } from '../rule.ts';
import { reason } from '../rule.ts';
import type { Estimate } from './credit.ts';
import type { Law } from './law.ts';
import { direction } from './law.ts';
import type { SlopeRule } from './slope.ts';

/** `fresh`: noise of its own for every sample; `shared`: one draw for the whole batch. */
export type Drawn = 'fresh' | 'shared';

export interface NodeOptions {
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

/** Tensors in the model's state, counted without drawing any. */
const stateSize = (model: Model): number =>
  traceGraph((key) => leavesOf(model.initialise(key!).state) as Tensor[], [{ shape: [2], dtype: 'u32' }]).outputs
    .length;

/** Whether a sample's loss depends on other samples: models with running statistics normalise over the batch. */
const mixesSamples = (modelState: Tree): boolean => leavesOf(modelState).length > 0;

/** The credit of one draw of noise at every site. */
export const nodeEstimate =
  <State>(call: CreditCall<State>, { law, drawn, slopeOf }: NodeOptions) =>
  (noise: Key): Estimate => {
    const { sites, pull } = localPulls(call);
    const v = direction(law, noise, drawn === 'fresh' ? sites : sites.map(firstSample), {
      isPerSample: true,
    }) as Tensor[];
    const run = mixesSamples(call.modelState) ? wholeLoss(call) : sampleLosses(call);
    const { value, slope, rest } = slopeOf((shift) => run(shift as readonly Tensor[]), v.map(zerosLike), v);
    const cts = v.map((x, i) => neg(mul(x, beside(slope, sites[i]!)))); // a shift is subtracted, hence the sign
    return { credit: pull(cts), loss: sum(value), modelState: rest };
  };

/** One pass with no derivative across sites: the values at the sites, and the pull from their cotangents to the params. */
function localPulls<State>(call: CreditCall<State>): { sites: Tensor[]; pull: (cts: Tensor[]) => Tree } {
  const run = (params: Tree): Tensor[] => {
    const found: Tensor[] = [];
    forward({ ...call, params }, (z) => {
      found.push(z);
      return stopGradient(z);
    });
    return found;
  };
  const [sites, pull] = vjp(run, call.params);
  return { sites, pull };
}

type Shifted = (shift: readonly Tensor[]) => readonly [value: Tensor, state: Tree];

/** The loss of the batch with z − shift at every site; where shifts are 0 its bits are those of the plain pass, which a compiled step then shares. */
const wholeLoss =
  <State>(call: CreditCall<State>): Shifted =>
  (shift) => {
    const [output, next] = shifted(call, shift);
    return [call.loss.value(output, call.batch), next];
  };

/** What each sample adds to the loss of the batch, with z − shift at every site: (B). */
const sampleLosses =
  <State>(call: CreditCall<State>): Shifted =>
  (shift) => {
    const [output, next] = shifted(call, shift);
    const reduction = call.loss.config.batch === 'sum' ? 'sum' : 'mean';
    return [mul(call.loss.perSample(output, call.batch), sampleWeights(output, call.batch, reduction)), next];
  };

function shifted<State>(call: CreditCall<State>, shift: readonly Tensor[]): readonly [Tensor, Tree] {
  let at = 0;
  return forward(call, (z) => sub(z, shift[at++]!));
}

/** One pass of the model with `change` applied at every site. */
function forward<State>(
  { model, params, modelState, batch, key }: CreditCall<State>,
  change: (z: Tensor) => Tensor,
): readonly [output: Tensor, state: Tree] {
  const visited: string[] = [];
  const handler = (z: Tensor, name: string): Tensor => {
    if (!name.endsWith('/pre')) return z;
    const scope = name.slice(0, -'pre'.length);
    const encloses = visited.some((other) => other.startsWith(scope));
    visited.push(name);
    return encloses ? z : change(z);
  };
  return withTaps(handler, () => model.apply(params, modelState, batch.x, { key, train: true }));
}

const firstSample = (z: Tensor): Tensor =>
  slice(
    z,
    z.shape.map(() => 0),
    [1, ...z.shape.slice(1)],
  );

/** A number per sample beside a site: (B) → (B, 1, …); a scalar stays. */
const beside = (x: Tensor, site: Tensor): Tensor =>
  x.rank === 0 ? x : reshape(x, [x.shape[0]!, ...site.shape.slice(1).map(() => 1)]);
