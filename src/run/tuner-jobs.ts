/** The tuner over jobs, which may run in workers: the trials of `compare --tune`. */
import { keyFrom } from '../engine/threefry.ts';
import type { Budget } from '../methods/learner.ts';
import type { JobSpec } from './job.ts';
import type { Runner } from './runner.ts';
import type { ResultEvent, SkipEvent, TrialEvent } from './schema.ts';
import { gridPoints, type Hyper, logScale, randomPoints, type Space } from './space.ts';
import { type Metric, ranked, type TrialRecord, type TrialStore } from './trials.ts';

export interface TuneJobsOptions {
  /** Choices of hyper-parameters tried for every rule. */
  readonly trials: number;
  /** `grid` unless said. */
  readonly kind?: 'grid' | 'random';
  /** Ends of the learning rate's logarithmic scale; 1e-6 and 1e-1 unless said. */
  readonly low?: number;
  readonly high?: number;
  /** Options of a rule to search beside the learning rate, by the rule's id. */
  readonly spaces?: Readonly<Record<string, Space>>;
  /** Budget of a trial as a share of the budget of a run; ½ unless said. */
  readonly share?: number;
  /** Share of the training rows that a trial is measured on; 0.1 unless said. */
  readonly holdout?: number;
  /** What decides; the loss unless said: the accuracy picks runs that are about to diverge. */
  readonly metric?: Metric;
  /** Keeps trials, so that a stopped search goes on where it was. */
  readonly store?: TrialStore;
}

/** Folded into the key of a job's seed. */
const POINTS = 0x7121;

/** Tries every job given (one a rule) with the same number of points; yields each trial as it ends and returns the best point by rule. */
export async function* tuneJobs(
  jobs: readonly JobSpec[],
  runner: Runner,
  options: TuneJobsOptions,
  signal?: AbortSignal,
): AsyncGenerator<TrialEvent | SkipEvent, Record<string, Hyper>> {
  const plans = jobs.flatMap((job) => plansOf(job, options));
  const done: TrialRecord[] = [];
  for (const record of (await options.store?.open(studyOf(jobs, options))) ?? [])
    if (record.type === 'trial') {
      done.push(record);
      yield record;
    }
  const left = plans.filter(({ job, trial }) => !done.some((r) => r.rule === job.rule && r.trial === trial));
  const specs = left.map(({ job }) => job);
  for await (const { job, event } of runner(specs, signal)) {
    if (event.type === 'skip') yield event;
    if (event.type !== 'result') continue;
    const record = recordOf(left[job]!, event);
    await options.store?.append(record);
    done.push(record);
    yield record;
  }
  return bestPoints(done, options.metric);
}

interface Plan {
  readonly job: JobSpec;
  readonly trial: number;
  readonly hyper: Hyper;
}

function plansOf(job: JobSpec, options: TuneJobsOptions): Plan[] {
  const { trials, kind = 'grid', low = 1e-6, high = 1e-1, spaces = {}, share = 0.5, holdout = 0.1 } = options;
  const space: Space = { learningRate: logScale(low, high), ...spaces[job.rule] };
  const points = kind === 'grid' ? gridPoints(space, trials) : randomPoints(space, trials, keyFrom(job.seed + POINTS));
  const budget: Budget = { ...job.budget, value: job.budget.value * share };
  return points.map((hyper, trial) => ({ job: { ...withHyper(job, hyper), budget, probe: 0, holdout }, trial, hyper }));
}

/** A job with the learning rate and the rule's options of a point. */
export function withHyper(job: JobSpec, { learningRate, ...options }: Hyper): JobSpec {
  const optimizer = typeof learningRate === 'number' ? { ...job.optimizer, learningRate } : job.optimizer;
  return Object.keys(options).length === 0 ? { ...job, optimizer } : { ...job, optimizer, options };
}

const recordOf = (
  { job, trial, hyper }: Plan,
  { loss, accuracy, diverged, flops, seconds }: ResultEvent,
): TrialRecord => ({
  type: 'trial',
  rule: job.rule,
  trial,
  rung: 0,
  hyper,
  budget: job.budget,
  key: keyFrom(job.seed),
  loss: diverged === true ? null : loss,
  accuracy: diverged === true ? null : accuracy,
  flops,
  seconds,
  status: diverged === true || loss === null ? 'diverged' : 'ok',
});

/** The point of each rule's best trial, whatever order trials ended in. */
export function bestPoints(trials: readonly TrialRecord[], metric: Metric = 'loss'): Record<string, Hyper> {
  const rules = [...new Set(trials.map(({ rule }) => rule))].sort();
  return Object.fromEntries(
    rules.map((rule) => [
      rule,
      ranked(
        trials.filter((t) => t.rule === rule),
        metric,
      )[0]!.hyper,
    ]),
  );
}

const studyOf = (jobs: readonly JobSpec[], { store: _, ...options }: TuneJobsOptions) => ({ jobs, options });
