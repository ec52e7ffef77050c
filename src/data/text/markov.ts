/** Text from a random Markov source of a chosen order: what a predictor can reach is known for every length of context. */
import { ConfigError } from '../../engine/errors.ts';
import { exp, log } from '../../engine/portable.ts';
import { HostRandom, type KeyWords } from '../../engine/threefry.ts';

export interface MarkovOptions {
  /** Draws the source itself: the probabilities of the next symbol in each context. */
  readonly key: KeyWords;
  /** Symbols, written as the letters from a on; default 12, at most 26. */
  readonly symbols?: number;
  /** Symbols that the next one depends on; default 2. */
  readonly order?: number;
  /** How unequal the probabilities are: they are the softmax of normals of this deviation; default 2. */
  readonly sharpness?: number;
}

export interface MarkovSource {
  readonly symbols: readonly string[];
  readonly order: number;
  /** Probability of each symbol after each context, [symbolsᵒʳᵈᵉʳ, symbols], the oldest symbol of a context slowest. */
  readonly next: Float64Array;
  /** How often each context occurs in a long text. */
  readonly stationary: Float64Array;
  /** Nats per symbol that the best predictor with 0, 1, …, `order` symbols of context reaches; the last is the entropy of the source. */
  readonly entropies: readonly number[];
}

const MAX_CONTEXTS = 2 ** 16;

/** Makes a source; equal keys make equal sources on every machine. */
export function markovSource({ key, symbols = 12, order = 2, sharpness = 2 }: MarkovOptions): MarkovSource {
  requireOptions(symbols, order, sharpness);
  const contexts = symbols ** order;
  const random = new HostRandom(key);
  const next = Float64Array.from({ length: contexts * symbols }, () => exp(sharpness * random.normal()));
  for (let c = 0; c < contexts; c++) normalise(next.subarray(c * symbols, (c + 1) * symbols));
  const stationary = stationaryOf(next, contexts, symbols);
  const source = {
    symbols: Array.from({ length: symbols }, (_, i) => String.fromCharCode(97 + i)),
    order,
    next,
    stationary,
  };
  return { ...source, entropies: entropiesOf(source) };
}

/** Draws text of `length` symbols; its first context comes from the stationary distribution. */
export function markovText(source: MarkovSource, key: KeyWords, length: number): string {
  const { symbols, next, stationary } = source;
  if (!Number.isInteger(length) || length < 0)
    throw new ConfigError(`a text cannot have ${length} characters`, { length });
  const random = new HostRandom(key);
  let context = draw(stationary, 0, stationary.length, random.uniform());
  const out = new Array<string>(length);
  for (let i = 0; i < length; i++) {
    const symbol = draw(next, context * symbols.length, symbols.length, random.uniform());
    out[i] = symbols[symbol]!;
    context = (context * symbols.length + symbol) % stationary.length;
  }
  return out.join('');
}

function draw(p: Float64Array, from: number, n: number, u: number): number {
  let left = u;
  for (let i = 0; i < n; i++) {
    left -= p[from + i]!;
    if (left < 0) return i;
  }
  return n - 1;
}

/** Iterates the chain from the uniform distribution; every probability is positive, so it converges. */
function stationaryOf(next: Float64Array, contexts: number, symbols: number): Float64Array {
  let now = new Float64Array(contexts).fill(1 / contexts);
  for (let round = 0; round < 10_000; round++) {
    const after = new Float64Array(contexts);
    for (let c = 0; c < contexts; c++)
      for (let s = 0; s < symbols; s++) after[(c * symbols + s) % contexts]! += now[c]! * next[c * symbols + s]!;
    const moved = after.reduce((sum, p, c) => sum + Math.abs(p - now[c]!), 0);
    now = after;
    if (moved < 1e-14) break;
  }
  return normalise(now);
}

/** H(next | j symbols) = H(j + 1 symbols) − H(j symbols), from the distribution of `order` + 1 symbols. */
function entropiesOf({ symbols, order, next, stationary }: Omit<MarkovSource, 'entropies'>): number[] {
  const n = symbols.length;
  let blocks = Float64Array.from(next, (p, i) => p * stationary[Math.floor(i / n)]!);
  const entropies = [entropyOf(blocks)];
  for (let j = order; j > 0; j--) {
    blocks = foldFirst(blocks, n);
    entropies.unshift(entropyOf(blocks));
  }
  return entropies.map((h, j) => (j === 0 ? h : h - entropies[j - 1]!));
}

/** Sums over the oldest symbol. */
function foldFirst(blocks: Float64Array, symbols: number): Float64Array<ArrayBuffer> {
  const out = new Float64Array(blocks.length / symbols);
  blocks.forEach((p, i) => {
    out[i % out.length]! += p;
  });
  return out;
}

const entropyOf = (p: Float64Array): number => -p.reduce((sum, v) => (v > 0 ? sum + v * log(v) : sum), 0);

function normalise(p: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer>;
function normalise(p: Float64Array): Float64Array;
function normalise(p: Float64Array): Float64Array {
  const total = p.reduce((a, b) => a + b, 0);
  for (let i = 0; i < p.length; i++) p[i]! /= total;
  return p;
}

function requireOptions(symbols: number, order: number, sharpness: number): void {
  const isFine =
    Number.isInteger(symbols) &&
    symbols >= 2 &&
    symbols <= 26 &&
    Number.isInteger(order) &&
    order >= 0 &&
    sharpness >= 0;
  if (isFine && symbols ** order <= MAX_CONTEXTS) return;
  throw new ConfigError(`a Markov source cannot have ${symbols} symbols, order ${order} and sharpness ${sharpness}`, {
    symbols,
    order,
    sharpness,
    help: `use 2 to 26 symbols, with symbols ** order at most ${MAX_CONTEXTS}`,
  });
}
