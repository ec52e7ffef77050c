/** Logical tasks: the whole truth table of XOR and parity, and XOR over a delay. */
import { ConfigError } from '../../engine/errors.ts';
import { exp } from '../../engine/portable.ts';
import { foldIn, HostRandom, type KeyWords } from '../../engine/threefry.ts';
import { makePart, type Part } from '../part.ts';
import { type Encoding, levelsOf } from './encoding.ts';

/** The 2ⁿ rows of n-bit parity in counting order, first bit slowest; label 1 where the number of set bits is odd. */
export function parity(bits: number, encoding: Encoding = 'zero-one'): Part {
  if (!Number.isInteger(bits) || bits < 1 || bits > 20) {
    throw new ConfigError(`parity needs 1 to 20 bits, got ${bits}`, { bits, help: 'use 2 for XOR' });
  }
  const levels = levelsOf(encoding);
  const n = 2 ** bits;
  const x = new Float32Array(n * bits);
  const y = new Int32Array(n);
  for (let row = 0; row < n; row++) {
    for (let j = 0; j < bits; j++) {
      const bit = (row >> (bits - 1 - j)) & 1;
      x[row * bits + j] = levels[bit]!;
      y[row]! ^= bit;
    }
  }
  return makePart({ x, featureShape: [bits], y });
}

/** The four rows of XOR. */
export const xor = (encoding: Encoding = 'zero-one'): Part => parity(2, encoding);

export interface DelayedXorOptions {
  readonly key: KeyWords;
  readonly n: number;
  /** Steps of each cue window; default 100. */
  readonly cue?: number;
  /** Steps between the windows; default 700. */
  readonly delay?: number;
  /** Deviation of the normal noise on every value; default 0.01. */
  readonly noise?: number;
}

const HEIGHT = 2;
const BASE = 0.02;

/**
 * Sequences [n, cue + delay + cue, 2] whose channel k may carry a bump in window k; label 1 where both or neither do.
 * A bump is present with probability ½, has height 2 and deviation cue / 4, on a base of 0.02.
 * Source: the delayed XOR task of ModProp (Liu et al., 2022).
 */
export function delayedXor({ key, n, cue = 100, delay = 700, noise = 0.01 }: DelayedXorOptions): Part {
  if (!(Number.isInteger(cue) && cue >= 1 && Number.isInteger(delay) && delay >= 0)) {
    throw new ConfigError(
      `delayed XOR needs a cue of 1 step or more and a delay of 0 or more, got ${cue} and ${delay}`,
      { cue, delay },
    );
  }
  const steps = 2 * cue + delay;
  const x = new Float32Array(n * steps * 2);
  const y = new Int32Array(n);
  for (let i = 0; i < n; i++) {
    const random = new HostRandom(foldIn(key, i));
    const present = [random.integer(2), random.integer(2)];
    y[i] = present[0] === present[1] ? 1 : 0;
    for (let t = 0; t < steps; t++) {
      for (let channel = 0; channel < 2; channel++) {
        const begun = channel * (cue + delay);
        const bump = present[channel] === 1 && t >= begun && t < begun + cue ? bumpAt(t - begun, cue) : 0;
        x[(i * steps + t) * 2 + channel] = BASE + bump + noise * random.normal();
      }
    }
  }
  return makePart({ x, featureShape: [steps, 2], y });
}

function bumpAt(t: number, cue: number): number {
  const deviations = (t - (cue - 1) / 2) / (cue / 4);
  return HEIGHT * exp(-0.5 * deviations * deviations);
}
