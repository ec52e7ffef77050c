/**
 * Long short-term memory.
 *
 * Paper     S. Hochreiter, J. Schmidhuber, Long Short-Term Memory, Neural Computation 1997; forget gate: F. Gers et al., Learning to Forget, Neural Computation 2000.
 * Rule      i, f, o = σ(zᵢ), σ(z_f), σ(z_o), g = tanh(z_g), z = (x·W + b) + h·U;  c ← f∘c + i∘g,  h ← o∘tanh(c).
 * Departs   one bias instead of PyTorch's two, which only ever appear as their sum.
 * Letters   gates lie side by side in PyTorch's order: i, f, g, o.
 */

import type { Tensor } from '../engine/index.ts';
import { add, concat, full, logistic, mul, tanh, zeros } from '../engine/index.ts';
import type { Cell } from './cell.ts';
import { cellOf, sequenceLayer, slopeOf, through } from './cell.ts';
import type { GatedLayerOptions, GatedOptions } from './gated.ts';
import { drawGates, gate } from './gated.ts';
import type { Layer } from './layer.ts';
import { entry } from './layer.ts';
import { checkCount } from './parts.ts';

export interface LstmOptions extends GatedOptions {
  /** Added to the forget gate's bias at the start, so that memory lasts at first; 0 unless said, as in PyTorch. */
  readonly forgetBias?: number;
}

/** Output h and memory c, (batch, units) each. */
export type LstmCarry = { readonly h: Tensor; readonly c: Tensor };

/** The LSTM cell; params are w (in, 4·units), u (units, 4·units), b (4·units). */
export function lstmCell({
  units,
  bias = true,
  init = 'pytorchDefault',
  forgetBias = 0,
}: LstmOptions): Cell<LstmCarry> {
  checkCount('lstm', 'units', units);
  return cellOf<LstmCarry>({
    kind: 'lstm',
    config: { units, bias, init, forgetBias },
    units,
    anatomy: {
      input: 'w',
      recurrent: 'u',
      leak: (z) => logistic(gate(z, 1, units)),
      activation: 'tanh',
      slope: slopeOf((z) => concat(bend(z, units), -1)),
      readout: null,
    },
    init(key, features) {
      const drawn = drawGates(key, { features, units, gates: 4, bias, init });
      return bias && forgetBias !== 0 ? { ...drawn, b: add(drawn.b!, lift(units, forgetBias, drawn)) } : drawn;
    },
    start: (batch, dtype) => ({ h: zeros([batch, units], dtype), c: zeros([batch, units], dtype) }),
    drive(params, x, feedback) {
      const z = through('lstm', 'w', params, x, feedback);
      const b = entry(params, 'b');
      return b === null ? z : add(z, b);
    },
    preActivation: (params, { h }, driven, feedback) => add(driven, through('lstm', 'u', params, h, feedback)),
    advance({ c }, z, mark = (y) => y) {
      const [i, f, g, o] = bend(z, units);
      const kept = add(mul(f, c), mul(i, g));
      const h = mark(mul(o, tanh(kept)));
      return [{ h, c: kept }, h];
    },
  });
}

/** i, f, g, o from z, (B, 4·units). */
const bend = (z: Tensor, units: number): [Tensor, Tensor, Tensor, Tensor] => [
  logistic(gate(z, 0, units)),
  logistic(gate(z, 1, units)),
  tanh(gate(z, 2, units)),
  logistic(gate(z, 3, units)),
];

/** `value` in the forget gate's part of a bias. */
function lift(units: number, value: number, { b }: { readonly [name: string]: Tensor }): Tensor {
  const none = zeros([units], b!.dtype);
  return concat([none, full([units], value, b!.dtype), none, none], 0);
}

/** An LSTM over (batch, time, features), from zeros. */
export const lstm = ({ returnSequence = true, ...options }: LstmOptions & GatedLayerOptions): Layer =>
  sequenceLayer('lstm', lstmCell(options), returnSequence);
