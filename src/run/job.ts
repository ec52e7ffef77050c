/** One run of one learner from one seed: learns within a budget and reports as it goes. */
import { loader } from '../data/index.ts';
import { ConfigError, DivergedError, MemoryError } from '../engine/index.ts';
import { foldIn, type KeyWords, keyFrom } from '../engine/threefry.ts';
import { type Contestant, contestantNamed, factories } from '../methods/index.ts';
import {
  type Budget,
  type Counters,
  type CreditQuality,
  type FitEvent,
  type Learner,
  type LearningTask,
  type UpdateCost,
  updatesIn,
} from '../methods/learner.ts';
import type { CreditRule } from '../methods/rule.ts';
import type { Batch, Model, Tree } from '../nn/index.ts';
import { toTensors } from '../nn/index.ts';
import { type Evaluation, Evaluator } from './evaluate.ts';
import { failureOf } from './failure.ts';
import { modelFor } from './models.ts';
import { buildOptimizer, type OptimizerSpec } from './optimizers.ts';
import { ruleLearner } from './rule-learner.ts';
import type { EpochEvent, ProgressEvent, ResultEvent, SkipEvent } from './schema.ts';
import type { Hyper } from './space.ts';
import { type Task, withHoldout } from './task.ts';
import { textMeasures } from './text-measures.ts';

/** Everything that decides a run, as plain data. */
export interface JobSpec {
  readonly rule: string;
  /** Options of the rule; its defaults for what is not said. */
  readonly options?: Hyper;
  readonly model: string;
  readonly optimizer: OptimizerSpec;
  readonly batch: number;
  readonly budget: Budget;
  readonly seed: number;
  /** Samples on which credit is compared with the gradient; 0 for no diagnosis. */
  readonly probe: number;
  /** Share of the training rows to measure on instead of the test rows. */
  readonly holdout?: number;
}

export type JobEvent = ProgressEvent | EpochEvent | ResultEvent | SkipEvent;

const PROGRESS_EVERY_MS = 100;
/** Folded into a job's key for diagnoses, which must not disturb the run. */
const PROBE = 0x9e0be;

/** Runs a job; yields progress, one event an epoch and the result. A diverged run stops and says so. */
export async function* runJob(spec: JobSpec, task: Task, signal?: AbortSignal): AsyncGenerator<JobEvent> {
  const model = modelFor(spec.model, task);
  const skip = skipOf(contestantOf(spec), task, model);
  if (skip !== null) {
    yield skip;
    return;
  }
  const rows = spec.holdout === undefined ? task : withHoldout(task, spec.holdout);
  yield* new Job(spec, rows, learnerOf(spec, rows)).run(signal);
}

function skipOf(contestant: Contestant, task: Task, model: Model): SkipEvent | null {
  const [{ id }, supported] =
    contestant.kind === 'rule'
      ? [contestant.rule, contestant.rule.supports(model)]
      : [contestant.learner, contestant.learner.supports({ task, model })];
  return supported === true ? null : { type: 'skip', rule: id, reason: supported.reason };
}

/** The learner that a specification names, for the samples of a task. */
export function learnerOf(
  spec: Pick<JobSpec, 'rule' | 'options' | 'model' | 'optimizer' | 'batch' | 'budget'>,
  task: Task,
): Learner<Tree> {
  const { batch } = spec;
  if (!(batch >= 1) || batch > task.train.n)
    throw new ConfigError(`a batch of ${batch} cannot be drawn from ${task.train.n} training rows`, {
      batch,
      rows: task.train.n,
      help: `use a batch of 1 to ${task.train.n}`,
    });
  const contestant = contestantOf(spec);
  const model = modelFor(spec.model, task);
  if (contestant.kind === 'learner') {
    const { optimizer, options = {} } = spec;
    return contestant.learner.make({ task, model, batch, learningRate: optimizer.learningRate, options });
  }
  const optimizer = buildOptimizer(spec.optimizer, fullSteps(spec, task));
  return ruleLearner({ rule: contestant.rule, model, loss: task.loss, optimizer, batch }) as unknown as Learner<Tree>;
}

/** The rule, with its options, or the learner that a specification names. */
function contestantOf({ rule, options }: Pick<JobSpec, 'rule' | 'options'>): Contestant {
  const found = contestantNamed(rule);
  if (found.kind === 'learner' || options === undefined) return found;
  const make = factories[found.rule.id] as (options: Hyper) => CreditRule;
  return { kind: 'rule', rule: make(options) };
}

/** Updates of a budget in epochs, steps or samples; null for the others, whose number of updates is not known beforehand. */
export function fullSteps(
  { budget, batch }: Pick<JobSpec, 'batch' | 'budget'>,
  { train }: LearningTask,
): number | null {
  if (budget.kind === 'evaluations' || budget.kind === 'flops' || budget.kind === 'seconds') return null;
  const next: UpdateCost = { samples: batch, flops: 0, passes: null, trafficBytes: 0 };
  return updatesIn(budget, NOTHING, next, Math.floor(train.n / batch));
}

const NOTHING: Counters = { step: 0, epoch: 0, stepInEpoch: 0, samples: 0, flops: 0, seconds: 0 };

/** The first rows of the training part, always the same. */
export function probeBatch(task: LearningTask, rows: number): Batch {
  const batch = Math.min(rows, task.train.n);
  const first = loader({ set: task.train, batch, normaliser: task.normaliser }).batchAt({ epoch: 0, step: 0 });
  return toTensors(first, false);
}

export class Job<State> {
  readonly #spec: JobSpec;
  readonly #task: Task;
  readonly #learner: Learner<State>;
  readonly #evaluator: Evaluator<State>;
  readonly #probe: Batch | null;
  readonly #key: KeyWords;
  readonly #losses = new MeanLoss();
  #quality: CreditQuality = { angleDeg: [], normRatio: [] };
  #measured: Evaluation = { loss: Number.NaN, accuracy: null };
  #measuredAt = -1;
  #lastProgress = 0;

  constructor(spec: JobSpec, task: Task, learner: Learner<State>) {
    this.#spec = spec;
    this.#task = task;
    this.#learner = learner;
    this.#key = keyFrom(spec.seed);
    this.#evaluator = new Evaluator((state, x) => learner.predict(state, x), task);
    this.#probe = spec.probe > 0 && learner.quality !== undefined ? probeBatch(task, spec.probe) : null;
  }

  async *run(signal: AbortSignal | undefined): AsyncGenerator<JobEvent> {
    const { budget } = this.#spec;
    let last: FitEvent<State> | null = null;
    try {
      for await (const event of this.#learner.fit({ task: this.#task, budget, key: this.#key, signal })) {
        last = event;
        this.#losses.add(event.loss);
        if (event.loss !== null && !Number.isFinite(event.loss)) {
          yield await this.#result(event, true);
          return;
        }
        if (event.endsEpoch) yield await this.#epoch(event);
        else if (this.#isDue()) yield this.#progress(event);
      }
    } catch (error) {
      yield await this.#afterError(error, last);
      return;
    }
    if (last === null) return; // a budget of no step at all
    if (!last.endsEpoch) yield await this.#epoch(last);
    yield await this.#result(last, !Number.isFinite(this.#measured.loss));
  }

  /** A learner that says that it diverged, or does not fit into memory, ends its own run and no other. */
  async #afterError(error: unknown, last: FitEvent<State> | null): Promise<JobEvent> {
    if (error instanceof DivergedError) return last === null ? this.#nothing() : this.#result(last, true);
    if (error instanceof MemoryError) return { type: 'skip', rule: this.#learner.id, reason: failureOf(error).message };
    throw error;
  }

  /** The result of a run that diverged in its first update. */
  #nothing(): ResultEvent {
    const none = { accuracy: null, loss: null, ...this.#credit(), flops: 0, seconds: 0, peakBytes: 0, diverged: true };
    return { type: 'result', ...this.#who(), ...none, learningRate: this.#spec.optimizer.learningRate };
  }

  #isDue(): boolean {
    const now = performance.now();
    if (now - this.#lastProgress < PROGRESS_EVERY_MS) return false;
    this.#lastProgress = now;
    return true;
  }

  #progress({ counters, totalSteps, loss }: FitEvent<State>): ProgressEvent {
    const { epoch, step } = counters;
    return { type: 'progress', ...this.#who(), epoch, step, steps: totalSteps, loss: finite(loss) };
  }

  async #epoch(event: FitEvent<State>): Promise<EpochEvent> {
    const { loss, accuracy } = await this.#measure(event);
    const { step, samples } = event.counters;
    if (this.#probe !== null)
      this.#quality = await this.#learner.quality!(event.state, this.#probe, foldIn(foldIn(this.#key, PROBE), step));
    return {
      type: 'epoch',
      ...this.#who(),
      epoch: passesOf(event.counters),
      step,
      samples,
      trainLoss: finite(this.#losses.take()),
      loss: finite(loss),
      accuracy,
      ...this.#credit(),
      ...spent(event.counters),
      ...textMeasures(this.#task, finite(loss)),
    };
  }

  async #result(event: FitEvent<State>, diverged: boolean): Promise<ResultEvent> {
    const { loss, accuracy } = await this.#measure(event);
    return {
      type: 'result',
      ...this.#who(),
      accuracy,
      loss: finite(loss),
      ...this.#credit(),
      ...spent(event.counters),
      peakBytes: event.peakBytes,
      learningRate: this.#spec.optimizer.learningRate,
      ...textMeasures(this.#task, finite(loss)),
      ...(diverged ? { diverged } : {}),
    };
  }

  async #measure({ counters, state }: FitEvent<State>): Promise<Evaluation> {
    if (counters.step !== this.#measuredAt) this.#measured = await this.#evaluator.measure(state, this.#task.test);
    this.#measuredAt = counters.step;
    return this.#measured;
  }

  #who(): { rule: string; seed: number } {
    return { rule: this.#learner.id, seed: this.#spec.seed };
  }

  #credit(): { angleDeg: (number | null)[]; normRatio: (number | null)[] } {
    return { angleDeg: [...this.#quality.angleDeg], normRatio: [...this.#quality.normRatio] };
  }
}

/** Passes over the rows, a begun one counted. */
export const passesOf = ({ epoch, stepInEpoch }: Counters): number => epoch + (stepInEpoch > 0 ? 1 : 0);

const spent = ({ flops, seconds }: Counters): { flops: number; seconds: number } => ({ flops, seconds });

/** The mean loss of batches since it was last taken; null where none was evaluated. */
export class MeanLoss {
  #sum = 0;
  #count = 0;

  add(loss: number | null): void {
    if (loss === null) return;
    this.#sum += loss;
    this.#count++;
  }

  /** What it holds, as plain data. */
  get sums(): readonly [sum: number, count: number] {
    return [this.#sum, this.#count];
  }

  set([sum, count]: readonly [sum: number, count: number]): void {
    this.#sum = sum;
    this.#count = count;
  }

  take(): number | null {
    const mean = this.#count === 0 ? null : this.#sum / this.#count;
    this.#sum = 0;
    this.#count = 0;
    return mean;
  }
}

/** JSON has no NaN: what is not finite is null. */
export const finite = (x: number | null): number | null => (x !== null && Number.isFinite(x) ? x : null);
