/** Check 2: slopes by jvp are what a simulation by backprop gives, and as many tangents as units give backprop's credit. */
import { cast, concat, jvp, linalg, matmul, random, type Tensor, trees, zerosLike } from '../../engine/index.ts';
import { backprop } from '../../methods/backprop.ts';
import { multiTangent } from '../../methods/multi-tangent.ts';
import { firstSample, localPulls, sampleLosses } from '../../methods/perturbation/nodes.ts';
import { type Projector, project } from '../../methods/perturbation/projection.ts';
import { slopesAlong } from '../../methods/perturbation/site-slopes.ts';
import { tangentRows } from '../../methods/perturbation/tangents.ts';
import type { CreditCall, CreditRule } from '../../methods/rule.ts';
import { crossEntropy, dense, model, type Tree, unroll } from '../../nn/index.ts';
import { atMost, type Claim } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import { distance, list } from './vectors.ts';

const UNITS = 138;
const BATCH = 8;

const net = () =>
  model(
    [784],
    [
      ...[64, 64].map((units) => dense({ units, activation: 'relu', init: 'pytorchDefault' })),
      dense({ units: 10, init: 'pytorchDefault' }),
    ],
  );

/** A call on 784-64-64-10 in f64 with random data. */
function callOf(lab: Lab): CreditCall<null> {
  const of = net();
  const { params, state } = of.initialise(lab.key('params'));
  const x = random.normal(lab.key('x'), [BATCH, 784]);
  const y = random.randint(lab.key('y'), [BATCH], 0, 10);
  return {
    model: of,
    loss: crossEntropy(),
    params,
    modelState: state,
    state: null,
    batch: { x, y },
    key: lab.key('step'),
  };
}

/** ∂L_b/∂a for the outputs of all units, (B, 138): backprop's own chain of pulls. */
function activityGradient({ model: of, loss, params, modelState, batch, key }: CreditCall<null>): Tensor {
  const run = unroll(of, params, modelState, batch.x, { key, train: true });
  let ct = loss.error(run.output, batch);
  const cts = [ct];
  for (const unit of run.units.slice(1).reverse()) {
    ct = unit.pullInput(ct);
    cts.unshift(ct);
  }
  return cts.reduce((a, b) => concatColumns(a, b));
}

const concatColumns = (a: Tensor, b: Tensor): Tensor => concat([a, b], 1);

/** The largest relative difference of slopes by tangent injection and V·(activity gradient), k = 4 and 138. */
function slopesByInjection(lab: Lab): number {
  const call = callOf(lab);
  const still = localPulls(call, 'activation').sites.map((z) => zerosLike(firstSample(z)));
  const losses = sampleLosses(call, 'activation');
  const exact = activityGradient(call); // (B, n)
  return Math.max(
    ...[4, UNITS].map((k) => {
      const v = tangentRows(lab.key('tangents', k), k, UNITS);
      const slopes = slopesAlong({ losses: (shift) => losses(shift)[0], still, part: [0, 1, 2] }, v); // (k, B)
      return distance(slopes, matmul(v, exact, { transposeY: true }));
    }),
  );
}

/** One slope over all weights beside the sum over parameters. */
function slopeOfWeights(lab: Lab): number {
  const call = callOf(lab);
  const { model: of, loss, params, modelState, batch, key } = call;
  const v = trees.randomLike(lab.key('weights'), params);
  const [, slope] = jvp(
    (p: Tree) => loss.value(of.apply(p, modelState, batch.x, { key, train: true })[0], batch),
    params,
    v,
  );
  const exact = trees.dot((backprop().credit(call) as { credit: Tree }).credit, v);
  return Math.abs(slope.item() / exact.item() - 1);
}

/** The credit of as many tangents as units beside backprop's. */
function allTangents(lab: Lab, projector: Projector): number {
  const call = callOf(lab);
  const creditOf = (rule: CreditRule<null>): Tensor => trees.ravel((rule.credit(call) as { credit: Tree }).credit)[0];
  return distance(creditOf(multiTangent({ tangents: UNITS, projector })), creditOf(backprop()));
}

/** The largest error of gs in f32 at k = n over 2⁻²³·cond(V), three draws of V, g the gradient of the batch's activities. */
function singleShare(lab: Lab): number {
  const exact = cast(cast(activityGradient(callOf(lab)), 'f32'), 'f64'); // (B, n)
  return Math.max(
    ...[0, 1, 2].map((i) => {
      const v = cast(tangentRows(lab.key('single', i), UNITS, UNITS), 'f32');
      const wide = cast(v, 'f64');
      const slopes = cast(matmul(wide, exact, { transposeY: true }), 'f32');
      const s = list(linalg.svd(wide).s);
      const error = distance(cast(project(v, slopes).estimate, 'f64'), exact);
      return error / (2 ** -23 * (Math.max(...s) / Math.min(...s)));
    }),
  );
}

const identity = (id: string, sentence: string, limit: number, measure: (lab: Lab) => number): Claim => ({
  id,
  kind: 'identity',
  sentence,
  published: null,
  unit: '',
  threshold: atMost(limit),
  expected: 'holds',
  measure: (lab) => lab.f64(() => measure(lab)),
});

export const networkIdentities: readonly Claim[] = [
  identity(
    'jvp-is-simulation',
    'On 784-64-64-10 the slopes of samples by tangent injection are V times backprop’s activity gradient: relative difference, k = 4 and 138.',
    1e-10,
    slopesByInjection,
  ),
  identity(
    'weight-slope',
    'The slope along a tangent of all weights is the sum over parameters: relative difference.',
    1e-10,
    slopeOfWeights,
  ),
  identity(
    'all-units-gs',
    'With 138 tangents for 138 units the credit is backprop’s: relative difference (gs).',
    1e-8,
    (lab) => allTangents(lab, 'gs'),
  ),
  identity(
    'all-units-single',
    'The projection in f32 with 138 tangents stays below 2⁻²³·cond(V): largest share in three draws.',
    1,
    singleShare,
  ),
];
