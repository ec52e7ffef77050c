/** One fit from start to end, measured once: what the tuner and claims ask of a learner. */
import { DivergedError } from '../engine/index.ts';
import type { KeyWords } from '../engine/threefry.ts';
import type { Budget, FitEvent, Learner } from '../methods/learner.ts';
import { Evaluator } from './evaluate.ts';
import type { Task } from './task.ts';

export interface FitOptions {
  readonly task: Task;
  readonly budget: Budget;
  /** Randomness of the whole fit. */
  readonly key: KeyWords;
  readonly signal?: AbortSignal | undefined;
}

/** What a fit left: its measures on the test rows of the task and its cost. */
export interface FitOutcome {
  /** Null where the fit diverged. */
  readonly loss: number | null;
  /** A fraction; null for regression. */
  readonly accuracy: number | null;
  readonly flops: number;
  readonly seconds: number;
  readonly status: 'ok' | 'diverged';
}

/** Fits a learner within a budget and measures it on the task's test rows; a loss that is not finite ends the fit and is said. */
export async function fitOnce<State>(learner: Learner<State>, options: FitOptions): Promise<FitOutcome> {
  const { task, budget, key, signal } = options;
  let last: FitEvent<State> | null = null;
  try {
    for await (const event of learner.fit({ task, budget, key, signal })) {
      last = event;
      if (event.loss !== null && !Number.isFinite(event.loss)) return outcome(last, null, null);
    }
  } catch (error) {
    if (error instanceof DivergedError) return outcome(last, null, null);
    throw error;
  }
  const state = last === null ? learner.init(key) : last.state;
  const evaluator = new Evaluator((s: State, x) => learner.predict(s, x), task);
  const { loss, accuracy } = await evaluator.measure(state, task.test, signal);
  return outcome(last, Number.isFinite(loss) ? loss : null, accuracy);
}

const outcome = (last: FitEvent<unknown> | null, loss: number | null, accuracy: number | null): FitOutcome => ({
  loss,
  accuracy: loss === null ? null : accuracy,
  flops: last?.counters.flops ?? 0,
  seconds: last?.counters.seconds ?? 0,
  status: loss === null ? 'diverged' : 'ok',
});
