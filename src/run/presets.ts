/** Settings that suit a task when none are asked for. */
import { learners } from '../methods/index.ts';

/**
 * Learning rates of momentum by rule, for the built-in digits and the network of `mlp`.
 * Found by `cotangent compare --optimizer momentum --epochs 5 --seeds 1 --tune 11`: the same eleven rates for every rule, each for half the budget, the one with the least loss on held-out training rows.
 */
const momentum: Readonly<Record<string, number>> = {
  'autonomous-inference-learning': 0.01, // backprop's credit, and so its rate
  backprop: 0.01,
  'burst-cortico-cortical': 0.000316,
  'contrastive-hebbian-learning': 0.01,
  'direct-feedback-alignment': 0.001,
  'feedback-alignment': 0.00316,
  'forward-gradient': 3.16e-5,
  'inference-learning': 0.0316,
  'kolen-pollack': 0.01,
  'last-unit': 0.0316,
  'multi-tangent': 0.01,
  'multiplexed-gradient-descent': 3.16e-5,
  'node-perturbation': 0.0001,
  'predictive-coding-nudge': 0.01, // backprop's
  'sign-symmetry': 0.01,
  'weight-perturbation': 3.16e-5,
  'zero-divergence-inference-learning': 0.01, // backprop's
};

/** Rates of optimisers whose steps have a size of their own, whatever the rule. */
const own: Readonly<Record<string, number>> = { adadelta: 1, lamb: 0.001, lbfgs: 1, lion: 1e-4 };
const adam = 0.001;

/** The learning rate of a rule that nobody gave one. */
export function learningRateOf(rule: string, optimizer: string): number {
  if (Object.hasOwn(learners, rule)) return learners[rule]!.learningRate;
  if (Object.hasOwn(own, optimizer)) return own[optimizer]!;
  if (optimizer.startsWith('ada') || optimizer === 'rmsprop') return adam;
  return momentum[rule] ?? 0.001;
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
