/** Integrals over one variable: Gauss–Legendre rules of any order, and adaptive Gauss–Kronrod with an error estimate. */
import { ConfigError } from '../engine/errors.ts';

export interface QuadratureRule {
  /** In (−1, 1), rising. */
  readonly nodes: readonly number[];
  readonly weights: readonly number[];
}

/** The rule with n nodes that is exact for polynomials up to degree 2n − 1: roots of Legendre's polynomial by Newton's method. */
export function gaussLegendre(n: number): QuadratureRule {
  if (!(Number.isInteger(n) && n >= 1)) {
    throw new ConfigError(`gaussLegendre needs a whole number of nodes from 1 on, got ${n}`, {
      n,
      help: 'use for example 16',
    });
  }
  const pairs = Array.from({ length: n }, (_, i) => {
    let x = -Math.cos((Math.PI * (i + 0.75)) / (n + 0.5));
    for (let k = 0; k < 10; k++) {
      const [value, slope] = legendre(n, x);
      x -= value / slope;
    }
    if (2 * i + 1 === n) x = 0;
    const [, slope] = legendre(n, x);
    return [x, 2 / ((1 - x * x) * slope * slope)] as const;
  });
  return { nodes: pairs.map(([x]) => x), weights: pairs.map(([, w]) => w) };
}

/** Pₙ(x) and its slope, by the three-term recurrence. */
function legendre(n: number, x: number): [value: number, slope: number] {
  let [before, value] = [1, x];
  for (let k = 2; k <= n; k++) [before, value] = [value, ((2 * k - 1) * x * value - (k - 1) * before) / k];
  return [value, (n * (x * value - before)) / (x * x - 1)];
}

/** Integrates f from a to b with a rule on (−1, 1). */
export function integrateWith(rule: QuadratureRule, f: (x: number) => number, a: number, b: number): number {
  const half = (b - a) / 2;
  const middle = (a + b) / 2;
  return half * rule.nodes.reduce((total, x, i) => total + rule.weights[i]! * f(middle + half * x), 0);
}

// Kronrod's 15 nodes (every second one is Gauss's) and both weights; QUADPACK, Piessens et al. 1983, routine QK15.
const NODES = [
  0.9914553711208126, 0.9491079123427585, 0.8648644233597691, 0.7415311855993945, 0.5860872354676911,
  0.4058451513773972, 0.20778495500789848, 0,
];
const KRONROD = [
  0.022935322010529224, 0.06309209262997856, 0.10479001032225019, 0.14065325971552592, 0.1690047266392679,
  0.19035057806478542, 0.20443294007529889, 0.20948214108472782,
];
const GAUSS = [0.1294849661688697, 0.27970539148927664, 0.3818300505051189, 0.4179591836734694];

export interface IntegrateOptions {
  readonly absolute?: number;
  readonly relative?: number;
  readonly maxIntervals?: number;
}

export interface Integral {
  readonly value: number;
  /** Estimate of the error, usually far too large. */
  readonly error: number;
  readonly evaluations: number;
  readonly converged: boolean;
}

interface Piece {
  readonly a: number;
  readonly b: number;
  readonly value: number;
  readonly error: number;
}

/** Integrates f from a to b, halving the worst interval until the estimate is good enough; either limit may be infinite. */
export function integrate(
  f: (x: number) => number,
  a: number,
  b: number,
  { absolute = 1e-10, relative = 1e-10, maxIntervals = 500 }: IntegrateOptions = {},
): Integral {
  if (Number.isNaN(a) || Number.isNaN(b)) {
    throw new ConfigError(`integrate: the limits are ${a} and ${b}`, { a, b, help: 'give numbers or ±Infinity' });
  }
  if (a > b) {
    const back = integrate(f, b, a, { absolute, relative, maxIntervals });
    return { ...back, value: -back.value };
  }
  const [g, from, to] = onFinite(f, a, b);
  const pieces = [kronrod(g, from, to)];
  const total = (of: (p: Piece) => number) => pieces.reduce((sum, p) => sum + of(p), 0);
  const isDone = () => total((p) => p.error) <= Math.max(absolute, relative * Math.abs(total((p) => p.value)));
  while (!isDone() && pieces.length < maxIntervals) {
    const worst = pieces.reduce((most, p, i) => (p.error > pieces[most]!.error ? i : most), 0);
    const { a: left, b: right } = pieces[worst]!;
    const middle = (left + right) / 2;
    pieces.splice(worst, 1, kronrod(g, left, middle), kronrod(g, middle, right));
  }
  const [value, error] = [total((p) => p.value), total((p) => p.error)];
  return { value, error, evaluations: 15 * (2 * pieces.length - 1), converged: isDone() };
}

/** Moves infinite limits to finite ones: x = a + t/(1 − t) on a half line, x = t/(1 − t²) on the whole one. */
function onFinite(f: (x: number) => number, a: number, b: number): [(t: number) => number, number, number] {
  if (a === -Infinity && b === Infinity) {
    return [(t) => (f(t / (1 - t * t)) * (1 + t * t)) / (1 - t * t) ** 2, -1, 1];
  }
  if (b === Infinity) return [(t) => f(a + t / (1 - t)) / (1 - t) ** 2, 0, 1];
  if (a === -Infinity) return [(t) => f(b - t / (1 - t)) / (1 - t) ** 2, 0, 1];
  return [f, a, b];
}

function kronrod(f: (x: number) => number, a: number, b: number): Piece {
  const half = (b - a) / 2;
  const middle = (a + b) / 2;
  let [fine, coarse] = [0, 0];
  NODES.forEach((node, i) => {
    const at = node === 0 ? f(middle) : f(middle - half * node) + f(middle + half * node);
    fine += KRONROD[i]! * at;
    if (i % 2 === 1) coarse += GAUSS[(i - 1) / 2]! * at;
  });
  return { a, b, value: half * fine, error: Math.abs(half * (fine - coarse)) };
}
