/** `train`: one run of one rule, with checkpoints to go on from. */
import { join, resolve } from 'node:path';
import { loadDataset } from '../data/index.ts';
import { ConfigError } from '../engine/errors.ts';
import { idNamed } from '../methods/index.ts';
import { startOf, summaryOf } from '../run/compare.ts';
import { useEngine } from '../run/engine-settings.ts';
import { exists } from '../run/files.ts';
import { namedModel } from '../run/models.ts';
import { learningRateOf } from '../run/presets.ts';
import { openRunStore, type RunFile, readCheckpoint, readRunFile, writeRunFile } from '../run/run-store.ts';
import type { CompareSummary, Event, ResultEvent } from '../run/schema.ts';
import { type Task, taskOf } from '../run/task.ts';
import { type RunConfig, stepOf, train } from '../run/train.ts';
import { every, flag, text, whole } from './fields.ts';
import { Interrupted } from './interrupt.ts';
import { budgetOf, engineOf, learningOptions, loadOptionsOf, optimizerOf, ratesOf } from './learning.ts';
import { machine, version } from './machine.ts';
import { EventLog, runFolder } from './run-folder.ts';
import { type Call, commonOptions, defineVerb, longFlag, option, preset } from './verb.ts';

const epoch = { unit: 'epochs', value: 1 } as const;

const options = {
  rule: preset('--rule <name>', 'credit rule (default backprop); `list rules` names them', text(), 'backprop'),
  ...learningOptions,
  saveEvery: preset(
    '--save-every <n>',
    'write a checkpoint every 200steps or 2epochs (default 1epoch)',
    every(),
    epoch,
  ),
  evalEvery: preset('--eval-every <n>', 'measure every 200steps or 2epochs (default 1epoch)', every(), epoch),
  patience: preset(
    '--patience <n>',
    'stop after n measurements without a better loss on held-out training rows (default 0: never)',
    whole(),
    0,
  ),
  probe: preset('--probe <rows>', 'rows on which credit is compared with the gradient (default 0: none)', whole(), 0),
  resume: option('--resume <folder>', 'go on with a run, bit for bit', text()),
  allowProfileChange: preset(
    '--allow-profile-change',
    'resume although the result will not be that of an uninterrupted run',
    flag(),
    false,
  ),
} as const;

type TrainCall = Call<typeof options>;

/** What may change when a run is taken up again. */
const changeable = new Set<string>([
  ...Object.keys(commonOptions),
  'resume',
  'allowProfileChange',
  'saveEvery',
  'budget',
  'epochs',
  'seconds',
  'flops',
  'profile',
  'threads',
]);

export const trainVerb = defineVerb({
  name: 'train',
  summary: 'train one model with one rule, with checkpoints to go on from',
  options,
  examples: [
    ['cotangent train --rule backprop --task mnist --epochs 10 --out runs/mnist', 'a run in a folder of its own'],
    ['cotangent train --resume runs/mnist', 'go on where it stopped, bit for bit'],
    ['cotangent train --resume runs/mnist --epochs 20', 'go on for longer'],
    ['cotangent train --rule dfa --patience 5 --epochs 100', 'stop when held-out training rows get no better'],
  ],
  async run(call) {
    const { values, ui, io } = call;
    const { run: asked, folder } =
      values.resume === undefined ? await freshRun(call) : await resumedRun(call, values.resume);
    const profile = useEngine(asked.engine);
    const task = taskOf(await loadDataset(asked.task, asked.load));
    const run = { ...asked, config: { ...asked.config, model: namedModel(asked.config.model, task) } };
    const path = resolve(io.cwd, folder);
    // The profile in use is written down, so that a run is taken up under the same one.
    const engine = profile === 'oracle' ? run.engine : { ...run.engine, profile };
    await writeRunFile(path, { ...run, engine });
    await call.interruptible((signal) => follow(task, run.config, { call, folder, path, signal }));
    ui.close();
    ui.say(`\nfinal parameters: ${join(folder, 'final.checkpoint')}`);
    return 0;
  },
});

interface Started {
  readonly run: RunFile;
  /** As people type it. */
  readonly folder: string;
}

async function freshRun({ values, io }: TrainCall): Promise<Started> {
  const rule = idNamed(values.rule);
  const rates = ratesOf(values.learningRate);
  const config: RunConfig = {
    rule,
    model: values.model,
    optimizer: {
      ...optimizerOf(values),
      learningRate: rates[rule] ?? rates.default ?? learningRateOf(rule, values.optimizer, values.model),
    },
    batch: values.batch,
    budget: budgetOf(values, { kind: 'epochs', value: 5 }),
    seed: values.seed,
    probe: values.probe,
    saveEvery: values.saveEvery,
    evalEvery: values.evalEvery,
    patience: values.patience,
  };
  const run: RunFile = {
    format: 'cotangent-run',
    version: 1,
    task: values.task,
    load: loadOptionsOf(values),
    engine: engineOf(values),
    config,
  };
  if (values.out !== undefined && (await exists(resolve(io.cwd, values.out, 'run.json'))))
    throw new ConfigError(`${values.out} already holds a run`, {
      out: values.out,
      help: `go on with it by train --resume ${values.out}, or give another folder`,
    });
  return { run, folder: await runFolder(values.out, `train-${values.task}`, io) };
}

async function resumedRun({ values, given, io }: TrainCall, folder: string): Promise<Started> {
  const fixed = [...given].find((key) => !changeable.has(key));
  if (fixed !== undefined)
    throw new ConfigError(`${longFlag(options[fixed as keyof typeof options])} cannot change when a run is resumed`, {
      option: fixed,
      help: `start another run with --out, or leave it out: ${folder} remembers what it was started with`,
    });
  const run = await readRunFile(resolve(io.cwd, folder));
  const config: RunConfig = {
    ...run.config,
    budget: budgetOf(values, run.config.budget),
    ...(given.has('saveEvery') ? { saveEvery: values.saveEvery } : {}),
  };
  return { run: { ...run, config, engine: { ...run.engine, ...engineOf(values) } }, folder };
}

interface Place {
  readonly call: TrainCall;
  readonly folder: string;
  readonly path: string;
  readonly signal: AbortSignal;
}

/** Runs, shows and logs; an interrupted run says how to go on. */
async function follow(task: Task, config: RunConfig, { call, folder, path, signal }: Place): Promise<void> {
  const { values, ui } = call;
  const resume = values.resume !== undefined;
  const log = new EventLog(join(path, 'events.jsonl'));
  const tell = (event: Event) => {
    log.add(event);
    ui.event(event);
  };
  if (resume) await log.rewind(stepOf(await readCheckpoint(join(path, 'last.checkpoint'))));
  tell(startOf(task, [config.rule], { ...config, seeds: [config.seed], machine: machine(), version: version() }));
  const store = await openRunStore(path);
  try {
    for await (const event of train(task, {
      config,
      store,
      resume,
      allowProfileChange: values.allowProfileChange,
      signal,
    })) {
      tell(event.type === 'checkpoint' ? { ...event, path: join(folder, event.path.slice(path.length + 1)) } : event);
      if (event.type === 'result') tell(summary(task, config, event));
    }
  } catch (error) {
    throw error instanceof Interrupted ? new Interrupted(`go on with cotangent train --resume ${folder}`) : error;
  } finally {
    await log.flush();
  }
}

const summary = (task: Task, { model, budget, rule }: RunConfig, result: ResultEvent): CompareSummary => ({
  type: 'summary',
  task: task.name,
  model,
  budget,
  rules: [summaryOf(rule, [result])],
});
