/** The synapse that is meta-trained: an LSTM that hears the message of its input and of its output, with linear heads for its answers. */
import {
  add,
  broadcastTo,
  ConfigError,
  concat,
  div,
  expandDims,
  logistic,
  matmul,
  mean,
  mul,
  random,
  sliceAxis,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  tanh,
  zeros,
} from '../../engine/index.ts';
import type { Key } from '../../nn/key.ts';
import type { Synapse } from './machine.ts';

export interface LstmSynapseOptions {
  /** Numbers N of the hidden state and of the memory; 16 unless said. */
  readonly units?: number;
  /** Numbers M in a message; 8 unless said. */
  readonly messageSize?: number;
  /** How often the cell runs on the same messages; 2 unless said. */
  readonly microTicks?: number;
  /** How answers meet: the mean of the official code, or the sum of the paper's formula. */
  readonly reduce?: 'mean' | 'sum';
  /** Taken from the input gate and added to the forget gate: slow writing, long memory; 5 unless said. */
  readonly gateOffset?: number;
  /** Normalises every outgoing message, with a learned scale and offset. */
  readonly layerNorm?: boolean;
}

/** A linear answer: (N, M) and (M); with layer norm its scale and offset (M). */
export type Head = {
  readonly W: Tensor;
  readonly b: Tensor;
  readonly scale?: Tensor;
  readonly offset?: Tensor;
};

/** What all synapses share: the learning algorithm. */
export type LstmTheta = {
  /** (2M + N, 4N): rows for f, g and h; columns for the gates i, g, f, o. */
  readonly W: Tensor;
  /** (4N). */
  readonly b: Tensor;
  readonly forward: Head;
  readonly backward: Head;
};

/** States of a layer of synapses, (E, A, B, N) each. */
export type LstmState = {
  readonly h: Tensor;
  readonly c: Tensor;
};

/** An LSTM synapse with the drawing of its shared parameters. */
export interface LstmSynapse extends Synapse<LstmTheta, LstmState> {
  readonly units: number;
  /** W and heads from N(0, 1/fan-in), biases zero. */
  init(key: Key): LstmTheta;
  merge(state: LstmState): LstmState;
}

/** The synapse of meta learning from scratch. */
export function lstmSynapse({
  units = 16,
  messageSize = 8,
  microTicks = 2,
  reduce = 'mean',
  gateOffset = 5,
  layerNorm = false,
}: LstmSynapseOptions = {}): LstmSynapse {
  checkWhole({ units, messageSize, microTicks });
  const reduced = (h: Tensor, axis: number) => (reduce === 'mean' ? mean(h, axis) : sum(h, axis));
  const answer = (head: Head, h: Tensor, axis: number): Tensor => {
    const count = reduce === 'mean' ? 1 : h.shape[axis]!;
    const message = add(matmul(reduced(h, axis), head.W), mul(head.b, count));
    return layerNorm ? normalised(message, head) : message;
  };
  return {
    name: 'lstm',
    units,
    messageSize,
    init: (key) => drawTheta(key, units, messageSize, layerNorm),
    start: (key, [episodes, inputs, outputs]) => drawStates(key, [episodes, inputs, outputs], units),
    tick(theta, before, f, g) {
      const drive = driveOf(theta, f, g, messageSize);
      const Wh = sliceAxis(theta.W, 0, 2 * messageSize, 2 * messageSize + units);
      let state = before;
      for (let tick = 0; tick < microTicks; tick++) state = cell(state, add(matmul(state.h, Wh), drive), gateOffset);
      return { state, forward: answer(theta.forward, state.h, 1), backward: answer(theta.backward, state.h, 2) };
    },
    merge: ({ h, c }) => ({ h: mergeHalf(h), c: mergeHalf(c) }),
  };
}

function checkWhole(sizes: Readonly<Record<string, number>>): void {
  for (const [name, value] of Object.entries(sizes)) {
    if (Number.isInteger(value) && value >= 1) continue;
    throw new ConfigError(`lstmSynapse: ${name} is ${value}; it must be a whole number of 1 or more`, {
      [name]: value,
    });
  }
}

/** The part of the pre-activation that comes from the messages: once per input and once per output, then spread, (E, A, B, 4N). */
function driveOf({ W, b }: LstmTheta, f: Tensor, g: Tensor, messageSize: number): Tensor {
  const fromInput = add(matmul(f, sliceAxis(W, 0, 0, messageSize)), b); // (E, A, 4N)
  const fromOutput = matmul(g, sliceAxis(W, 0, messageSize, 2 * messageSize)); // (E, B, 4N)
  return add(expandDims(fromInput, 2), expandDims(fromOutput, 1));
}

function cell({ c }: LstmState, z: Tensor, offset: number): LstmState {
  const units = c.shape[3]!;
  const gate = (i: number) => sliceAxis(z, 3, i * units, (i + 1) * units);
  const kept = mul(logistic(add(gate(2), offset)), c);
  const after = add(kept, mul(logistic(sub(gate(0), offset)), tanh(gate(1))));
  return { c: after, h: mul(logistic(gate(3)), tanh(after)) };
}

function normalised(message: Tensor, { scale, offset }: Head): Tensor {
  const centred = sub(message, mean(message, -1, { keepDims: true }));
  const deviation = sqrt(add(mean(square(centred), -1, { keepDims: true }), 1e-5));
  return add(mul(div(centred, deviation), scale!), offset!);
}

function drawTheta(key: Key, units: number, messageSize: number, layerNorm: boolean): LstmTheta {
  const [cells, forward, backward] = random.split(key, 3) as [Key, Key, Key];
  const fanIn = 2 * messageSize + units;
  const head = (from: Key): Head => ({
    W: mul(random.normal(from, [units, messageSize]), 1 / Math.sqrt(units)),
    b: zeros([messageSize]),
    ...(layerNorm ? { scale: add(zeros([messageSize]), 1), offset: zeros([messageSize]) } : {}),
  });
  return {
    W: mul(random.normal(cells, [fanIn, 4 * units]), 1 / Math.sqrt(fanIn)),
    b: zeros([4 * units]),
    forward: head(forward),
    backward: head(backward),
  };
}

/** h = 0; the first half of c from a normal law cut at two deviations 1/√A: without it the synapses of hidden layers would stay equal. */
function drawStates(key: Key, size: readonly [number, number, number], units: number): LstmState {
  const drawnUnits = Math.floor(units / 2);
  const drawn = mul(random.truncatedNormal(key, [...size, drawnUnits]), 1 / Math.sqrt(size[1]));
  return { h: zeros([...size, units]), c: concat([drawn, zeros([...size, units - drawnUnits])], 3) };
}

/** The first half of a state is weights, shared by the inner batch; the rest is activity. */
function mergeHalf(x: Tensor): Tensor {
  const units = x.shape[3]!;
  const half = Math.floor(units / 2);
  const weights = sliceAxis(x, 3, 0, half);
  const shared = broadcastTo(mean(weights, 0, { keepDims: true }), weights.shape);
  return concat([shared, sliceAxis(x, 3, half, units)], 3);
}
