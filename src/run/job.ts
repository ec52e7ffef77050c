/** One run of one rule from one seed: trains to a budget and reports as it goes. */

import type { Loader } from '../data/index.ts';
import { loader } from '../data/index.ts';
import { ConfigError } from '../engine/index.ts';
import { keyFrom } from '../engine/threefry.ts';
import { ruleNamed } from '../methods/index.ts';
import type { Batch, Model } from '../nn/index.ts';
import { breathe } from './breathe.ts';
import { Diagnostics, type LayerQuality } from './diagnose.ts';
import { Evaluator, toTensors } from './evaluate.ts';
import { buildModel } from './models.ts';
import { buildOptimizer, type OptimizerSpec } from './optimizers.ts';
import type { Budget, EpochEvent, ProgressEvent, ResultEvent, SkipEvent } from './schema.ts';
import type { Task } from './task.ts';
import { Trainer } from './trainer.ts';

/** Everything that decides a run, as plain data. */
export interface JobSpec {
  readonly rule: string;
  readonly model: string;
  readonly optimizer: OptimizerSpec;
  readonly batch: number;
  readonly budget: Budget;
  readonly seed: number;
  /** Samples on which credit is compared with the gradient; 0 for no diagnosis. */
  readonly probe: number;
}

export type JobEvent = ProgressEvent | EpochEvent | ResultEvent | SkipEvent;

const PROGRESS_EVERY_MS = 100;

/** Runs a job; yields progress, one event an epoch and the result. A diverged run stops and says so. */
export async function* runJob(spec: JobSpec, task: Task, signal?: AbortSignal): AsyncGenerator<JobEvent> {
  const rule = ruleNamed(spec.rule);
  const model = buildModel(spec.model, task.set.featureShape, task.outputs);
  const supported = rule.supports(model);
  if (supported !== true) {
    yield { type: 'skip', rule: rule.id, reason: supported.reason };
    return;
  }
  yield* new Job(spec, task, model, signal).run();
}

class Job {
  readonly #spec: JobSpec;
  readonly #task: Task;
  readonly #trainer: Trainer;
  readonly #loader: Loader;
  readonly #evaluator: Evaluator;
  readonly #diagnostics: Diagnostics;
  readonly #probe: Batch | null;
  readonly #signal: AbortSignal | undefined;
  #step = 0;
  #trainMs = 0;
  #epochLoss = 0;
  #epochSteps = 0;
  #quality: LayerQuality = { angleDeg: [], normRatio: [] };
  #lastProgress = 0;

  constructor(spec: JobSpec, task: Task, model: Model, signal: AbortSignal | undefined) {
    const rule = ruleNamed(spec.rule);
    this.#spec = { ...spec, rule: rule.id };
    this.#task = task;
    this.#signal = signal;
    this.#trainer = new Trainer({
      model,
      loss: task.loss,
      rule,
      optimizer: buildOptimizer(spec.optimizer),
      key: keyFrom(spec.seed),
    });
    const { train } = task.set;
    if (train.n < spec.batch)
      throw new ConfigError(`a batch of ${spec.batch} cannot be drawn from ${train.n} training rows`, {
        batch: spec.batch,
        rows: train.n,
        help: `use --batch ${train.n} or fewer`,
      });
    this.#loader = loader({
      set: train,
      batch: spec.batch,
      key: keyFrom(spec.seed ^ 0x5eed),
      normaliser: task.normaliser,
    });
    this.#evaluator = new Evaluator(model, task);
    this.#diagnostics = new Diagnostics(model, task.loss, rule);
    this.#probe = spec.probe > 0 ? this.#probeBatch(Math.min(spec.probe, train.n)) : null;
  }

  /** The first rows of the training part, always the same. */
  #probeBatch(rows: number): Batch {
    const host = loader({ set: this.#task.set.train, batch: rows, normaliser: this.#task.normaliser }).batchAt({
      epoch: 0,
      step: 0,
    });
    return toTensors(host, false);
  }

  async *run(): AsyncGenerator<JobEvent> {
    for (let epoch = 0; ; epoch++) {
      for (const host of this.#loader.epoch(epoch)) {
        if (this.#isSpent()) break;
        this.#signal?.throwIfAborted();
        const loss = await this.#trainStep(toTensors(host, false));
        if (Number.isNaN(loss) && this.#epochSteps === 0) {
          // a rule that evaluates no loss reports none; divergence shows in the evaluation
        } else if (!Number.isFinite(loss)) {
          yield await this.#result(true);
          return;
        }
        const now = performance.now();
        if (now - this.#lastProgress > PROGRESS_EVERY_MS) {
          this.#lastProgress = now;
          yield this.#progress(epoch, loss);
        }
        await breathe();
      }
      yield await this.#epoch(epoch);
      if (this.#isSpent()) break;
    }
    yield await this.#result(false);
  }

  async #trainStep(batch: Batch): Promise<number> {
    const start = performance.now();
    const loss = await this.#trainer.step(batch, this.#step);
    this.#trainMs += performance.now() - start;
    this.#step++;
    this.#epochLoss += loss;
    this.#epochSteps++;
    return loss;
  }

  #isSpent(): boolean {
    const { kind, value } = this.#spec.budget;
    if (kind === 'epochs') return this.#step >= Math.round(value * this.#loader.stepsPerEpoch);
    if (kind === 'seconds') return this.#trainMs >= value * 1000;
    return this.#step > 0 && (this.#step + 1) * this.#trainer.flopsPerStep > value;
  }

  /** Steps of the whole run, as far as that is known. */
  #totalSteps(): number {
    const { kind, value } = this.#spec.budget;
    if (kind === 'epochs') return Math.round(value * this.#loader.stepsPerEpoch);
    if (kind === 'flops') return Math.max(this.#step, Math.floor(value / Math.max(1, this.#trainer.flopsPerStep)));
    return Math.max(this.#step, Math.round((this.#step * value * 1000) / Math.max(1, this.#trainMs)));
  }

  #progress(epoch: number, loss: number): ProgressEvent {
    return {
      type: 'progress',
      rule: this.#spec.rule,
      seed: this.#spec.seed,
      epoch,
      step: this.#step,
      steps: this.#totalSteps(),
      loss: finite(loss),
    };
  }

  async #epoch(epoch: number): Promise<EpochEvent> {
    const { params, modelState } = this.#trainer.state;
    const { loss, accuracy } = await this.#evaluator.measure(params, modelState, this.#task.set.test);
    if (this.#probe !== null)
      this.#quality = await this.#diagnostics.measure(
        this.#trainer.state,
        this.#probe,
        this.#trainer.stepKey(this.#step),
      );
    const trainLoss = this.#epochLoss / Math.max(1, this.#epochSteps);
    this.#epochLoss = 0;
    this.#epochSteps = 0;
    return {
      type: 'epoch',
      rule: this.#spec.rule,
      seed: this.#spec.seed,
      epoch,
      step: this.#step,
      samples: this.#step * this.#spec.batch,
      trainLoss: finite(trainLoss),
      loss: finite(loss),
      accuracy,
      angleDeg: [...this.#quality.angleDeg],
      normRatio: [...this.#quality.normRatio],
      flops: this.#step * this.#trainer.flopsPerStep,
      seconds: this.#trainMs / 1000,
    };
  }

  async #result(diverged: boolean): Promise<ResultEvent> {
    const { params, modelState } = this.#trainer.state;
    const { loss, accuracy } = await this.#evaluator.measure(params, modelState, this.#task.set.test);
    return {
      type: 'result',
      rule: this.#spec.rule,
      seed: this.#spec.seed,
      accuracy,
      loss: finite(loss),
      angleDeg: [...this.#quality.angleDeg],
      normRatio: [...this.#quality.normRatio],
      flops: this.#step * this.#trainer.flopsPerStep,
      peakBytes: this.#trainer.peakBytes,
      seconds: this.#trainMs / 1000,
      ...(diverged ? { diverged } : {}),
    };
  }
}

const finite = (x: number): number | null => (Number.isFinite(x) ? x : null);
