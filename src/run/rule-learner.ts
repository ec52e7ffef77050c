/** A credit rule with an optimiser, as a learner. */
import { type Loader, loader } from '../data/index.ts';
import { ConfigError, UnsupportedError } from '../engine/index.ts';
import { foldIn } from '../engine/threefry.ts';
import {
  type Budget,
  type Counters,
  evaluationsOf,
  type FitCall,
  type FitEvent,
  hasRoom,
  type Learner,
  type LearningTask,
  type UpdateCost,
  updatesIn,
} from '../methods/learner.ts';
import type { CreditRule } from '../methods/rule.ts';
import type { Loss, Model } from '../nn/index.ts';
import type { Optimizer } from '../optim/index.ts';
import { breathe } from './breathe.ts';
import { Diagnostics } from './diagnose.ts';
import { toTensors } from './evaluate.ts';
import { initialState, Trainer, type TrainerOptions, type TrainState } from './trainer.ts';

export interface RuleLearnerOptions {
  readonly rule: CreditRule;
  readonly model: Model;
  readonly loss: Loss;
  readonly optimizer: Optimizer;
  readonly batch: number;
}

/** Folded into the key of a fit, far from the numbers that steps fold in. */
const SHUFFLE = 0x5eed;

const START: Counters = { step: 0, epoch: 0, stepInEpoch: 0, samples: 0, evaluations: 0, flops: 0, seconds: 0 };

/** A learner that updates a model's parameters by the credit of a rule, batch by batch; refuses a model that the rule does not support. */
export function ruleLearner({ batch, ...parts }: RuleLearnerOptions): Learner<TrainState> {
  const supported = parts.rule.supports(parts.model);
  if (supported !== true)
    throw new UnsupportedError(`${parts.rule.id} does not support this model: ${supported.reason}`, {
      rule: parts.rule.id,
      help: 'choose another rule or model; FEATURES.md has the table',
    });
  let diagnostics: Diagnostics | null = null;
  return {
    id: parts.rule.id,
    init: (key) => initialState({ ...parts, key }),
    fit: (call) => updates({ ...parts, key: call.key }, batch, call),
    predict: ({ params, modelState }, x) =>
      parts.rule.predict?.({ model: parts.model, loss: parts.loss, params, modelState, x }) ??
      parts.model.apply(params, modelState, x, { train: false })[0],
    quality(state, probe, key) {
      diagnostics ??= new Diagnostics(parts.model, parts.loss, parts.rule);
      return diagnostics.measure(state, probe, key);
    },
  };
}

async function* updates(
  options: TrainerOptions,
  batch: number,
  { task, budget, key, signal, from }: FitCall<TrainState>,
): AsyncGenerator<FitEvent<TrainState>, void, undefined> {
  const trainer = new Trainer(options, from?.state);
  const rows = shuffled(task, batch, foldIn(key, SHUFFLE));
  let counters = from?.counters ?? START;
  while (true) {
    signal?.throwIfAborted();
    const inputs = toTensors(rows.batchAt({ epoch: counters.epoch, step: counters.stepInEpoch }), false);
    const cost = trainer.costOf(inputs);
    if (!hasRoom(budget, counters, cost, rows.stepsPerEpoch)) {
      if (counters.step === 0) throw noRoom(budget, cost);
      return;
    }
    const before = performance.now();
    const loss = await trainer.step(inputs, counters.step);
    counters = advance(counters, rows, cost, (performance.now() - before) / 1000);
    yield {
      counters,
      loss,
      endsEpoch: counters.stepInEpoch === 0,
      totalSteps: updatesIn(budget, counters, cost, rows.stepsPerEpoch),
      peakBytes: trainer.peakBytes,
      cost,
      program: trainer.program,
      state: trainer.state,
    };
    await breathe();
  }
}

const shuffled = ({ train, normaliser }: LearningTask, batch: number, key: TrainerOptions['key']): Loader =>
  loader({ set: train, batch, key, normaliser });

function advance(c: Counters, rows: Loader, cost: UpdateCost, seconds: number): Counters {
  const next = rows.next({ epoch: c.epoch, step: c.stepInEpoch });
  const evaluations = evaluationsOf(cost);
  return {
    step: c.step + 1,
    epoch: next.epoch,
    stepInEpoch: next.step,
    samples: c.samples + cost.samples,
    ...(evaluations === null ? {} : { evaluations: (c.evaluations ?? c.step * evaluations) + evaluations }),
    flops: c.flops + cost.flops,
    seconds: c.seconds + seconds,
  };
}

function noRoom({ kind, value }: Budget, cost: UpdateCost): ConfigError {
  const evaluations = evaluationsOf(cost);
  const why =
    kind === 'evaluations' && evaluations === null
      ? 'the rule asks the outside world, so its runs of the model are not counted'
      : `one update takes ${kind === 'samples' ? cost.samples : kind === 'flops' ? cost.flops : kind === 'steps' ? 1 : evaluations}`;
  return new ConfigError(`a budget of ${value} ${kind} has no room for an update: ${why}`, {
    budget: { kind, value },
    cost,
    help: 'use a larger budget, or smaller batches',
  });
}
