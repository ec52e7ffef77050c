/** The simple (Elman) recurrent cell, and its layer. */

import { add, zeros } from '../engine/index.ts';
import * as random from '../engine/ops/random.ts';
import type { ActivationName } from './activation.ts';
import { activationNamed } from './activation.ts';
import type { Cell } from './cell.ts';
import { cellOf, sequenceLayer, slopeOf, through } from './cell.ts';
import type { Initializer } from './initializer.ts';
import { drawInitial } from './initializer.ts';
import type { Key } from './key.ts';
import type { Layer } from './layer.ts';
import { entry } from './layer.ts';
import { checkCount, drawAffine } from './parts.ts';

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
  return cellOf({
    kind: 'elman',
    config: { units, activation, bias, init, recurrentInit },
    units,
    anatomy: { input: 'w', recurrent: 'u', leak: 0, activation, slope: slopeOf(phi), readout: null },
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
    drive(params, x, feedback) {
      const z = through('elman', 'w', params, x, feedback);
      const b = entry(params, 'b');
      return b === null ? z : add(z, b);
    },
    preActivation: (params, carry, driven, feedback) => add(driven, through('elman', 'u', params, carry, feedback)),
    advance(_, z, mark = (y) => y) {
      const h = mark(phi(z));
      return [h, h];
    },
  });
}

export interface RecurrentOptions extends ElmanOptions {
  /** Returns the output of every step, (time, units); the last one otherwise. */
  readonly returnSequence?: boolean;
}

/** An Elman cell over (batch, time, features), from a carry of zeros; step t has taps `<scope>/t/pre` and `<scope>/t/post`. */
export const recurrent = ({ returnSequence = true, ...options }: RecurrentOptions): Layer =>
  sequenceLayer('recurrent', elmanCell(options), returnSequence);
