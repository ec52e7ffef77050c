/**
 * L-BFGS: quasi-Newton steps from the last few pairs of step and change of gradient, on numbers, vectors or trees of tensors.
 *
 * Source: Nocedal, Updating Quasi-Newton Matrices with Limited Storage, Mathematics of Computation 1980.
 */
import { scoped } from '../engine/index.ts';
import { armijoPoint, strongWolfe } from './line-search.ts';
import { type Objective, type Point, pointAt } from './objective.ts';
import { requirePositive } from './refuse.ts';
import { spaceOf } from './space.ts';

/** The pairs remembered so far, the oldest first; a plain value, so that it can be part of a checkpoint. */
export interface LbfgsMemory<V> {
  readonly size: number;
  readonly pairs: readonly { readonly s: V; readonly y: V; readonly sy: number; readonly yy: number }[];
}

/** An empty memory for `size` pairs. */
export function lbfgsMemory<V>(size = 10): LbfgsMemory<V> {
  requirePositive('size', size);
  return { size, pairs: [] };
}

/** Adds the pair of a step s and the change y of the gradient along it; pairs without enough curvature (⟨s, y⟩ ≤ 1e-8·⟨s, s⟩) are left out. */
export function remember<V>(memory: LbfgsMemory<V>, s: V, y: V, least = 1e-8): LbfgsMemory<V> {
  const { dot } = spaceOf(s);
  const sy = dot(s, y);
  if (!(sy > least * dot(s, s))) return memory;
  return { ...memory, pairs: [...memory.pairs, { s, y, sy, yy: dot(y, y) }].slice(-memory.size) };
}

/** −H·gradient by the two-loop recursion, H₀ = ⟨s, y⟩/⟨y, y⟩ of the newest pair; −gradient with an empty memory. */
export function lbfgsDirection<V>({ pairs }: LbfgsMemory<V>, gradient: V): V {
  const { dot, scale, addScaled } = spaceOf(gradient);
  return scoped(() => {
    let q = scale(gradient, -1);
    const alphas: number[] = [];
    for (const { s, y, sy } of [...pairs].reverse()) {
      const alpha = dot(s, q) / sy;
      alphas.push(alpha);
      q = addScaled(q, -alpha, y);
    }
    const newest = pairs.at(-1);
    if (newest !== undefined) q = scale(q, newest.sy / newest.yy);
    for (const { s, y, sy } of pairs) q = addScaled(q, alphas.pop()! - dot(y, q) / sy, s);
    return q;
  });
}

export interface LbfgsOptions {
  /** Pairs to remember; default 10. */
  readonly memory?: number;
  readonly maxIterations?: number;
  /** Stops when no element of the gradient is larger; default 1e-8. */
  readonly gradientTolerance?: number;
  /** `wolfe` unless said. */
  readonly lineSearch?: 'wolfe' | 'armijo';
}

export interface MinimumResult<V> {
  readonly x: V;
  readonly value: number;
  readonly gradient: V;
  readonly iterations: number;
  readonly evaluations: number;
  /** `stalled`: no step lowers the value any more, as at the limit of rounding. */
  readonly exit: 'converged' | 'stalled' | 'iterations';
}

/** Minimises a function with its gradient. */
export function lbfgs<V>(
  objective: Objective<V>,
  start: V,
  { memory = 10, maxIterations = 500, gradientTolerance = 1e-8, lineSearch = 'wolfe' }: LbfgsOptions = {},
): MinimumResult<V> {
  const space = spaceOf(start);
  const search = lineSearch === 'wolfe' ? wolfeStep : armijoStep;
  let point = pointAt(objective, start);
  let history = lbfgsMemory<V>(memory);
  let evaluations = 1;
  const result = (exit: MinimumResult<V>['exit'], iterations: number) => ({ ...point, iterations, evaluations, exit });
  for (let i = 0; i < maxIterations; i++) {
    if (space.maxAbs(point.gradient) <= gradientTolerance) return result('converged', i);
    const direction = lbfgsDirection(history, point.gradient);
    const firstStep = history.pairs.length > 0 ? 1 : Math.min(1, 1 / space.maxAbs(point.gradient));
    const found = search(objective, point, direction, firstStep);
    evaluations += found.evaluations;
    if (found.point === point) {
      if (history.pairs.length === 0) return result('stalled', i);
      history = lbfgsMemory(memory); // once more, along the gradient itself
      continue;
    }
    const { x, gradient } = point;
    history = remember(
      history,
      space.addScaled(found.point.x, -1, x),
      space.addScaled(found.point.gradient, -1, gradient),
    );
    point = found.point;
  }
  return result('iterations', maxIterations);
}

type Search = <V>(
  objective: Objective<V>,
  point: Point<V>,
  direction: V,
  firstStep: number,
) => { readonly point: Point<V>; readonly evaluations: number };

const wolfeStep: Search = (objective, point, direction, firstStep) =>
  strongWolfe(objective, point, direction, { firstStep });

const armijoStep: Search = (objective, point, direction, firstStep) =>
  armijoPoint(objective, point, direction, { firstStep });
