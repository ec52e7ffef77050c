/** Threefry-2x32-20: random words as a pure function of a key and an element counter, so any slice can be computed alone. */
import { ConfigError } from './errors.ts';

/** A random key: two unsigned 32-bit words. */
export type KeyWords = readonly [number, number];

const PARITY = 0x1bd11bda;
// Counters whose high word has these values are never reached by `bits` (2^63 elements away), so keys and words never coincide.
const SPLIT_HIGH = 0xffff_ffff;
const FOLD_HIGH = 0xffff_fffe;
const TWO32 = 2 ** 32;

/**
 * Encrypts the counter (lo, hi) with a key: 20 rounds of Threefry-2x32.
 * Source: Salmon, Moraes, Dror, Shaw, Parallel Random Numbers: As Easy as 1, 2, 3, SC 2011.
 */
export function threefry2x32(key: KeyWords, lo: number, hi: number): KeyWords {
  const k0 = key[0] | 0;
  const k1 = key[1] | 0;
  const k2 = PARITY ^ k0 ^ k1;
  let x = (lo + k0) | 0;
  let y = (hi + k1) | 0;
  for (let group = 0; group < 5; group++) {
    const even = (group & 1) === 0;
    x = (x + y) | 0;
    y = rotate(y, even ? 13 : 17) ^ x;
    x = (x + y) | 0;
    y = rotate(y, even ? 15 : 29) ^ x;
    x = (x + y) | 0;
    y = rotate(y, even ? 26 : 16) ^ x;
    x = (x + y) | 0;
    y = rotate(y, even ? 6 : 24) ^ x;
    const next = group % 3;
    x = (x + (next === 0 ? k1 : next === 1 ? k2 : k0)) | 0;
    y = (y + (next === 0 ? k2 : next === 1 ? k0 : k1) + group + 1) | 0;
  }
  return [x >>> 0, y >>> 0];
}

const rotate = (v: number, r: number): number => (v << r) | (v >>> (32 - r));

/** Draws words `from … from + n − 1` of a key's stream; word i is word i & 1 of the block with counter i >> 1. */
export function bits(key: KeyWords, n: number, from = 0): Uint32Array {
  requireCount('n', n);
  requireCount('from', from);
  const out = new Uint32Array(n);
  let block = Math.floor(from / 2);
  let i = 0;
  if (from % 2 === 1 && n > 0) out[i++] = blockOf(key, block++)[1];
  for (; i + 1 < n; i += 2, block++) {
    const pair = blockOf(key, block);
    out[i] = pair[0];
    out[i + 1] = pair[1];
  }
  if (i < n) out[i] = blockOf(key, block)[0];
  return out;
}

const blockOf = (key: KeyWords, block: number): KeyWords => threefry2x32(key, block >>> 0, Math.floor(block / TWO32));

/** Makes n independent keys; key i is the block at counter (i, 0xffffffff), so it does not depend on n. */
export function split(key: KeyWords, n: number): KeyWords[] {
  requireCount('n', n);
  return Array.from({ length: n }, (_, i) => threefry2x32(key, i, SPLIT_HIGH));
}

/** Makes the key that belongs to one number (a step, an epoch, an index): the block at counter (data, 0xfffffffe). */
export function foldIn(key: KeyWords, data: number): KeyWords {
  if (!Number.isInteger(data) || data < 0 || data >= TWO32) {
    throw new ConfigError(`foldIn takes an integer from 0 to 4294967295, got ${data}`, {
      data,
      help: 'fold a larger number in as two words, one after the other',
    });
  }
  return threefry2x32(key, data, FOLD_HIGH);
}

/** Makes a key from a seed, any safe integer: its high and its low word. */
export function keyFrom(seed: number): KeyWords {
  if (!Number.isSafeInteger(seed)) {
    throw new ConfigError(`a seed must be a safe integer, got ${seed}`, { seed, help: 'use for example 0 or 42' });
  }
  return [Math.floor(seed / TWO32) >>> 0, seed >>> 0];
}

function requireCount(name: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new ConfigError(`${name} must be a non-negative integer, got ${value}`, { [name]: value });
  }
}

/** Draws one number after another from a key's stream, for work outside tensors; the order of the calls decides who gets which word. */
export class HostRandom {
  readonly #key: KeyWords;
  #words: Uint32Array = new Uint32Array(0);
  #next = 0;
  #drawn = 0;

  constructor(key: KeyWords) {
    this.#key = key;
  }

  /** One word, 0 … 2³² − 1. */
  word(): number {
    if (this.#next === this.#words.length) this.#refill();
    return this.#words[this.#next++]!;
  }

  /** Uniform in [0, 1), or [low, high), with 32 random bits. */
  uniform(low = 0, high = 1): number {
    return low + (high - low) * (this.word() / TWO32);
  }

  /** Integer in 0 … n − 1, each equally likely (words past the last full multiple of n are drawn again). */
  integer(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > TWO32) {
      throw new ConfigError(`integer(n) needs n from 1 to 4294967296, got ${n}`, { n });
    }
    const limit = TWO32 - (TWO32 % n);
    let word = this.word();
    while (word >= limit) word = this.word();
    return word % n;
  }

  /** The numbers 0 … n − 1 in random order, every order equally likely. */
  permutation(n: number): Int32Array {
    requireCount('n', n);
    const order = Int32Array.from({ length: n }, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const taken = order[i]!;
      order[i] = order[j]!;
      order[j] = taken;
    }
    return order;
  }

  #refill(): void {
    const n = Math.min(1024, Math.max(32, 2 * this.#words.length));
    this.#words = bits(this.#key, n, this.#drawn);
    this.#drawn += n;
    this.#next = 0;
  }
}
