/**
 * The gradient-trained Hamiltonian network: the same architecture by Adam, through the derivative of a derivative.
 *
 * Paper     S. Greydanus, M. Dzamba, J. Yosinski, Hamiltonian Neural Networks, NeurIPS 2019, arXiv:1906.01563; setting of Rahma et al. 2024.
 * Rule      loss = mean over points and coordinates of (predicted ẋ − ẋ)², where the prediction is itself a gradient by the input; Xavier-normal weights, zero biases, f64.
 * Exact     the gradient is reverse mode over reverse mode.
 * Departs   learning rate along half a cosine and shuffled batches, both better than the paper's constant rate in the order of the data.
 */
import {
  add,
  fromArray,
  grad,
  jit,
  matmul,
  mean,
  square,
  sub,
  sum,
  type Tensor,
  take,
  tanh,
  valueAndGrad,
} from '../../engine/index.ts';
import { foldIn, HostRandom, type KeyWords } from '../../engine/threefry.ts';
import type { Tree } from '../../nn/index.ts';
import { adam, applyUpdates, cosine } from '../../optim/index.ts';
import { type Energy, energyAt, hamiltonField, layerFeatures } from './energy.ts';
import type { MotionData } from './system.ts';

/** Weights of one hidden layer and its linear output; the output bias has no part in the motion. */
export type NetworkParams = {
  /** (D, M). */
  readonly hidden: Tensor;
  /** (M). */
  readonly bias: Tensor;
  /** (M). */
  readonly out: Tensor;
};

export interface TrainedHamiltonianOptions {
  readonly units: number;
  readonly steps: number;
  /** Points a step; 256 unless said. */
  readonly batch?: number;
  readonly learningRate: number;
  readonly key: KeyWords;
  /** Told of steps made and the loss of the batch before the last one, now and then. */
  readonly onProgress?: (step: number, loss: number) => void;
}

export interface TrainedHamiltonian extends Energy {
  readonly params: NetworkParams;
}

/** Xavier-normal weights and zero biases. */
export function initialNetwork(key: KeyWords, inputs: number, units: number): NetworkParams {
  const random = new HostRandom(key);
  const draw = (count: number, deviation: number) =>
    Float64Array.from({ length: count }, () => deviation * random.normal());
  return {
    hidden: fromArray(draw(inputs * units, Math.sqrt(2 / (inputs + units))), [inputs, units], 'f64'),
    bias: fromArray(new Float64Array(units), [units], 'f64'),
    out: fromArray(draw(units, Math.sqrt(2 / (units + 1))), [units], 'f64'),
  };
}

/** The loss of a Hamiltonian network on states and velocities (K, D). */
export function networkLoss({ hidden, bias, out }: NetworkParams, x: Tensor, velocity: Tensor): Tensor {
  const total = (z: Tensor): Tensor => sum(matmul(tanh(add(matmul(z, hidden), bias)), out));
  return mean(square(sub(hamiltonField(grad(total)(x)), velocity)));
}

/** One compiled step of Adam. */
export function trainingStep(learningRate: number, steps: number) {
  const optimizer = adam({ learningRate });
  const schedule = cosine({ rate: 1, steps });
  const step = jit((params: NetworkParams, state: Tree, x: Tensor, velocity: Tensor, rate: number) => {
    const [loss, credit] = valueAndGrad((p: NetworkParams) => networkLoss(p, x, velocity))(params);
    const [update, next] = optimizer.update(credit, state, { params, rate });
    return [applyUpdates(params, update), next, loss] as const;
  });
  return { optimizer, step, rateAt: (t: number): number => schedule.at(t) };
}

/** Points of a batch, shuffled anew in every pass. */
function* batches(key: KeyWords, points: number, batch: number): Generator<Int32Array> {
  for (let pass = 0; ; pass++) {
    const order = new HostRandom(foldIn(key, pass)).permutation(points);
    for (let from = 0; from + batch <= points; from += batch) yield order.slice(from, from + batch);
  }
}

const LOOK = 100;

/** Trains a Hamiltonian network by backprop; at the end the output bias gives the anchor its energy. */
export function trainedHamiltonian(data: MotionData, options: TrainedHamiltonianOptions): TrainedHamiltonian {
  const { units, steps, learningRate, key, onProgress } = options;
  const [points, width] = data.x.shape as [number, number];
  const batch = Math.min(points, options.batch ?? 256);
  let params = initialNetwork(foldIn(key, 0), width, units);
  const { optimizer, step, rateAt } = trainingStep(learningRate, steps);
  let state = optimizer.init(params);
  const rows = batches(foldIn(key, 1), points, batch);
  for (let t = 0; t < steps; t++) {
    const at = fromArray(rows.next().value as Int32Array, [batch], 'i32');
    const [next, nextState, loss] = step(params, state, take(data.x, at, 0), take(data.velocity, at, 0), rateAt(t));
    [params, state] = [next, nextState];
    if (t % LOOK === 0) onProgress?.(t, loss.item());
  }
  return anchored(params, data);
}

/** The energy of a trained network, with the constant that the anchor asks for. */
export function anchored(params: NetworkParams, { anchor, anchorEnergy }: MotionData): TrainedHamiltonian {
  const layer = { activation: 'tanh', weights: params.hidden, bias: params.bias } as const;
  const free = { features: layerFeatures(layer), weights: params.out, bias: 0 };
  return { ...free, bias: anchorEnergy - energyAt(free, anchor).readSync()[0]!, params };
}
