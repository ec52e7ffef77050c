/**
 * Gated recurrent units.
 *
 * Paper     K. Cho et al., Learning Phrase Representations Using RNN Encoder–Decoder, EMNLP 2014, arXiv:1406.1078, in the form of PyTorch and cuDNN.
 * Rule      r, z = σ((x·W + b + h·U)ᵣ, …_z), n = tanh((x·W + b)ₙ + r∘(h·U + bₙ)ₙ);  h ← (1 − z)∘n + z∘h.
 * Departs   the paper multiplies r with h before the matrix; here, as in PyTorch, r multiplies the product. One bias for r and z instead of PyTorch's two.
 * Letters   gates lie side by side in PyTorch's order: r, z, n.
 */

import type { Tensor } from '../engine/index.ts';
import { add, concat, logistic, mul, sub, tanh, zeros } from '../engine/index.ts';
import * as random from '../engine/ops/random.ts';
import type { Cell } from './cell.ts';
import { cellOf, sequenceLayer, slopeOf, through } from './cell.ts';
import type { GatedLayerOptions, GatedOptions } from './gated.ts';
import { drawGates, gate } from './gated.ts';
import { drawBias } from './initializer.ts';
import type { Key } from './key.ts';
import type { Layer } from './layer.ts';
import { entry } from './layer.ts';
import { checkCount } from './parts.ts';

/** The GRU cell; params are w (in, 3·units), u (units, 3·units), b (3·units), and bn (units), the bias inside the reset product. */
export function gruCell({ units, bias = true, init = 'pytorchDefault' }: GatedOptions): Cell {
  checkCount('gru', 'units', units);
  const bend = (z: Tensor): [Tensor, Tensor, Tensor] => [
    logistic(gate(z, 0, units)),
    logistic(gate(z, 1, units)),
    tanh(gate(z, 2, units)),
  ];
  return cellOf({
    kind: 'gru',
    config: { units, bias, init },
    units,
    anatomy: {
      input: 'w',
      recurrent: 'u',
      leak: (z) => logistic(gate(z, 1, units)),
      activation: 'tanh',
      slope: slopeOf((z) => concat(bend(z), -1)),
      readout: null,
    },
    init(key, features) {
      const [forGates, forReset] = random.split(key, 2) as [Key, Key];
      const drawn = drawGates(forGates, { features, units, gates: 3, bias, init });
      return bias ? { ...drawn, bn: drawBias(init, forReset, [units], { fanIn: units, fanOut: units }) } : drawn;
    },
    start: (batch, dtype) => zeros([batch, units], dtype),
    drive(params, x, feedback) {
      const z = through('gru', 'w', params, x, feedback);
      const b = entry(params, 'b');
      return b === null ? z : add(z, b);
    },
    preActivation(params, h, driven, feedback) {
      const back = through('gru', 'u', params, h, feedback); // (B, 3·units)
      const bn = entry(params, 'bn');
      const own = gate(back, 2, units);
      const gates = [0, 1].map((i) => add(gate(driven, i, units), gate(back, i, units))) as [Tensor, Tensor];
      const candidate = add(gate(driven, 2, units), mul(logistic(gates[0]), bn === null ? own : add(own, bn)));
      return concat([...gates, candidate], -1);
    },
    advance(h, zs, mark = (y) => y) {
      const [, z, n] = bend(zs);
      const next = mark(add(mul(sub(1, z), n), mul(z, h)));
      return [next, next];
    },
  });
}

/** A GRU over (batch, time, features), from zeros. */
export const gru = ({ returnSequence = true, ...options }: GatedOptions & GatedLayerOptions): Layer =>
  sequenceLayer('gru', gruCell(options), returnSequence);
