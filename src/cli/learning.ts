/** Options and pieces that `compare` and `train` share: task, model, budget, optimiser. */
import { availableParallelism } from 'node:os';
import type { LoadOptions } from '../data/index.ts';
import { ConfigError } from '../engine/errors.ts';
import { idNamed } from '../methods/index.ts';
import type { Budget } from '../methods/learner.ts';
import type { EngineSettings } from '../run/engine-settings.ts';
import type { OptimizerSpec } from '../run/optimizers.ts';
import { above, atLeast, budget, choice, rates, text, whole } from './fields.ts';
import { engineOptions, option, preset } from './verb.ts';

export const learningOptions = {
  task: preset('--task <name>', 'data set (default digits); `list tasks` names them', text(), 'digits'),
  model: preset(
    '--model <spec>',
    'mlp, mlp:256-128, cnn, resnet, vit, gru …: list models (default auto: mlp, for text gru)',
    text(),
    'auto',
  ),
  budget: option(
    '--budget <amount>',
    'per run: 5epochs, 500steps, 1e5samples, 1e6evaluations, 2e12flops or 30s',
    budget(),
  ),
  epochs: option('--epochs <n>', 'the same as --budget <n>epochs', above(0)),
  seconds: option('--seconds <n>', 'the same as --budget <n>s', above(0)),
  flops: option('--flops <n>', 'the same as --budget <n>flops', above(0)),
  batch: preset('--batch <n>', 'rows per update (default 32)', whole(1), 32),
  optimizer: preset(
    '--optimizer <name>',
    'momentum (default), sgd, adam, adamw, lion …: list optimizers',
    text(),
    'momentum',
  ),
  schedule: preset(
    '--schedule <name>',
    'constant, or cosine: rates fall to 0 over a budget in epochs (default constant)',
    choice('constant', 'cosine'),
    'constant',
  ),
  weightDecay: option('--weight-decay <n>', "decay of the weights (default: the optimiser's own)", atLeast(0)),
  learningRate: option('--learning-rate <r>', 'for all rules, or rule=rate,…; `default` names the others', rates()),
  trainRows: option('--train-rows <n>', 'use only the first training rows, or generate this many', whole(1)),
  context: option('--context <n>', 'characters in a window of text (default 64)', whole(1)),
  testRows: option('--test-rows <n>', 'the same for the test rows', whole(1)),
  ...engineOptions,
} as const;

type Amounts = Partial<Record<'epochs' | 'seconds' | 'flops', number | undefined>> & {
  readonly budget?: Budget | undefined;
};

/** The one budget that was asked for. */
export function budgetOf({ budget: whole, epochs, seconds, flops }: Amounts, standard: Budget): Budget {
  const given: Budget[] = [
    ...(whole === undefined ? [] : [whole]),
    ...(epochs === undefined ? [] : [{ kind: 'epochs', value: epochs } as const]),
    ...(seconds === undefined ? [] : [{ kind: 'seconds', value: seconds } as const]),
    ...(flops === undefined ? [] : [{ kind: 'flops', value: flops } as const]),
  ];
  if (given.length <= 1) return given[0] ?? standard;
  throw new ConfigError(
    `a run has one budget, but ${given.map((b) => `${b.value} ${b.kind}`).join(' and ')} were asked for`,
    {
      help: 'give one of --budget, --epochs, --seconds and --flops',
    },
  );
}

/** Learning rates that were asked for, by full rule id. */
export const ratesOf = (asked: Readonly<Record<string, number>> = {}): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(asked).map(([name, rate]) => [name === 'default' ? name : idNamed(name), rate]));

/** The optimiser asked for, without its rate. */
export const optimizerOf = ({
  optimizer,
  weightDecay,
  schedule,
}: {
  optimizer: string;
  weightDecay?: number | undefined;
  schedule: 'constant' | 'cosine';
}): Omit<OptimizerSpec, 'learningRate'> => ({
  name: optimizer,
  ...(weightDecay === undefined ? {} : { weightDecay }),
  ...(schedule === 'constant' ? {} : { schedule }),
});

/** The engine settings that were asked for. */
export const engineOf = ({
  backend,
  dtype,
  profile,
  threads,
}: { [K in keyof EngineSettings]: EngineSettings[K] | undefined }): EngineSettings => ({
  ...(backend === undefined ? {} : { backend }),
  ...(dtype === undefined ? {} : { dtype }),
  ...(profile === undefined ? {} : { profile }),
  ...(threads === undefined ? {} : { threads }),
});

/** What a data set is asked for; nothing that was not said, since sets refuse options they would ignore. */
export const loadOptionsOf = ({
  trainRows,
  testRows,
  context,
}: {
  trainRows?: number | undefined;
  testRows?: number | undefined;
  context?: number | undefined;
}): LoadOptions => ({
  ...(context === undefined ? {} : { context }),
  ...(trainRows === undefined ? {} : { train: trainRows }),
  ...(testRows === undefined ? {} : { test: testRows }),
});

export const cores = (): number => availableParallelism();
