/** What a learning curve, or a table of costs, says in one number or one step function. */
import { ConfigError, ShapeError } from '../engine/errors.ts';
import { requirePairs, requireSample } from './sample.ts';

/** The area under a piecewise linear curve; x must not fall. */
export function areaUnderCurve(x: readonly number[], y: readonly number[]): number {
  requirePairs('areaUnderCurve', x, y, 1);
  let total = 0;
  for (let i = 1; i < x.length; i++) {
    if (x[i]! < x[i - 1]!) {
      throw new ConfigError(`areaUnderCurve: x falls from ${x[i - 1]} to ${x[i]} at ${i}`, {
        index: i,
        help: 'sort by x',
      });
    }
    total += 0.5 * (x[i]! - x[i - 1]!) * (y[i]! + y[i - 1]!);
  }
  return total;
}

export interface TargetOptions {
  /** Whether the curve has to climb to the target or (the default) to fall to it. */
  readonly direction?: 'fall' | 'climb';
  /** How many values in a row must meet the target; default 1. */
  readonly hold?: number;
}

/** The index at which a curve first meets a target (and holds it); null if it never does. */
export function stepsToTarget(
  curve: readonly number[],
  target: number,
  { direction = 'fall', hold = 1 }: TargetOptions = {},
): number | null {
  if (!(hold >= 1)) throw new ConfigError(`hold must be at least 1, got ${hold}`, { hold, help: 'use 1' });
  let run = 0;
  for (let i = 0; i < curve.length; i++) {
    run = (direction === 'fall' ? curve[i]! <= target : curve[i]! >= target) ? run + 1 : 0;
    if (run >= hold) return i - hold + 1;
  }
  return null;
}

export interface PerformanceProfile {
  /** Share of problems on which each solver's cost is within `ratio` times the best one's. */
  at(ratio: number): number[];
  /** Where the step functions change, from 1, rising. */
  readonly ratios: readonly number[];
}

/**
 * The performance profiles of solvers (rows) over problems (columns); costs are positive, Infinity for a failure.
 * Source: Dolan, Moré, Benchmarking Optimization Software with Performance Profiles, Mathematical Programming 91, 2002.
 */
export function performanceProfile(costs: readonly (readonly number[])[]): PerformanceProfile {
  const problems = costs[0]?.length ?? 0;
  if (problems === 0 || costs.some((row) => row.length !== problems)) {
    throw new ShapeError(
      `performanceProfile needs a full table, got rows of ${costs.map((row) => row.length).join(', ')}`,
      {
        help: 'one row per solver, one column per problem, Infinity where a solver failed',
      },
    );
  }
  for (const row of costs) requireCosts(row);
  const best = costs[0]!.map((_, j) => Math.min(...costs.map((row) => row[j]!)));
  const ratiosOf = costs.map((row) => row.map((v, j) => (v === Infinity ? Infinity : v / best[j]!)));
  const ratios = [...new Set(ratiosOf.flat().filter(Number.isFinite))].sort((a, b) => a - b);
  return { at: (ratio) => ratiosOf.map((row) => row.filter((v) => v <= ratio).length / problems), ratios };
}

function requireCosts(row: readonly number[]): void {
  requireSample('performanceProfile', row, 1);
  const bad = row.find((v) => !(v > 0));
  if (bad === undefined) return;
  throw new ConfigError(`performanceProfile takes positive costs, got ${bad}`, {
    cost: bad,
    help: 'add a constant, or use counts',
  });
}
