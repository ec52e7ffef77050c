/** What everything that learns looks like to the tools that compare, tune and save: it fits a task within a budget and predicts. */
import type { Normaliser, Part } from '../data/index.ts';
import type { Shape, Tensor } from '../engine/index.ts';
import type { KeyWords } from '../engine/threefry.ts';
import type { Batch, Loss, Tree } from '../nn/index.ts';

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
  readonly flops: number;
  /** Seconds of learning alone. */
  readonly seconds: number;
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
