/**
 * The stable order of a line of numbers by radix sort: equal numbers (−0 and 0 too) keep their order, NaN comes last.
 *
 * Plan   each number becomes one unsigned word (two for f64) that sorts like it; the order is dealt out by the lowest digit, then by the next, …
 *        A digit that all numbers share costs no pass. Short lines are sorted by insertion.
 */
import type { TypedArray } from '../dtype.ts';

const SHORT = 24;
const SIGN = 0x8000_0000;
const LAST = 0xffff_ffff;

/** Sorts lines of `length` elements; the room it needs is kept between them. */
export class LineSorter {
  readonly #descending: boolean;
  /** Lowest words first. */
  readonly #keys: readonly Uint32Array[];
  readonly #bits: number;
  readonly #counts: Uint32Array;
  #order: Int32Array;
  #next: Int32Array;

  constructor(line: TypedArray, descending: boolean) {
    const n = line.length;
    this.#descending = descending;
    this.#keys = Array.from({ length: line instanceof Float64Array ? 2 : 1 }, () => new Uint32Array(n));
    this.#bits = n < 4096 ? 8 : 11;
    this.#counts = new Uint32Array(2 ** this.#bits);
    this.#order = new Int32Array(n);
    this.#next = new Int32Array(n);
  }

  /** The place that each element of the sorted line comes from; valid until the next call. */
  orderOf(line: TypedArray): Int32Array {
    writeKeys(line, this.#keys, this.#descending);
    for (let i = 0; i < line.length; i++) this.#order[i] = i;
    if (line.length <= SHORT) insert(this.#order, this.#keys);
    else for (const key of this.#keys) for (let shift = 0; shift < 32; shift += this.#bits) this.#deal(key, shift);
    return this.#order;
  }

  #deal(key: Uint32Array, shift: number): void {
    const counts = this.#counts;
    const [order, next, mask] = [this.#order, this.#next, counts.length - 1];
    counts.fill(0);
    for (let i = 0; i < key.length; i++) counts[(key[i]! >>> shift) & mask]!++;
    if (counts[(key[0]! >>> shift) & mask] === key.length) return;
    for (let digit = 0, start = 0; digit < counts.length; digit++) {
      const count = counts[digit]!;
      counts[digit] = start;
      start += count;
    }
    for (let i = 0; i < order.length; i++) {
      const from = order[i]!;
      next[counts[(key[from]! >>> shift) & mask]!++] = from;
    }
    [this.#order, this.#next] = [next, order];
  }
}

function insert(order: Int32Array, keys: readonly Uint32Array[]): void {
  const [low, high] = [keys[0]!, keys.at(-1)!];
  for (let i = 1; i < order.length; i++) {
    let to = i;
    for (; to > 0; to--) {
      const before = order[to - 1]!;
      if (high[before]! < high[i]! || (high[before] === high[i] && low[before]! <= low[i]!)) break;
      order[to] = before;
    }
    order[to] = i;
  }
}

/** Words that sort like the numbers: a set sign turns all bits of a float over, a clear one only the sign. */
function writeKeys(line: TypedArray, keys: readonly Uint32Array[], descending: boolean): void {
  const flip = descending ? LAST : 0;
  const [low, high] = [keys[0]!, keys.at(-1)!];
  if (line instanceof Float32Array) {
    const words = new Uint32Array(line.slice().buffer);
    for (let i = 0; i < words.length; i++)
      low[i] = Number.isNaN(line[i]) ? LAST : (line[i] === 0 ? SIGN : turned(words[i]!)) ^ flip;
  } else if (line instanceof Float64Array) {
    const words = new Uint32Array(line.slice().buffer);
    for (let i = 0; i < line.length; i++) {
      const [w, v] = [words[2 * i]!, words[2 * i + 1]!];
      const missing = Number.isNaN(line[i]);
      low[i] = missing ? LAST : (v >= SIGN && line[i] !== 0 ? ~w : w) ^ flip;
      high[i] = missing ? LAST : (line[i] === 0 ? SIGN : turned(v)) ^ flip;
    }
  } else {
    const sign = line instanceof Int32Array ? SIGN : 0;
    for (let i = 0; i < line.length; i++) low[i] = line[i]! ^ sign ^ flip;
  }
}

const turned = (word: number): number => (word >= SIGN ? ~word : word | SIGN);
