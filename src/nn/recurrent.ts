/** Recurrent cells, and the layer that runs one over a sequence. */

import type { FloatDtype, Shape, Tensor } from '../engine/index.ts';
import { add, jvp, namedScope, ones, random, sliceAxis, squeeze, stack, zeros } from '../engine/index.ts';
import type { ActivationName } from './activation.ts';
import { activationNamed } from './activation.ts';
import { matmulWithFeedback } from './feedback.ts';
import type { Initializer } from './initializer.ts';
import { drawInitial } from './initializer.ts';
import type { Key } from './key.ts';
import type { Layer, Tree } from './layer.ts';
import { entry, site } from './layer.ts';
import { checkCount, checkRank, drawAffine, param } from './parts.ts';

/** What learning rules for recurrent networks read from a cell. */
export interface CellAnatomy {
  /** Names of the input and the recurrent matrix. */
  readonly input: string;
  readonly recurrent: string;
  /** Share of the carry that stays without passing through the activation. */
  readonly leak: number;
  readonly activation: ActivationName;
  /** φ′(z), element by element. */
  slope(z: Tensor): Tensor;
  /** Name of the read-out matrix; null where the output is the carry. */
  readonly readout: string | null;
}

/** A cell: (params, carry, xₜ) → (carry, yₜ). */
export interface Cell {
  readonly kind: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly anatomy: CellAnatomy;
  init(key: Key, features: number): Tree;
  /** The carry before the first step. */
  start(batch: number, dtype: FloatDtype): Tensor;
  /** The part of zₜ that comes from the input, for one step or for a whole sequence at once. */
  drive(params: Tree, x: Tensor, feedback?: Tree): Tensor;
  /** The pre-activation zₜ from the carry and what drives it. */
  preActivation(params: Tree, carry: Tensor, driven: Tensor, feedback?: Tree): Tensor;
  step(params: Tree, carry: Tensor, x: Tensor, feedback?: Tree): readonly [carry: Tensor, y: Tensor];
}

export interface ElmanOptions {
  readonly units: number;
  readonly activation?: ActivationName;
  readonly bias?: boolean;
  readonly init?: Initializer;
  /** For the recurrent matrix. */
  readonly recurrentInit?: Initializer;
}

/** The simple (Elman) cell: hₜ = φ((xₜ·W + b) + hₜ₋₁·U), yₜ = hₜ; params are w (in, units), u (units, units), b (units). */
export function elmanCell({
  units,
  activation = 'tanh',
  bias = true,
  init = 'glorotUniform',
  recurrentInit = 'glorotUniform',
}: ElmanOptions): Cell {
  checkCount('elman', 'units', units);
  const phi = activationNamed(activation);
  const drive: Cell['drive'] = (params, x, feedback) => {
    const z = matmulWithFeedback(x, param('elman', params, 'w'), entry(feedback, 'w'));
    const b = entry(params, 'b');
    return b === null ? z : add(z, b);
  };
  const preActivation: Cell['preActivation'] = (params, carry, driven, feedback) =>
    add(driven, matmulWithFeedback(carry, param('elman', params, 'u'), entry(feedback, 'u')));
  return {
    kind: 'elman',
    config: { units, activation, bias, init, recurrentInit },
    anatomy: {
      input: 'w',
      recurrent: 'u',
      leak: 0,
      activation,
      slope: (z) => jvp(phi, z, onesLike(z))[1],
      readout: null,
    },
    init(key, features) {
      const [forInput, forCarry] = random.split(key, 2) as [Key, Key];
      const own = drawAffine(forInput, {
        init,
        shape: [features, units],
        fans: { fanIn: features, fanOut: units },
        bias: bias ? units : undefined,
      });
      return { ...own, u: drawInitial(recurrentInit, forCarry, [units, units], { fanIn: units, fanOut: units }) };
    },
    start: (batch, dtype) => zeros([batch, units], dtype),
    drive,
    preActivation,
    step(params, carry, x, feedback) {
      const h = phi(preActivation(params, carry, drive(params, x, feedback), feedback));
      return [h, h];
    },
  };
}

const onesLike = (x: Tensor): Tensor => ones(x.shape, x.dtype);

export interface RecurrentOptions extends ElmanOptions {
  /** Returns the output of every step, (time, units); the last one otherwise. */
  readonly returnSequence?: boolean;
}

/** An Elman cell over (batch, time, features), from a carry of zeros; step t has taps `<scope>/t/pre` and `<scope>/t/post`. */
export function recurrent({ returnSequence = true, ...options }: RecurrentOptions): Layer {
  const cell = elmanCell(options);
  const phi = activationNamed(cell.anatomy.activation);
  const { units } = options;
  const sequence = (input: Shape): readonly [number, number] =>
    checkRank('recurrent', input, [2], '(time, features)') as readonly [number, number];
  return {
    kind: 'recurrent',
    config: { ...cell.config, returnSequence },
    outShape: (input) => [...sequence(input).slice(0, returnSequence ? 1 : 0), units],
    init: (key, input) => ({ params: cell.init(key, sequence(input)[1]), state: null }),
    pre(params, state, x, { feedback }) {
      const driven = cell.drive(params, x, feedback); // (B, T, units), one product for all steps
      const outputs: Tensor[] = [];
      let h = cell.start(x.shape[0]!, x.dtype as FloatDtype);
      for (let t = 0; t < x.shape[1]!; t++) {
        h = namedScope(`${t}`, () =>
          site(
            'post',
            phi(site('pre', cell.preActivation(params, h, squeeze(sliceAxis(driven, 1, t, t + 1), 1), feedback))),
          ),
        );
        outputs.push(h);
      }
      return [returnSequence ? stack(outputs, 1) : h, state];
    },
    anatomy: (input) => ({
      isLinearInParams: false,
      isLinear: false,
      isPositionWise: false,
      fanIn: sequence(input)[1] + units,
      fanOut: units,
      activation: 'identity',
      weights: ['w', 'u'],
    }),
    opensUnit: true,
    isRecurrent: true,
  };
}
