/**
 * Relaxation: a state moves along a force until the force is gone or the steps are spent.
 *
 * The one loop of all methods that settle: predictive coding, equilibrium propagation, contrastive Hebbian learning, and whatever else follows a flow. A state is any tree of tensors; a deviation from
 * a known state is a state too, and keeps its digits in f32.
 */
import type { Tensor } from '../../engine/index.ts';
import {
  abs,
  add,
  ConfigError,
  cast,
  div,
  gt,
  le,
  leavesOf,
  mapTree,
  max,
  maximum,
  mul,
  stack,
  sub,
  where,
  zeros,
} from '../../engine/index.ts';
import type { Tree } from '../../nn/layer.ts';

export interface RelaxOptions<S, R extends Tree = null> {
  /** The most moves. */
  readonly steps: number;
  /** Length of a move along the force. */
  readonly rate: number;
  /** The state has settled when no component of the force is larger, and then it moves no more; 0 unless said. */
  readonly tolerance?: number;
  /** Brings a state back to where it may be, after every move. */
  readonly confine?: (s: S) => S;
  /** What to keep of every step, before its move; stacked along a leading axis. */
  readonly record?: (s: S, force: S) => R;
}

export interface Relaxed<S, R extends Tree = null> {
  readonly state: S;
  /** The largest component of the force at this state, as far as the state may follow it; a scalar. */
  readonly residual: Tensor;
  /** Moves made, a scalar of the state's dtype. */
  readonly moves: Tensor;
  /** Whether the residual is within the tolerance; a bool scalar. */
  readonly isSettled: Tensor;
  /** What was recorded, (steps, …); null where nothing was. */
  readonly records: R | null;
}

/** Moves a state along a force, s ← s + rate·force(s), all parts at once. */
export function relax<S, R extends Tree = null>(
  force: (s: S) => S,
  start: S,
  options: RelaxOptions<S, R>,
): Relaxed<S, R> {
  const { steps, rate, tolerance = 0, confine, record } = options;
  checkRelaxation(options);
  const move = (s: S, f: S): S => (confine ?? same)(mapTree((x: Tensor, v: Tensor) => add(x, mul(v, rate)), s, f));
  const followed = (s: S, f: S): S =>
    confine === undefined ? f : mapTree((y: Tensor, x: Tensor) => div(sub(y, x), rate), move(s, f), s);
  const { dtype } = leavesOf(start)[0] as Tensor;
  let state = start;
  let moves: Tensor = zeros([], dtype);
  const kept: R[] = [];
  for (let step = 0; step < steps; step++) {
    const f = force(state);
    if (record !== undefined) kept.push(record(state, f));
    const next = move(state, f);
    if (tolerance === 0) {
      state = next;
      moves = add(moves, 1);
      continue;
    }
    const isMoving = gt(largest(followed(state, f)), tolerance);
    state = mapTree((y: Tensor, x: Tensor) => where(isMoving, y, x), next, state);
    moves = add(moves, cast(isMoving, dtype));
  }
  const residual = largest(followed(state, force(state)));
  return {
    state,
    residual,
    moves,
    isSettled: le(residual, tolerance),
    records: kept.length === 0 ? null : stacked(kept),
  };
}

const same = <S>(s: S): S => s;

/** The largest |component| of a tree, a scalar. */
export const largest = (tree: unknown): Tensor =>
  (leavesOf(tree) as Tensor[]).map((x) => max(abs(x))).reduce((a, b) => maximum(a, b));

const stacked = <R extends Tree>(rows: readonly R[]): R =>
  mapTree((...xs: Tensor[]) => stack(xs, 0), rows[0]!, ...rows.slice(1));

/** Refuses a relaxation that moves nowhere; a rule asks when it is made. */
export function checkRelaxation({
  steps,
  rate,
  tolerance = 0,
}: Pick<RelaxOptions<unknown>, 'steps' | 'rate' | 'tolerance'>): void {
  if (!(Number.isInteger(steps) && steps >= 1))
    throw new ConfigError(`relax: steps is ${steps}; it counts moves`, { steps, help: 'use 1 or more' });
  if (!(Number.isFinite(rate) && rate > 0))
    throw new ConfigError(`relax: rate is ${rate}; a move follows the force`, { rate, help: 'try 0.1' });
  if (!(tolerance >= 0))
    throw new ConfigError(`relax: tolerance is ${tolerance}; it bounds a size`, { tolerance, help: 'use 0 or more' });
}
