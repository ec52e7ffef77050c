/** The registry of credit rules and learners: id → factory, sorted. */
import { ConfigError } from '../engine/index.ts';
import { backprop } from './backprop.ts';
import { burstCorticoCortical } from './burst/burst-cortico-cortical.ts';
import { burstprop } from './burst/burstprop.ts';
import { dendriticError } from './burst/dendritic-error.ts';
import { contrastiveHebbian } from './contrastive-hebbian-learning.ts';
import { directFeedbackAlignment } from './direct-feedback-alignment.ts';
import { equilibriumPropagation } from './equilibrium-propagation.ts';
import { feedbackAlignment } from './feedback-alignment.ts';
import { forwardForward } from './forward-forward/forward-forward.ts';
import { symba } from './forward-forward/symba.ts';
import { forwardGradient } from './forward-gradient.ts';
import { hebbianNorm } from './hebbian/hebbian-norm.ts';
import { kolenPollack } from './kolen-pollack.ts';
import { lastUnit } from './last-unit.ts';
import type { LearnerKind } from './learner.ts';
import { multiTangent } from './multi-tangent.ts';
import { multiplexedGradientDescent } from './multiplexed/gradient-descent.ts';
import { nodePerturbation } from './node-perturbation.ts';
import { neuronParticles } from './particles/neuron-particles.ts';
import { particleSwarm } from './particles/particle-swarm.ts';
import { autonomousInferenceLearning } from './predictive-coding/autonomous.ts';
import { inferenceLearning } from './predictive-coding/inference-learning.ts';
import { predictiveCodingNudge } from './predictive-coding/nudge.ts';
import { zeroDivergence } from './predictive-coding/zero-divergence.ts';
import { nearest } from './registry/near.ts';
import type { CreditRule } from './rule.ts';
import { sampledNetwork } from './sampled-network.ts';
import { signSymmetry } from './sign-symmetry.ts';
import { directFeedbackMacro, directFeedbackMicro } from './tapped-direct-feedback.ts';
import { topDownCreditAssignment } from './top-down/top-down-credit-assignment.ts';
import { learningAlgorithmCloning, variableSharedMetaLearning } from './vsml/learner.ts';
import { weightPerturbation } from './weight-perturbation.ts';

/** Factories of all rules, by id. A factory takes the rule's options. */
export const factories: Readonly<Record<string, () => CreditRule>> = {
  'autonomous-inference-learning': autonomousInferenceLearning as () => CreditRule,
  backprop: backprop as () => CreditRule,
  'burst-cortico-cortical': burstCorticoCortical as () => CreditRule,
  burstprop: burstprop as () => CreditRule,
  'contrastive-hebbian-learning': contrastiveHebbian as () => CreditRule,
  'dendritic-error': dendriticError as () => CreditRule,
  'direct-feedback-alignment': directFeedbackAlignment as () => CreditRule,
  'direct-feedback-macro': directFeedbackMacro as () => CreditRule,
  'direct-feedback-micro': directFeedbackMicro as () => CreditRule,
  'equilibrium-propagation': equilibriumPropagation as () => CreditRule,
  'feedback-alignment': feedbackAlignment as () => CreditRule,
  'forward-forward': forwardForward as () => CreditRule,
  'forward-gradient': forwardGradient as () => CreditRule,
  'inference-learning': inferenceLearning as () => CreditRule,
  'kolen-pollack': kolenPollack as () => CreditRule,
  'last-unit': lastUnit as () => CreditRule,
  'multi-tangent': multiTangent as () => CreditRule,
  'multiplexed-gradient-descent': multiplexedGradientDescent as unknown as () => CreditRule,
  'node-perturbation': nodePerturbation as () => CreditRule,
  'predictive-coding-nudge': predictiveCodingNudge as () => CreditRule,
  'sign-symmetry': signSymmetry as () => CreditRule,
  symba: symba as () => CreditRule,
  'top-down-credit-assignment': topDownCreditAssignment as () => CreditRule,
  'weight-perturbation': weightPerturbation as () => CreditRule,
  'zero-divergence-inference-learning': zeroDivergence as () => CreditRule,
};

/** Factories of all rules, sorted by id. */
export const rules: readonly (() => CreditRule)[] = Object.values(factories);

/** Learners that are no rule with an optimiser, by id. */
export const learners: Readonly<Record<string, LearnerKind>> = {
  'learning-algorithm-cloning': learningAlgorithmCloning,
  'hebbian-norm': hebbianNorm,
  'neuron-particles': neuronParticles,
  'particle-swarm': particleSwarm,
  'sampled-network': sampledNetwork,
  'variable-shared-meta-learning': variableSharedMetaLearning,
};

/** Whatever can take part in a comparison. */
export type Contestant =
  | { readonly kind: 'rule'; readonly rule: CreditRule }
  | { readonly kind: 'learner'; readonly learner: LearnerKind };

/** The rule or learner with this id or alias, with its default options; throws a ConfigError that lists the nearest names. */
export function contestantNamed(name: string): Contestant {
  const isIt = (one: { id: string; aliases: readonly string[] }) => one.id === name || one.aliases.includes(name);
  const known = rules.map((make) => make());
  const rule = known.find(isIt);
  if (rule !== undefined) return { kind: 'rule', rule };
  const learner = Object.values(learners).find(isIt);
  if (learner !== undefined) return { kind: 'learner', learner };
  throw unknownName('rule or learner', name, [...known, ...Object.values(learners)]);
}

/** The full id of a rule or learner. */
export function idNamed(name: string): string {
  const found = contestantNamed(name);
  return found.kind === 'rule' ? found.rule.id : found.learner.id;
}

/** The rule with this id or alias, with its default options; throws a ConfigError that lists the nearest names. */
export function ruleNamed(name: string): CreditRule {
  const known = rules.map((make) => make());
  const found = known.find((rule) => rule.id === name || rule.aliases.includes(name));
  if (found !== undefined) return found;
  throw unknownName('rule', name, known);
}

function unknownName(
  what: string,
  name: string,
  known: readonly { readonly id: string; readonly aliases: readonly string[] }[],
): ConfigError {
  const near = nearest(
    name,
    known.flatMap(({ id, aliases }) => [id, ...aliases]),
  );
  const help =
    near.length > 0 ? `did you mean ${near.join(' or ')}?` : `there are ${known.map((k) => k.id).join(', ')}`;
  return new ConfigError(`there is no ${what} "${name}"`, { name, near, help });
}

export { backprop } from './backprop.ts';
export { burstCorticoCortical } from './burst/burst-cortico-cortical.ts';
export { burstprop } from './burst/burstprop.ts';
export { dendriticError } from './burst/dendritic-error.ts';
export { contrastiveHebbian } from './contrastive-hebbian-learning.ts';
export { directFeedbackAlignment } from './direct-feedback-alignment.ts';
export * as energy from './energy/index.ts';
export { equilibriumPropagation } from './equilibrium-propagation.ts';
export { feedbackAlignment } from './feedback-alignment.ts';
export { forwardForward } from './forward-forward/forward-forward.ts';
export { symba } from './forward-forward/symba.ts';
export { forwardGradient } from './forward-gradient.ts';
export { type HebbianOptions, hebbianLearner, hebbianNorm } from './hebbian/hebbian-norm.ts';
export { kolenPollack } from './kolen-pollack.ts';
export { lastUnit } from './last-unit.ts';
export type {
  Budget,
  Counters,
  FitCall,
  FitEvent,
  Learner,
  LearnerKind,
  LearnerSetting,
  LearningTask,
  UpdateCost,
} from './learner.ts';
export { evaluationsOf, hasRoom, updatesIn } from './learner.ts';
export { multiTangent } from './multi-tangent.ts';
export { multiplexedGradientDescent } from './multiplexed/gradient-descent.ts';
export * as multiplexed from './multiplexed/index.ts';
export { nodePerturbation } from './node-perturbation.ts';
export { kumar2024, neuronParticles, type ParticleOptions, particleLearner } from './particles/neuron-particles.ts';
export { type PlainOptions, particleSwarm, plainSwarmLearner } from './particles/particle-swarm.ts';
export { autonomousInferenceLearning } from './predictive-coding/autonomous.ts';
export { inferenceLearning } from './predictive-coding/inference-learning.ts';
export { predictiveCodingNudge } from './predictive-coding/nudge.ts';
export { zeroDivergence } from './predictive-coding/zero-divergence.ts';
export type { Citation, CreditCall, CreditResult, CreditRule, Reason } from './rule.ts';
export { reason } from './rule.ts';
export { type SampledNetworkOptions, sampledNetwork, sampledNetworkLearner } from './sampled-network.ts';
export { signSymmetry } from './sign-symmetry.ts';
export {
  directFeedbackMacro,
  directFeedbackMicro,
  type TappedDirectFeedbackOptions,
  tappedDirectFeedback,
} from './tapped-direct-feedback.ts';
export { topDownCreditAssignment } from './top-down/top-down-credit-assignment.ts';
export * as vsml from './vsml/index.ts';
export { weightPerturbation } from './weight-perturbation.ts';
