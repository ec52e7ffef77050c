/** Check 6: what a step costs in products, memory and time, beside backprop. */
import { costOf, jit, optimize, random, type Tensor } from '../../engine/index.ts';
import type { CreditResult, CreditRule } from '../../methods/rule.ts';
import { type Batch, crossEntropy, dense, type Model, model, type Tree } from '../../nn/index.ts';
import { timeInterleaved } from '../../run/index.ts';
import { atLeast, atMost, type Claim, claimsOf } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import { type Fit, ruleOf } from './setting.ts';

const BATCH = 128;
/** So many samples that activities outweigh the credit whose memory they may share. */
const LARGE = 1024;
const WIDTH = 300;

const net = (depth: number): Model =>
  model(
    [784],
    [
      ...Array.from({ length: depth }, () => dense({ units: WIDTH, activation: 'relu', init: 'pytorchDefault' })),
      dense({ units: 10 }),
    ],
  );

/** A compiled credit step, its cost and its memory. */
function stepOf(by: Fit['by'], depth: number, samples = BATCH) {
  const of = net(depth);
  const rule: CreditRule = ruleOf({ by });
  const { params, state: modelState } = of.initialise(random.key(1));
  const state = rule.init(of, params, random.key(2));
  const batch: Batch = {
    x: random.uniform(random.key(3), [samples, 784]),
    y: random.randint(random.key(4), [samples], 0, 10),
  };
  const step = jit((p: Tree, b: Batch, key: Tensor): Tree => {
    const call = { model: of, loss: crossEntropy(), params: p, modelState, state, batch: b, key };
    return (rule.credit(call) as CreditResult<Tree>).credit;
  });
  const key = random.key(5);
  return {
    run: () => step(params, batch, key),
    cost: () => costOf(optimize(step.graphOf(params, batch, key))),
    /** Working memory beyond the credit itself. */
    bytes: () => step.peakBytes(params, batch, key) - 4 * weightsIn(depth),
  };
}

const weightsIn = (depth: number): number =>
  784 * WIDTH + (depth - 1) * WIDTH * WIDTH + WIDTH * 10 + depth * WIDTH + 10;

const growth = (by: Fit['by']): number => stepOf(by, 8, LARGE).bytes() / stepOf(by, 2, LARGE).bytes();

const timed = (lab: Lab) =>
  lab.once('timing', () =>
    timeInterleaved(
      { symba: stepOf('symba', 2).run, ff: stepOf('ff', 2).run, backprop: stepOf('backprop', 2).run },
      { rounds: 15, signal: lab.signal },
    ),
  );

const cost = claimsOf('cost');

/** Multiply-adds a pair: two forward products and two of credit in every hidden layer. */
const macs = BATCH * 4 * (784 * WIDTH + WIDTH * WIDTH);

export const costClaims: readonly Claim[] = [
  cost(
    'products',
    'A step takes four products for every hidden layer and pair, none between layers: multiply-adds over that count, less 1.',
    '',
    atMost(0.01),
    () => Math.abs(stepOf('symba', 2).cost().macs / macs - 1),
  ),
  cost(
    'flops',
    'FLOPs of a SymBa step over those of a backprop step, 784-300-300.',
    '× backprop',
    atMost(2),
    () => stepOf('symba', 2).cost().flops / stepOf('backprop', 2).cost().flops,
  ),
  cost(
    'memory-by-depth',
    'Working memory of a SymBa step beyond parameters and credit, 8 hidden layers over 2, batch 1024: activities of one layer at a time.',
    '×',
    atMost(1.2),
    () => growth('symba'),
  ),
  cost('memory-by-depth-backprop', 'The same for backprop, which keeps all activities.', '×', atLeast(2), () =>
    growth('backprop'),
  ),
  ...(['symba', 'ff'] as const).map(
    (by): Claim => ({
      id: `time-${by}`,
      kind: 'timing',
      sentence: `Time of a compiled ${by === 'ff' ? 'FF' : 'SymBa'} step over that of a backprop step, 784-300-300, batch 128.`,
      published: null,
      unit: '× backprop',
      threshold: atMost(2.5),
      expected: 'holds',
      scales: ['full'],
      measure: async (lab) => (await timed(lab)).ratio(by, 'backprop').estimate,
    }),
  ),
];
