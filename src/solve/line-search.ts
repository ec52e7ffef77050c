/** Line searches along a descent direction: Armijo's backtracking and the strong Wolfe conditions. */
import { ConfigError } from '../engine/errors.ts';
import { scoped, type Tensor } from '../engine/index.ts';
import { asNumber, type Objective, type Point, pointAt } from './objective.ts';
import { spaceOf } from './space.ts';

export interface ArmijoOptions {
  readonly firstStep?: number;
  /** Factor between tries; default ½. */
  readonly shrink?: number;
  /** Share of the decrease that the slope promises; default 1e-4. */
  readonly decrease?: number;
  readonly maxTries?: number;
}

export interface ArmijoResult<V> {
  /** 0 where no step was accepted. */
  readonly step: number;
  readonly x: V;
  readonly value: number;
  readonly evaluations: number;
}

/** Shortens the step until the value falls by a share of what the slope ⟨gradient, direction⟩ promises. */
export function armijo<V>(
  f: (x: V) => number | Tensor,
  from: { readonly x: V; readonly value: number },
  direction: V,
  slope: number,
  options: ArmijoOptions = {},
): ArmijoResult<V> {
  const evaluate = (x: V) => ({ x, value: asNumber(f(x)) });
  const { step, found, evaluations } = backtrack(evaluate, from, direction, slope, options);
  const { x, value } = found ?? from;
  return { step, x, value, evaluations };
}

/** Armijo's condition with the gradient of every try, as the objective gives both; the point is the start where no step was accepted. */
export function armijoPoint<V>(
  objective: Objective<V>,
  from: Point<V>,
  direction: V,
  options: ArmijoOptions = {},
): { readonly step: number; readonly point: Point<V>; readonly evaluations: number } {
  const slope = spaceOf(direction).dot(from.gradient, direction);
  const { step, found, evaluations } = backtrack((x: V) => pointAt(objective, x), from, direction, slope, options);
  return { step, point: found ?? from, evaluations };
}

function backtrack<V, T extends { readonly value: number }>(
  evaluate: (x: V) => T,
  { x, value }: { readonly x: V; readonly value: number },
  direction: V,
  slope: number,
  { firstStep = 1, shrink = 0.5, decrease = 1e-4, maxTries = 40 }: ArmijoOptions,
): { readonly step: number; readonly found: T | null; readonly evaluations: number } {
  requireDescent('armijo', slope);
  const { addScaled } = spaceOf(x);
  let step = firstStep;
  for (let tries = 1; tries <= maxTries; tries++, step *= shrink) {
    const trial = scoped(() => evaluate(addScaled(x, step, direction)));
    if (trial.value <= value + decrease * step * slope) return { step, found: trial, evaluations: tries };
  }
  return { step: 0, found: null, evaluations: maxTries };
}

export interface WolfeOptions {
  readonly firstStep?: number;
  /** Share of the promised decrease; default 1e-4. */
  readonly decrease?: number;
  /** Share of the slope that may remain; default 0.9, smaller is more exact. */
  readonly curvature?: number;
  readonly maxEvaluations?: number;
}

export interface WolfeResult<V> {
  readonly step: number;
  readonly point: Point<V>;
  readonly evaluations: number;
  /** `decrease`: only the first condition could be met; `none`: the point is the start. */
  readonly met: 'both' | 'decrease' | 'none';
}

interface Trial<V> {
  readonly step: number;
  readonly point: Point<V>;
  readonly slope: number;
}

/**
 * Finds a step that meets the strong Wolfe conditions: bracket by doubling, then cubic interpolation.
 * Source: Nocedal, Wright, Numerical Optimization, 2006, algorithms 3.5 and 3.6.
 */
export function strongWolfe<V>(
  objective: Objective<V>,
  from: Point<V>,
  direction: V,
  { firstStep = 1, decrease = 1e-4, curvature = 0.9, maxEvaluations = 30 }: WolfeOptions = {},
): WolfeResult<V> {
  const space = spaceOf(from.x);
  const start: Trial<V> = { step: 0, point: from, slope: space.dot(from.gradient, direction) };
  requireDescent('strongWolfe', start.slope);
  const isTooHigh = (t: Trial<V>) => !(t.point.value <= from.value + decrease * t.step * start.slope);
  const isFlat = (t: Trial<V>) => Math.abs(t.slope) <= -curvature * start.slope;
  const probe = (step: number): Trial<V> =>
    scoped(() => {
      const point = pointAt(objective, space.addScaled(from.x, step, direction));
      return { step, point, slope: space.dot(point.gradient, direction) };
    });

  // `low` meets the first condition; `high`, once there is one, encloses a good step with it
  let low = start;
  let high: Trial<V> | null = null;
  let evaluations = 0;
  while (evaluations < maxEvaluations) {
    if (high !== null && Math.abs(high.step - low.step) <= 1e-14 * Math.max(high.step, low.step)) break;
    const trial: Trial<V> = probe(high === null ? Math.max(firstStep, 2 * low.step) : between(low, high));
    evaluations++;
    if (isTooHigh(trial) || (low.step > 0 && trial.point.value >= low.point.value)) {
      high = trial;
      continue;
    }
    if (isFlat(trial)) return { step: trial.step, point: trial.point, evaluations, met: 'both' };
    const onwards: number = high === null ? 1 : high.step - low.step;
    if (trial.slope * onwards >= 0) high = low;
    low = trial;
  }
  return { step: low.step, point: low.point, evaluations, met: low.step > 0 ? 'decrease' : 'none' };
}

/** The minimum of the cubic through both values and slopes, kept a tenth away from the ends. */
function between<V>(low: Trial<V>, high: Trial<V>): number {
  const width = high.step - low.step;
  const middle = low.step + width / 2;
  if (!Number.isFinite(high.point.value)) return low.step + width / 10;
  const d1 = low.slope + high.slope - (3 * (high.point.value - low.point.value)) / width;
  const inside = d1 * d1 - low.slope * high.slope;
  if (!(inside >= 0)) return middle;
  const d2 = Math.sign(width) * Math.sqrt(inside);
  const share = 1 - (high.slope + d2 - d1) / (high.slope - low.slope + 2 * d2);
  return Number.isFinite(share) ? low.step + Math.min(0.9, Math.max(0.1, share)) * width : middle;
}

function requireDescent(name: string, slope: number): void {
  if (slope < 0) return;
  throw new ConfigError(`${name} needs a descent direction, but the slope along it is ${slope}`, {
    slope,
    help: 'take minus the gradient, or check the gradient',
  });
}
