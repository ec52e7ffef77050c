/** One training run as a compiled step: credit by a rule, an update by an optimiser, and everything it needs as explicit state. */
import {
  add,
  costOf,
  fromArray,
  type Jitted,
  jit,
  mapTree,
  optimize,
  printGraph,
  type Tensor,
  where,
} from '../engine/index.ts';
import type { KeyWords } from '../engine/threefry.ts';
import { foldIn, split } from '../engine/threefry.ts';
import type { UpdateCost } from '../methods/learner.ts';
import type { CreditResult, CreditRule } from '../methods/rule.ts';
import type { Batch, Loss, Model, Tree } from '../nn/index.ts';
import type { Optimizer } from '../optim/index.ts';
import { fnv1a } from './checkpoint.ts';
import { modelPasses } from './passes.ts';

/** Everything that a run carries from step to step; a tree of tensors, so that it can be saved. */
export interface TrainState {
  readonly params: Tree;
  readonly modelState: Tree;
  readonly rule: Tree;
  readonly optimizer: Tree;
  /** Optimiser state of the rule's own trainables. */
  readonly feedbackOptimizer: Tree;
}

export interface StepResult {
  readonly state: TrainState;
  readonly loss: Tensor | null;
  readonly metrics: Readonly<Record<string, Tensor>>;
}

export interface TrainerOptions {
  readonly model: Model;
  readonly loss: Loss;
  readonly rule: CreditRule;
  readonly optimizer: Optimizer;
  /** Randomness of the whole run: initial parameters, feedback, steps. */
  readonly key: KeyWords;
}

type StepFunction = (state: TrainState, batch: Batch, key: Tensor) => StepResult;

const INIT = 0;
const RULE = 1;
const STEPS = 2;

export const keyTensor = (key: KeyWords): Tensor => fromArray(Uint32Array.of(key[0], key[1]), [2], 'u32');

/** Compiles and runs the steps of one run. */
export class Trainer {
  readonly options: TrainerOptions;
  state: TrainState;
  readonly #keys: readonly KeyWords[];
  readonly #step: StepFunction;
  #cost: UpdateCost | null = null;
  /** Bytes of working memory of one step at its highest point. */
  peakBytes = 0;
  /** Fingerprint of the compiled step; empty before the first one and for rules that ask the outside world. */
  program = '';

  /** Starts afresh, or goes on from a state. */
  constructor(options: TrainerOptions, state: TrainState = initialState(options)) {
    this.options = options;
    this.#keys = split(options.key, 3);
    this.state = state;
    const step: StepFunction = (state, batch, key) =>
      applyCredit(options, state, creditOf(options, state, batch, key) as CreditResult<Tree>);
    this.#step = options.rule.isAsync ? step : jit(step, { donate: [0], name: `${options.rule.id} step` });
  }

  /** The key of step number `step`: the same whatever was run before. */
  stepKey(step: number): KeyWords {
    return foldIn(this.#keys[STEPS]!, step);
  }

  /** Runs one step and keeps the new state; returns the loss of the batch, null for rules that evaluate none. */
  async step(batch: Batch, step: number): Promise<number | null> {
    const key = keyTensor(this.stepKey(step));
    this.costOf(batch);
    const result = this.options.rule.isAsync ? await this.#runAsync(batch, key) : this.#step(this.state, batch, key);
    this.state = result.state;
    return result.loss === null ? null : (await result.loss.read())[0]!;
  }

  /** What one step costs, counted from its graph; a rule that asks the outside world has none. */
  costOf(batch: Batch): UpdateCost {
    this.#cost ??= this.#count(batch, keyTensor(this.stepKey(0)));
    return this.#cost;
  }

  async #runAsync(batch: Batch, key: Tensor): Promise<StepResult> {
    return applyCredit(this.options, this.state, await creditOf(this.options, this.state, batch, key));
  }

  #count(batch: Batch, key: Tensor): UpdateCost {
    const samples = batch.x.shape[0]!;
    const { isAsync } = this.options.rule;
    if (isAsync) return { samples, flops: 0, passes: null, trafficBytes: 0 };
    const compiled = this.#step as Jitted<StepFunction>;
    const traced = compiled.graphOf(this.state, batch, key);
    this.program = fnv1a(new TextEncoder().encode(printGraph(traced)));
    this.peakBytes = compiled.peakBytes(this.state, batch, key);
    const graph = optimize(traced);
    const { flops, traffic } = costOf(graph);
    return { samples, flops, passes: modelPasses(graph, this.options.model, this.state, batch), trafficBytes: traffic };
  }
}

/** The state before the first step. */
export function initialState({
  model,
  rule,
  optimizer,
  key,
}: Pick<TrainerOptions, 'model' | 'rule' | 'optimizer' | 'key'>): TrainState {
  const keys = split(key, 3);
  const { params, state } = model.initialise(keyTensor(keys[INIT]!));
  const ruleState = rule.init(model, params, keyTensor(keys[RULE]!));
  return {
    params,
    modelState: state,
    rule: ruleState,
    optimizer: optimizer.init(params),
    feedbackOptimizer: rule.trainsFeedback ? optimizer.init(feedbackOf(ruleState)) : null,
  };
}

/** The rule's own trainables, by convention under `feedback` of its state. */
const feedbackOf = (state: Tree): Tree => (state as { readonly feedback: Tree }).feedback;

const creditOf = (
  { model, loss, rule }: TrainerOptions,
  state: TrainState,
  batch: Batch,
  key: Tensor,
): CreditResult<Tree> | Promise<CreditResult<Tree>> =>
  rule.credit({ model, loss, params: state.params, modelState: state.modelState, state: state.rule, batch, key });

/** Turns credit into the next state: params by the optimiser, the rule's trainables by the same one, then the rule's own follow-up. */
export function applyCredit(
  { rule, optimizer }: Pick<TrainerOptions, 'rule' | 'optimizer'>,
  state: TrainState,
  result: CreditResult<Tree>,
): StepResult {
  const [step, optimizerState] = optimizer.update(result.credit, state.optimizer, { params: state.params });
  const params = addTrees(state.params, step);
  let ruleState = result.state;
  let feedbackOptimizer = state.feedbackOptimizer;
  if (result.feedback !== undefined) {
    const before = feedbackOf(result.state);
    const [move, next] = optimizer.update(result.feedback, state.feedbackOptimizer, { params: before });
    ruleState = { ...(ruleState as { readonly [name: string]: Tree }), feedback: addTrees(before, move) };
    feedbackOptimizer = next;
  }
  if (rule.afterUpdate !== undefined) ruleState = rule.afterUpdate(state.params, params, ruleState);
  const next: TrainState = {
    params,
    modelState: result.modelState,
    rule: ruleState,
    optimizer: optimizerState,
    feedbackOptimizer,
  };
  const kept = result.skip === undefined ? next : chooseState(result.skip, state, next);
  return { state: kept, loss: result.loss ?? null, metrics: result.metrics };
}

const addTrees = (tree: Tree, step: Tree): Tree => mapTree((p: Tensor, s: Tensor) => add(p, s), tree, step);

/** On a skipped step params and optimiser stay as they were; what the rule and the model remember moves on. */
const chooseState = (skip: Tensor, before: TrainState, after: TrainState): TrainState => {
  const choose = (a: Tree, b: Tree): Tree => mapTree((x: Tensor, y: Tensor) => where(skip, x, y), a, b);
  return {
    ...after,
    params: choose(before.params, after.params),
    optimizer: choose(before.optimizer, after.optimizer),
    feedbackOptimizer: choose(before.feedbackOptimizer, after.feedbackOptimizer),
  };
};
