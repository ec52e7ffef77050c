/** The main job: the same model from the same start with each rule, over seeds, within one budget. */
import { backend, ConfigError } from '../engine/index.ts';
import { ruleNamed } from '../methods/index.ts';
import { paramLayers } from '../nn/index.ts';
import { meanInterval } from '../stats/index.ts';
import { type JobEvent, type JobSpec, runJob } from './job.ts';
import { buildModel } from './models.ts';
import type { OptimizerSpec } from './optimizers.ts';
import { inProcess, type Runner } from './runner.ts';
import type { Budget, CompareEvent, CompareSummary, ResultEvent, RuleSummary, StartEvent } from './schema.ts';
import type { Task } from './task.ts';

export interface CompareOptions {
  readonly rules: readonly string[];
  readonly model: string;
  readonly seeds: readonly number[];
  readonly budget: Budget;
  readonly batch: number;
  readonly optimizer: Omit<OptimizerSpec, 'learningRate' | 'decaySteps'>;
  /** `cosine` lets every rate fall to 0 over the budget, which must then be in epochs. */
  readonly schedule?: 'constant' | 'cosine';
  /** Learning rate of each rule by full id; `default` for the others. */
  readonly learningRates: Readonly<Record<string, number>>;
  readonly probe?: number;
  readonly signal?: AbortSignal;
  /** Where jobs run; in this thread unless said. */
  readonly runner?: Runner;
  readonly machine: StartEvent['machine'];
  readonly version: string;
}

/** Runs the comparison; yields the start, everything the runs report, and the summary. */
export async function* compare(task: Task, options: CompareOptions): AsyncGenerator<CompareEvent> {
  const rules = options.rules.map((name) => ruleNamed(name).id);
  const model = buildModel(options.model, task.set.featureShape, task.outputs);
  yield {
    type: 'start',
    task: task.name,
    model: options.model,
    budget: options.budget,
    rules,
    seeds: [...options.seeds],
    layers: paramLayers(model).map((i) => model.names[i]!),
    profile: backend().profile,
    machine: options.machine,
    version: options.version,
  };
  const decay = decayOf(task, options);
  const jobs = options.seeds.flatMap((seed) => rules.map((rule): JobSpec => jobOf(rule, seed, options, decay)));
  const runner = options.runner ?? inProcess((spec, signal) => runJob(spec, task, signal));
  const results: ResultEvent[] = [];
  const skipped = new Set<string>();
  for await (const event of runner(jobs, options.signal)) {
    if (event.type === 'skip') {
      if (skipped.has(event.rule)) continue;
      skipped.add(event.rule);
    }
    if (event.type === 'result') results.push(event);
    yield event;
  }
  yield summarise(
    task.name,
    options,
    rules.filter((rule) => !skipped.has(rule)),
    results,
  );
}

/** Steps of the whole budget, for rates that fall over it. */
function decayOf(task: Task, { schedule = 'constant', budget, batch }: CompareOptions): { decaySteps?: number } {
  if (schedule === 'constant') return {};
  if (budget.kind !== 'epochs')
    throw new ConfigError(`a cosine schedule needs a budget in epochs, not in ${budget.kind}`, {
      budget,
      help: 'use --epochs, or --schedule constant',
    });
  return { decaySteps: Math.max(1, Math.round(budget.value * Math.floor(task.set.train.n / batch))) };
}

function jobOf(rule: string, seed: number, options: CompareOptions, decay: { decaySteps?: number }): JobSpec {
  const { model, optimizer, learningRates, batch, budget, probe = 200 } = options;
  const learningRate = learningRates[rule] ?? learningRates.default ?? 1e-3;
  return { rule, model, optimizer: { ...optimizer, ...decay, learningRate }, batch, budget, seed, probe };
}

function summarise(
  task: string,
  options: CompareOptions,
  rules: readonly string[],
  results: readonly ResultEvent[],
): CompareSummary {
  return {
    type: 'summary',
    task,
    model: options.model,
    budget: options.budget,
    rules: rules.map((rule) =>
      summaryOf(
        rule,
        results.filter((r) => r.rule === rule),
      ),
    ),
  };
}

function summaryOf(rule: string, runs: readonly ResultEvent[]): RuleSummary {
  const numbers = (pick: (r: ResultEvent) => number | null) => runs.map(pick).filter((v): v is number => v !== null);
  const mean = (values: readonly number[]) => meanInterval(values).mean;
  const layers = runs[0]?.angleDeg.length ?? 0;
  return {
    rule,
    accuracy: meanInterval(numbers((r) => r.accuracy)),
    loss: meanInterval(numbers((r) => r.loss)),
    angleDeg: Array.from({ length: layers }, (_, k) => mean(numbers((r) => r.angleDeg[k] ?? null))),
    flops: mean(numbers((r) => r.flops)) ?? 0,
    peakBytes: Math.max(0, ...numbers((r) => r.peakBytes)),
    seconds: mean(numbers((r) => r.seconds)) ?? 0,
  };
}

export type { JobEvent };
