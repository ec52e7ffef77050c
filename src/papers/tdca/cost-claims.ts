/** Check 7: multiply-adds of an update, counted from the graph, beside those of backprop; and the time of a compiled step. */
import { costOf, jit, optimize, random, type Tensor } from '../../engine/index.ts';
import { backprop } from '../../methods/backprop.ts';
import type { CreditResult, CreditRule } from '../../methods/rule.ts';
import {
  backpropCredits,
  type CreditSource,
  drawNets,
  forward,
  type Nets,
  update,
} from '../../methods/top-down/bottom-up.ts';
import { sizeOfTopDown, type TopDownShape, topDownCredits } from '../../methods/top-down/top-down.ts';
import { topDownCreditAssignment } from '../../methods/top-down/top-down-credit-assignment.ts';
import { crossEntropy, dense, model, type Tree } from '../../nn/index.ts';
import { timeInterleaved } from '../../run/index.ts';
import { atMost, type Claim } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';

const BATCH = 16;

interface Setting {
  readonly widths: readonly number[];
  readonly sources: readonly number[];
  readonly observeHidden?: boolean;
}

const shapeOf = ({ widths, sources, observeHidden = false }: Setting): TopDownShape => ({
  outputs: widths.at(-1)!,
  hidden: widths.slice(1, -1),
  sources,
  observeHidden,
  units: 8,
});

/** Multiply-adds a sample of one update. */
function macsOf({ widths }: Setting, source: CreditSource): number {
  const nets = drawNets(random.key(1), [], widths);
  const step = jit((now: Nets, x: Tensor, t: Tensor): Nets => {
    const pass = forward(now, x);
    return update(now, x, pass, source(pass, t, now));
  });
  const [x, t] = [
    random.normal(random.key(2), [BATCH, widths[0]!]),
    random.uniform(random.key(3), [BATCH, widths.at(-1)!]),
  ];
  return costOf(optimize(step.graphOf(nets, x, t))).macs / BATCH;
}

function ratio(setting: Setting): number {
  const shape = shapeOf(setting);
  const psi = random.normal(random.key(4), [sizeOfTopDown(shape)]);
  return macsOf(setting, topDownCredits(psi, shape)) / macsOf(setting, backpropCredits);
}

/** Time of a credit step of the rule on 784-200-200-10 over backprop's. */
async function timeRatio(lab: Lab): Promise<number> {
  const of = model(
    [784],
    [dense({ units: 200, activation: 'tanh' }), dense({ units: 200, activation: 'tanh' }), dense({ units: 10 })],
  );
  const { params, state: modelState } = of.initialise(random.key(1));
  const batch = { x: random.normal(random.key(2), [64, 784]), y: random.randint(random.key(3), [64], 0, 10) };
  const stepOf = (rule: CreditRule): (() => Tree) => {
    const state = rule.init(of, params, random.key(4));
    const step = jit((p: Tree, key: Tensor) => {
      const call = { model: of, loss: crossEntropy(), params: p, modelState, state, batch, key };
      return (rule.credit(call) as CreditResult<Tree>).credit;
    });
    return () => step(params, random.key(5));
  };
  const steps = {
    topDown: stepOf(topDownCreditAssignment() as unknown as CreditRule),
    backprop: stepOf(backprop() as CreditRule),
  };
  return (await timeInterleaved(steps, { rounds: 15, signal: lab.signal })).ratio('topDown', 'backprop').estimate;
}

const cost = (id: string, sentence: string, setting: Setting, limit: number, kind: Claim['kind'] = 'cost'): Claim => ({
  id,
  kind,
  sentence,
  published: 'lower cost',
  unit: '× backprop',
  threshold: atMost(limit),
  expected: 'holds',
  measure: () => ratio(setting),
});

export const costClaims: readonly Claim[] = [
  cost(
    'macs-large',
    'Multiply-adds of an update over backprop’s: 784-200-200-10, ten sources a layer.',
    { widths: [784, 200, 200, 10], sources: [10, 10] },
    1,
  ),
  cost('macs-digits', 'The same: 64-32-10, one source a neuron.', { widths: [64, 32, 10], sources: [32] }, 1.3),
  cost('macs-wdbc', 'The same: 30-4-1, one source a neuron.', { widths: [30, 4, 1], sources: [4] }, 1.3),
  cost(
    'macs-monk',
    'The same for a tiny network, where the top-down network dominates: 6-16-1, four sources.',
    { widths: [6, 16, 1], sources: [4] },
    2,
    'report',
  ),
  cost(
    'macs-xor',
    'The same for the tiniest: 2-2-1, seeing hidden activities.',
    { widths: [2, 2, 1], sources: [2], observeHidden: true },
    6,
    'report',
  ),
  {
    id: 'time',
    kind: 'timing',
    sentence: 'Time of a compiled credit step over backprop’s: 784-200-200-10, ten sources a layer, batch 64.',
    published: null,
    unit: '× backprop',
    threshold: atMost(2),
    expected: 'holds',
    scales: ['full'],
    measure: timeRatio,
  },
];
