/** The contract of a credit rule: a pure function that stands in place of a gradient, so that every optimiser composes with every rule. */

import type { Tensor } from '../engine/index.ts';
import type { Key } from '../nn/key.ts';
import type { Tree } from '../nn/layer.ts';
import type { Batch, Loss } from '../nn/loss.ts';
import type { Model } from '../nn/model.ts';

export interface Citation {
  readonly authors: string;
  readonly title: string;
  readonly year: number;
  readonly venue?: string;
  readonly arxiv?: string;
}

/** Why a rule does not support a model. */
export interface Reason {
  readonly reason: string;
}

export const reason = (text: string): Reason => ({ reason: text });

export interface CreditCall<State> {
  readonly model: Model;
  readonly loss: Loss;
  readonly params: Tree;
  readonly modelState: Tree;
  readonly state: State;
  readonly batch: Batch;
  readonly key: Key;
}

/** What a rule that answers in its own way gets. */
export interface PredictCall {
  readonly model: Model;
  readonly params: Tree;
  readonly modelState: Tree;
  /** The rule's own. */
  readonly state: Tree;
  readonly loss: Loss;
  readonly x: Tensor;
}

export interface CreditResult<State> {
  /** Same tree, shapes and dtypes as params, in units of +gradient of the mean-over-batch loss. */
  readonly credit: Tree;
  /** Credit of the rule's own trainables, through the same optimiser; the tree of `RuleState.feedback` as the rule defines it. */
  readonly feedback?: Tree;
  /** Absent for rules that evaluate none. */
  readonly loss?: Tensor;
  readonly state: State;
  readonly modelState: Tree;
  /** Named scalars worth plotting. */
  readonly metrics: Readonly<Record<string, Tensor>>;
  /** A bool scalar: no update in this step. */
  readonly skip?: Tensor;
}

export interface CreditRule<State = Tree> {
  /** Full name, `direct-feedback-alignment`. */
  readonly id: string;
  readonly aliases: readonly string[];
  readonly paper: Citation;
  /** One sentence for lists. */
  readonly summary: string;
  /** What the credit is: `exact` gradient, `unbiased` estimate, or a `biased` direction. */
  readonly nature: 'exact' | 'unbiased' | 'biased';
  supports(model: Model): true | Reason;
  /** Feedback matrices, traces and the like; a tree of tensors. */
  init(model: Model, params: Tree, key: Key): State;
  credit(call: CreditCall<State>): CreditResult<State> | Promise<CreditResult<State>>;
  /** How the network answers under this rule, where it is not the model's forward pass but, say, a state that settles; in the units that the loss takes. */
  predict?(call: PredictCall): Tensor;
  /** For rules whose feedback follows the real update; gets the params before and after it. */
  afterUpdate?(before: Tree, after: Tree, state: State): State;
  /** Whether `credit` returns credit for `state.feedback`, the rule's own trainables. */
  readonly trainsFeedback?: boolean;
  /** Whether `credit` asks the outside world and cannot be compiled. */
  readonly isAsync?: boolean;
}
