/**
 * Variable shared meta learning: a network whose every weight is a small recurrent net; all of them share their parameters and exchange messages along the wiring.
 *
 * Paper    L. Kirsch, J. Schmidhuber, Meta Learning Backpropagation And Improving It, NeurIPS 2021, arXiv:2012.14905.
 * Rule     synapse (a, b) hears the forward message of input a and the backward message of output b and changes its state; its answers, reduced over a, are the forward message of b, and over b the
 *          backward message of a. Running this net forward on (input, error) is the learning; no derivative is taken while it learns.
 * Exact    permuting inputs, hidden units or outputs (and the states alike) permutes the answers; with the `oracle` synapse it is online gradient descent.
 * Departs  dense layers only. Heads act after the reduction, which is the same by linearity.
 * Letters  E episodes side by side, A inputs and B outputs of a layer, M numbers a message, C classes, T examples, K layers.
 */
import {
  ConfigError,
  concat,
  div,
  expandDims,
  logSoftmax,
  mean,
  mul,
  neg,
  random,
  reshape,
  ShapeError,
  scan,
  sliceAxis,
  softmax,
  sub,
  sum,
  type Tensor,
  tanh,
  zeros,
  zerosLike,
} from '../../engine/index.ts';
import type { Key } from '../../nn/key.ts';
import type { Citation } from '../rule.ts';

export const kirsch2021: Citation = {
  authors: 'L. Kirsch, J. Schmidhuber',
  title: 'Meta Learning Backpropagation And Improving It',
  year: 2021,
  venue: 'NeurIPS 2021',
  arxiv: '2012.14905',
};

/** What one layer of synapses answers to its messages. */
export interface TickResult<S> {
  readonly state: S;
  /** To the outputs, (E, B, M). */
  readonly forward: Tensor;
  /** To the inputs, (E, A, M). */
  readonly backward: Tensor;
}

/** The learning algorithm: what every synapse does, with the parameters that all share. */
export interface Synapse<Theta, S> {
  readonly name: string;
  /** Numbers in a message. */
  readonly messageSize: number;
  /** Fresh states of a layer, each synapse with (…) numbers: leaves (E, A, B, …). */
  start(key: Key, size: readonly [episodes: number, inputs: number, outputs: number]): S;
  /** One tick of a layer: `f` (E, A, M) to its inputs, `g` (E, B, M) to its outputs. */
  tick(theta: Theta, state: S, f: Tensor, g: Tensor): TickResult<S>;
  /** The inner batch's states made one again, for synapses that know which part of them is a weight; averages over axis 0. */
  merge?(state: S): S;
}

export interface MachineOptions {
  /** Ticks all layers once more, from the last to the first, with the error of the same example; otherwise the error arrives with the next example. True unless said. */
  readonly backwardPass?: boolean;
  /** Entry 1 of the last layer's backward message is the label. */
  readonly feedLabel?: boolean;
  /** Outputs are bound·tanh(·/bound); 100 unless said, null for none. */
  readonly bound?: number | null;
  /** Entry of the message that is the output; 1 unless said. */
  readonly outputEntry?: number;
  /** Whether hidden layers hear zeros from above in the forward sweep, instead of what they last heard. */
  readonly clearsHidden?: boolean;
  /** The E axis is an inner batch of one stream: before every example its states are merged. */
  readonly isBatch?: boolean;
}

/** Everything that goes on from example to example. */
export type MachineState<S> = {
  readonly layers: readonly S[];
  /** What each layer hears from above: (E, width, M). */
  readonly heard: readonly Tensor[];
};

/** One example of each episode: x (E, A), y (E, C) one-hot. */
export interface Example {
  readonly x: Tensor;
  readonly y: Tensor;
}

/** Examples in order: xs (T, E, A), ys (T, E, C). */
export interface Stream {
  readonly xs: Tensor;
  readonly ys: Tensor;
}

/** A network of synapses. */
export interface Machine<Theta, S> {
  readonly widths: readonly number[];
  readonly synapse: Synapse<Theta, S>;
  readonly options: Required<MachineOptions>;
  /** Fresh states for so many episodes. */
  start(key: Key, episodes: number): MachineState<S>;
  /** Logits (E, C) for x (E, A), as the next example would get them; nothing is learned. */
  predict(theta: Theta, state: MachineState<S>, x: Tensor): Tensor;
  /** One example: the logits are made before its error is heard. */
  learn(theta: Theta, state: MachineState<S>, example: Example): readonly [state: MachineState<S>, logits: Tensor];
  /** All examples of a stream, in one loop: the logits are (T, E, C). */
  run(
    theta: Theta,
    state: MachineState<S>,
    stream: Stream,
    loop?: { readonly checkpointEvery?: number },
  ): readonly [state: MachineState<S>, logits: Tensor];
}

const DEFAULTS: Required<MachineOptions> = {
  backwardPass: true,
  feedLabel: false,
  bound: 100,
  outputEntry: 1,
  clearsHidden: false,
  isBatch: false,
};

/** Wires synapses to a network of dense layers with these widths, inputs first. */
export function machine<Theta, S>(
  widths: readonly number[],
  synapse: Synapse<Theta, S>,
  options: MachineOptions = {},
): Machine<Theta, S> {
  const full = { ...DEFAULTS, ...options };
  checkMachine(widths, synapse, full);
  const net = new Net(widths, synapse, full);
  return {
    widths,
    synapse,
    options: full,
    start: (key, episodes) => net.start(key, episodes),
    predict: (theta, state, x) => net.forward(theta, state, x).logits,
    learn: (theta, state, example) => net.learn(theta, state, example),
    run(theta, state, { xs, ys }, loop = {}) {
      checkStream(widths, xs, ys);
      return scan((s: MachineState<S>, [x, y]: [Tensor, Tensor]) => net.learn(theta, s, { x, y }), state, [xs, ys], {
        ...loop,
      });
    },
  };
}

function checkMachine(
  widths: readonly number[],
  { name, messageSize, merge }: { readonly name: string; readonly messageSize: number; readonly merge?: unknown },
  { outputEntry, feedLabel, isBatch }: Required<MachineOptions>,
): void {
  if (widths.length < 2 || widths.some((w) => !Number.isInteger(w) || w < 1))
    throw new ConfigError(`a machine needs at least two widths of 1 or more, got [${widths}]`, {
      widths,
      help: 'give the inputs, hidden layers and outputs, such as [64, 10]',
    });
  const needed = Math.max(outputEntry, feedLabel ? 1 : 0) + 1;
  if (messageSize < needed)
    throw new ConfigError(`${name} sends messages of ${messageSize} numbers where ${needed} are needed`, {
      messageSize,
      needed,
      help: 'use a larger messageSize, another outputEntry, or no feedLabel',
    });
  if (isBatch && merge === undefined)
    throw new ConfigError(`${name} does not say how the states of an inner batch become one`, {
      help: 'learn one example at a time',
    });
}

function checkStream(widths: readonly number[], xs: Tensor, ys: Tensor): void {
  const [inputs, outputs] = [widths[0]!, widths.at(-1)!];
  const agrees = xs.rank === 3 && ys.rank === 3 && xs.shape[0] === ys.shape[0] && xs.shape[1] === ys.shape[1];
  if (agrees && xs.shape[2] === inputs && ys.shape[2] === outputs) return;
  throw new ShapeError(`a stream for ${inputs} inputs and ${outputs} classes is [${xs.shape}] with [${ys.shape}]`, {
    xs: xs.shape,
    ys: ys.shape,
    help: `give xs of [examples, episodes, ${inputs}] and one-hot ys of [examples, episodes, ${outputs}]`,
  });
}

interface Sweep<S> {
  readonly layers: readonly S[];
  readonly heard: readonly Tensor[];
  /** What each layer hears from below. */
  readonly inputs: readonly Tensor[];
  readonly logits: Tensor;
}

class Net<Theta, S> {
  readonly #widths: readonly number[];
  readonly #synapse: Synapse<Theta, S>;
  readonly #options: Required<MachineOptions>;

  constructor(widths: readonly number[], synapse: Synapse<Theta, S>, options: Required<MachineOptions>) {
    this.#widths = widths;
    this.#synapse = synapse;
    this.#options = options;
  }

  start(key: Key, episodes: number): MachineState<S> {
    const { start, messageSize } = this.#synapse;
    const above = this.#widths.slice(1);
    return {
      layers: above.map((outputs, k) => start(random.foldIn(key, k), [episodes, this.#widths[k]!, outputs])),
      heard: above.map((width) => zeros([episodes, width, messageSize])),
    };
  }

  learn(theta: Theta, before: MachineState<S>, { x, y }: Example): readonly [MachineState<S>, Tensor] {
    const { backwardPass, isBatch } = this.#options;
    const merge = this.#synapse.merge;
    const state = isBatch ? { ...before, layers: before.layers.map((s) => merge!(s)) } : before;
    const sweep = this.forward(theta, state, x);
    const top = this.#top(sub(softmax(sweep.logits), y), y);
    const after = { layers: sweep.layers, heard: [...sweep.heard.slice(0, -1), top] };
    return [backwardPass ? this.#backward(theta, after, sweep.inputs) : after, sweep.logits];
  }

  forward(theta: Theta, state: MachineState<S>, x: Tensor): Sweep<S> {
    const heard = [...state.heard];
    const layers: S[] = [];
    const inputs: Tensor[] = [];
    let f = this.#message([x]);
    state.layers.forEach((layer, k) => {
      inputs.push(f);
      const ticked = this.#synapse.tick(theta, layer, f, heard[k]!);
      layers.push(ticked.state);
      if (k > 0) heard[k - 1] = ticked.backward;
      f = ticked.forward;
    });
    return { layers, heard, inputs, logits: this.#logits(f) };
  }

  /** Layers from the last to the first, with the forward messages still in place. */
  #backward(theta: Theta, { layers, heard }: MachineState<S>, inputs: readonly Tensor[]): MachineState<S> {
    const after = [...layers];
    const messages = [...heard];
    for (let k = layers.length - 1; k >= 0; k--) {
      const ticked = this.#synapse.tick(theta, layers[k]!, inputs[k]!, messages[k]!);
      after[k] = ticked.state;
      if (k > 0) messages[k - 1] = ticked.backward;
    }
    const isCleared = (k: number) => k === layers.length - 1 || this.#options.clearsHidden;
    return { layers: after, heard: messages.map((g, k) => (isCleared(k) ? zerosLike(g) : g)) };
  }

  /** Numbers per unit (E, U), one after the other, filled up with zeros: (E, U, M). */
  #message(parts: readonly Tensor[]): Tensor {
    const rest = this.#synapse.messageSize - parts.length;
    const columns = parts.map((part) => expandDims(part, 2));
    if (rest === 0) return concat(columns, 2);
    return concat([...columns, zeros([...parts[0]!.shape, rest], parts[0]!.dtype)], 2);
  }

  #top(error: Tensor, y: Tensor): Tensor {
    return this.#message(this.#options.feedLabel ? [error, y] : [error]);
  }

  #logits(f: Tensor): Tensor {
    const { outputEntry: at, bound } = this.#options;
    const out = reshape(sliceAxis(f, 2, at, at + 1), f.shape.slice(0, 2));
    return bound === null ? out : mul(tanh(div(out, bound)), bound);
  }
}

/** Cross-entropy of every prediction, (…) for logits and one-hot labels (…, C). */
export const surprise = (logits: Tensor, ys: Tensor): Tensor => neg(sum(mul(logSoftmax(logits), ys), -1));

/** The loss that rewards fast learning: the mean over all examples of predictions made before their own update, or over the last ones only. */
export function metaLossOf(logits: Tensor, ys: Tensor, kind: 'mean' | 'last' = 'mean'): Tensor {
  const all = surprise(logits, ys); // (T, E)
  return mean(kind === 'mean' ? all : sliceAxis(all, 0, all.shape[0]! - 1, all.shape[0]!));
}
