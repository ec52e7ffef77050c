/** Which model each rule and learner runs on in the atlas: the one that suits it or the first of a list that it supports, with backprop beside it on every model that is used. */
import { ConfigError } from '../../engine/index.ts';
import { contestantNamed } from '../../methods/index.ts';
import type { LearningTask } from '../../methods/learner.ts';
import type { Model } from '../../nn/index.ts';
import { buildModel } from '../models.ts';

/** Where a rule runs. */
export interface Place {
  readonly rule: string;
  readonly model: string;
}

/** A rule that runs nowhere, and why. */
export interface Refusal {
  readonly rule: string;
  readonly reason: string;
}

export interface Placement {
  readonly places: readonly Place[];
  readonly refusals: readonly Refusal[];
}

/** Models of the atlas in the order in which they are tried. */
export const atlasModels: readonly string[] = ['mlp', 'mlp-tanh', 'mlp-sigmoid'];

/** What a rule was made for, where it is not the first that it supports: BurstCCN's rates are sigmoid in the paper. */
const suited: Readonly<Record<string, string>> = { 'burst-cortico-cortical': 'mlp-sigmoid' };

export const BASELINE = 'backprop';

/** Places rules on the model that suits them, else on the first that they support; every model in use gets the baseline, which comes first. */
export function placed(
  rules: readonly string[],
  models: readonly string[],
  task: Pick<LearningTask, 'train' | 'featureShape' | 'outputs'>,
): Placement {
  if (models.length === 0) throw new ConfigError('an atlas needs a model', { help: 'leave --models out, or name one' });
  const built = models.map((name) => ({ name, model: buildModel(name, task.featureShape, task.outputs) }));
  const places: Place[] = [];
  const refusals: Refusal[] = [];
  for (const rule of rules.filter((r) => r !== BASELINE)) {
    const answers = built.map(({ name, model }) => ({ name, answer: answerOf(rule, model, task) }));
    const able = answers.filter(({ answer }) => answer === true);
    const home = able.find(({ name }) => name === suited[rule]) ?? able[0];
    if (home !== undefined) places.push({ rule, model: home.name });
    else refusals.push({ rule, reason: refusalOf(answers) });
  }
  const used = models.filter((name) => places.some(({ model }) => model === name));
  const homes = used.length === 0 ? [models[0]!] : used;
  return { places: [...homes.map((model) => ({ rule: BASELINE, model })), ...places], refusals };
}

function answerOf(
  rule: string,
  model: Model,
  task: Pick<LearningTask, 'train' | 'featureShape' | 'outputs'>,
): true | string {
  const found = contestantNamed(rule);
  const answer =
    found.kind === 'rule' ? found.rule.supports(model) : found.learner.supports({ task: task as LearningTask, model });
  if (answer !== true) return answer.reason;
  return found.kind === 'rule' && found.rule.isAsync === true ? 'it asks the outside world' : true;
}

/** The reasons, each once, with the models that they speak of. */
function refusalOf(answers: readonly { readonly name: string; readonly answer: true | string }[]): string {
  const reasons = [...new Set(answers.map(({ answer }) => String(answer)))];
  if (reasons.length === 1) return reasons[0]!;
  return answers.map(({ name, answer }) => `${name}: ${answer}`).join('; ');
}
