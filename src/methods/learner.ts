/** What everything that learns looks like to the tools that compare, tune and save: it fits a task within a budget and predicts. */
import type { Normaliser, Part } from '../data/index.ts';
import type { Shape, Tensor } from '../engine/index.ts';
import type { KeyWords } from '../engine/threefry.ts';
import type { Batch, Loss, Model, Tree } from '../nn/index.ts';
import type { Citation, Reason } from './rule.ts';

/** What is learned from: the training rows, how they are normalised, and what counts as an error. */
export interface LearningTask {
  readonly train: Part;
  readonly normaliser: Normaliser;
  readonly loss: Loss;
  /** Shape of one sample. */
  readonly featureShape: Shape;
  /** Classes, or values to predict. */
  readonly outputs: number;
}

/** How long to learn: passes over the training rows, updates, training samples, runs of the model on a sample, floating-point operations, or seconds of learning. */
export interface Budget {
  readonly kind: 'epochs' | 'steps' | 'samples' | 'evaluations' | 'flops' | 'seconds';
  readonly value: number;
}

/** How far a fit has come, as plain data; with the state it is all that a fit needs to go on. */
export interface Counters {
  /** Updates so far. */
  readonly step: number;
  /** The batch that comes next. */
  readonly epoch: number;
  readonly stepInEpoch: number;
  readonly samples: number;
  /** Runs of the model on one sample, or their worth in multiply-adds; absent for learners that do not count them. */
  readonly evaluations?: number;
  readonly flops: number;
  /** Seconds of learning alone. */
  readonly seconds: number;
}

/** What one update costs. Passes are runs of the model over the batch: `forward` what does not hear of the model's output, `backward` what does, in multiply-adds of one forward run. */
export interface UpdateCost {
  readonly samples: number;
  readonly flops: number;
  readonly passes: { readonly forward: number; readonly backward: number } | null;
  /** Bytes read and written when no op is fused with another. */
  readonly trafficBytes: number;
}

/** Runs of the model on one sample in one update; null where passes are not counted. */
export const evaluationsOf = ({ samples, passes }: Pick<UpdateCost, 'samples' | 'passes'>): number | null =>
  passes === null ? null : samples * (passes.forward + passes.backward);

/** Whether a budget has room for one more update: it is never exceeded, except that of seconds by the update that uses them up. */
export function hasRoom({ kind, value }: Budget, spent: Counters, next: UpdateCost, updatesPerEpoch: number): boolean {
  switch (kind) {
    case 'epochs':
      return spent.step < Math.max(1, Math.round(value * updatesPerEpoch));
    case 'steps':
      return spent.step + 1 <= value;
    case 'samples':
      return spent.samples + next.samples <= value;
    case 'evaluations':
      return (
        (spent.evaluations ?? Number.POSITIVE_INFINITY) + (evaluationsOf(next) ?? Number.POSITIVE_INFINITY) <= value
      );
    case 'flops':
      return spent.flops + next.flops <= value;
    case 'seconds':
      return spent.seconds < value;
  }
}

/** Updates that a budget holds at a cost: exact, but for seconds, where the pace so far decides. */
export function updatesIn({ kind, value }: Budget, spent: Counters, next: UpdateCost, updatesPerEpoch: number): number {
  switch (kind) {
    case 'epochs':
      return Math.max(1, Math.round(value * updatesPerEpoch));
    case 'steps':
      return Math.floor(value);
    case 'samples':
      return Math.floor(value / next.samples);
    case 'evaluations':
      return Math.floor(value / (evaluationsOf(next) ?? Number.POSITIVE_INFINITY));
    case 'flops':
      return Math.floor(value / Math.max(1, next.flops));
    case 'seconds':
      return Math.max(spent.step, Math.round((spent.step * value) / Math.max(1e-9, spent.seconds)));
  }
}

export interface FitEvent<State> {
  readonly counters: Counters;
  /** Loss of the batch before its update; null for learners that evaluate none. */
  readonly loss: number | null;
  /** Whether this update was the last of a pass over the rows. */
  readonly endsEpoch: boolean;
  /** Updates of the whole fit, as far as that is known. */
  readonly totalSteps: number;
  /** Bytes of working memory of one update at its highest point. */
  readonly peakBytes: number;
  /** What this update cost, for learners that count it. */
  readonly cost?: UpdateCost;
  /** Fingerprint of what computes an update; two fits with equal ones agree to the bit. */
  readonly program: string;
  /** Valid until the next event is asked for. */
  readonly state: State;
}

export interface FitCall<State> {
  readonly task: LearningTask;
  readonly budget: Budget;
  /** Randomness of the whole fit. */
  readonly key: KeyWords;
  readonly signal?: AbortSignal | undefined;
  /** Where to go on, bit for bit; from the start unless said. */
  readonly from?: { readonly state: State; readonly counters: Counters } | undefined;
}

/** Credit beside the true gradient, layer by layer. */
export interface CreditQuality {
  /** Angle to the true gradient, degrees; null where either is zero or not finite. */
  readonly angleDeg: readonly (number | null)[];
  /** Length of the credit over that of the gradient. */
  readonly normRatio: readonly (number | null)[];
}

/** A way of learning; `rule + optimiser` is one, and so is what never computes a gradient. */
export interface Learner<State = Tree> {
  readonly id: string;
  /** The state before the first update; a tree of tensors. */
  init(key: KeyWords): State;
  /** One event an update, until the budget is spent; lets the event loop turn and stops where the signal says so. */
  fit(call: FitCall<State>): AsyncGenerator<FitEvent<State>, void, undefined>;
  /** Outputs for inputs (batch, ...sample); may be compiled. */
  predict(state: State, x: Tensor): Tensor;
  /** How good its credit is on a batch, for learners that assign credit. */
  quality?(state: State, batch: Batch, key: KeyWords): Promise<CreditQuality>;
}

/** What a learner is made for. */
export interface LearnerSetting {
  readonly task: LearningTask;
  /** The model that rules would train; learners with a network of their own may take only its widths. */
  readonly model: Model;
  /** Rows an update. */
  readonly batch: number;
  /** Its main rate, in the learner's own unit. */
  readonly learningRate: number;
  /** Other hyper-parameters by name, as a tuner tries them. */
  readonly options?: Readonly<Record<string, unknown>>;
}

/** A learner that is no rule with an optimiser, as the registry knows it. */
export interface LearnerKind {
  readonly id: string;
  readonly aliases: readonly string[];
  readonly paper: Citation;
  /** One sentence for lists. */
  readonly summary: string;
  /** The rate that suits it when nobody gave one. */
  readonly learningRate: number;
  supports(setting: Pick<LearnerSetting, 'task' | 'model'>): true | Reason;
  make(setting: LearnerSetting): Learner<Tree>;
}
