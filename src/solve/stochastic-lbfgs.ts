/**
 * L-BFGS on sampled objectives: one step at a time, both gradients of a pair from the same sample.
 *
 * Source: N. Schraudolph, J. Yu, S. Günter, A Stochastic Quasi-Newton Method for Online Convex Optimization, AISTATS 2007, with Armijo's backtracking on the sample instead of a gain schedule.
 */
import { ConfigError } from '../engine/errors.ts';
import { type LbfgsMemory, lbfgsDirection, remember } from './lbfgs.ts';
import { armijoPoint } from './line-search.ts';
import { type Objective, pointAt } from './objective.ts';
import { requirePositive } from './refuse.ts';
import { spaceOf } from './space.ts';

export interface StochasticLbfgsOptions {
  /** The largest element of a step; 1 unless said. */
  readonly maxStep?: number;
  /** The largest element of the first step, which goes along the gradient; 0.1 unless said. */
  readonly firstStep?: number;
  /** Tries of the backtracking; 8 unless said. */
  readonly maxTries?: number;
}

export interface StochasticLbfgsState<V> {
  readonly x: V;
  readonly memory: LbfgsMemory<V>;
}

export interface StochasticLbfgsResult<V> extends StochasticLbfgsState<V> {
  /** Of the sample, before the step. */
  readonly value: number;
  readonly gradient: V;
  /** 0 where the sample does not fall along the direction: then x stays. */
  readonly step: number;
  readonly evaluations: number;
}

/**
 * One step on one sample of an objective: call it with an objective in which data and noise are fixed, and with another one the next time.
 *
 * The pair of the step and the change of gradient over it is remembered where ⟨s, y⟩ > 1e-8·⟨s, s⟩; as both gradients see the same sample, noise does not enter as curvature.
 */
export function stochasticLbfgsStep<V>(
  objective: Objective<V>,
  { x, memory }: StochasticLbfgsState<V>,
  { maxStep = 1, firstStep = 0.1, maxTries = 8 }: StochasticLbfgsOptions = {},
): StochasticLbfgsResult<V> {
  requirePositive('maxStep', maxStep);
  requirePositive('firstStep', firstStep);
  const { scale, addScaled, maxAbs } = spaceOf(x);
  const start = pointAt(objective, x);
  const { value, gradient } = start;
  const steepest = maxAbs(gradient);
  if (!Number.isFinite(value) || !Number.isFinite(steepest))
    throw new ConfigError(
      `stochasticLbfgsStep: the value is ${value} and the largest element of the gradient ${steepest}`,
      {
        value,
        steepest,
        help: 'start elsewhere, or take smaller steps: maxStep',
      },
    );
  if (steepest === 0) return { x, memory, value, gradient, step: 0, evaluations: 1 };
  const along = memory.pairs.length === 0 ? scale(gradient, -firstStep / steepest) : lbfgsDirection(memory, gradient);
  const direction = scale(along, Math.min(1, maxStep / maxAbs(along)));
  const { step, point, evaluations: tries } = armijoPoint(objective, start, direction, { maxTries });
  const evaluations = 1 + tries;
  if (step === 0) return { x, memory, value, gradient, step, evaluations };
  const pairs = remember(memory, addScaled(point.x, -1, x), addScaled(point.gradient, -1, gradient));
  return { x: point.x, memory: pairs, value, gradient, step, evaluations };
}
