/**
 * Perturbed pre-activations: each sample hears how its own loss answers to the noise in its own units.
 *
 * Sites are the taps `…/pre`, in the order in which the model visits them; a site that encloses others (a block's sum) is not perturbed. At each site the estimate of ∂loss/∂z is (slope of the sample's loss
 * along its noise)·noise; pulled back to the parameters between this site and the ones before it. No derivative crosses a site.
 */
import { add, div, leavesOf, mapTree, mul, neg, reshape, stopGradient, sub, sum, vjp, withTaps, zerosLike } from '../../engine/index.ts';
import type { Tensor } from '../../engine/index.ts';
import type { Key } from '../../nn/key.ts';
import type { Tree } from '../../nn/layer.ts';
import type { Batch, Loss } from '../../nn/loss.ts';
import type { CreditCall } from '../rule.ts';
import type { Estimate } from './credit.ts';
import type { Law } from './law.ts';
import { direction } from './law.ts';
import type { SlopeRule } from './slope.ts';

export interface NodeOptions {
  readonly law: Law;
  /** `fresh`: noise of its own for every sample; `shared`: one draw for the whole batch. */
  readonly drawn: 'fresh' | 'shared';
  readonly slopeOf: SlopeRule;
}

/** The credit of one draw of noise at every site. */
export const nodeEstimate =
  <State>(call: CreditCall<State>, { law, drawn, slopeOf }: NodeOptions) =>
  (noise: Key): Estimate => {
    const { sites, pull } = localPulls(call);
    const likeNoise = drawn === 'fresh' ? sites : sites.map(oneSample);
    const v = direction(law, noise, likeNoise, { isPerSample: true }) as readonly Tensor[];
    const mixes = mixesSamples(call.modelState);
    const lossOf = (output: Tensor): Tensor => (mixes ? call.loss.value(output, call.batch) : call.loss.perSample(output, call.batch));
    const run = (shift: Tree): readonly [Tensor, Tree] => shifted(call, shift as readonly Tensor[], lossOf);
    const { value, slope, rest } = slopeOf(run, mapTree(zerosLike, v), v);
    const weighted = mixes ? slope : mul(slope, sampleWeights(call.loss, call.batch, slope));
    const cts = v.map((x, i) => neg(mul(x, beside(weighted, sites[i]!)))); // a shift is subtracted, hence the sign
    const total = mixes ? value : sum(mul(value, sampleWeights(call.loss, call.batch, value)));
    return { credit: pull(cts), loss: total, modelState: rest };
  };

/** Whether a sample's loss depends on other samples: models with running statistics normalise over the batch. */
const mixesSamples = (modelState: Tree): boolean => leavesOf(modelState).length > 0;

/** One pass with no derivative across sites: the sites' values, and the pull from their cotangents to the params. */
function localPulls<State>({ model, params, modelState, batch, key }: CreditCall<State>): { sites: Tensor[]; pull: (cts: Tensor[]) => Tree } {
  const run = (p: Tree): Tensor[] => {
    const found: Tensor[] = [];
    atSites(
      (z) => {
        found.push(z);
        return stopGradient(z);
      },
      () => model.apply(p, modelState, batch.x, { key, train: true }),
    );
    return found;
  };
  const [sites, pull] = vjp(run, params);
  return { sites, pull };
}

/** One pass with z − shift at every site; where the shifts are zero its bits are those of the plain pass, which a compiled step then shares. */
function shifted<State>({ model, params, modelState, batch, key }: CreditCall<State>, shift: readonly Tensor[], lossOf: (output: Tensor) => Tensor): readonly [Tensor, Tree] {
  let at = 0;
  const [output, next] = atSites((z) => sub(z, shift[at++]!), () => model.apply(params, modelState, batch.x, { key, train: true }));
  return [lossOf(output), next];
}

/** Runs `body` with `change` applied at every site. */
function atSites<R>(change: (z: Tensor) => Tensor, body: () => R): R {
  const inside: string[] = [];
  const handler = (z: Tensor, name: string): Tensor => {
    if (!name.endsWith('/pre')) return z;
    const scope = name.slice(0, -'pre'.length);
    const encloses = inside.some((other) => other !== name && other.startsWith(scope));
    inside.push(name);
    return encloses ? z : change(z);
  };
  return withTaps(handler, body);
}

/** ∂value/∂(loss of sample b): (B), or a number where all samples count alike. */
function sampleWeights(loss: Loss, { mask }: Batch, perSample: Tensor): Tensor | number {
  if (loss.batch === 'sum') return mask ?? 1;
  return mask === undefined ? 1 / perSample.size : div(mask, sum(mask));
}

const oneSample = (z: Tensor): Tensor => zerosLike({ shape: [1, ...z.shape.slice(1)], dtype: z.dtype });

/** A value per sample beside a site: (B) → (B, 1, …); a scalar stays. */
const beside = (x: Tensor, site: Tensor): Tensor => (x.rank === 0 ? x : reshape(x, [x.shape[0]!, ...site.shape.slice(1).map(() => 1)]));
