/** The registry of credit rules. */
import { ConfigError } from '../engine/errors.ts';
import { backprop } from './backprop.ts';
import { directFeedbackAlignment } from './direct-feedback-alignment.ts';
import type { CreditRule } from './rule.ts';

export const rules: readonly (() => CreditRule)[] = [
  backprop,
  directFeedbackAlignment,
] as unknown as readonly (() => CreditRule)[];

/** The rule with this id or alias. */
export function ruleNamed(name: string): CreditRule {
  for (const make of rules) {
    const rule = make();
    if (rule.id === name || rule.aliases.includes(name)) return rule;
  }
  throw new ConfigError(`there is no rule "${name}"`, { name });
}
