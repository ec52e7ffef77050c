/** Learning rates as functions of the step, counted from 0; each is written once for numbers and for tensors. */
import { ConfigError, cast, Tensor } from '../engine/index.ts';
import type { Arithmetic } from './arithmetic.ts';
import { onNumbers, onTensors } from './arithmetic.ts';
import { checkRange } from './optimizer.ts';

/** A rate that depends on the step; `at` takes a number, or a scalar tensor (the result is f64). */
export interface Schedule {
  readonly name: string;
  readonly config: Readonly<Record<string, unknown>>;
  at(step: number): number;
  at(step: Tensor): Tensor;
  /** The formula, over either arithmetic. */
  formula<T>(a: Arithmetic<T>, step: T): T;
}

function schedule(name: string, config: Readonly<Record<string, unknown>>, formula: Schedule['formula']): Schedule {
  const at = (step: number | Tensor): number | Tensor =>
    step instanceof Tensor ? formula(onTensors, cast(step, 'f64')) : formula(onNumbers, step);
  return { name, config, formula, at: at as Schedule['at'] };
}

/** The same rate in every step. */
export const constant = (rate: number): Schedule =>
  schedule('constant', { rate: checkRange('constant', 'rate', rate, 0) }, (a) => a.of(rate));

export interface StepDecayOptions {
  readonly rate: number;
  /** Steps between two drops. */
  readonly every: number;
  readonly factor?: number;
}

/** rate · factor^⌊step / every⌋. */
export function stepDecay({ rate, every, factor = 0.1 }: StepDecayOptions): Schedule {
  checkSteps('stepDecay', 'every', every);
  return schedule('stepDecay', { rate, every, factor }, (a, t) =>
    a.mul(a.of(rate), a.pow(a.of(factor), a.floor(a.div(t, a.of(every))))),
  );
}

export interface ExponentialOptions {
  readonly rate: number;
  /** What one step multiplies the rate by. */
  readonly factor: number;
}

/** rate · factor^step. */
export const exponential = ({ rate, factor }: ExponentialOptions): Schedule =>
  schedule('exponential', { rate, factor }, (a, t) => a.mul(a.of(rate), a.pow(a.of(factor), t)));

export interface CosineOptions {
  readonly rate: number;
  /** Steps from the full rate to the final one. */
  readonly steps: number;
  readonly final?: number;
}

/** Half a cosine from `rate` down to `final` over `steps` steps, then `final`. */
export function cosine({ rate, steps, final = 0 }: CosineOptions): Schedule {
  checkSteps('cosine', 'steps', steps);
  return schedule('cosine', { rate, steps, final }, (a, t) =>
    a.add(a.of(rate), a.mul(a.of(final - rate), eased(a, progress(a, t, 0, steps)))),
  );
}

/** A straight line from `rate` to `final` over `steps` steps, then `final`. */
export function linearDecay({ rate, steps, final = 0 }: CosineOptions): Schedule {
  checkSteps('linearDecay', 'steps', steps);
  return schedule('linearDecay', { rate, steps, final }, (a, t) =>
    a.add(a.of(rate), a.mul(a.of(final - rate), progress(a, t, 0, steps))),
  );
}

/** Rises in `steps` equal parts to the start of another schedule, which then begins: the first step has rate / steps. */
export function warmup(steps: number, after: Schedule): Schedule {
  checkSteps('warmup', 'steps', steps);
  return schedule('warmup', { steps, after: { name: after.name, ...after.config } }, (a, t) => {
    const rise = a.min(a.of(1), a.div(a.add(t, a.of(1)), a.of(steps)));
    return a.mul(rise, after.formula(a, a.max(a.of(0), a.sub(t, a.of(steps)))));
  });
}

export interface InverseSqrtOptions {
  /** The rate at the end of the warm-up. */
  readonly rate: number;
  readonly warmup: number;
}

/** rate · min(n / warmup, √(warmup / n)) with n = step + 1, as in the first Transformer. */
export function inverseSqrt({ rate, warmup: steps }: InverseSqrtOptions): Schedule {
  checkSteps('inverseSqrt', 'warmup', steps);
  return schedule('inverseSqrt', { rate, warmup: steps }, (a, t) => {
    const n = a.add(t, a.of(1));
    return a.mul(a.of(rate), a.min(a.div(n, a.of(steps)), a.sqrt(a.div(a.of(steps), n))));
  });
}

export interface OneCycleOptions {
  /** The highest rate. */
  readonly rate: number;
  /** Steps of the whole cycle. */
  readonly steps: number;
  /** Share of the cycle in which the rate rises. */
  readonly rise?: number;
  /** The cycle starts at rate / startDivisor. */
  readonly startDivisor?: number;
  /** It ends at its start / finalDivisor. */
  readonly finalDivisor?: number;
}

/** One cycle (Smith & Topin 2017) with cosine flanks; the corners lie at rise·steps − 1 and steps − 1, as PyTorch's. */
export function oneCycle({
  rate,
  steps,
  rise = 0.3,
  startDivisor = 25,
  finalDivisor = 1e4,
}: OneCycleOptions): Schedule {
  const [top, end] = [rise * steps - 1, steps - 1];
  if (!(top > 0 && end > top))
    throw new ConfigError(`oneCycle: with ${steps} steps and rise ${rise} the cycle has no room to rise and fall`, {
      steps,
      rise,
      help: 'rise·steps must lie between 1 and steps',
    });
  const low = rate / startDivisor;
  return schedule('oneCycle', { rate, steps, rise, startDivisor, finalDivisor }, (a, t) => {
    const up = a.mul(a.of(rate - low), eased(a, progress(a, t, 0, top)));
    const down = a.mul(a.of(low / finalDivisor - rate), eased(a, progress(a, t, top, end)));
    return a.add(a.of(low), a.add(up, down));
  });
}

export interface PiecewiseOptions {
  /** Steps at which the rate changes, ascending. */
  readonly boundaries: readonly number[];
  /** One rate more than there are boundaries. */
  readonly rates: readonly number[];
}

/** Constant rates between boundaries; a boundary belongs to the rate after it. */
export function piecewise({ boundaries, rates }: PiecewiseOptions): Schedule {
  if (rates.length !== boundaries.length + 1)
    throw new ConfigError(
      `piecewise: ${boundaries.length} boundaries need ${boundaries.length + 1} rates, not ${rates.length}`,
      { boundaries, rates },
    );
  return schedule('piecewise', { boundaries, rates }, (a, t) =>
    boundaries.reduce(
      (rate, b, i) => a.add(rate, a.mul(a.of(rates[i + 1]! - rates[i]!), reached(a, t, b))),
      a.of(rates[0]!),
    ),
  );
}

/** How much of [from, to] lies behind step t, 0 to 1. */
const progress = <T>(a: Arithmetic<T>, t: T, from: number, to: number): T =>
  a.min(a.of(1), a.max(a.of(0), a.div(a.sub(t, a.of(from)), a.of(to - from))));

/** 0 before step b, 1 from b on. */
const reached = <T>(a: Arithmetic<T>, t: T, b: number): T =>
  a.min(a.of(1), a.max(a.of(0), a.add(a.of(1), a.floor(a.sub(t, a.of(b))))));

/** ½·(1 − cos πp): from 0 to 1 with level ends. */
const eased = <T>(a: Arithmetic<T>, p: T): T => a.mul(a.of(0.5), a.sub(a.of(1), a.cos(a.mul(a.of(Math.PI), p))));

function checkSteps(name: string, option: string, value: number): void {
  if (!(Number.isInteger(value) && value >= 1))
    throw new ConfigError(`${name}: ${option} is ${value}; it must be a whole number ≥ 1`, { option, value });
}
