/** What gated cells share: weights side by side for all gates, drawn as PyTorch draws them. */

import type { Tensor } from '../engine/index.ts';
import { sliceAxis } from '../engine/index.ts';
import * as random from '../engine/ops/random.ts';
import type { Initializer } from './initializer.ts';
import { drawBias, drawInitial } from './initializer.ts';
import type { Key } from './key.ts';

export interface GatedOptions {
  readonly units: number;
  readonly bias?: boolean;
  /** For all weights and biases; the fan-in is the number of units for all of them, as in PyTorch. */
  readonly init?: Initializer;
}

export interface GatedLayerOptions {
  /** Returns the output of every step, (time, units); the last one otherwise. */
  readonly returnSequence?: boolean;
}

/** Params w (in, gates·units), u (units, gates·units) and, where wanted, b (gates·units). */
export function drawGates(
  key: Key,
  {
    features,
    units,
    gates,
    bias,
    init,
  }: Required<GatedOptions> & { readonly features: number; readonly gates: number },
): { readonly [name: string]: Tensor } {
  const [forW, forU, forB] = random.split(key, 3) as [Key, Key, Key];
  const fans = { fanIn: units, fanOut: units };
  const wide = gates * units;
  return {
    w: drawInitial(init, forW, [features, wide], fans),
    u: drawInitial(init, forU, [units, wide], fans),
    ...(bias ? { b: drawBias(init, forB, [wide], fans) } : {}),
  };
}

/** The i-th of the gates that lie side by side in the last axis. */
export const gate = (z: Tensor, i: number, units: number): Tensor =>
  sliceAxis(z, z.rank - 1, i * units, (i + 1) * units);
