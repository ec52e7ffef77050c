/**
 * The embedded Runge–Kutta pair of orders 5 and 4 of Dormand and Prince, with error control and continuous output.
 *
 * Source: Dormand, Prince, A Family of Embedded Runge–Kutta Formulae, 1980; dense output and step control as in
 * Hairer, Nørsett, Wanner, Solving Ordinary Differential Equations I, sections II.4 to II.6.
 */
import { ConfigError, DivergedError } from '../engine/errors.ts';
import { scoped } from '../engine/index.ts';
import type { Field } from './integrator.ts';
import { requirePositive } from './refuse.ts';
import { type Space, spaceOf } from './space.ts';

const C = [0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1, 1];
const A = [
  [],
  [1 / 5],
  [3 / 40, 9 / 40],
  [44 / 45, -56 / 15, 32 / 9],
  [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
  [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
  [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
];
const ERROR = [71 / 57600, 0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40];
const DENSE = [
  -12715105075 / 11282082432,
  0,
  87487479700 / 32700410799,
  -10690763975 / 1880347072,
  701980252875 / 199316789632,
  -1453857185 / 822651844,
  69997945 / 29380423,
];

export interface DormandPrinceOptions {
  /** Of the error per step, relative to |y|; default 1e-6. */
  readonly relative?: number;
  /** Of the error per step where y is near 0; default 1e-9. */
  readonly absolute?: number;
  readonly firstStep?: number;
  readonly maxSteps?: number;
}

export interface Trajectory<V> {
  /** The ends of the accepted steps, the start first. */
  readonly times: readonly number[];
  readonly states: readonly V[];
  /** The last state. */
  readonly y: V;
  readonly rejected: number;
  readonly evaluations: number;
  /** The state at any time between the ends, by the continuous extension of order 4. */
  at(t: number): V;
}

interface Stretch<V> {
  readonly t: number;
  readonly h: number;
  readonly y: V;
  readonly next: V;
  readonly slope: V;
  readonly endSlope: V;
  /** h·Σ dᵢkᵢ, the fifth term of the interpolant. */
  readonly bend: V;
  readonly error: number;
}

/** Integrates y′ = f(y, t) from one time to another, forwards or backwards, with steps as long as the tolerances allow. */
export function dormandPrince<V>(
  field: Field<V>,
  start: V,
  [from, to]: readonly [from: number, to: number],
  { relative = 1e-6, absolute = 1e-9, firstStep, maxSteps = 100_000 }: DormandPrinceOptions = {},
): Trajectory<V> {
  requireTimes(from, to);
  requirePositive('absolute', absolute);
  const space = spaceOf(start);
  const [stretches, times]: [Stretch<V>[], number[]] = [[], [from]];
  let [t, y, slope] = [from, start, field(start, from)];
  let h = firstStep === undefined ? firstGuess(space, y, slope, to - from) : Math.sign(to - from) * Math.abs(firstStep);
  let [rejected, before] = [0, 1e-4];
  while (t !== to) {
    if (Math.abs(h) > Math.abs(to - t)) h = to - t;
    const tried = scoped(() => attempt(field, space, { y, t, h, slope }, absolute, relative));
    if (tried.error <= 1) {
      [t, y, slope] = [h === to - t ? to : t + h, tried.next, tried.endSlope];
      stretches.push(tried);
      times.push(t);
      h *= growth(tried.error, before);
      before = Math.max(tried.error, 1e-4);
    } else {
      rejected++;
      h *= Number.isFinite(tried.error) ? Math.max(0.2, 0.9 * tried.error ** -0.2) : 0.1;
    }
    requireProgress(t, h, to, stretches.length + rejected, maxSteps);
  }
  return trajectory(space, start, times, stretches, rejected);
}

/** Proportional–integral control: the last error as well as this one decides, which avoids most rejections. */
const growth = (error: number, before: number): number =>
  Math.min(10, Math.max(0.2, 0.9 * Math.max(error, 1e-10) ** -0.17 * before ** 0.04));

/** A step over which y changes by about a hundredth of its size. */
function firstGuess<V>(space: Space<V>, y: V, slope: V, span: number): number {
  const speed = space.maxAbs(slope);
  const size = space.maxAbs(y);
  const length = speed > 0 && size > 0 ? (0.01 * size) / speed : 1e-3 * Math.abs(span);
  return Math.sign(span) * Math.min(length, Math.abs(span));
}

function attempt<V>(
  field: Field<V>,
  space: Space<V>,
  { y, t, h, slope }: { readonly y: V; readonly t: number; readonly h: number; readonly slope: V },
  absolute: number,
  relative: number,
): Stretch<V> {
  const k = [slope];
  let next = y;
  for (let i = 1; i < 7; i++) {
    next = combine(space, y, h, A[i]!, k);
    k.push(field(next, t + C[i]! * h));
  }
  const zero = space.scale(y, 0);
  const error = space.scaledError(combine(space, zero, h, ERROR, k), y, next, absolute, relative);
  return { t, h, y, next, slope, endSlope: k[6]!, bend: combine(space, zero, h, DENSE, k), error };
}

/** y + h·Σ cᵢkᵢ. */
const combine = <V>(space: Space<V>, y: V, h: number, c: readonly number[], k: readonly V[]): V =>
  c.reduce((sum, ci, i) => (ci === 0 ? sum : space.addScaled(sum, h * ci, k[i]!)), y);

function trajectory<V>(
  space: Space<V>,
  start: V,
  times: readonly number[],
  stretches: readonly Stretch<V>[],
  rejected: number,
): Trajectory<V> {
  const states = [start, ...stretches.map(({ next }) => next)];
  const evaluations = 1 + 6 * (stretches.length + rejected);
  return {
    times,
    states,
    y: states.at(-1)!,
    rejected,
    evaluations,
    at: (time) => interpolate(space, stretchAt(stretches, times, time), time),
  };
}

function stretchAt<V>(stretches: readonly Stretch<V>[], times: readonly number[], time: number): Stretch<V> {
  const [first, last] = [times[0]!, times.at(-1)!];
  if (!((time - first) * (time - last) <= 0)) {
    throw new ConfigError(`at(${time}) lies outside of the solved interval [${first}, ${last}]`, {
      time,
      help: 'integrate further first',
    });
  }
  const direction = Math.sign(last - first);
  return stretches[times.findIndex((end, i) => i > 0 && direction * (end - time) >= 0) - 1]!;
}

/** Hermite's cubic through both ends and slopes, plus θ²(1 − θ)²·bend. */
function interpolate<V>(space: Space<V>, { t, h, y, next, slope, endSlope, bend }: Stretch<V>, time: number): V {
  const { addScaled } = space;
  const x = (time - t) / h;
  const rest = 1 - x;
  const between = addScaled(space.scale(y, rest * rest * (1 + 2 * x)), x * x * (3 - 2 * x), next);
  const sloped = addScaled(addScaled(between, h * x * rest * rest, slope), -h * x * x * rest, endSlope);
  return addScaled(sloped, x * x * rest * rest, bend);
}

function requireTimes(from: number, to: number): void {
  if (Number.isFinite(from) && Number.isFinite(to) && from !== to) return;
  throw new ConfigError(`dormandPrince needs two different finite times, got ${from} and ${to}`, {
    from,
    to,
    help: 'for example [0, 10]',
  });
}

function requireProgress(t: number, h: number, to: number, steps: number, maxSteps: number): void {
  if (t === to || (steps < maxSteps && t + h !== t && !Number.isNaN(h))) return;
  const reason = steps < maxSteps ? `the step fell to ${h}` : `${steps} steps were not enough`;
  throw new DivergedError(`dormandPrince stopped at t = ${t} on the way to ${to}: ${reason}`, {
    t,
    h,
    steps,
    help: 'the system may be stiff or have a singularity there: loosen the tolerances, or integrate up to it',
  });
}
