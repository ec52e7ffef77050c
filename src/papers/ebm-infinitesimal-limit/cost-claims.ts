/** Check 7: what a step costs beside a backprop step of the same network, in counted operations and, measured in turn, in time. */
import { costOf, jit, optimize, random, type Tensor } from '../../engine/index.ts';
import { backprop } from '../../methods/backprop.ts';
import { contrastiveHebbian } from '../../methods/contrastive-hebbian-learning.ts';
import { equilibriumPropagation } from '../../methods/equilibrium-propagation.ts';
import { predictiveCodingNudge } from '../../methods/predictive-coding/nudge.ts';
import type { CreditRule } from '../../methods/rule.ts';
import { type Batch, dense, type Loss, type Model, model, type Tree } from '../../nn/index.ts';
import { median } from '../../stats/index.ts';
import { atMost, type Claim } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import { halfSquares } from './setting.ts';

/** What a rule's step costs in units of another's. */
export interface CostRatio {
  readonly flops: number;
  readonly time: number;
}

/** Compiles the credit of a rule on random data, with its operations counted. */
export function creditStep(rule: CreditRule<null>, net: Model, batch: number, loss: Loss = halfSquares) {
  const { params, state } = net.initialise(random.key(1));
  const data: Batch = {
    x: random.normal(random.key(2), [batch, ...net.inputShape]),
    y: random.randint(random.key(3), [batch], 0, net.outputShape.at(-1)!),
  };
  const run = jit((p: Tree, b: Batch, key: Tensor): Tree => {
    const call = { model: net, loss, params: p, modelState: state, state: null, batch: b, key };
    return (rule.credit(call) as { credit: Tree }).credit;
  });
  const key = random.key(4);
  return {
    flops: costOf(optimize(run.graphOf(params, data, key))).flops,
    run: () => {
      run(params, data, key);
    },
  };
}

/** Counted and, in turn with backprop, timed. */
export function besideBackprop(rule: CreditRule<null>, net: Model, batch: number, rounds: number): CostRatio {
  const [own, exact] = [rule, backprop()].map((one) => creditStep(one, net, batch)) as [Step, Step];
  for (const { run } of [own, exact]) for (let i = 0; i < 3; i++) run();
  const ratios = Array.from({ length: rounds }, () => seconds(own.run, 1) / (seconds(exact.run, 5) / 5));
  return { flops: own.flops / exact.flops, time: median(ratios) };
}

type Step = ReturnType<typeof creditStep>;

function seconds(run: () => void, times: number): number {
  const started = performance.now();
  for (let i = 0; i < times; i++) run();
  return (performance.now() - started) / 1000;
}

const relu = (widths: readonly number[], inputs: number): Model =>
  model(
    [inputs],
    widths.map((units, i) => dense({ units, activation: i === widths.length - 1 ? 'identity' : 'relu' })),
  );

const tanhNet = (): Model =>
  model([64], [dense({ units: 64, activation: 'tanh' }), dense({ units: 10, activation: 'tanh' })]);

const nudge = (lab: Lab): Promise<CostRatio> =>
  lab.once('cost of PC-Nudge', () =>
    besideBackprop(
      predictiveCodingNudge({ nudge: 1e-4, steps: 50, rate: 0.3 }),
      relu([128, 64, 10], 784),
      64,
      lab.pick(5, 30),
    ),
  );

const equilibrium = (lab: Lab): Promise<CostRatio> =>
  lab.once('cost of equilibrium propagation', () =>
    besideBackprop(equilibriumPropagation(), tanhNet(), 32, lab.pick(5, 30)),
  );

const claim = (
  id: string,
  kind: 'cost' | 'timing',
  sentence: string,
  most: number,
  measure: Claim['measure'],
): Claim => ({
  id,
  kind,
  sentence,
  published: null,
  unit: '× backprop',
  threshold: atMost(most),
  expected: 'holds',
  measure,
});

const hebbian = (lab: Lab): Promise<CostRatio> =>
  lab.once('cost of contrastive Hebbian learning', () =>
    besideBackprop(contrastiveHebbian(), tanhNet(), 32, lab.pick(5, 30)),
  );

/** Every rule by move of its relaxation. */
async function drawCosts(lab: Lab): Promise<void> {
  const rows: readonly (readonly [string, number, Promise<CostRatio>])[] = [
    ['PC-Nudge, 784-128-64-10, batch 64', 50, nudge(lab)],
    ['equilibrium propagation, 64-64-10, batch 32', 70, equilibrium(lab)],
    ['contrastive Hebbian learning, 64-64-10, batch 32', 60, hebbian(lab)],
  ];
  const cells: (string | number)[][] = [];
  for (const [name, moves, ratio] of rows) {
    const { flops, time } = await ratio;
    cells.push([name, moves, ...[flops, time, flops / moves, time / moves].map((v) => Number(v.toPrecision(3)))]);
  }
  const head = ['rule', 'moves', 'operations', 'time', 'operations a move', 'time a move'];
  lab.table('costs', 'Cost of a step in units of a backprop step of the same network.', head, cells);
}

const perFlop = ({ flops, time }: CostRatio): number => time / flops;

export const costClaims: readonly Claim[] = [
  claim(
    'nudge-flops',
    'cost',
    'A step of PC-Nudge with 50 moves on 784-128-64-10 takes at most 6 times the operations of a backprop step, as the wide first layer is computed once.',
    6,
    async (lab) => (await nudge(lab)).flops,
  ),
  claim(
    'nudge-time',
    'timing',
    'A step of PC-Nudge takes at most 6 times as long as a backprop step.',
    6,
    async (lab) => (await nudge(lab)).time,
  ),
  claim(
    'nudge-move-time',
    'timing',
    'A move of inference costs at most 1.2 times its share of the operations of a backprop step.',
    1.2,
    async (lab) => {
      const { flops, time } = await nudge(lab);
      return (time - 1) / (flops - 1);
    },
  ),
  claim(
    'equilibrium-flops',
    'cost',
    'A step of centred equilibrium propagation with 40, 15 and 15 moves on 64-64-10 takes at most as many operations as 70 backprop steps, one for each move.',
    70,
    async (lab) => (await equilibrium(lab)).flops,
  ),
  claim(
    'equilibrium-time',
    'timing',
    'A step of equilibrium propagation takes at most as long as 70 backprop steps.',
    70,
    async (lab) => (await equilibrium(lab)).time,
  ),
  claim(
    'equilibrium-time-per-operation',
    'timing',
    'An operation of equilibrium propagation takes at most twice the time of one of backprop.',
    2,
    async (lab) => perFlop(await equilibrium(lab)),
  ),
  claim(
    'hebbian-flops',
    'cost',
    'A step of contrastive Hebbian learning with twice 30 moves takes at most as many operations as 60 backprop steps.',
    60,
    async (lab) => (await hebbian(lab)).flops,
  ),
  claim(
    'hebbian-time',
    'timing',
    'A step of contrastive Hebbian learning takes at most as long as 60 backprop steps.',
    60,
    async (lab) => {
      await drawCosts(lab);
      return (await hebbian(lab)).time;
    },
  ),
];
