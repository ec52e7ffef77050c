/**
 * Hebbian recognition by response: one network a label, wired by Hebb's rule on images of that label alone; the label is the one whose network answers with the longest output vector.
 *
 * Paper     K. Itoh, Rethinking Deep Learning: Non-backpropagation and Non-optimization Machine Learning Approach Using Hebbian Neural Networks, arXiv:2411.05861.
 * Rule      W ← W + ΔW − mean(ΔW), ΔW = η·pre·postᵀ, for the matrices between hidden layers, one sample at a time; ŷ = argmax_c ‖o_c(x)‖₂.
 * Exact     all activities of an update are those of the weights before; the correction by the mean is kept as one number a unit, which is the explicit form to rounding.
 * Departs   Number of layers, η, the correction, unit-length images and biases are reconstructed. `calibrate: 'energy'` gives every network the same amount of change: ours, not the paper's.
 *           Images are taken back from the task's normalisation, as pixels must not be negative. Scores are ln‖o_c‖ − ln‖o of the first network‖, with the same argmax.
 * Letters   W (in, out), pre and post activities before and behind it, η rate, o output, κ amount of change, c label.
 */

import { fnv1a } from '../../engine/hash.ts';
import {
  abs,
  broadcastTo,
  ConfigError,
  cast,
  costOf,
  DivergedError,
  defaultDtype,
  type FloatDtype,
  fromArray,
  type Jitted,
  jit,
  max,
  optimize,
  printGraph,
  reshape,
  sqrt,
  sum,
  type Tensor,
  take,
  transpose,
} from '../../engine/index.ts';
import type { KeyWords } from '../../engine/threefry.ts';
import type { Batch, Tree } from '../../nn/index.ts';
import type { Learner, LearnerKind, LearnerSetting, LearningTask, UpdateCost } from '../learner.ts';
import { type Citation, reason } from '../rule.ts';
import { fitInSteps, type Stepper } from '../stepping.ts';
import {
  CORRECTIONS,
  type Correction,
  checkSpec,
  drawHebbian,
  type HebbianNetwork,
  type HebbianSpec,
  logNorm,
  outputOf,
  unitLength,
} from './network.ts';
import { copies, folded, type Hidden, learnOnce, outputsOfAll } from './online.ts';

export const itoh2024: Citation = {
  authors: 'K. Itoh',
  title:
    'Rethinking Deep Learning: Non-backpropagation and Non-optimization Machine Learning Approach Using Hebbian Neural Networks',
  year: 2024,
  arxiv: '2411.05861',
};

export interface HebbianOptions {
  /** Hidden layers, L; 2 or more. */
  readonly layers?: number;
  readonly correction?: Correction;
  readonly normalise?: 'l2' | 'none';
  /** `energy` scales the change of every network to the same length κ. */
  readonly calibrate?: 'none' | 'energy';
  readonly kappa?: number;
}

export interface HebbianState {
  /** The network that all labels began with. */
  readonly net: HebbianNetwork;
  readonly hidden: Hidden;
}

interface Plan extends Required<HebbianOptions> {
  readonly spec: HebbianSpec;
  readonly classes: number;
  readonly eta: number;
  readonly task: LearningTask;
}

function planOf({ task, learningRate, options = {} }: LearnerSetting): Plan {
  const {
    layers = 2,
    correction = 'mean',
    normalise = 'l2',
    calibrate = 'none',
    kappa = 0.01,
  }: HebbianOptions = options;
  const known = { correction: CORRECTIONS, normalise: ['l2', 'none'], calibrate: ['none', 'energy'] };
  for (const [name, value] of Object.entries({ correction, normalise, calibrate }))
    if (!(known[name as keyof typeof known] as readonly string[]).includes(value))
      throw new ConfigError(`${name} is "${value}"`, {
        [name]: value,
        help: `use ${known[name as keyof typeof known].join(', ')}`,
      });
  const spec: HebbianSpec = { width: task.featureShape.reduce((a, b) => a * b, 1), layers, units: 'relu' };
  checkSpec(spec);
  return { task, spec, layers, correction, normalise, calibrate, kappa, classes: task.outputs, eta: learningRate };
}

const keyTensor = (key: KeyWords): Tensor => fromArray(Uint32Array.of(key[0], key[1]), [2], 'u32');

/** Rows as the networks see them: without the task's normalisation, as one axis, of unit length unless said. */
function imagesOf({ task: { normaliser }, normalise, spec }: Plan, x: Tensor): Tensor {
  const { mean, std, featureShape } = normaliser;
  const groups = [mean.length, ...Array(Math.max(0, featureShape.length - 1)).fill(1)];
  const shape = mean.length === 1 ? [1] : groups;
  const own = (values: readonly number[]): Tensor => cast(fromArray(Float64Array.from(values), shape, 'f64'), x.dtype);
  const rows = reshape(x.mul(own(std)).add(own(mean)), [x.shape[0]!, spec.width]);
  return normalise === 'l2' ? unitLength(rows) : rows;
}

function begin({ spec, classes }: Plan, key: KeyWords): HebbianState {
  const start = jit((k: Tensor) => {
    const net = drawHebbian(spec, k, defaultDtype() as FloatDtype);
    return { net, hidden: copies(net, classes) };
  });
  return start(keyTensor(key));
}

class HebbianTrainer implements Stepper<HebbianState> {
  state: HebbianState;
  peakBytes = 0;
  program = '';
  readonly #plan: Plan;
  readonly #update: Jitted<(net: HebbianNetwork, hidden: Hidden, x: Tensor, rows: Tensor, eta: Tensor) => Hidden>;
  readonly #images: (x: Tensor) => Tensor;
  readonly #size: (hidden: Hidden) => Tensor;
  #flops = 0;
  #traffic = 0;

  constructor(plan: Plan, key: KeyWords, state: HebbianState = begin(plan, key)) {
    this.#plan = plan;
    this.state = state;
    this.#images = jit((x: Tensor) => imagesOf(plan, x));
    this.#size = jit(({ weights }: Hidden) => max(abs(weights.at(-1)!)));
    this.#update = jit(
      (net: HebbianNetwork, hidden: Hidden, x: Tensor, rows: Tensor, eta: Tensor) =>
        learnOnce(net, plan.spec.units, plan.correction, hidden, take(x, rows, 0), eta),
      { name: 'hebbian update', donate: [1] },
    );
  }

  costOf(batch: Batch): UpdateCost {
    if (this.program === '') this.#count(batch);
    const turns = this.#turns(batch).length;
    return {
      samples: batch.x.shape[0]!,
      flops: turns * this.#flops,
      trafficBytes: turns * this.#traffic,
      passes: { forward: 1, backward: 0 },
    };
  }

  /** Every sample of the batch teaches the network of its label. */
  async step(batch: Batch): Promise<null> {
    const { net } = this.state;
    const x = this.#images(batch.x);
    let { hidden } = this.state;
    for (const { rows, eta } of this.#turns(batch)) hidden = this.#update(net, hidden, x, rows, eta);
    this.state = { net, hidden };
    const size = (await this.#size(hidden).read())[0]!;
    if (!Number.isFinite(size))
      throw new DivergedError(`the Hebbian weights are no longer finite: activities fed their own growth`, {
        largest: size,
        help: 'use a smaller learning rate or fewer layers',
      });
    return null;
  }

  /** The t-th sample of every label, together; a label without one rests. */
  #turns({ x, y }: Batch): { rows: Tensor; eta: Tensor }[] {
    const byClass = Array.from({ length: this.#plan.classes }, (): number[] => []);
    y.readSync().forEach((label, row) => {
      byClass[label]!.push(row);
    });
    const turns = Math.max(...byClass.map((rows) => rows.length));
    return Array.from({ length: turns }, (_, t) => ({
      rows: fromArray(
        Int32Array.from(byClass, (rows) => rows[t] ?? 0),
        [byClass.length],
        'i32',
      ),
      eta: cast(
        fromArray(
          Float64Array.from(byClass, (rows) => (t < rows.length ? this.#plan.eta : 0)),
          [byClass.length],
          'f64',
        ),
        x.dtype,
      ),
    }));
  }

  #count(batch: Batch): void {
    const [{ rows, eta }] = this.#turns(batch) as [{ rows: Tensor; eta: Tensor }];
    const args = [this.state.net, this.state.hidden, this.#images(batch.x), rows, eta] as const;
    const graph = this.#update.graphOf(...args);
    const cost = costOf(optimize(graph));
    this.#flops = cost.flops;
    this.#traffic = cost.traffic;
    this.peakBytes = this.#update.peakBytes(...args);
    this.program = fnv1a(new TextEncoder().encode(printGraph(graph)));
  }
}

/** The hidden matrices as they answer: corrected, and with equal amounts of change where that is asked for. */
function answering({ calibrate, kappa }: Plan, { net, hidden }: HebbianState): Tensor[] {
  const learned = folded(hidden);
  if (calibrate === 'none') return learned;
  return learned.map((w, i) => {
    const start = net.weights[i + 1]!;
    const change = w.sub(start);
    const length = sqrt(sum(change.square(), [1, 2], { keepDims: true }));
    return change.div(length.maximum(1e-30)).mul(kappa).add(broadcastTo(start, w.shape));
  });
}

/** One network a label, wired by Hebb's rule; an update is a batch, each sample in turn in the network of its label. */
export function hebbianLearner(setting: LearnerSetting): Learner<HebbianState> {
  const plan = planOf(setting);
  return {
    id: 'hebbian-norm',
    init: (key) => begin(plan, key),
    fit: (call) => fitInSteps(new HebbianTrainer(plan, call.key, call.from?.state), setting.batch, call),
    predict(state, x) {
      const images = imagesOf(plan, x);
      const precise = (o: Tensor): Tensor => logNorm(cast(o, 'f64')); // norms differ by 1e-4 and less
      const own = precise(outputsOfAll(state.net, plan.spec.units, answering(plan, state), images)); // (C, B)
      return cast(transpose(own.sub(precise(outputOf(state.net, plan.spec.units, images)))), x.dtype);
    },
  };
}

export const hebbianNorm: LearnerKind = {
  id: 'hebbian-norm',
  aliases: ['hebbian', 'norm-based-cognition'],
  paper: itoh2024,
  summary: 'One network a label, wired by Hebb’s rule; the longest answer decides. No loss, no gradient.',
  learningRate: 1e-5,
  supports: ({ task }) =>
    task.train.y instanceof Int32Array && task.outputs >= 2 ? true : reason('it needs a label for every sample'),
  make: (setting) => hebbianLearner(setting) as unknown as Learner<Tree>,
};
