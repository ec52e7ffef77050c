/**
 * Pairs of states a time h apart in place of velocities, and what an energy learned from them says of the true one.
 *
 * Rule     velocity (x⁺ − x)/h at the point where an integrator evaluates: (q⁺, p) for symplectic Euler, (x + x⁺)/2 for the implicit midpoint. Then that integrator's step with the
 *          learned energy reproduces the data, so what is learned is the integrator's modified energy: H = Ĥ + (h/2)·∂_qĤ·∂_pĤ + O(h²) for symplectic Euler, H = Ĥ + O(h²) for the midpoint.
 * Source   Rahma, Datar, Dietrich 2024; Hairer, Lubich, Wanner, Geometric Numerical Integration, §IX.3.
 */
import { add, concat, div, mul, ShapeError, sliceAxis, sub, sum, type Tensor } from '../../engine/index.ts';
import { type Energy, energyAt, gradientAt } from './energy.ts';

/** Where the velocity of a pair is said to hold. */
export type PairRule = 'symplectic-euler' | 'midpoint';

export interface PairMotion {
  readonly x: Tensor;
  readonly velocity: Tensor;
}

/** Points and velocities of pairs x → next (K, D), a time h apart: a number, or (K, 1) where the times differ. */
export function pairMotion(
  x: Tensor,
  next: Tensor,
  h: number | Tensor,
  rule: PairRule = 'symplectic-euler',
): PairMotion {
  if (String(x.shape) !== String(next.shape) || x.rank !== 2 || x.shape[1]! % 2 !== 0)
    throw new ShapeError(`states (${x.shape}) and those after them (${next.shape}) are no pairs`, {
      x: x.shape,
      next: next.shape,
      help: 'both are (pairs, 2n), positions first',
    });
  const [n, width] = [x.shape[1]! / 2, x.shape[1]!];
  const at =
    rule === 'midpoint' ? mul(0.5, add(x, next)) : concat([sliceAxis(next, 1, 0, n), sliceAxis(x, 1, n, width)], 1);
  return { x: at, velocity: div(sub(next, x), h) };
}

/** The energy at states (K, D), corrected to first order for having been learned from symplectic-Euler pairs a time h apart: (K). */
export function correctedEnergyAt(energy: Energy, x: Tensor, h: number): Tensor {
  const gradient = gradientAt(energy, x);
  const [n, width] = [x.shape[1]! / 2, x.shape[1]!];
  const bracket = sum(mul(sliceAxis(gradient, 1, 0, n), sliceAxis(gradient, 1, n, width)), 1);
  return add(energyAt(energy, x), mul(h / 2, bracket));
}
