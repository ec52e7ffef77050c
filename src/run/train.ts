/** One run that can be left and taken up again: checkpoints, early stop, and a stop with a reason where learning diverges. */
import { backend, CheckpointError, DivergedError } from '../engine/index.ts';
import { foldIn, type KeyWords, keyFrom } from '../engine/threefry.ts';
import type { Budget, Counters, CreditQuality, FitEvent, Learner } from '../methods/learner.ts';
import type { Batch, Tree } from '../nn/index.ts';
import type { Checkpoint, CheckpointMeta } from './checkpoint.ts';
import { type Evaluation, Evaluator } from './evaluate.ts';
import { finite, learnerOf, MeanLoss, passesOf, probeBatch } from './job.ts';
import type { OptimizerSpec } from './optimizers.ts';
import type { CheckpointEvent, EpochEvent, ProgressEvent, ResultEvent } from './schema.ts';
import { type Task, withHoldout } from './task.ts';
import { textMeasures } from './text-measures.ts';

/** An interval in updates or in passes over the rows. */
export interface Every {
  readonly unit: 'steps' | 'epochs';
  readonly value: number;
}

/** Everything that decides a run, as plain data. */
export interface RunConfig {
  readonly rule: string;
  readonly model: string;
  readonly optimizer: OptimizerSpec;
  readonly batch: number;
  readonly budget: Budget;
  readonly seed: number;
  readonly probe: number;
  readonly saveEvery: Every;
  readonly evalEvery: Every;
  /** Evaluations without a better loss on held-out training rows before the run stops; 0 for none and no held-out rows. */
  readonly patience: number;
}

/** Where checkpoints go. `last` is what a run goes on from, `best` its best state so far, `final` what it leaves. */
export interface CheckpointStore {
  save(
    name: 'last' | 'best' | 'final',
    state: unknown,
    meta: CheckpointMeta,
  ): Promise<{ readonly path: string; readonly hash: string }>;
  load(name: 'last' | 'best'): Promise<Checkpoint>;
}

export interface TrainOptions {
  readonly config: RunConfig;
  readonly store: CheckpointStore;
  /** Goes on from the last checkpoint. */
  readonly resume?: boolean;
  readonly allowProfileChange?: boolean;
  readonly signal?: AbortSignal;
}

export type TrainEvent = ProgressEvent | EpochEvent | CheckpointEvent | ResultEvent;

/** Share of the training rows that early stopping measures on. */
const HOLDOUT = 0.1;
const PROGRESS_EVERY_MS = 100;
/** Folded into the run's key for diagnoses, which must not disturb the run. */
const PROBE = 0x9e0be;

/** What the loop itself remembers from step to step, as plain data. */
interface Watch {
  readonly evaluatedAt: number;
  readonly best: { readonly loss: number; readonly step: number } | null;
  /** Evaluations since the best one. */
  readonly stale: number;
  readonly losses: readonly [sum: number, count: number];
}

interface Position {
  readonly counters: Counters;
  readonly watch: Watch;
}

/** Trains to the budget, yields as it goes and leaves checkpoints in the store. Throws DivergedError where the loss is no longer finite; an aborted signal leaves a checkpoint first. */
export async function* train(task: Task, options: TrainOptions): AsyncGenerator<TrainEvent> {
  const { config } = options;
  const rows = config.patience > 0 ? withHoldout(task, HOLDOUT) : task;
  yield* new Run(task, rows, learnerOf(config, rows), options).events();
}

/** How far the run of a checkpoint had come. */
export const stepOf = (checkpoint: Checkpoint): number => (checkpoint.header.position as Position).counters.step;

class Run {
  readonly #task: Task;
  /** The same task, or one with held-out training rows as its test part. */
  readonly #rows: Task;
  readonly #learner: Learner<Tree>;
  readonly #evaluator: Evaluator<Tree>;
  readonly #options: TrainOptions;
  readonly #key: KeyWords;
  readonly #probe: Batch | null;
  readonly #losses = new MeanLoss();
  #watch: Watch = { evaluatedAt: 0, best: null, stale: 0, losses: [0, 0] };
  #now: Now | null = null;
  #measured: Evaluation = { loss: Number.NaN, accuracy: null };
  #quality: CreditQuality = { angleDeg: [], normRatio: [] };
  #lastFinite: { readonly loss: number; readonly step: number } | null = null;
  #savedAt: number | null = null;
  #lastProgress = 0;

  constructor(task: Task, rows: Task, learner: Learner<Tree>, options: TrainOptions) {
    this.#task = task;
    this.#rows = rows;
    this.#learner = learner;
    this.#options = options;
    this.#key = keyFrom(options.config.seed);
    this.#evaluator = new Evaluator((state, x) => learner.predict(state, x), task);
    this.#probe =
      options.config.probe > 0 && learner.quality !== undefined ? probeBatch(rows, options.config.probe) : null;
  }

  async *events(): AsyncGenerator<TrainEvent> {
    const { budget, evalEvery, saveEvery } = this.#options.config;
    const from = this.#options.resume === true ? await this.#takeUp() : undefined;
    if (this.#now !== null && isDue(evalEvery, this.#now.counters)) yield* this.#evaluate(this.#now);
    if (!this.#isStale()) {
      for await (const event of this.#learner.fit({ task: this.#rows, budget, key: this.#key, from })) {
        this.#take(event, from?.program);
        if (isDue(evalEvery, event.counters)) yield* this.#evaluate(event);
        else yield* this.#progress(event);
        if (this.#isStale()) break;
        if (isDue(saveEvery, event.counters)) yield await this.#save('last', event);
        await this.#stopIfAsked(event);
      }
    }
    yield* this.#finish();
  }

  /** The state and place of the last checkpoint. */
  async #takeUp(): Promise<{ state: Tree; counters: Counters; program: string }> {
    const { store, allowProfileChange = false } = this.#options;
    const checkpoint = await store.load('last');
    const { profile, program, position } = checkpoint.header;
    if (profile !== backend().profile && !allowProfileChange)
      throw new CheckpointError(
        `the checkpoint was written under the profile ${profile}, this run computes under ${backend().profile}`,
        {
          written: profile,
          now: backend().profile,
          help: `pass --profile ${profile}, or --allow-profile-change: the result is then not that of an uninterrupted run`,
        },
      );
    refuseOtherRun(checkpoint.header.config as RunConfig, this.#options.config);
    const { counters, watch } = position as Position;
    this.#watch = watch;
    this.#losses.set(watch.losses);
    const state = checkpoint.restore(this.#learner.init(this.#key));
    this.#savedAt = counters.step;
    this.#now = { state, counters, program, peakBytes: 0 };
    return { state, counters, program };
  }

  #take(event: FitEvent<Tree>, written: string | undefined): void {
    if (written !== undefined && written !== event.program && this.#options.allowProfileChange !== true)
      throw new CheckpointError(
        `the compiled update (${event.program}) is not the one that wrote the checkpoint (${written})`,
        {
          help: 'resume with the version of cotangent that started the run, or pass --allow-profile-change',
        },
      );
    this.#now = event;
    this.#losses.add(event.loss);
    if (event.loss === null) return;
    if (!Number.isFinite(event.loss)) throw this.#diverged(event.counters.step, event.loss);
    this.#lastFinite = { loss: event.loss, step: event.counters.step };
  }

  #diverged(step: number, loss: number): DivergedError {
    const { rule, optimizer } = this.#options.config;
    const last = this.#lastFinite;
    const before =
      last === null
        ? 'there was no finite loss before'
        : `the last finite one was ${last.loss.toPrecision(4)} in step ${last.step}`;
    return new DivergedError(`${rule} diverged in step ${step}: the loss is ${loss}; ${before}`, {
      rule,
      step,
      lastFiniteLoss: last?.loss ?? null,
      learningRate: optimizer.learningRate,
      help: `use a learning rate below ${optimizer.learningRate}${this.#savedAt === null ? '' : `; the checkpoint of step ${this.#savedAt} was kept`}`,
    });
  }

  async *#evaluate(now: Now): AsyncGenerator<TrainEvent> {
    const { step, samples, flops, seconds } = now.counters;
    if (this.#watch.evaluatedAt === step) return;
    try {
      this.#measured = await this.#evaluator.measure(now.state, this.#rows.test, this.#options.signal);
    } catch (error) {
      await this.#stopIfAsked(now);
      throw error;
    }
    const { loss, accuracy } = this.#measured;
    if (Number.isNaN(loss)) throw this.#diverged(step, loss);
    if (this.#probe !== null)
      this.#quality = await this.#learner.quality!(now.state, this.#probe, foldIn(foldIn(this.#key, PROBE), step));
    const trainLoss = finite(this.#losses.take());
    yield {
      type: 'epoch',
      ...this.#who(),
      epoch: passesOf(now.counters),
      step,
      samples,
      trainLoss,
      loss: finite(loss),
      accuracy,
      angleDeg: [...this.#quality.angleDeg],
      normRatio: [...this.#quality.normRatio],
      flops,
      seconds,
      ...textMeasures(this.#task, finite(loss)),
    };
    this.#watch = { ...this.#watch, evaluatedAt: step };
    if (this.#options.config.patience > 0) yield* this.#compareWithBest(now, loss);
  }

  async *#compareWithBest(now: Now, loss: number): AsyncGenerator<TrainEvent> {
    const { best, stale } = this.#watch;
    if (best !== null && !(loss < best.loss)) {
      this.#watch = { ...this.#watch, stale: stale + 1 };
      return;
    }
    this.#watch = { ...this.#watch, best: { loss, step: now.counters.step }, stale: 0 };
    yield await this.#save('best', now);
  }

  #isStale(): boolean {
    const { patience } = this.#options.config;
    return patience > 0 && this.#watch.stale >= patience;
  }

  *#progress({ counters, totalSteps, loss }: FitEvent<Tree>): Generator<ProgressEvent> {
    const now = performance.now();
    if (now - this.#lastProgress < PROGRESS_EVERY_MS) return;
    this.#lastProgress = now;
    const { epoch, step } = counters;
    yield { type: 'progress', ...this.#who(), epoch, step, steps: totalSteps, loss: finite(loss) };
  }

  async #save(name: 'last' | 'best' | 'final', now: Now): Promise<CheckpointEvent> {
    const position: Position = { counters: now.counters, watch: { ...this.#watch, losses: this.#losses.sums } };
    const meta: CheckpointMeta = {
      profile: backend().profile,
      program: now.program,
      config: this.#options.config,
      position,
    };
    const saved = await this.#options.store.save(name, now.state, meta);
    this.#savedAt = now.counters.step;
    return { type: 'checkpoint', ...saved, step: now.counters.step, epoch: now.counters.epoch };
  }

  /** Leaves a checkpoint and ends the run where the signal asks for it. */
  async #stopIfAsked(now: Now): Promise<void> {
    const { signal } = this.#options;
    if (signal?.aborted !== true) return;
    await this.#save('last', now);
    throw signal.reason;
  }

  /** Measures the last state, or the best one where held-out rows chose it, on the test rows. */
  async *#finish(): AsyncGenerator<TrainEvent> {
    const now = this.#now;
    if (now === null) return;
    yield await this.#save('last', now);
    const left = this.#watch.best === null ? now : { ...now, state: await this.#bestState(now) };
    const { loss, accuracy } = await this.#evaluator.measure(left.state, this.#task.test, this.#options.signal);
    yield await this.#save('final', left);
    yield {
      type: 'result',
      ...this.#who(),
      accuracy,
      loss: finite(loss),
      angleDeg: [...this.#quality.angleDeg],
      normRatio: [...this.#quality.normRatio],
      flops: now.counters.flops,
      seconds: now.counters.seconds,
      peakBytes: now.peakBytes,
      learningRate: this.#options.config.optimizer.learningRate,
      ...textMeasures(this.#task, finite(loss)),
    };
  }

  async #bestState({ state }: Now): Promise<Tree> {
    return (await this.#options.store.load('best')).restore(state);
  }

  #who(): { rule: string; seed: number } {
    return { rule: this.#learner.id, seed: this.#options.config.seed };
  }
}

/** What may differ when a run is taken up again; a rate that falls over the budget ties it to the budget. */
function refuseOtherRun(written: RunConfig, now: RunConfig): void {
  const free = new Set(['saveEvery', ...(now.optimizer.schedule === 'cosine' ? [] : ['budget'])]);
  for (const key of Object.keys(now) as (keyof RunConfig)[]) {
    const [before, after] = [JSON.stringify(written[key]), JSON.stringify(now[key])];
    if (free.has(key) || before === after) continue;
    throw new CheckpointError(`the checkpoint was written with ${key} ${before}, this run has ${after}`, {
      key,
      help: 'resume with what the run was started with, or start another run',
    });
  }
}

type Now = Pick<FitEvent<Tree>, 'state' | 'counters' | 'program' | 'peakBytes'>;

function isDue({ unit, value }: Every, { step, epoch, stepInEpoch }: Counters): boolean {
  if (step === 0) return false;
  return unit === 'steps' ? step % value === 0 : stepInEpoch === 0 && epoch % value === 0;
}
