/** The loop of every learner that learns batch by batch: rows in an order drawn by key, a budget that is never exceeded, one event an update. */
import { type Loader, loader } from '../data/index.ts';
import { ConfigError } from '../engine/index.ts';
import { foldIn, type KeyWords } from '../engine/threefry.ts';
import { type Batch, toTensors } from '../nn/index.ts';
import { breathe } from './breathe.ts';
import {
  type Budget,
  type Counters,
  evaluationsOf,
  type FitCall,
  type FitEvent,
  hasRoom,
  type LearningTask,
  type UpdateCost,
  updatesIn,
} from './learner.ts';

/** What a learner does with a batch; it keeps the state between updates. */
export interface Stepper<State> {
  readonly state: State;
  /** Bytes of working memory of one update at its highest point. */
  readonly peakBytes: number;
  /** Fingerprint of what computes an update. */
  readonly program: string;
  /** What an update on this batch costs, known before it is made. */
  costOf(batch: Batch, step: number): UpdateCost;
  /** Makes one update; returns the loss before it, null where none is evaluated. */
  step(batch: Batch, step: number): Promise<number | null>;
}

/** Folded into the key of a fit, far from the numbers that steps fold in. */
const SHUFFLE = 0x5eed;

const START: Counters = { step: 0, epoch: 0, stepInEpoch: 0, samples: 0, evaluations: 0, flops: 0, seconds: 0 };

/** Makes updates until the budget is spent; a budget without room for a first one is a ConfigError. */
export async function* fitInSteps<State>(
  stepper: Stepper<State>,
  batch: number,
  { task, budget, key, signal, from }: FitCall<State>,
): AsyncGenerator<FitEvent<State>, void, undefined> {
  const rows = shuffled(task, batch, foldIn(key, SHUFFLE));
  let counters = from?.counters ?? START;
  while (true) {
    signal?.throwIfAborted();
    const inputs = toTensors(rows.batchAt({ epoch: counters.epoch, step: counters.stepInEpoch }));
    const cost = stepper.costOf(inputs, counters.step);
    if (!hasRoom(budget, counters, cost, rows.stepsPerEpoch)) {
      if (counters.step === 0) throw noRoom(budget, cost);
      return;
    }
    const before = performance.now();
    const loss = await stepper.step(inputs, counters.step);
    counters = advance(counters, rows, cost, (performance.now() - before) / 1000);
    yield {
      counters,
      loss,
      endsEpoch: counters.stepInEpoch === 0,
      totalSteps: updatesIn(budget, counters, cost, rows.stepsPerEpoch),
      peakBytes: stepper.peakBytes,
      cost,
      program: stepper.program,
      state: stepper.state,
    };
    await breathe();
  }
}

const shuffled = ({ train, normaliser }: LearningTask, batch: number, key: KeyWords): Loader =>
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
