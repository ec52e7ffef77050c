/**
 * Relaxation: a state moves along a force until the force is gone or the steps are spent.
 *
 * The one loop of all methods that settle: predictive coding, equilibrium propagation, contrastive Hebbian learning, and whatever else follows a flow. A state is any tree of tensors; a deviation from
 * a known state is a state too, and keeps its digits in f32.
 */
import type { FloatDtype, Tensor } from '../../engine/index.ts';
import {
  abs,
  add,
  ConfigError,
  cast,
  div,
  full,
  gt,
  le,
  leavesOf,
  mapTree,
  max,
  maximum,
  mul,
  not,
  scan,
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
  /** What was recorded, (steps, …), zeros after the state has settled; null where nothing was. */
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
  const loop = (s: S): readonly [next: S, isMoving: Tensor | null, record: R] => {
    const f = force(s);
    const kept = record?.(s, f) ?? (null as R);
    const next = move(s, f);
    if (tolerance === 0) return [next, null, kept];
    const isMoving = gt(largest(followed(s, f)), tolerance);
    return [mapTree((y: Tensor, x: Tensor) => where(isMoving, y, x), next, s), isMoving, kept];
  };
  const { state, moves, records } = tolerance === 0 ? runAll(loop, start, steps) : runUntilStill(loop, start, steps);
  const residual = largest(followed(state, force(state)));
  const isSettled = le(residual, tolerance);
  return { state, residual, moves, isSettled, records: record === undefined ? null : records };
}

type Loop<S, R> = (s: S) => readonly [next: S, isMoving: Tensor | null, record: R];

interface Ran<S, R> {
  readonly state: S;
  readonly moves: Tensor;
  readonly records: R;
}

function runAll<S, R>(loop: Loop<S, R>, start: S, steps: number): Ran<S, R> {
  const step = (s: S): [S, R] => {
    const [next, , record] = loop(s);
    return [next, record];
  };
  const [state, records] = scan(step, start, null as unknown as Tensor, { length: steps });
  return { state, records, moves: full([], steps, dtypeOf(start)) };
}

/** The loop ends after the first step that moves nothing. */
function runUntilStill<S, R>(loop: Loop<S, R>, start: S, steps: number): Ran<S, R> {
  type Carry = { readonly s: S; readonly moves: Tensor; readonly isMoving: Tensor };
  const step = ({ s, moves }: Carry): [Carry, R] => {
    const [next, isMoving, record] = loop(s);
    return [{ s: next, moves: add(moves, cast(isMoving!, moves.dtype)), isMoving: isMoving! }, record];
  };
  const init: Carry = { s: start, moves: zeros([], dtypeOf(start)), isMoving: cast(full([], 1), 'bool') };
  const [last, records] = scan(step, init, null as unknown as Tensor, {
    length: steps,
    stopWhen: ({ isMoving }) => not(isMoving),
  });
  return { state: last.s, moves: last.moves, records };
}

const dtypeOf = (tree: unknown): FloatDtype => (leavesOf(tree)[0] as Tensor).dtype as FloatDtype;

const same = <S>(s: S): S => s;

/** The largest |component| of a tree, a scalar. */
export const largest = (tree: unknown): Tensor =>
  (leavesOf(tree) as Tensor[]).map((x) => max(abs(x))).reduce((a, b) => maximum(a, b));

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
