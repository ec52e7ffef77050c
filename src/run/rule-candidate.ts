/** Rules as candidates of the tuner: any rule with any optimiser on one model, the learning rate always among what is searched. */
import { ConfigError } from '../engine/index.ts';
import type { CreditRule } from '../methods/rule.ts';
import type { Model } from '../nn/index.ts';
import type { Optimizer } from '../optim/index.ts';
import { fullSteps } from './job.ts';
import { ruleLearner } from './rule-learner.ts';
import { type Hyper, logScale, type Space } from './space.ts';
import type { Candidate } from './tuner.ts';

/** What all rules of a search share. */
export interface RuleSetting {
  readonly model: Model;
  /** The optimiser for a learning rate; `steps` are the updates of the whole budget where it is in epochs or steps, else null. */
  readonly optimizer: (
    learningRate: number,
    about: { readonly hyper: Hyper; readonly steps: number | null },
  ) => Optimizer;
  readonly batch: number;
}

export interface RuleChoice {
  /** The rule's own id unless said. */
  readonly id?: string;
  /** Makes the rule with its options. */
  readonly rule: (hyper: Hyper) => CreditRule<unknown>;
  /** What is searched; `learningRate` is logarithmic from 1e-6 to 0.1 unless said. */
  readonly space?: Space;
}

/** A rule as a candidate. Other hyper-parameters than `learningRate` reach the rule and the optimiser by name. */
export function ruleCandidate({ rule, id, space = {} }: RuleChoice, setting: RuleSetting): Candidate {
  const { model, batch, optimizer } = setting;
  return {
    id: id ?? rule({}).id,
    space: { learningRate: logScale(1e-6, 0.1), ...space },
    make: (hyper, { task, budget }) =>
      ruleLearner({
        rule: rule(hyper) as CreditRule,
        model,
        loss: task.loss,
        optimizer: optimizer(rateOf(hyper), { hyper, steps: fullSteps({ budget, batch }, task) }),
        batch,
      }),
    detail: `${model.names.join(' ')}, ${model.inputShape.join('×')} to ${model.outputShape.join('×')}, batch ${batch}`,
  };
}

function rateOf({ learningRate }: Hyper): number {
  if (typeof learningRate === 'number' && learningRate > 0) return learningRate;
  throw new ConfigError(`the learning rate must be a number above 0, not ${learningRate}`, {
    learningRate,
    help: "give space.learningRate as { scale: 'log', low, high }",
  });
}
