/** Check 7: multiply-adds of a step beside those of backprop, counted from the graph; and time in the same run. */
import { costOf, jit, optimize, random, type Tensor } from '../../engine/index.ts';
import { backprop } from '../../methods/backprop.ts';
import { type BurstCorticoCorticalOptions, burstCorticoCortical } from '../../methods/burst/burst-cortico-cortical.ts';
import { burstprop } from '../../methods/burst/burstprop.ts';
import { dendriticError } from '../../methods/burst/dendritic-error.ts';
import type { CreditResult, CreditRule } from '../../methods/rule.ts';
import { type Batch, dense, type Model, model, type Tree } from '../../nn/index.ts';
import { timeInterleaved } from '../../run/index.ts';
import { atMost, type Claim } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';
import { halfSquares } from './setting.ts';

const net = (): Model =>
  model(
    [784],
    [500, 500, 500, 500, 10].map((units) => dense({ units, activation: 'logistic' })),
  );

const burst = (options: BurstCorticoCorticalOptions) => burstCorticoCortical(options) as CreditRule;

const rules = {
  backprop: () => backprop() as CreditRule,
  tied: () => burst({ feedback: 'tied' }),
  'random Y': () => burst({}),
  'free Q': () => burst({ cancellation: 'symmetric' }),
  'learning Q': () => burst({ cancellation: 'symmetric', plasticity: 'cancellation' }),
  burstprop: () => burstprop() as CreditRule,
  EDN: () => dendriticError() as CreditRule,
} as const satisfies Record<string, () => CreditRule>;

type Name = keyof typeof rules;

/** A compiled step on a batch of 32: credit, and the rule's state after it. */
function stepOf(name: Name) {
  const [of, rule] = [net(), rules[name]()];
  const { params, state: modelState } = of.initialise(random.key(1));
  const state = rule.init(of, params, random.key(2));
  const batch: Batch = {
    x: random.uniform(random.key(3), [32, 784]),
    y: random.randint(random.key(4), [32], 0, 10),
  };
  const step = jit((p: Tree, s: Tree, b: Batch, key: Tensor) => {
    const found = rule.credit({ model: of, loss: halfSquares, params: p, modelState, state: s, batch: b, key });
    const { credit, feedback, state: next } = found as CreditResult<Tree>;
    return { credit, feedback: feedback ?? null, next };
  });
  const key = random.key(5);
  return {
    run: () => step(params, state, batch, key),
    cost: () => costOf(optimize(step.graphOf(params, state, batch, key))),
  };
}

const costs = (lab: Lab, name: Name) => lab.once(`cost ${name}`, () => stepOf(name).cost());

const macsRatio = async (lab: Lab, name: Name): Promise<number> =>
  (await costs(lab, name)).macs / (await costs(lab, 'backprop')).macs;

const timed = (lab: Lab) =>
  lab.once('timing', async () => {
    const names = Object.keys(rules) as Name[];
    const steps = Object.fromEntries(names.map((name) => [name, stepOf(name).run])) as Record<Name, () => unknown>;
    const report = await timeInterleaved(steps, { rounds: 15, signal: lab.signal });
    const rows: (string | number)[][] = [];
    for (const name of names)
      rows.push([
        name,
        (await macsRatio(lab, name)).toFixed(3),
        ((await costs(lab, name)).flops / (await costs(lab, 'backprop')).flops).toFixed(3),
        report.ratio(name, 'backprop').estimate.toFixed(2),
      ]);
    const head = ['rule', 'multiply-adds', 'FLOPs', 'time'];
    lab.table('costs', 'A step on 784-500×4-10, batch 32, in units of a backprop step of the same run.', head, rows);
    return report;
  });

const counted = (id: string, sentence: string, name: Name, most: number): Claim => ({
  id,
  kind: 'cost',
  sentence,
  published: null,
  unit: '× backprop',
  threshold: atMost(most),
  expected: 'holds',
  measure: (lab) => macsRatio(lab, name),
});

const timing = (id: string, sentence: string, name: Name, most: number): Claim => ({
  ...counted(id, sentence, name, most),
  kind: 'timing',
  scales: ['full'],
  measure: async (lab) => (await timed(lab)).ratio(name, 'backprop').estimate,
});

export const costClaims: readonly Claim[] = [
  counted(
    'macs',
    'Multiply-adds of a step on 784-500×4-10 with a Q of its own: one more product a feedback layer.',
    'free Q',
    1.3,
  ),
  counted('macs-learning', 'The same with Q learning.', 'learning Q', 1.55),
  counted(
    'macs-tied',
    'With Q tied to Y, in the form of differences: the multiply-adds of backprop.',
    'random Y',
    1.001,
  ),
  timing('time', 'A step with a Q of its own takes at most 2.2 times as long as one of backprop.', 'free Q', 2.2),
  timing(
    'time-learning',
    'A step with Q learning takes at most twice its share of multiply-adds in time.',
    'learning Q',
    3,
  ),
  timing('time-tied', 'A step with Q tied to Y takes at most twice as long as one of backprop.', 'tied', 2),
];
