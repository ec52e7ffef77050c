/** The tuner: the same number of learning rates for every rule, each tried on a part of the training rows, none on the test rows. */
import type { JobSpec } from './job.ts';
import type { Runner } from './runner.ts';
import type { ResultEvent, SkipEvent, TrialEvent } from './schema.ts';

export interface TuneOptions {
  /** Learning rates tried for every rule. */
  readonly trials: number;
  /** Ends of the logarithmic grid; 1e-6 and 1e-1 unless said. */
  readonly low?: number;
  readonly high?: number;
  /** Budget of a trial as a share of the budget of a run; ½ unless said. */
  readonly share?: number;
  /** Share of the training rows that a trial is measured on; 0.1 unless said. */
  readonly holdout?: number;
}

/** `trials` rates from `low` to `high` in equal ratios; a single one is their geometric mean. */
export function logGrid(trials: number, low: number, high: number): number[] {
  if (trials === 1) return [Math.sqrt(low * high)];
  return Array.from({ length: trials }, (_, i) => Number((low * (high / low) ** (i / (trials - 1))).toPrecision(3)));
}

/** Tries the grid on every job given (one a rule); yields each trial as it ends and returns the best rate by rule. */
export async function* tune(
  jobs: readonly JobSpec[],
  runner: Runner,
  { trials, low = 1e-6, high = 1e-1, share = 0.5, holdout = 0.1 }: TuneOptions,
  signal?: AbortSignal,
): AsyncGenerator<TrialEvent | SkipEvent, Record<string, number>> {
  const specs = jobs.flatMap((job) =>
    logGrid(trials, low, high).map((learningRate): JobSpec => trialOf(job, learningRate, share, holdout)),
  );
  const done: TrialEvent[] = [];
  for await (const { job, event } of runner(specs, signal)) {
    if (event.type === 'skip') yield event;
    if (event.type !== 'result') continue;
    const trial = asTrial(event, specs[job]!.optimizer.learningRate);
    done.push(trial);
    yield trial;
  }
  return bestRates(done);
}

const trialOf = (job: JobSpec, learningRate: number, share: number, holdout: number): JobSpec => ({
  ...job,
  optimizer: { ...job.optimizer, learningRate },
  budget: { ...job.budget, value: job.budget.value * share },
  probe: 0,
  holdout,
});

const asTrial = ({ rule, loss, accuracy, diverged }: ResultEvent, learningRate: number): TrialEvent => ({
  type: 'trial',
  rule,
  learningRate,
  loss: diverged === true ? null : loss,
  accuracy,
});

/** The rate of each rule's best trial; ties go to the smaller rate, whatever order trials ended in. */
export function bestRates(trials: readonly TrialEvent[]): Record<string, number> {
  const best = new Map<string, TrialEvent>();
  for (const trial of [...trials].sort((a, b) => a.learningRate - b.learningRate)) {
    const before = best.get(trial.rule);
    if (before === undefined || isBetter(trial, before)) best.set(trial.rule, trial);
  }
  return Object.fromEntries([...best].map(([rule, { learningRate }]) => [rule, learningRate]));
}

/** A finite loss beats a diverged one, a smaller one a larger one: accuracy alone would choose runs that are about to diverge. */
const isBetter = (a: TrialEvent, b: TrialEvent): boolean => a.loss !== null && (b.loss === null || a.loss < b.loss);
