/**
 * Multi-tangent forward gradients: k directional derivatives in one forward pass, combined to the best estimate that can be made of them.
 *
 * Paper     K. Flügel, D. Coquelin, M. Weiel, C. Debus, A. Streit, M. Götz, Beyond Backpropagation: Optimization with Multi-Tangent Forward Gradients, IJCNN 2025, arXiv:2410.17764.
 * Rule      d = V·g for k tangents, the rows of V, by `vmap` of `jvp` (the primal pass runs once); the credit is the orthogonal projection Vᵀ(V·Vᵀ)⁻¹d of g onto their span (frog), or another aggregate.
 *           With `place: 'activation'` the variables are the outputs of all units together, tangents are shared by the batch and slopes belong to samples: one factorisation serves the whole batch, and
 *           each unit pulls its part of the estimate back to its own weights.
 * Exact     frog with as many independent tangents as variables is the gradient. With fewer it is a projection: a descent direction, never longer than the gradient, k/n of it in the mean.
 * Departs   Projects by Gram–Schmidt applied twice in f64, which finds dependent tangents; the official code inverts V·Vᵀ. The official networks simulate slopes from a backward pass, these are jvps.
 *           `scale: 'none'` keeps the projection: dividing out k/n would give back the noise of the mean. `max` picks a tangent for each sample, where the official one needs a single slope.
 * Letters   V tangents (k, n), d slopes, g gradient, n variables, B samples.
 */
import type { Tensor } from '../engine/index.ts';
import { concat, jvp, mean, random, reshape, sum, trees, vmap, zerosLike } from '../engine/index.ts';
import type { Key } from '../nn/key.ts';
import type { Tree } from '../nn/layer.ts';
import { type Aggregate, checkAggregate, combine, type EstimateScale, type Surplus } from './perturbation/aggregate.ts';
import { noiseKey } from './perturbation/credit.ts';
import { firstSample, localPulls, type NodePlace, sampleLosses, supportsSamples } from './perturbation/nodes.ts';
import { checkChoice, checkDraws } from './perturbation/options.ts';
import type { Projected, Projector } from './perturbation/projection.ts';
import { cut, slopesAlong, widthsOf } from './perturbation/site-slopes.ts';
import { checkTangentLaw, type TangentLaw, tangentRows } from './perturbation/tangents.ts';
import type { Citation, CreditCall, CreditResult, CreditRule } from './rule.ts';

export const flugel2025: Citation = {
  authors: 'K. Flügel, D. Coquelin, M. Weiel, C. Debus, A. Streit, M. Götz',
  title: 'Beyond Backpropagation: Optimization with Multi-Tangent Forward Gradients',
  year: 2025,
  venue: 'IJCNN',
  arxiv: '2410.17764',
};

export interface MultiTangentOptions {
  /** k, the number of tangents in every step. */
  readonly tangents?: number;
  readonly law?: TangentLaw;
  readonly normalize?: boolean;
  readonly orthonormal?: boolean;
  readonly aggregate?: Aggregate;
  readonly scale?: EstimateScale;
  readonly projector?: Projector;
  readonly surplus?: Surplus;
  /** The variables: outputs of all units together, all units before their activation, or all weights. */
  readonly place?: 'weight' | NodePlace;
  /** Tangents of units: one set for the whole batch, or one for every sample. */
  readonly drawn?: 'fresh' | 'shared';
  /** Slopes and projection unit by unit: what a network of separate losses could know. For diagnosis: it takes k passes a unit. */
  readonly local?: boolean;
}

type Settings = Required<MultiTangentOptions>;

const defaults: Settings = {
  tangents: 16,
  law: 'gaussian',
  normalize: false,
  orthonormal: false,
  aggregate: 'frog',
  scale: 'none',
  projector: 'gs',
  surplus: 'first',
  place: 'activation',
  drawn: 'shared',
  local: false,
};

/** Multi-tangent forward gradients; 16 gaussian tangents of the units' outputs, shared by the batch and combined by orthogonal projection. */
export function multiTangent(options: MultiTangentOptions = {}): CreditRule<null> {
  const settings: Settings = { ...defaults, ...options };
  checkDraws('tangents', settings.tangents);
  checkTangentLaw(settings.law);
  checkAggregate(settings);
  checkChoice('place', settings.place, ['weight', 'preactivation', 'activation']);
  checkChoice('drawn', settings.drawn, ['fresh', 'shared']);
  return {
    id: 'multi-tangent',
    aliases: ['frog', 'mtfg'],
    paper: flugel2025,
    summary: 'Directional derivatives along many tangents, combined by projection onto their span.',
    nature: 'biased',
    supports: (model) => settings.place === 'weight' || supportsSamples(model),
    init: () => null,
    credit: (call) => {
      const { place } = settings;
      return place === 'weight' ? weightCredit(call, settings) : nodeCredit(call, settings, place);
    },
  };
}

const combined = (
  rows: Tensor,
  slopes: Tensor,
  { aggregate, scale, projector, surplus, normalize }: Settings,
): Projected => combine(rows, slopes, { aggregate, scale, projector, surplus, isNormalized: normalize });

const drawn = (key: Key, n: number, { tangents, law, normalize, orthonormal }: Settings, like: Tensor): Tensor =>
  tangentRows(key, tangents, n, { law, normalize, orthonormal, dtype: like.dtype as 'f32' });

/** All weights are one vector, and each tangent has one slope for the loss of the batch. */
function weightCredit(
  { model, loss, params, modelState, batch, key }: CreditCall<null>,
  settings: Settings,
): CreditResult<null> {
  const run = (p: Tree): readonly [Tensor, Tree] => {
    const [output, next] = model.apply(p, modelState, batch.x, { key, train: true });
    return [loss.value(output, batch), next];
  };
  const [vector, unravel] = trees.ravel(params);
  const rows = drawn(noiseKey(key), vector.size, settings, vector); // (k, P)
  const slopes = vmap((v: Tensor) => jvp<Tree, readonly [Tensor, Tree]>(run, params, unravel(v))[1][0])(rows); // (k)
  const { estimate, rank } = combined(rows, slopes, settings);
  const [value, next] = run(params);
  return { credit: unravel(estimate), loss: value, state: null, modelState: next, metrics: { rank } };
}

/** The units of all sites are one vector for every sample, and each tangent has a slope for the loss of every sample. */
function nodeCredit(call: CreditCall<null>, settings: Settings, place: NodePlace): CreditResult<null> {
  const { sites, pull } = localPulls(call, place);
  const run = sampleLosses(call, place);
  const still = sites.map((z) => zerosLike(settings.drawn === 'fresh' ? z : firstSample(z)));
  const noise = noiseKey(call.key);
  const parts = settings.local ? still.map((_, i) => [i]) : [still.map((_, i) => i)];
  const estimates = parts.map((part, p) =>
    estimateAt(random.foldIn(noise, p), still, part, (shift) => run(shift)[0], settings),
  );
  const cts = estimates.flatMap(({ rows }) => rows).map((ct, i) => reshape(ct, sites[i]!.shape));
  const [value, next] = run(still);
  const rank = mean(concat(estimates.map((x) => reshape(x.rank, [x.rank.size]))));
  return { credit: pull(cts), loss: sum(value), state: null, modelState: next, metrics: { rank } };
}

interface SiteEstimate {
  /** ∂loss/∂site, (B, units) for each site of the part. */
  readonly rows: readonly Tensor[];
  /** () or (B). */
  readonly rank: Tensor;
}

/** Estimates the gradient with respect to some sites together; `losses` are those of the samples with a shift subtracted at every site. */
function estimateAt(
  key: Key,
  still: readonly Tensor[],
  part: readonly number[],
  losses: (shift: readonly Tensor[]) => Tensor,
  settings: Settings,
): SiteEstimate {
  const sizes = widthsOf({ still, part });
  const n = sizes.reduce((a, b) => a + b, 0);
  const count = still[0]!.shape[0]!; // B, or 1 where tangents are shared
  const isFresh = settings.drawn === 'fresh';
  const rows = isFresh
    ? vmap((own: Key) => drawn(own, n, settings, still[0]!))(random.keys(key, count)) // (B, k, n)
    : drawn(key, n, settings, still[0]!); // (k, n)
  const slopes = slopesAlong({ losses, still, part }, rows); // (k, B)
  const { estimate, rank } = isFresh
    ? vmap((v: Tensor, d: Tensor) => combined(v, d, settings), { inAxes: [0, 1] })(rows, slopes)
    : combined(rows, slopes, settings);
  return { rows: cut(estimate, sizes), rank };
}
