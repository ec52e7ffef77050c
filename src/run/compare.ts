/** The main job: the same model from the same start with each rule, over seeds, within one budget. */
import { backend } from '../engine/index.ts';
import { idNamed } from '../methods/index.ts';
import type { Budget } from '../methods/learner.ts';
import { paramLayers } from '../nn/index.ts';
import { meanInterval } from '../stats/index.ts';
import { type JobSpec, runJob } from './job.ts';
import { modelFor } from './models.ts';
import type { OptimizerSpec } from './optimizers.ts';
import { learningRateOf } from './presets.ts';
import { inProcess, type Runner } from './runner.ts';
import type {
  CompareEvent,
  CompareSummary,
  EpochEvent,
  ResultEvent,
  RuleSummary,
  SkipEvent,
  StartEvent,
} from './schema.ts';
import { curveSummary, pairedTests } from './significance.ts';
import type { Hyper } from './space.ts';
import type { Task } from './task.ts';
import { type TuneJobsOptions, tuneJobs, withHyper } from './tuner-jobs.ts';

export interface CompareOptions {
  /** Names or aliases. */
  readonly rules: readonly string[];
  readonly model: string;
  readonly seeds: readonly number[];
  readonly budget: Budget;
  readonly batch: number;
  readonly optimizer: Omit<OptimizerSpec, 'learningRate'>;
  /** Learning rate of each rule by full id; `default` for the others, and what suits a rule where that is not given. */
  readonly learningRates: Readonly<Record<string, number>>;
  /** Finds the learning rates first, and what else is asked for, with an equal budget for every rule. */
  readonly tune?: TuneJobsOptions;
  /** Accuracy (loss for regression) whose first time is told as updates. */
  readonly target?: number;
  /** Samples on which credit is compared with the gradient; 200 unless said. */
  readonly probe?: number;
  readonly signal?: AbortSignal;
  /** Where jobs run; in this thread unless said. */
  readonly runner?: Runner;
  readonly machine: StartEvent['machine'];
  readonly version: string;
}

/** Runs the comparison; yields the start, everything the runs report, and the summary. */
export async function* compare(task: Task, options: CompareOptions): AsyncGenerator<CompareEvent> {
  const rules = [...new Set(options.rules.map((name) => idNamed(name)))];
  const runner = options.runner ?? inProcess((spec, signal) => runJob(spec, task, signal));
  yield startOf(task, rules, options);
  const seen = new Results();
  let best: Readonly<Record<string, Hyper>> = {};
  if (options.tune !== undefined) {
    const first = rules.map((rule) => jobOf(rule, options.seeds[0]!, options));
    best = yield* seen.watch(tuneJobs(first, runner, options.tune, options.signal));
  }
  const left = rules.filter((rule) => !seen.skipped.has(rule));
  const jobs = options.seeds.flatMap((seed) =>
    left.map((rule) => withHyper(jobOf(rule, seed, options), best[rule] ?? {})),
  );
  yield* seen.watch(eventsOf(runner, jobs, options.signal));
  yield summarise(task, options, left, seen);
}

/** What the first line of a comparison or of a run says. */
export type StartOptions = Pick<
  CompareOptions,
  'model' | 'budget' | 'seeds' | 'machine' | 'version' | 'optimizer' | 'batch' | 'tune'
>;

/** The first line of a comparison or of a run. */
export function startOf(task: Task, rules: readonly string[], options: StartOptions): StartEvent {
  const { model, budget, seeds, machine, version, optimizer, batch, tune } = options;
  const built = modelFor(model, task);
  return {
    type: 'start',
    task: task.name,
    model,
    budget,
    rules: [...rules],
    seeds: [...seeds],
    layers: paramLayers(built).map((i) => built.names[i]!),
    profile: backend().profile,
    machine,
    version,
    optimizer: optimizer.name,
    batch,
    ...(tune === undefined ? {} : { trials: tune.trials }),
  };
}

async function* eventsOf(runner: Runner, jobs: readonly JobSpec[], signal?: AbortSignal): AsyncGenerator<CompareEvent> {
  for await (const { event } of runner(jobs, signal)) yield event;
}

/** Remembers results and skips as they pass; a rule is said to be skipped once. */
class Results {
  readonly runs: ResultEvent[] = [];
  readonly epochs: EpochEvent[] = [];
  readonly skipped = new Set<string>();

  async *watch<R>(events: AsyncGenerator<CompareEvent, R>): AsyncGenerator<CompareEvent, R> {
    try {
      for (let next = await events.next(); ; next = await events.next()) {
        if (next.done === true) return next.value;
        const event = next.value;
        if (event.type === 'result') this.runs.push(event);
        if (event.type === 'epoch') this.epochs.push(event);
        if (event.type !== 'skip' || this.#isNews(event)) yield event;
      }
    } finally {
      await events.return(undefined as never);
    }
  }

  #isNews({ rule }: SkipEvent): boolean {
    const isNews = !this.skipped.has(rule);
    this.skipped.add(rule);
    return isNews;
  }
}

const jobOf = (
  rule: string,
  seed: number,
  { model, optimizer, batch, budget, learningRates: rates, probe = 200 }: CompareOptions,
): JobSpec => ({
  rule,
  model,
  optimizer: {
    ...optimizer,
    learningRate: rates[rule] ?? rates.default ?? learningRateOf(rule, optimizer.name, model),
  },
  batch,
  budget,
  seed,
  probe,
});

function summarise(
  task: Task,
  { model, budget, seeds, target }: CompareOptions,
  rules: readonly string[],
  seen: Results,
): CompareSummary {
  // In the order of the seeds, not of arrival: sums of floats depend on it.
  const ofRule = <E extends { readonly rule: string; readonly seed: number }>(all: readonly E[], rule: string) =>
    seeds.flatMap((seed) => all.filter((e) => e.rule === rule && e.seed === seed));
  const metric = task.isClassification ? 'accuracy' : 'loss';
  const left = rules.filter((rule) => !seen.skipped.has(rule));
  const baseline = left.includes('backprop') ? 'backprop' : left[0];
  return {
    type: 'summary',
    task: task.name,
    model,
    budget,
    rules: left.map((rule) => ({
      ...summaryOf(rule, ofRule(seen.runs, rule)),
      ...curveSummary(ofRule(seen.epochs, rule), metric, target),
    })),
    ...(baseline === undefined ? {} : { tests: pairedTests(seen.runs, { baseline, metric }) }),
    ...(target === undefined ? {} : { target }),
  };
}

/** Means over the runs of one rule. */
export function summaryOf(rule: string, runs: readonly ResultEvent[]): RuleSummary {
  const numbers = (pick: (r: ResultEvent) => number | null) => runs.map(pick).filter((v): v is number => v !== null);
  const mean = (values: readonly number[]) => meanInterval(values).mean;
  const layers = runs[0]?.angleDeg.length ?? 0;
  const learningRate = runs[0]?.learningRate;
  return {
    rule,
    accuracy: meanInterval(numbers((r) => r.accuracy)),
    loss: meanInterval(numbers((r) => r.loss)),
    angleDeg: Array.from({ length: layers }, (_, k) => mean(numbers((r) => r.angleDeg[k] ?? null))),
    flops: mean(numbers((r) => r.flops)) ?? 0,
    peakBytes: Math.max(0, ...numbers((r) => r.peakBytes)),
    seconds: mean(numbers((r) => r.seconds)) ?? 0,
    ...(learningRate === undefined ? {} : { learningRate }),
    ...(runs[0]?.perplexity === undefined
      ? {}
      : {
          bitsPerCharacter: meanInterval(numbers((r) => r.bitsPerCharacter ?? null)),
          perplexity: meanInterval(numbers((r) => r.perplexity ?? null)),
        }),
    diverged: runs.filter((r) => r.diverged === true).length,
  };
}
