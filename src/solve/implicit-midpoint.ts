/** The implicit midpoint rule: symplectic for every Hamiltonian, separable or not, and its own inverse under h → −h. */
import { DivergedError } from '../engine/errors.ts';
import type { Field, Step } from './integrator.ts';
import { requirePositive } from './refuse.ts';
import { spaceOf } from './space.ts';

export interface ImplicitMidpointOptions {
  /** The iteration ends when it moves no component by more than this part of the largest one, or of 1; 1e-13 unless said. */
  readonly tolerance?: number;
  /** Iterations before a step counts as failed; 100 unless said. */
  readonly iterations?: number;
}

/** y⁺ = y + h·f((y + y⁺)/2, t + h/2), order 2, by fixed-point iteration; throws a DivergedError where h is too long for it to settle. */
export function implicitMidpoint<V>(
  field: Field<V>,
  { tolerance = 1e-13, iterations = 100 }: ImplicitMidpointOptions = {},
): Step<V> {
  requirePositive('tolerance', tolerance);
  return (y, t, h) => {
    const { addScaled, maxAbs } = spaceOf(y);
    let slope = field(y, t);
    for (let i = 0; i < iterations; i++) {
      const next = field(addScaled(y, h / 2, slope), t + h / 2);
      const moved = Math.abs(h) * maxAbs(addScaled(next, -1, slope));
      slope = next;
      if (moved <= tolerance * Math.max(1, maxAbs(y))) return addScaled(y, h, slope);
    }
    throw new DivergedError(`the midpoint of a step of ${h} did not settle in ${iterations} iterations`, {
      h,
      iterations,
      help: 'take a shorter step',
    });
  };
}
