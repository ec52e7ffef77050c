/** What a recurrent cell is, and the layer that runs one over a sequence. */

import type { FloatDtype, Shape, Tensor } from '../engine/index.ts';
import { hasTapHandlers, jvp, moveAxis, namedScope, ones, scan, sliceAxis, squeeze, stack } from '../engine/index.ts';
import { matmulWithFeedback } from './feedback.ts';
import type { Key } from './key.ts';
import type { Layer, Tree } from './layer.ts';
import { entry, site } from './layer.ts';
import { checkRank, param } from './parts.ts';

/** What learning rules for recurrent networks read from a cell. */
export interface CellAnatomy {
  /** Names of the input and the recurrent matrix. */
  readonly input: string;
  readonly recurrent: string;
  /** Share of the carry that stays without passing through the activation: a number, or what the gates make of the pre-activation, element by element. */
  readonly leak: number | ((z: Tensor) => Tensor);
  /** Name of the activation; of the candidate in gated cells. */
  readonly activation: string;
  /** φ′(z), element by element; of every gate and the candidate in gated cells. */
  slope(z: Tensor): Tensor;
  /** Name of the read-out matrix; null where the output is the carry. */
  readonly readout: string | null;
}

/** A cell: (params, carry, xₜ) → (carry, yₜ). */
export interface Cell<Carry = Tensor> {
  readonly kind: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly anatomy: CellAnatomy;
  /** Features of yₜ. */
  readonly units: number;
  init(key: Key, features: number): Tree;
  /** The carry before the first step. */
  start(batch: number, dtype: FloatDtype): Carry;
  /** The part of zₜ that comes from the input, for one step or for a whole sequence at once. */
  drive(params: Tree, x: Tensor, feedback?: Tree): Tensor;
  /** The pre-activation zₜ from the carry and what drives it. */
  preActivation(params: Tree, carry: Carry, driven: Tensor, feedback?: Tree): Tensor;
  /** What follows from zₜ; `mark` sees yₜ before it enters the carry. */
  advance(carry: Carry, z: Tensor, mark?: (y: Tensor) => Tensor): readonly [carry: Carry, y: Tensor];
  step(params: Tree, carry: Carry, x: Tensor, feedback?: Tree): readonly [carry: Carry, y: Tensor];
}

/** A cell whose step is made of its parts. */
export function cellOf<Carry>(parts: Omit<Cell<Carry>, 'step'>): Cell<Carry> {
  return {
    ...parts,
    step: (params, carry, x, feedback) =>
      parts.advance(carry, parts.preActivation(params, carry, parts.drive(params, x, feedback), feedback)),
  };
}

/** The derivative of an elementwise function. */
export const slopeOf =
  (phi: (z: Tensor) => Tensor): ((z: Tensor) => Tensor) =>
  (z) =>
    jvp(phi, z, ones(z.shape, z.dtype))[1];

/** A product with a named matrix of the params and its feedback. */
export const through = (kind: string, name: string, params: Tree, x: Tensor, feedback: Tree | undefined): Tensor =>
  matmulWithFeedback(x, param(kind, params, name), entry(feedback, name));

/**
 * Runs a step over the time axis of xs, (B, T, F): the last carry and the outputs, (B, T, …).
 *
 * One compiled loop. While taps are watched it is unrolled instead, so that every step can be seen: step t has the scope `t`.
 */
export function overTime<Carry>(
  step: (carry: Carry, x: Tensor) => readonly [carry: Carry, y: Tensor],
  start: Carry,
  xs: Tensor,
): readonly [carry: Carry, ys: Tensor] {
  if (hasTapHandlers()) return stepByStep(step, start, xs);
  const [carry, ys] = scan(step, start, moveAxis(xs, 1, 0));
  return [carry, moveAxis(ys, 0, 1)];
}

/** The loop unrolled. */
export function stepByStep<Carry>(
  step: (carry: Carry, x: Tensor) => readonly [carry: Carry, y: Tensor],
  start: Carry,
  xs: Tensor,
): readonly [carry: Carry, ys: Tensor] {
  const outputs: Tensor[] = [];
  let carry = start;
  for (let t = 0; t < xs.shape[1]!; t++) {
    const [next, y] = namedScope(`${t}`, () => step(carry, squeeze(sliceAxis(xs, 1, t, t + 1), 1)));
    carry = next;
    outputs.push(y);
  }
  return [carry, stack(outputs, 1)];
}

/** A cell over (batch, time, features), from its start; step t has taps `<scope>/t/pre` and `<scope>/t/post`. */
export function sequenceLayer<Carry>(kind: string, cell: Cell<Carry>, returnSequence: boolean): Layer {
  const { units } = cell;
  const sequence = (input: Shape): readonly [number, number] =>
    checkRank(kind, input, [2], '(time, features)') as readonly [number, number];
  return {
    kind,
    config: { ...cell.config, returnSequence },
    outShape: (input) => [...sequence(input).slice(0, returnSequence ? 1 : 0), units],
    init: (key, input) => ({ params: cell.init(key, sequence(input)[1]), state: null }),
    pre(params, state, x, { feedback }) {
      const driven = cell.drive(params, x, feedback); // (B, T, …), one product for all steps
      const step = (carry: Carry, u: Tensor): readonly [Carry, Tensor] => {
        const z = site('pre', cell.preActivation(params, carry, u, feedback));
        return cell.advance(carry, z, (y) => site('post', y));
      };
      const [, ys] = overTime(step, cell.start(x.shape[0]!, x.dtype as FloatDtype), driven);
      const time = ys.shape[1]!;
      return [returnSequence ? ys : squeeze(sliceAxis(ys, 1, time - 1, time), 1), state];
    },
    anatomy: (input) => ({
      isLinearInParams: false,
      isLinear: false,
      isPositionWise: false,
      fanIn: sequence(input)[1] + units,
      fanOut: units,
      activation: 'identity',
      weights: [cell.anatomy.input, cell.anatomy.recurrent],
    }),
    opensUnit: true,
    isRecurrent: true,
  };
}
