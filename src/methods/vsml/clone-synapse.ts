/**
 * Synapses that are fitted to be backprop (learning algorithm cloning), and the one that is it.
 *
 * A synapse holds its weight w; with x from its input and e from its output it answers tanh(x)·w forwards and (1 − tanh²x)·w·e backwards, and changes w by −α·tanh(x)·e. All three are zero or harmless at
 * e = 0, so one function serves both sweeps. Layer k is then x⁽ᵏ⁺¹⁾ = tanh(x⁽ᵏ⁾)·W.
 */
import {
  add,
  cast,
  concat,
  expandDims,
  logistic,
  matmul,
  mul,
  random,
  reshape,
  sliceAxis,
  square,
  sub,
  sum,
  type Tensor,
  tanh,
  tensor,
  zeros,
} from '../../engine/index.ts';
import type { Key } from '../../nn/key.ts';
import type { MachineOptions, Synapse } from './machine.ts';

/** How a machine of cloned synapses runs: plain logits from entry 0, a backward sweep, and zero errors everywhere in the forward sweep. */
export const CLONE_MACHINE = {
  backwardPass: true,
  feedLabel: false,
  bound: null,
  outputEntry: 0,
  clearsHidden: true,
} as const satisfies MachineOptions;

/** The weights of a layer, (E, A, B). */
export type WeightState = { readonly w: Tensor };

export interface CloneSynapseOptions {
  /** α, the rate of the gradient descent that is cloned; `cell` is fitted for one rate, the others run at any. */
  readonly rate: number;
  /** N; 16 unless said. */
  readonly units?: number;
  /** 2 unless said. */
  readonly microTicks?: number;
}

/** What all cloned synapses share. */
export type CloneTheta = {
  /** (u + N, 4N): rows for what is heard and for h; columns for the gates i, g, f, o. */
  readonly W: Tensor;
  readonly b: Tensor;
  /** (N, 3) in `slot`, for both messages and the change; (N, 2) in `cell`. */
  readonly heads: Tensor;
  readonly headBias: Tensor;
};

/** A synapse to be fitted. */
export interface CloneSynapse extends Synapse<CloneTheta, WeightState> {
  readonly rate: number;
  init(key: Key): CloneTheta;
}

/** N(0, 1/A): the start of the weights. */
const drawWeights = (key: Key, [episodes, inputs, outputs]: readonly [number, number, number]): WeightState => ({
  w: mul(random.normal(key, [episodes, inputs, outputs]), 1 / Math.sqrt(inputs)),
});

/** The three formulas themselves: online gradient descent as messages. */
export function oracleSynapse({ rate }: Pick<CloneSynapseOptions, 'rate'>): Synapse<null, WeightState> {
  return {
    name: 'oracle',
    messageSize: 1,
    start: drawWeights,
    tick(_, { w }, f, g) {
      const y = tanh(f); // (E, A, 1)
      const e = reshape(g, [g.shape[0]!, 1, g.shape[1]!]);
      return {
        state: { w: sub(w, mul(rate, mul(y, e))) },
        forward: expandDims(sum(mul(y, w), 1), 2),
        backward: expandDims(sum(mul(mul(sub(1, square(y)), w), e), 2), 2),
      };
    },
  };
}

/** The weight is a number of its own beside the LSTM, which hears it and says how to change it. */
export function slotSynapse({ rate, units = 16, microTicks = 2 }: CloneSynapseOptions): CloneSynapse {
  const cell: Cell = { units, microTicks, heard: 3, offsets: gateOffsets(units, () => ({ input: 0, forget: 1 })) };
  return {
    name: 'slot',
    messageSize: 1,
    rate,
    init: (key) => drawTheta(key, cell, 3),
    start: drawWeights,
    tick(theta, { w }, f, g) {
      const own = mul(expandDims(w, 3), sliceAxis(theta.W, 0, 2, 3)); // (E, A, B, 4N)
      const { h } = runCell(theta, add(heardFrom(theta, f, g), own), null, cell);
      const change = add(matmul(h, sliceAxis(theta.heads, 1, 2, 3)), sliceAxis(theta.headBias, 0, 2, 3));
      return { state: { w: add(w, mul(rate, reshape(change, w.shape))) }, ...answers(theta, h) };
    },
  };
}

/** The weight is entry 0 of the LSTM's own memory; whatever else it holds is forgotten after every tick. */
export function cellSynapse({ rate, units = 16, microTicks = 2 }: CloneSynapseOptions): CloneSynapse {
  const offset = (entry: number) => (entry === 0 ? { input: -4, forget: 9 } : { input: 0, forget: 1 });
  const cell: Cell = { units, microTicks, heard: 2, offsets: gateOffsets(units, offset) };
  return {
    name: 'cell',
    messageSize: 1,
    rate,
    init: (key) => quietForget(drawTheta(key, cell, 2), units),
    start: drawWeights,
    tick(theta, { w }, f, g) {
      const held = concat([expandDims(w, 3), zeros([...w.shape, units - 1], w.dtype)], 3);
      const { h, c } = runCell(theta, heardFrom(theta, f, g), held, cell);
      return { state: { w: reshape(sliceAxis(c, 3, 0, 1), w.shape) }, ...answers(theta, h) };
    },
  };
}

interface Cell {
  readonly units: number;
  readonly microTicks: number;
  /** Numbers that the cell hears beside h. */
  readonly heard: number;
  /** Added to the bias, (4N). */
  readonly offsets: readonly number[];
}

const gateOffsets = (units: number, of: (entry: number) => { readonly input: number; readonly forget: number }) =>
  Array.from({ length: 4 * units }, (_, i) => {
    const { input, forget } = of(i % units);
    return i < units ? input : i >= 2 * units && i < 3 * units ? forget : 0;
  });

/** The part of the pre-activation that comes from x and e, (E, A, B, 4N). */
function heardFrom({ W, b }: CloneTheta, f: Tensor, g: Tensor): Tensor {
  const fromInput = add(mul(f, sliceAxis(W, 0, 0, 1)), b); // (E, A, 4N)
  return add(expandDims(fromInput, 2), expandDims(mul(g, sliceAxis(W, 0, 1, 2)), 1));
}

/** Runs the cell from h = 0 and the memory given (zero if none). */
function runCell(theta: CloneTheta, heard: Tensor, memory: Tensor | null, { units, microTicks, ...cell }: Cell) {
  const Wh = sliceAxis(theta.W, 0, cell.heard, cell.heard + units);
  const drive = add(heard, cast(tensor([...cell.offsets]), heard.dtype));
  let h: Tensor | null = null;
  let c = memory;
  for (let tick = 0; tick < microTicks; tick++) {
    const z = h === null ? drive : add(matmul(h, Wh), drive);
    const gate = (i: number) => sliceAxis(z, 3, i * units, (i + 1) * units);
    const written = mul(logistic(gate(0)), tanh(gate(1)));
    c = c === null ? written : add(mul(logistic(gate(2)), c), written);
    h = mul(logistic(gate(3)), tanh(c));
  }
  return { h: h!, c: c! };
}

/** Both messages: linear in h, so that the sums come first. */
function answers({ heads, headBias }: CloneTheta, h: Tensor): { readonly forward: Tensor; readonly backward: Tensor } {
  const summed = (axis: number, head: number): Tensor =>
    add(
      matmul(sum(h, axis), sliceAxis(heads, 1, head, head + 1)),
      mul(sliceAxis(headBias, 0, head, head + 1), h.shape[axis]!),
    );
  return { forward: summed(1, 0), backward: summed(2, 1) };
}

function drawTheta(key: Key, { heard, units }: Cell, heads: number): CloneTheta {
  const [cells, linear] = random.split(key, 2) as [Key, Key];
  return {
    W: mul(random.normal(cells, [heard + units, 4 * units]), 1 / Math.sqrt(heard + units)),
    b: zeros([4 * units]),
    heads: mul(random.normal(linear, [units, heads]), 1 / Math.sqrt(units)),
    headBias: zeros([heads]),
  };
}

/** Starts with a weight that hardly hears: a tenth of what was drawn for the forget gate of entry 0. */
function quietForget(theta: CloneTheta, units: number): CloneTheta {
  const scale = Array.from({ length: 4 * units }, (_, i) => (i === 2 * units ? 0.1 : 1));
  return { ...theta, W: mul(theta.W, cast(tensor(scale), theta.W.dtype)) };
}
