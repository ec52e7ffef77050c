/** Threefry-2x32-20: random words as a pure function of a key and an element counter, so any slice can be computed alone. */
import { ConfigError } from './errors.ts';
import { normalQuantile } from './portable.ts';

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
  const out = new Uint32Array(2);
  writeBlock(out, 0, key, lo, hi);
  return [out[0]!, out[1]!];
}

function writeBlock(out: Uint32Array, at: number, key: KeyWords, lo: number, hi: number): void {
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
  out[at] = x;
  out[at + 1] = y;
}

const rotate = (v: number, r: number): number => (v << r) | (v >>> (32 - r));

/** Draws words `from … from + n − 1` of a key's stream; word i is word i & 1 of the block with counter i >> 1. */
export function bits(key: KeyWords, n: number, from = 0): Uint32Array {
  requireCount('n', n);
  requireCount('from', from);
  const odd = from % 2;
  const blocks = Math.ceil((odd + n) / 2);
  const first = (from - odd) / 2;
  const out = new Uint32Array(2 * blocks);
  for (let i = 0; i < blocks; i++) writeBlock(out, 2 * i, key, (first + i) >>> 0, Math.floor((first + i) / TWO32));
  return out.length === n ? out : out.slice(odd, odd + n);
}

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

  /** Standard normal, one word each, by the inverse of the distribution function; the same bits on every engine. */
  normal(): number {
    return normalQuantile((this.word() + 0.5) / TWO32);
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
