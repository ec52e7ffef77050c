/** A stream of numbers from a key, one after another. */
import { foldIn, type KeyWords } from '../../engine/threefry.ts';

export class Draws {
  readonly #key: KeyWords;
  #count = 0;

  constructor(key: KeyWords) {
    this.#key = key;
  }

  /** Uniform in [0, 1), with 32 bits. */
  unit(): number {
    return foldIn(this.#key, this.#count++)[0]! / 2 ** 32;
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.unit();
  }

  /** A whole number in [0, n). */
  below(n: number): number {
    return Math.floor(n * this.unit());
  }

  /** Standard normal, by Box and Muller. */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.unit()));
    return radius * Math.cos(2 * Math.PI * this.unit());
  }

  /** The numbers 0 … n − 1 in random order. */
  permutation(n: number): number[] {
    const order = Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    return order;
  }
}
