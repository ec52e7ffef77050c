/** A credit rule with an optimiser, as a learner. */
import { UnsupportedError } from '../engine/index.ts';
import type { Learner } from '../methods/learner.ts';
import type { CreditRule } from '../methods/rule.ts';
import { fitInSteps } from '../methods/stepping.ts';
import type { Loss, Model } from '../nn/index.ts';
import type { Optimizer } from '../optim/index.ts';
import { Diagnostics } from './diagnose.ts';
import { initialState, Trainer, type TrainState } from './trainer.ts';

export interface RuleLearnerOptions {
  readonly rule: CreditRule;
  readonly model: Model;
  readonly loss: Loss;
  readonly optimizer: Optimizer;
  readonly batch: number;
}

/** A learner that updates a model's parameters by the credit of a rule, batch by batch; refuses a model that the rule does not support. */
export function ruleLearner({ batch, ...parts }: RuleLearnerOptions): Learner<TrainState> {
  const supported = parts.rule.supports(parts.model);
  if (supported !== true)
    throw new UnsupportedError(`${parts.rule.id} does not support this model: ${supported.reason}`, {
      rule: parts.rule.id,
      help: 'choose another rule or model; FEATURES.md has the table',
    });
  let diagnostics: Diagnostics | null = null;
  return {
    id: parts.rule.id,
    init: (key) => initialState({ ...parts, key }),
    fit: (call) => fitInSteps(new Trainer({ ...parts, key: call.key }, call.from?.state), batch, call),
    predict: ({ params, modelState, rule }, x) =>
      parts.rule.predict?.({ model: parts.model, loss: parts.loss, params, modelState, state: rule, x }) ??
      parts.model.apply(params, modelState, x, { train: false })[0],
    quality(state, probe, key) {
      diagnostics ??= new Diagnostics(parts.model, parts.loss, parts.rule);
      return diagnostics.measure(state, probe, key);
    },
  };
}
