/**
 * Minimisation under bounds on each variable: L-BFGS steps on the free variables, projected back onto the box.
 *
 * At each point the variables that sit at a bound with the gradient pushing outwards are held; the two-loop recursion runs on
 * the remaining ones, with the pairs restricted to them, and an Armijo search follows the projected path x(t) = P(x + t·d);
 * it also lengthens a step whose slope stays as steep as at the start, else curvature pairs would be lost in concave valleys.
 * This is the two-metric projection method, not the Cauchy-point method of the Fortran code L-BFGS-B.
 * Sources: Bertsekas, Projected Newton Methods for Optimization Problems with Simple Constraints, 1982;
 * Schmidt, Kim, Sra, Projected Newton-type Methods in Machine Learning, 2011.
 */
import { ConfigError, ShapeError } from '../engine/errors.ts';
import {
  type LbfgsMemory,
  type LbfgsOptions,
  lbfgsDirection,
  lbfgsMemory,
  type MinimumResult,
  remember,
} from './lbfgs.ts';
import { type Point, pointAt } from './objective.ts';

type Vector = readonly number[];

export interface BoundedLbfgsOptions extends Omit<LbfgsOptions, 'lineSearch'> {
  /** One bound for all variables, or one each; ±Infinity where there is none. */
  readonly lower?: number | Vector;
  readonly upper?: number | Vector;
}

interface Box {
  readonly lower: Vector;
  readonly upper: Vector;
}

/** Minimises a function of an array of numbers inside a box; converged when no element of x − P(x − gradient) exceeds the tolerance. */
export function boundedLbfgs(
  objective: (x: Vector) => readonly [value: number, gradient: Vector],
  start: Vector,
  {
    lower = -Infinity,
    upper = Infinity,
    memory = 10,
    maxIterations = 500,
    gradientTolerance = 1e-8,
  }: BoundedLbfgsOptions = {},
): MinimumResult<Vector> {
  const box = boxOf(start.length, lower, upper);
  let point = pointAt(objective, project(box, start));
  let history = lbfgsMemory<Vector>(memory);
  let evaluations = 1;
  const result = (exit: MinimumResult<Vector>['exit'], iterations: number) => ({
    ...point,
    iterations,
    evaluations,
    exit,
  });
  for (let i = 0; i < maxIterations; i++) {
    if (stationarity(box, point) <= gradientTolerance) return result('converged', i);
    const direction = freeDirection(box, point, history);
    const found = projectedArmijo(objective, box, point, direction);
    evaluations += found.evaluations;
    if (found.point === point) {
      if (history.pairs.length === 0) return result('stalled', i);
      history = lbfgsMemory(memory);
      continue;
    }
    history = remember(history, minus(found.point.x, point.x), minus(found.point.gradient, point.gradient));
    point = found.point;
  }
  return result('iterations', maxIterations);
}

const minus = (x: Vector, y: Vector): number[] => x.map((v, i) => v - y[i]!);
const dot = (x: Vector, y: Vector): number => x.reduce((total, v, i) => total + v * y[i]!, 0);

const project = ({ lower, upper }: Box, x: Vector): number[] =>
  x.map((v, i) => Math.min(upper[i]!, Math.max(lower[i]!, v)));

const stationarity = (box: Box, { x, gradient }: Point<Vector>): number =>
  Math.max(0, ...minus(project(box, minus(x, gradient)), x).map(Math.abs));

/** The quasi-Newton direction on the variables not held at a bound; minus the gradient where it does not descend. */
function freeDirection({ lower, upper }: Box, { x, gradient }: Point<Vector>, history: LbfgsMemory<Vector>): Vector {
  const isHeld = x.map((v, i) => (v <= lower[i]! && gradient[i]! > 0) || (v >= upper[i]! && gradient[i]! < 0));
  const free = (v: Vector): number[] => v.map((e, i) => (isHeld[i] ? 0 : e));
  let restricted = lbfgsMemory<Vector>(history.size);
  for (const { s, y } of history.pairs) restricted = remember(restricted, free(s), free(y));
  const g = free(gradient);
  const leavesBox = (d: number, i: number) => (x[i]! <= lower[i]! && d < 0) || (x[i]! >= upper[i]! && d > 0);
  const direction = lbfgsDirection(restricted, g).map((d, i) => (isHeld[i] || leavesBox(d, i) ? 0 : d));
  if (dot(direction, g) < 0) return direction;
  return g.map((v) => -v);
}

/** Halves the step until Armijo's condition holds on the projected path; a first step that holds is doubled while the slope stays steep. */
function projectedArmijo(
  objective: (x: Vector) => readonly [value: number, gradient: Vector],
  box: Box,
  point: Point<Vector>,
  direction: Vector,
): { readonly point: Point<Vector>; readonly evaluations: number } {
  let best = point;
  for (let tries = 1, step = 1; tries <= 40; tries++) {
    const x = project(
      box,
      point.x.map((v, i) => v + step * direction[i]!),
    );
    const trial = pointAt(objective, x);
    const move = minus(x, point.x);
    const promised = dot(point.gradient, move);
    const isGood = promised < 0 && trial.value <= point.value + 1e-4 * promised && trial.value <= best.value;
    if (isGood && (step < 1 || dot(trial.gradient, move) > 0.9 * promised)) return { point: trial, evaluations: tries };
    if (!isGood && step > 1) return { point: best, evaluations: tries };
    if (isGood && dot(minus(x, best.x), move) === 0) return { point: best, evaluations: tries };
    if (isGood) best = trial;
    step *= isGood ? 2 : 0.5;
  }
  return { point: best, evaluations: 40 };
}

function boxOf(n: number, lower: number | Vector, upper: number | Vector): Box {
  const each = (bound: number | Vector) => (typeof bound === 'number' ? new Array<number>(n).fill(bound) : bound);
  const box = { lower: each(lower), upper: each(upper) };
  if (box.lower.length !== n || box.upper.length !== n) {
    throw new ShapeError(
      `boundedLbfgs: ${n} variables, ${box.lower.length} lower and ${box.upper.length} upper bounds`,
      {
        shapes: [[n], [box.lower.length], [box.upper.length]],
        help: 'give one bound per variable, or one number for all',
      },
    );
  }
  const wrong = box.lower.findIndex((v, i) => !(v <= box.upper[i]!));
  if (wrong >= 0) {
    throw new ConfigError(`variable ${wrong} cannot lie between ${box.lower[wrong]} and ${box.upper[wrong]}`, {
      index: wrong,
      help: 'swap the bounds; equal ones fix a variable',
    });
  }
  return box;
}
