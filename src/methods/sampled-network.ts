/**
 * Sampled networks: a hidden layer drawn from pairs of training points, an output layer solved by least squares; nothing is trained by descent.
 *
 * Paper     E. L. Bolager, I. Burak, C. Datar, Q. Sun, F. Dietrich, Sampling Weights of Deep Neural Networks, NeurIPS 2023, arXiv:2306.16830.
 * Rule      W, b from pairs with chances in proportion to |f(x₂) − f(x₁)| / |x₂ − x₁| (for classes 0 or 1 over the distance); then (A; λI)·w ≈ (y; 0), A = (σ(x·W + b), 1), classes as one-hot rows.
 * Exact     the output layer is the global minimum of the ridge loss for the layer that was drawn.
 * Departs   one hidden layer, as wide as the model's widest dense one; pairs come from the first 4096 rows; the learning rate stands for λ over the root mean square length of a column.
 * Letters   D inputs, M units, C outputs. The fit is one update, whatever the budget holds beyond it.
 */
import { type Loader, loader } from '../data/index.ts';
import {
  ConfigError,
  cast,
  concat,
  eye,
  fromArray,
  matmul,
  mul,
  reshape,
  scope,
  type Tensor,
  zeros,
} from '../engine/index.ts';
import type { KeyWords } from '../engine/threefry.ts';
import type { Model, Tree } from '../nn/index.ts';
import { RowReduction } from '../solve/index.ts';
import { breathe } from './breathe.ts';
import {
  type FitCall,
  type FitEvent,
  hasRoom,
  type Learner,
  type LearnerKind,
  type LearnerSetting,
  type UpdateCost,
} from './learner.ts';
import { reason } from './rule.ts';
import {
  activate,
  bolager2023,
  pairLayer,
  randomLayer,
  type SampledActivation,
  type SampledLayer,
} from './sampling/index.ts';

export interface SampledNetworkOptions {
  /** Width of the hidden layer; that of the model's widest hidden dense layer unless said. */
  readonly units?: number;
  readonly activation?: SampledActivation;
  /** `pairs` of training points (SWIM) unless `random` (ELM) is said. */
  readonly sampling?: 'pairs' | 'random';
}

/** What was drawn and what was solved, f64. */
export type SampledState = {
  /** (D, M). */
  readonly weights: Tensor;
  /** (M). */
  readonly bias: Tensor;
  /** (M + 1, C); the last row is the constant. */
  readonly out: Tensor;
};

/** Rows that are absorbed at a time, and rows that pairs are drawn from. */
const BLOCK = 1024;
const DRAWN = 4096;

/** Widths of a model's dense layers but the last. */
const hiddenWidths = ({ layers }: Model): number[] =>
  layers.slice(0, -1).flatMap(({ kind, config }) => (kind === 'dense' ? [config.units as number] : []));

/** A sampled network for a task, in place of the model. */
export function sampledNetworkLearner(setting: LearnerSetting): Learner<SampledState> {
  const fitter = new SampledFit(setting);
  return {
    id: 'sampled-network',
    init: (key) => fitter.drawn(key),
    fit: (call) => fitter.fit(call),
    predict: ({ weights, bias, out }, x) => {
      const flat = cast(reshape(x, [x.shape[0]!, weights.shape[0]!]), 'f64');
      return cast(matmul(withOne(activate({ activation: fitter.activation, weights, bias }, flat)), out), x.dtype);
    },
  };
}

export const sampledNetwork: LearnerKind = {
  id: 'sampled-network',
  aliases: ['swim'],
  paper: bolager2023,
  summary:
    'Draws the hidden layer from pairs of training points and solves for the output layer; one update, no descent.',
  learningRate: 0.1,
  supports: ({ task, model }) => {
    if (hiddenWidths(model).length === 0) return reason('it needs a hidden dense layer for its width');
    if (task.train.x instanceof Int32Array) return reason('its inputs are numbers, not ids');
    return task.train.yShape.length <= 2 && task.train.n > 1
      ? true
      : reason('it predicts one class or one row of values a sample');
  },
  make: (setting) => sampledNetworkLearner(setting) as unknown as Learner<Tree>,
};

const withOne = (h: Tensor): Tensor => {
  const rows = h.shape[0]!;
  return concat([h, fromArray(new Float64Array(rows).fill(1), [rows, 1], 'f64')], 1);
};

class SampledFit {
  readonly activation: SampledActivation;
  readonly #units: number;
  readonly #sampling: 'pairs' | 'random';
  readonly #ridge: number;
  readonly #setting: LearnerSetting;
  readonly #rows: Loader;

  constructor(setting: LearnerSetting) {
    const { task, model, learningRate, options = {} } = setting;
    const {
      units = Math.max(...hiddenWidths(model)),
      activation = 'tanh',
      sampling = 'pairs',
    } = options as SampledNetworkOptions;
    this.activation = activation;
    this.#units = units;
    this.#sampling = sampling;
    this.#ridge = learningRate;
    this.#setting = setting;
    this.#rows = loader({
      set: task.train,
      batch: Math.min(BLOCK, task.train.n),
      drop: false,
      normaliser: task.normaliser,
      dtype: 'f64',
    });
  }

  /** The state before the fit: the layer is there, the output is zero. */
  drawn(key: KeyWords): SampledState {
    const { weights, bias } = this.#layer(key);
    return { weights, bias, out: zeros([this.#units + 1, this.#setting.task.outputs], 'f64') };
  }

  async *fit({
    budget,
    key,
    signal,
    from,
  }: FitCall<SampledState>): AsyncGenerator<FitEvent<SampledState>, void, undefined> {
    if (from !== undefined && from.counters.step > 0) return; // the one update was made
    const cost = this.#cost();
    const zero = { step: 0, epoch: 0, stepInEpoch: 0, samples: 0, flops: 0, seconds: 0 };
    if (!hasRoom(budget, zero, cost, 1)) throw noRoom(budget, cost);
    const start = performance.now();
    const { weights, bias } = this.#layer(key);
    const system = await this.#absorbed({ activation: this.activation, weights, bias }, signal);
    const out = fromArray(system.solve().x, [this.#units + 1, this.#setting.task.outputs], 'f64');
    const seconds = (performance.now() - start) / 1000;
    const counters = { ...zero, step: 1, epoch: 1, samples: cost.samples, flops: cost.flops, seconds };
    const program = `sampled-network ${this.#sampling} ${this.activation} ${this.#units} ${this.#ridge}`;
    const peakBytes = system.bytes + 8 * 3 * BLOCK * (this.#units + 1);
    yield {
      counters,
      loss: null,
      endsEpoch: true,
      totalSteps: 1,
      peakBytes,
      cost,
      program,
      state: { weights, bias, out },
    };
  }

  async #absorbed(layer: SampledLayer, signal: AbortSignal | undefined): Promise<RowReduction> {
    const units = this.#units;
    const { outputs } = this.#setting.task;
    const system = new RowReduction(units + 1, outputs);
    let squares = 0;
    for (let step = 0; step < this.#rows.stepsPerEpoch; step++) {
      signal?.throwIfAborted();
      squares += this.#absorb(system, layer, step);
      await breathe();
    }
    using _ = scope();
    const strength = this.#ridge * Math.sqrt(squares / units);
    system.absorb(
      concat([mul(eye(units, 'f64'), strength), zeros([units, 1], 'f64')], 1),
      zeros([units, outputs], 'f64'),
    );
    return system;
  }

  /** Absorbs one block; returns the sum of the squared values of its hidden units. */
  #absorb(system: RowReduction, layer: SampledLayer, step: number): number {
    using _ = scope();
    const { x, y } = this.#block(step);
    const hidden = activate(layer, x);
    system.absorb(withOne(hidden), y);
    return mul(hidden, hidden).sum().item();
  }

  /** Rows of a block and their targets, without padding. */
  #block(step: number): { readonly x: Tensor; readonly y: Tensor } {
    const { outputs } = this.#setting.task;
    const batch = this.#rows.batchAt({ epoch: 0, step });
    const { rows } = batch;
    const features = batch.x.length / batch.xShape[0]!;
    const x = fromArray(Float64Array.from(batch.x).subarray(0, rows * features), [rows, features], 'f64');
    if (!(batch.y instanceof Int32Array))
      return { x, y: fromArray(Float64Array.from(batch.y).subarray(0, rows * outputs), [rows, outputs], 'f64') };
    const hot = new Float64Array(rows * outputs);
    for (let i = 0; i < rows; i++) hot[i * outputs + batch.y[i]!] = 1;
    return { x, y: fromArray(hot, [rows, outputs], 'f64') };
  }

  #layer(key: KeyWords): SampledLayer {
    const parts: { x: Tensor; y: Tensor }[] = [];
    for (let step = 0; step < this.#rows.stepsPerEpoch && step * BLOCK < DRAWN; step++) parts.push(this.#block(step));
    const x = concat(
      parts.map((part) => part.x),
      0,
    );
    const { activation } = this;
    const units = this.#units;
    if (this.#sampling === 'random')
      return randomLayer(key, { inputs: x.shape[1]!, units, low: -1, high: 1, activation });
    const isClass = this.#setting.task.train.y instanceof Int32Array;
    return pairLayer(key, x, {
      units,
      activation,
      isClass,
      values: concat(
        parts.map((part) => part.y),
        0,
      ),
    });
  }

  #cost(): UpdateCost {
    const { train, featureShape, outputs } = this.#setting.task;
    const features = featureShape.reduce((a, b) => a * b, 1);
    const columns = this.#units + 1;
    const flops = 2 * train.n * (features * this.#units + columns * (columns + outputs));
    return { samples: train.n, flops, passes: null, trafficBytes: 8 * train.n * (features + columns + outputs) };
  }
}

const noRoom = (budget: { readonly kind: string; readonly value: number }, cost: UpdateCost): ConfigError =>
  new ConfigError(`a budget of ${budget.value} ${budget.kind} has no room for the one fit of a sampled network`, {
    budget,
    cost,
    help: `it takes all ${cost.samples} training rows and ${cost.flops} floating-point operations`,
  });
