/** Check 7: what k tangents cost, counted from the graph; and timed, beside backprop and beside k separate passes. */
import { costOf, jit, jvp, optimize, random, type Tensor, trees, vmap } from '../../engine/index.ts';
import { backprop } from '../../methods/backprop.ts';
import { forwardGradient } from '../../methods/forward-gradient.ts';
import { type MultiTangentOptions, multiTangent } from '../../methods/multi-tangent.ts';
import { tangentRows } from '../../methods/perturbation/tangents.ts';
import type { CreditRule } from '../../methods/rule.ts';
import { crossEntropy, dense, type Model, model, type Tree } from '../../nn/index.ts';
import { timeInterleaved } from '../../run/index.ts';
import { atLeast, atMost, type Claim, claimsOf } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';

const BATCH = 64;
const UNITS = 522;
const FORWARD = 784 * 256 + 256 * 256 + 256 * 10;
const FIRST = 784 * 256;

const net = (): Model =>
  model([784], [...[256, 256].map((units) => dense({ units, activation: 'relu' })), dense({ units: 10 })]);

/** A compiled credit step on 784-256-256-10 with a batch of 64, and its cost. */
function stepOf(rule: CreditRule<null>) {
  const of = net();
  const { params, state } = of.initialise(random.key(1));
  const batch = { x: random.normal(random.key(2), [BATCH, 784]), y: random.randint(random.key(3), [BATCH], 0, 10) };
  const step = jit(
    (p: Tree, key: Tensor) =>
      (
        rule.credit({ model: of, loss: crossEntropy(), params: p, modelState: state, state: null, batch, key }) as {
          credit: Tree;
        }
      ).credit,
  );
  const key = random.key(4);
  return { run: () => step(params, key), cost: () => costOf(optimize(step.graphOf(params, key))) };
}

const macsOf = (options: MultiTangentOptions): number => stepOf(multiTangent(options)).cost().macs;

/** Multiply-adds of k tangents of the units over backprop's. */
const macsRatio = (k: number): number => macsOf({ tangents: k, aggregate: 'mean' }) / stepOf(backprop()).cost().macs;

/** 2F + k(F − F₁) + kn a sample. */
const formula = (k: number): number => BATCH * (2 * FORWARD + k * (FORWARD - FIRST) + k * UNITS);

/** FLOPs that the projection adds to the mean's, over those of the whole step. */
function projectionShare(): number {
  const [frog, other] = (['frog', 'mean'] as const).map(
    (aggregate) => stepOf(multiTangent({ tangents: 16, aggregate })).cost().flops,
  );
  return (frog! - other!) / frog!;
}

/** 16 slopes of the loss along tangents of all weights: in one vmapped pass, and in 16 passes of one program. */
function slopePrograms(lab: Lab) {
  const of = net();
  const { params, state } = of.initialise(random.key(1));
  const [vector, unravel] = trees.ravel(params);
  const batch = { x: random.normal(random.key(2), [BATCH, 784]), y: random.randint(random.key(3), [BATCH], 0, 10) };
  const loss = (p: Tree): Tensor => crossEntropy().value(of.apply(p, state, batch.x)[0], batch);
  const slope = (v: Tensor): Tensor => jvp(loss, params, unravel(v))[1];
  const rows = tangentRows(lab.key('timed tangents'), 16, vector.size);
  const each = Array.from({ length: 16 }, (_, i) => rows.take(i, 0));
  const [together, one] = [jit(vmap(slope)), jit(slope)];
  return { together: () => together(rows), apart: () => each.map((v) => one(v)) };
}

const timed = (lab: Lab) =>
  lab.once('timing', async () => {
    const { together, apart } = slopePrograms(lab);
    const steps = {
      backprop: stepOf(backprop()).run,
      'forward gradient': stepOf(forwardGradient({ place: 'preactivation' }) as CreditRule<null>).run,
      'frog 1': stepOf(multiTangent({ tangents: 1 })).run,
      'frog 16': stepOf(multiTangent({ tangents: 16 })).run,
      together,
      apart,
    };
    const report = await timeInterleaved(steps, {
      rounds: lab.pick(3, 15),
      warmUpMs: lab.pick(20, 100),
      signal: lab.signal,
    });
    const flops = stepOf(backprop()).cost().flops;
    const share = (rule: CreditRule<null>): string => (stepOf(rule).cost().flops / flops).toFixed(2);
    lab.table(
      'timing',
      'Time of a compiled credit step on 784-256-256-10, batch 64, over backprop’s in the same run, beside the ratio of FLOPs',
      ['rule', 'time', 'FLOPs'],
      [
        [
          'forward gradient of units',
          report.ratio('forward gradient', 'backprop').estimate.toFixed(2),
          share(forwardGradient({ place: 'preactivation' }) as CreditRule<null>),
        ],
        [
          'frog, 1 tangent',
          report.ratio('frog 1', 'backprop').estimate.toFixed(2),
          share(multiTangent({ tangents: 1 })),
        ],
        [
          'frog, 16 tangents',
          report.ratio('frog 16', 'backprop').estimate.toFixed(2),
          share(multiTangent({ tangents: 16 })),
        ],
      ],
    );
    return report;
  });

const cost = claimsOf('cost');

const timing = (id: string, sentence: string, limit: number, measure: (lab: Lab) => Promise<number>): Claim => ({
  id,
  kind: 'timing',
  sentence,
  published: null,
  unit: '× time',
  threshold: atMost(limit),
  expected: 'holds',
  scales: ['full'],
  measure,
});

export const costClaims: readonly Claim[] = [
  ...(
    [
      [1, 'least', atLeast(0.9)],
      [1, 'most', atMost(1.1)],
      [16, 'least', atLeast(2.4)],
      [16, 'most', atMost(3)],
    ] as const
  ).map(([k, which, threshold]) =>
    cost(
      `macs-${k}-${which}`,
      `Multiply-adds with ${k} tangent${k > 1 ? 's' : ''} of the units over backprop’s on 784-256-256-10 (${which}).`,
      '× backprop',
      threshold,
      () => macsRatio(k),
    ),
  ),
  cost(
    'primal-once',
    'The primal pass runs once for 16 tangents: multiply-adds over 2F + k(F − F₁) + kn, less 1.',
    '',
    atMost(0.01),
    () => Math.abs(macsOf({ tangents: 16, aggregate: 'mean' }) / formula(16) - 1),
  ),
  cost(
    'projection-share',
    'The projection (Gram–Schmidt twice) is a small part of a step with 16 tangents and a batch of 64: share of its FLOPs.',
    'share',
    atMost(0.05),
    projectionShare,
  ),
  timing(
    'time-together',
    'Sixteen slopes by vmap take less time than sixteen separate passes: ratio in one run.',
    1,
    async (lab) => (await timed(lab)).ratio('together', 'apart').estimate,
  ),
  timing(
    'time-forward-gradient',
    'A forward-gradient step of the units takes about the time of a backprop step, whose multiply-adds it has.',
    2,
    async (lab) => (await timed(lab)).ratio('forward gradient', 'backprop').estimate,
  ),
  timing(
    'time-frog-16',
    'A step with 16 tangents takes at most twice its share of FLOPs (2.7) in time.',
    5.4,
    async (lab) => (await timed(lab)).ratio('frog 16', 'backprop').estimate,
  ),
];
