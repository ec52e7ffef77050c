/** Check 6: what an update costs beside backprop's, in counted operations and, measured in turn, in time. */
import { autonomousInferenceLearning } from '../../methods/predictive-coding/autonomous.ts';
import { inferenceLearning } from '../../methods/predictive-coding/inference-learning.ts';
import { zeroDivergence } from '../../methods/predictive-coding/zero-divergence.ts';
import type { CreditRule } from '../../methods/rule.ts';
import { dense, type Model, model } from '../../nn/index.ts';
import { besideBackprop, type CostRatio } from '../ebm-infinitesimal-limit/cost-claims.ts';
import { atLeast, atMost, type Claim, type Threshold } from '../ledger/claim.ts';
import type { Lab } from '../ledger/lab.ts';

const net = (): Model =>
  model(
    [64],
    [...[64, 64].map((units) => dense({ units, activation: 'tanh', bias: false })), dense({ units: 10, bias: false })],
  );

const rules = {
  full: zeroDivergence,
  lean: () => zeroDivergence({ lean: true }),
  autonomous: () => autonomousInferenceLearning({ steps: 5 }),
  relaxed: inferenceLearning,
} as const satisfies Record<string, () => CreditRule<null>>;

const costOf = (lab: Lab, name: keyof typeof rules): Promise<CostRatio> =>
  lab.once(`cost ${name}`, () => besideBackprop(rules[name](), net(), 20, lab.pick(10, 50)));

const claim = (
  id: string,
  kind: 'cost' | 'timing',
  sentence: string,
  threshold: Threshold,
  measure: Claim['measure'],
): Claim => ({ id, kind, sentence, published: null, unit: '× backprop', threshold, expected: 'holds', measure });

const flops = (name: keyof typeof rules) => async (lab: Lab) => (await costOf(lab, name)).flops;
const time = (name: keyof typeof rules) => async (lab: Lab) => (await costOf(lab, name)).time;
const perOperation = (name: keyof typeof rules) => async (lab: Lab) => {
  const ratio = await costOf(lab, name);
  return ratio.time / ratio.flops;
};

export const costClaims: readonly Claim[] = [
  claim(
    'z-il-flops',
    'cost',
    'A step of Z-IL on 64-64-64-10 takes at most five times the operations of a backprop step.',
    atMost(5),
    flops('full'),
  ),
  claim(
    'lean-flops',
    'cost',
    'Without what is never used Z-IL takes at most 1.5 times the operations of backprop; it is then the same arithmetic.',
    atMost(1.5),
    flops('lean'),
  ),
  claim(
    'il-flops',
    'cost',
    'Inference learning with 20 moves takes at least twice the operations of Z-IL.',
    atLeast(2),
    async (lab) => (await costOf(lab, 'relaxed')).flops / (await costOf(lab, 'full')).flops,
  ),
  claim(
    'fa-z-il-flops',
    'cost',
    'Fa-Z-IL with five steps takes at most ten times the operations of backprop.',
    atMost(10),
    flops('autonomous'),
  ),
  {
    ...claim(
      'z-il-time',
      'timing',
      'A step of Z-IL takes at most five times as long as one of backprop.',
      atMost(5),
      time('full'),
    ),
    published: '1.01 (MLP, graph form)',
  },
  claim(
    'lean-time',
    'timing',
    'Without what is never used Z-IL takes at most 1.5 times as long as backprop.',
    atMost(1.5),
    time('lean'),
  ),
  claim(
    'fa-z-il-time',
    'timing',
    'A step of Fa-Z-IL takes at most ten times as long as one of backprop.',
    atMost(10),
    time('autonomous'),
  ),
  {
    ...claim(
      'il-time',
      'timing',
      'A step of inference learning with 20 moves takes at least twice as long as one of Z-IL.',
      atLeast(2),
      async (lab) => (await costOf(lab, 'relaxed')).time / (await costOf(lab, 'full')).time,
    ),
    published: '100 to 200 times backprop',
  },
  claim(
    'il-time-per-operation',
    'timing',
    'An operation of inference learning takes at most twice the time of one of backprop.',
    atMost(2),
    perOperation('relaxed'),
  ),
];
