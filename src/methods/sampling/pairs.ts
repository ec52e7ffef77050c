/** Pairs of data points drawn without replacement, each as likely as its weight; a pair and its reverse count as one. */
import { ConfigError } from '../../engine/index.ts';
import { HostRandom, type KeyWords } from '../../engine/threefry.ts';

/** A table of numbers, row-major. */
export interface Rows {
  readonly data: ArrayLike<number>;
  readonly n: number;
  readonly width: number;
}

export interface Pair {
  readonly from: number;
  readonly to: number;
}

interface Candidate extends Pair {
  /** Comes first where it is small: exponential with the pair's weight as its rate. */
  readonly time: number;
  /** Order among those of weight zero. */
  readonly tie: number;
}

/** Points nearer than this are one point. */
const NEAR = 1e-10;

/** Rounds of new candidates before the points count as too alike. */
const ROUNDS = 50;

/**
 * Draws `count` different pairs of points, each with a chance in proportion to its weight among the candidates; those of weight zero only fill up what is missing.
 * Candidates are max(1, ⌈count / n⌉) pairs a point, more where these hold too few different ones. The same key gives the same candidates for any weights.
 * Source: Efraimidis and Spirakis, Weighted Random Sampling with a Reservoir, Information Processing Letters 97, 2006.
 */
export function drawPairs(key: KeyWords, points: Rows, count: number, weight: (pair: Pair) => number): Pair[] {
  const { n } = points;
  if (count > (n * (n - 1)) / 2) throw tooFew(points, count);
  const random = new HostRandom(key);
  const found = new Map<number, Candidate>();
  const perPoint = Math.max(1, Math.ceil(count / n));
  for (let round = 0; round < ROUNDS; round++) {
    for (let i = 0; i < n * perPoint; i++) {
      const one = candidate(random, points, weight);
      const name = Math.min(one.from, one.to) * n + Math.max(one.from, one.to);
      const known = found.get(name);
      if (distanceOf(points, one) > NEAR && (known === undefined || before(one, known) < 0)) found.set(name, one);
    }
    if (found.size >= count) return [...found.values()].sort(before).slice(0, count);
  }
  throw tooFew(points, count);
}

function candidate(random: HostRandom, { n }: Rows, weight: (pair: Pair) => number): Candidate {
  const from = random.integer(n);
  const pair = { from, to: (from + 1 + random.integer(n - 1)) % n };
  const tie = random.uniform();
  const w = weight(pair);
  return { ...pair, tie, time: w > 0 ? -Math.log(1 - tie) / w : Number.POSITIVE_INFINITY };
}

const before = (a: Candidate, b: Candidate): number => (a.time === b.time ? a.tie - b.tie : a.time - b.time);

/** Euclidean distance of two points, at least 1e-10. */
export function distanceOf({ data, width }: Rows, { from, to }: Pair): number {
  let total = 0;
  for (let d = 0; d < width; d++) total += (data[to * width + d]! - data[from * width + d]!) ** 2;
  return Math.max(Math.sqrt(total), NEAR);
}

const tooFew = ({ n }: Rows, count: number): ConfigError =>
  new ConfigError(`${n} points hold fewer than ${count} different pairs`, {
    points: n,
    units: count,
    help: 'use fewer units, or more points that differ',
  });
