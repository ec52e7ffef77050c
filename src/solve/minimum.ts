/** Minima of a function of one number, without derivatives: golden section and Brent's parabolas. */
import { requireInterval } from './refuse.ts';

export interface MinimumOptions {
  /** Relative accuracy of x; below √(2⁻⁵²) ≈ 1.5e-8 rounding of f decides. */
  readonly tolerance?: number;
  readonly maxIterations?: number;
}

export interface Minimum {
  readonly x: number;
  readonly value: number;
  readonly evaluations: number;
  readonly converged: boolean;
}

const GOLDEN = (3 - Math.sqrt(5)) / 2;
const FLOOR = 1e-12; // absolute accuracy where x is near 0

/** Shrinks the interval by 0.618 per evaluation; finds the minimum of any function with a single valley. */
export function goldenSection(
  f: (x: number) => number,
  low: number,
  high: number,
  { tolerance = 1e-8, maxIterations = 200 }: MinimumOptions = {},
): Minimum {
  requireInterval('goldenSection', low, high);
  let [a, b] = [low, high];
  let [x, y] = [a + GOLDEN * (b - a), b - GOLDEN * (b - a)];
  let [fx, fy] = [f(x), f(y)];
  let evaluations = 2;
  const width = () => b - a > 2 * (tolerance * Math.abs(x) + FLOOR);
  for (; width() && evaluations < maxIterations; evaluations++) {
    if (fx < fy) {
      [b, y, fy] = [y, x, fx];
      x = a + GOLDEN * (b - a);
      fx = f(x);
    } else {
      [a, x, fx] = [x, y, fy];
      y = b - GOLDEN * (b - a);
      fy = f(y);
    }
  }
  return { x: fx < fy ? x : y, value: Math.min(fx, fy), evaluations, converged: !width() };
}

/**
 * Finds a local minimum by parabolas through the best three points, with golden sections where they do not help.
 * Source: Brent, Algorithms for Minimization without Derivatives, 1973, chapter 5.
 */
export function brentMinimum(
  f: (x: number) => number,
  low: number,
  high: number,
  { tolerance = 1.5e-8, maxIterations = 200 }: MinimumOptions = {},
): Minimum {
  requireInterval('brentMinimum', low, high);
  let [a, b] = [low, high];
  const first = a + GOLDEN * (b - a);
  let best = { x: first, f: f(first) };
  let [second, third] = [best, best];
  let [step, before] = [0, 0];
  for (let evaluations = 1; evaluations < maxIterations; evaluations++) {
    const middle = (a + b) / 2;
    const least = tolerance * Math.abs(best.x) + FLOOR;
    if (Math.abs(best.x - middle) <= 2 * least - (b - a) / 2) {
      return { x: best.x, value: best.f, evaluations, converged: true };
    }
    const parabola = Math.abs(before) > least ? vertexStep(best, second, third) : Number.NaN;
    const at = best.x + parabola;
    if (Math.abs(parabola) < Math.abs(before) / 2 && at > a && at < b) {
      before = step;
      step = at - a < 2 * least || b - at < 2 * least ? Math.sign(middle - best.x) * least : parabola;
    } else {
      before = best.x < middle ? b - best.x : a - best.x;
      step = GOLDEN * before;
    }
    const x = best.x + (Math.abs(step) >= least ? step : (Math.sign(step) || 1) * least);
    const trial = { x, f: f(x) };
    const isBetter = trial.f <= best.f;
    const [inner, outer] = isBetter ? [trial, best] : [best, trial];
    if (outer.x < inner.x) a = outer.x;
    else b = outer.x;
    if (isBetter) [best, second, third] = [trial, best, second];
    else if (trial.f <= second.f || second === best) [second, third] = [trial, second];
    else if (trial.f <= third.f || third === best || third === second) third = trial;
  }
  return { x: best.x, value: best.f, evaluations: maxIterations, converged: false };
}

interface Sample {
  readonly x: number;
  readonly f: number;
}

/** From p to the vertex of the parabola through three points; NaN where they lie on a line. */
function vertexStep(p: Sample, q: Sample, r: Sample): number {
  const left = (p.x - q.x) * (p.f - r.f);
  const right = (p.x - r.x) * (p.f - q.f);
  return -((p.x - r.x) * right - (p.x - q.x) * left) / (2 * (right - left)) || Number.NaN;
}
