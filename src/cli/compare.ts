/** `compare`: the same model from the same start with each rule. */
import { join, resolve } from 'node:path';
import { type Dataset, loadDataset } from '../data/index.ts';
import { threads } from '../engine/index.ts';
import { factories, idNamed, learners } from '../methods/index.ts';
import { compare } from '../run/compare.ts';
import { type EngineSettings, useEngine } from '../run/engine-settings.ts';
import { runJob } from '../run/job.ts';
import { namedModel } from '../run/models.ts';
import { standardRules } from '../run/presets.ts';
import { writeReport } from '../run/report.ts';
import { inProcess, type Runner } from '../run/runner.ts';
import type { CompareEvent } from '../run/schema.ts';
import { taskOf } from '../run/task.ts';
import { fileTrials, type Metric } from '../run/trials.ts';
import type { TuneJobsOptions } from '../run/tuner-jobs.ts';
import { inWorkers } from '../run/workers.ts';
import { atLeast, choice, names, type Seeds, seeds, whole } from './fields.ts';
import { budgetOf, cores, engineOf, learningOptions, loadOptionsOf, optimizerOf, ratesOf } from './learning.ts';
import { machine, version } from './machine.ts';
import { EventLog, runFolder } from './run-folder.ts';
import { type Call, defineVerb, option, preset } from './verb.ts';

const options = {
  rules: preset(
    '--rules <list>',
    'backprop,dfa,…, standard (the default: eight rules of about the cost of backprop) or all; `list rules` names them',
    names(),
    ['standard'],
  ),
  seeds: preset('--seeds <n|list>', 'how many seeds, or which: 3 or 1,2,5 (default 3)', seeds(), 3),
  ...learningOptions,
  tune: option(
    '--tune <n>',
    'first try n learning rates for each rule, 1e-6 to 0.1, each for half the budget, measured on held-out training rows',
    whole(1),
  ),
  tuneKind: preset(
    '--tune-kind <name>',
    'rates in equal ratios, or drawn at random: grid or random (default grid)',
    choice('grid', 'random'),
    'grid',
  ),
  tuneOn: preset(
    '--tune-on <name>',
    'what chooses, loss or accuracy on the held-out rows (default loss)',
    choice('loss', 'accuracy'),
    'loss',
  ),
  target: option('--target <value>', 'tell the updates until this accuracy, or loss for regression', atLeast(0)),
  workers: option('--workers <n>', 'threads, 1 for none (default: cores)', whole(1)),
  probe: preset('--probe <rows>', 'rows on which credit is compared with the gradient (default 200)', whole(), 200),
} as const;

export const compareVerb = defineVerb({
  name: 'compare',
  summary: 'train the same model from the same start with each rule',
  options,
  examples: [
    ['cotangent compare', 'eight rules on the built-in digits, three seeds'],
    [
      'cotangent compare --rules backprop,dfa --task mnist --model cnn --epochs 3',
      'two rules, a convolutional network',
    ],
    ['cotangent compare --budget 2e11flops --tune 5', 'equal FLOPs, learning rates tuned equally'],
    ['cotangent compare --rules all --json > events.jsonl', 'for scripts; cotangent report events.jsonl draws it'],
  ],
  async run(call) {
    const { values, ui, io } = call;
    const engine = engineOf(values);
    useEngine(engine);
    const chosen = rulesOf(values.rules);
    const learningRates = ratesOf(values.learningRate);
    const budget = budgetOf(values, { kind: 'epochs', value: 5 });
    const set = await loadDataset(values.task, loadOptionsOf(values));
    const folder = await runFolder(values.out, `compare-${set.name}`, io);
    const report = join(folder, 'report.html');
    await call.interruptible(async (signal) => {
      const task = taskOf(set);
      const events = compare(task, {
        rules: chosen,
        model: namedModel(values.model, task),
        seeds: seedsOf(values.seeds, values.seed),
        budget,
        batch: values.batch,
        optimizer: optimizerOf(values),
        learningRates,
        ...(values.tune === undefined ? {} : { tune: tuneOf(values.tune, values, resolve(io.cwd, folder)) }),
        ...(values.target === undefined ? {} : { target: values.target }),
        probe: values.probe,
        signal,
        runner: runnerOf(set, engine, values.workers ?? Math.max(1, Math.floor(cores() / threads()))),
        machine: machine(),
        version: version(),
      });
      await record(events, { folder: resolve(io.cwd, folder), report, path: resolve(io.cwd, report) }, call);
    });
    ui.close();
    ui.say(`\nreport: ${report}`);
    return 0;
  },
});

interface Place {
  readonly folder: string;
  /** The report's path, as it is told and as it is written to. */
  readonly report: string;
  readonly path: string;
}

/** Shows and logs every event; the report is on the disk before the summary names it. */
async function record(
  events: AsyncIterable<CompareEvent>,
  { folder, report, path }: Place,
  { ui }: Pick<Call<typeof options>, 'ui'>,
): Promise<void> {
  const log = new EventLog(join(folder, 'events.jsonl'));
  await log.clear();
  const kept: CompareEvent[] = [];
  for await (const event of events) {
    const isSummary = event.type === 'summary';
    const told = isSummary ? { ...event, report } : event;
    if (event.type !== 'progress') kept.push(told);
    if (isSummary) await writeReport(path, kept);
    log.add(told);
    ui.event(told);
  }
  await log.flush();
}

/** Trials are kept in the folder: the same command with the same --out goes on with those that are left. */
const tuneOf = (
  trials: number,
  { tuneKind, tuneOn }: { readonly tuneKind: 'grid' | 'random'; readonly tuneOn: Metric },
  folder: string,
): TuneJobsOptions => ({
  trials,
  kind: tuneKind,
  metric: tuneOn,
  store: fileTrials(join(folder, 'trials.jsonl'), { onOther: 'replace' }),
});

const groups: Readonly<Record<string, readonly string[]>> = {
  standard: standardRules,
  all: [...Object.keys(factories), ...Object.keys(learners)],
};

const rulesOf = (asked: readonly string[]): string[] =>
  asked.flatMap((name) => (Object.hasOwn(groups, name) ? groups[name]! : [idNamed(name)]));

const seedsOf = (asked: Seeds, first: number): number[] =>
  typeof asked === 'number' ? Array.from({ length: asked }, (_, i) => first + i) : [...asked];

const runnerOf = (set: Dataset, engine: EngineSettings, workers: number): Runner => {
  if (workers > 1) return inWorkers({ set, engine }, workers);
  const task = taskOf(set);
  return inProcess((spec, signal) => runJob(spec, task, signal));
};
