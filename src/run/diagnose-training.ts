/** Credit along a training run: bias, variance and angle at the start and every so many updates, without disturbing the run. */
import { ConfigError } from '../engine/index.ts';
import { foldIn, type KeyWords } from '../engine/threefry.ts';
import type { Budget, LearningTask } from '../methods/learner.ts';
import { Diagnostics, type StatisticsOptions } from './diagnose.ts';
import type { CreditStatistics } from './diagnose-statistics.ts';
import { probeBatch } from './job.ts';
import { type RuleLearnerOptions, ruleLearner } from './rule-learner.ts';

export interface TraceCreditOptions extends RuleLearnerOptions, StatisticsOptions {
  readonly task: LearningTask;
  readonly budget: Budget;
  readonly key: KeyWords;
  /** Updates between two diagnoses. */
  readonly every: number;
  /** Training rows that credit and gradient are compared on; those of one batch unless said. */
  readonly probe?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface CreditTrace {
  /** Updates before the diagnosis. */
  readonly step: number;
  /** Loss of the last batch; null before the first one and for rules that evaluate none. */
  readonly loss: number | null;
  /** Layer by layer; null where the gradient is 0. */
  readonly layers: readonly (CreditStatistics | null)[];
}

/** Folded into the key of the run. */
const DIAGNOSIS = 0xd1a6;

/** Trains by a rule and yields the statistics of its credit: before the first update and after every `every` of them. */
export async function* traceCredit(options: TraceCreditOptions): AsyncGenerator<CreditTrace, void, undefined> {
  const { task, budget, key, every, signal, model, loss, rule, batch } = options;
  if (!Number.isInteger(every) || every < 1)
    throw new ConfigError(`credit cannot be diagnosed every ${every} updates`, { every, help: 'use 1 or more' });
  const learner = ruleLearner(options);
  const diagnostics = new Diagnostics(model, loss, rule);
  const probe = probeBatch(task, options.probe ?? batch);
  const at = (step: number, state: Parameters<Diagnostics['statistics']>[0]) =>
    diagnostics.statistics(state, probe, foldIn(foldIn(key, DIAGNOSIS), step), options);
  yield { step: 0, loss: null, layers: await at(0, learner.init(key)) };
  for await (const { counters, state, loss: last } of learner.fit({ task, budget, key, signal }))
    if (counters.step % every === 0) yield { step: counters.step, loss: last, layers: await at(counters.step, state) };
}
