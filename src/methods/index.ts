/** The registry of credit rules: id → factory, sorted. */
import { ConfigError } from '../engine/index.ts';
import { backprop } from './backprop.ts';
import { directFeedbackAlignment } from './direct-feedback-alignment.ts';
import { feedbackAlignment } from './feedback-alignment.ts';
import { forwardGradient } from './forward-gradient.ts';
import { kolenPollack } from './kolen-pollack.ts';
import { nodePerturbation } from './node-perturbation.ts';
import { autonomousInferenceLearning } from './predictive-coding/autonomous.ts';
import { inferenceLearning } from './predictive-coding/inference-learning.ts';
import { predictiveCodingNudge } from './predictive-coding/nudge.ts';
import { zeroDivergence } from './predictive-coding/zero-divergence.ts';
import { nearest } from './registry/near.ts';
import type { CreditRule } from './rule.ts';
import { signSymmetry } from './sign-symmetry.ts';
import { weightPerturbation } from './weight-perturbation.ts';

/** Factories of all rules, by id. A factory takes the rule's options. */
export const factories: Readonly<Record<string, () => CreditRule>> = {
  'autonomous-inference-learning': autonomousInferenceLearning as () => CreditRule,
  backprop: backprop as () => CreditRule,
  'direct-feedback-alignment': directFeedbackAlignment as () => CreditRule,
  'feedback-alignment': feedbackAlignment as () => CreditRule,
  'forward-gradient': forwardGradient as () => CreditRule,
  'inference-learning': inferenceLearning as () => CreditRule,
  'kolen-pollack': kolenPollack as () => CreditRule,
  'node-perturbation': nodePerturbation as () => CreditRule,
  'predictive-coding-nudge': predictiveCodingNudge as () => CreditRule,
  'sign-symmetry': signSymmetry as () => CreditRule,
  'weight-perturbation': weightPerturbation as () => CreditRule,
  'zero-divergence-inference-learning': zeroDivergence as () => CreditRule,
};

/** Factories of all rules, sorted by id. */
export const rules: readonly (() => CreditRule)[] = Object.values(factories);

/** The rule with this id or alias, with its default options; throws a ConfigError that lists the nearest names. */
export function ruleNamed(name: string): CreditRule {
  const all = rules.map((make) => make());
  const found = all.find((rule) => rule.id === name || rule.aliases.includes(name));
  if (found !== undefined) return found;
  const near = nearest(
    name,
    all.flatMap((rule) => [rule.id, ...rule.aliases]),
  );
  throw new ConfigError(`there is no rule "${name}"`, {
    name,
    near,
    help: near.length > 0 ? `did you mean ${near.join(' or ')}?` : `rules are ${all.map((rule) => rule.id).join(', ')}`,
  });
}

export { backprop } from './backprop.ts';
export { directFeedbackAlignment } from './direct-feedback-alignment.ts';
export * as energy from './energy/index.ts';
export { feedbackAlignment } from './feedback-alignment.ts';
export { forwardGradient } from './forward-gradient.ts';
export { kolenPollack } from './kolen-pollack.ts';
export type { Budget, Counters, FitCall, FitEvent, Learner, LearningTask } from './learner.ts';
export { nodePerturbation } from './node-perturbation.ts';
export { autonomousInferenceLearning } from './predictive-coding/autonomous.ts';
export { inferenceLearning } from './predictive-coding/inference-learning.ts';
export { predictiveCodingNudge } from './predictive-coding/nudge.ts';
export { zeroDivergence } from './predictive-coding/zero-divergence.ts';
export type { Citation, CreditCall, CreditResult, CreditRule, Reason } from './rule.ts';
export { reason } from './rule.ts';
export { signSymmetry } from './sign-symmetry.ts';
export { weightPerturbation } from './weight-perturbation.ts';
