/** Roots of a function of one number, always inside a bracket: Brent's method, and Newton's with bisection as its guard. */
import { ConfigError } from '../engine/errors.ts';
import { requireInterval } from './refuse.ts';

export interface RootOptions {
  /** Half the width of the last bracket; default: a few units in the last place. */
  readonly tolerance?: number;
  readonly maxIterations?: number;
}

export interface Root {
  readonly x: number;
  readonly value: number;
  readonly iterations: number;
  readonly converged: boolean;
}

/**
 * Finds a root between two points at which f has opposite signs, by inverse quadratic interpolation, secants and bisection.
 * Source: Brent, Algorithms for Minimization without Derivatives, 1973, chapter 4.
 */
export function findRoot(
  f: (x: number) => number,
  low: number,
  high: number,
  { tolerance = 0, maxIterations = 200 }: RootOptions = {},
): Root {
  requireInterval('findRoot', low, high);
  // b is the best point, a the one before it, c the other end of the bracket
  let [a, b, c] = [low, high, low];
  let [fa, fb] = bracket('findRoot', f, low, high);
  let fc = fa;
  let [step, before] = [b - a, b - a];
  for (let i = 1; i <= maxIterations; i++) {
    if (Math.sign(fb) === Math.sign(fc)) {
      [c, fc] = [a, fa];
      step = before = b - a;
    }
    if (Math.abs(fc) < Math.abs(fb)) [a, b, c, fa, fb, fc] = [b, c, b, fb, fc, fb];
    const least = 2 * Number.EPSILON * Math.abs(b) + tolerance / 2;
    const half = (c - b) / 2;
    if (Math.abs(half) <= least || fb === 0) return { x: b, value: fb, iterations: i, converged: true };
    const guess = interpolated(a, b, c, fa, fb, fc);
    const isGood = Math.abs(before) >= least && Math.abs(fa) > Math.abs(fb) && isInside(guess, half, before, least);
    before = isGood ? step : half;
    step = isGood ? guess : half;
    [a, fa] = [b, fb];
    b += Math.abs(step) > least ? step : Math.sign(half) * least;
    fb = f(b);
  }
  return { x: b, value: fb, iterations: maxIterations, converged: false };
}

/** The step from b to the zero of the secant through a and b, or of the inverse parabola through a, b and c. */
function interpolated(a: number, b: number, c: number, fa: number, fb: number, fc: number): number {
  const s = fb / fa;
  if (a === c) return ((c - b) * s) / (s - 1);
  const [q, r] = [fa / fc, fb / fc];
  const top = s * ((c - b) * q * (q - r) - (b - a) * (r - 1));
  return -top / ((q - 1) * (r - 1) * (s - 1)) || 0;
}

const isInside = (step: number, half: number, before: number, least: number): boolean =>
  step * half > 0 && Math.abs(step) < 1.5 * Math.abs(half) - least / 2 && Math.abs(step) < Math.abs(before) / 2;

/** Finds a root between two points of opposite signs by Newton's method, halving the bracket where a step would leave it or gain too little; f returns [value, slope]. */
export function newtonRoot(
  f: (x: number) => readonly [value: number, slope: number],
  low: number,
  high: number,
  { tolerance = 0, maxIterations = 200 }: RootOptions = {},
): Root {
  requireInterval('newtonRoot', low, high);
  const [atLow, atHigh] = bracket('newtonRoot', (x) => f(x)[0], low, high);
  if (atLow === 0 || atHigh === 0) return { x: atLow === 0 ? low : high, value: 0, iterations: 0, converged: true };
  let [negative, positive] = atLow < 0 ? [low, high] : [high, low];
  let x = (low + high) / 2;
  let before = high - low;
  for (let i = 1; i <= maxIterations; i++) {
    const [value, slope] = f(x);
    if (value === 0) return { x, value, iterations: i, converged: true };
    if (value < 0) negative = x;
    else positive = x;
    const newton = x - value / slope;
    const isBetween = (newton - negative) * (newton - positive) < 0;
    const next = isBetween && Math.abs(newton - x) < before / 2 ? newton : (negative + positive) / 2;
    before = Math.abs(next - x);
    if (before <= tolerance / 2 + 2 * Number.EPSILON * Math.abs(x)) {
      return { x: next, value: f(next)[0], iterations: i, converged: true };
    }
    x = next;
  }
  return { x, value: f(x)[0], iterations: maxIterations, converged: false };
}

function bracket(name: string, f: (x: number) => number, low: number, high: number): [number, number] {
  const [a, b] = [f(low), f(high)];
  if (Math.sign(a) * Math.sign(b) <= 0) return [a, b];
  throw new ConfigError(`${name}: f(${low}) = ${a} and f(${high}) = ${b} do not have opposite signs`, {
    low,
    high,
    values: [a, b],
    help: 'widen the interval until the function changes its sign in it',
  });
}
