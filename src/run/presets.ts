/** Settings that suit a task when none are asked for. */
import { learners } from '../methods/index.ts';

/**
 * Learning rates of momentum by rule, for the built-in digits and the network of `mlp`.
 * Found by `cotangent compare --optimizer momentum --epochs 5 --seeds 1 --tune 11`: the same eleven rates for every rule, each for half the budget, the one with the least loss on held-out training rows.
 * Where that was the highest of them, more in the same ratio were tried.
 */
const momentum: Readonly<Record<string, number>> = {
  ...likeBackprop(0.01),
  'burst-cortico-cortical': 0.000316,
  'contrastive-hebbian-learning': 0.01,
  'direct-feedback-alignment': 0.001,
  'feedback-alignment': 0.00316,
  'forward-forward': 0.1, // 0.316 has less loss, but swings: 68 to 81 % after five epochs
  'forward-gradient': 3.16e-5,
  'inference-learning': 0.0316,
  'kolen-pollack': 0.01,
  'last-unit': 0.0316,
  'multi-tangent': 0.01,
  'multiplexed-gradient-descent': 3.16e-5,
  'node-perturbation': 0.0001,
  'sign-symmetry': 0.01,
  symba: 0.316,
  'top-down-credit-assignment': 0.001,
  'weight-perturbation': 3.16e-5,
};

/** The same for networks of other units, whose rates differ from those of ReLU; for other rules the rates above stand. */
const ofUnits: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  'mlp-sigmoid': {
    ...likeBackprop(0.1),
    'burst-cortico-cortical': 0.1,
    burstprop: 0.1,
    'dendritic-error': 0.01, // lateral weights run away above
  },
  'mlp-tanh': {
    ...likeBackprop(0.0316),
    'contrastive-hebbian-learning': 0.0316,
    'equilibrium-propagation': 0.0316,
  },
};

/** The rate of backprop, for the rules with its credit as well. */
function likeBackprop(rate: number): Record<string, number> {
  const same = ['autonomous-inference-learning', 'predictive-coding-nudge', 'zero-divergence-inference-learning'];
  return Object.fromEntries(['backprop', ...same].map((id) => [id, rate]));
}

/** Rates of optimisers whose steps have a size of their own, whatever the rule. */
const own: Readonly<Record<string, number>> = { adadelta: 1, lamb: 0.001, lbfgs: 1, lion: 1e-4 };
const adam = 0.001;

/** The learning rate of a rule that nobody gave one, for a model by its name. */
export function learningRateOf(rule: string, optimizer: string, model: string): number {
  if (Object.hasOwn(learners, rule)) return learners[rule]!.learningRate;
  if (Object.hasOwn(own, optimizer)) return own[optimizer]!;
  if (optimizer.startsWith('ada') || optimizer === 'rmsprop') return adam;
  const here = ofUnits[model.split(':')[0]!]?.[rule] ?? momentum[rule];
  return here ?? Object.values(ofUnits).find((rates) => Object.hasOwn(rates, rule))?.[rule] ?? 0.001;
}

/** The rules that are compared when none are named: at most a few times the cost of backprop each, on every model. */
export const standardRules: readonly string[] = [
  'backprop',
  'direct-feedback-alignment',
  'feedback-alignment',
  'forward-gradient',
  'kolen-pollack',
  'node-perturbation',
  'sign-symmetry',
  'weight-perturbation',
];
