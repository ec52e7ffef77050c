/**
 * Time steps of fixed length for ordinary differential equations, on numbers, vectors or trees of tensors.
 *
 * On trees each step is a composition of engine ops, so it differentiates and compiles; the step length is a plain number (static under `jit`).
 */
import { spaceOf } from './space.ts';

/** The right-hand side of y′ = f(y, t). */
export type Field<V> = (y: V, t: number) => V;

/** One step from time t to t + h. */
export type Step<V> = (y: V, t: number, h: number) => V;

/** Positions and momenta. */
export interface Phase<V> {
  readonly q: V;
  readonly p: V;
}

/** A Hamiltonian T(p) + V(q) by its two fields. */
export interface SeparableFields<V> {
  /** ∂T/∂p. */
  readonly velocity: Field<V>;
  /** −∂V/∂q. */
  readonly force: Field<V>;
}

/** Kutta's classical method of order 4. */
export function rungeKutta4<V>(field: Field<V>): Step<V> {
  return (y, t, h) => {
    const { addScaled } = spaceOf(y);
    const k1 = field(y, t);
    const k2 = field(addScaled(y, h / 2, k1), t + h / 2);
    const k3 = field(addScaled(y, h / 2, k2), t + h / 2);
    const k4 = field(addScaled(y, h, k3), t + h);
    const outer = addScaled(addScaled(y, h / 6, k1), h / 6, k4);
    return addScaled(addScaled(outer, h / 3, k2), h / 3, k3);
  };
}

/** Symplectic Euler, order 1: q moves with the old p, then p with the new q. */
export function symplecticEuler<V>({ velocity, force }: SeparableFields<V>): Step<Phase<V>> {
  return ({ q, p }, t, h) => {
    const { addScaled } = spaceOf(q);
    const moved = addScaled(q, h, velocity(p, t));
    return { q: moved, p: addScaled(p, h, force(moved, t + h)) };
  };
}

/** Leapfrog (kick, drift, kick), order 2, symplectic and its own inverse under h → −h. */
export function leapfrog<V>({ velocity, force }: SeparableFields<V>): Step<Phase<V>> {
  return ({ q, p }, t, h) => {
    const { addScaled } = spaceOf(q);
    const kicked = addScaled(p, h / 2, force(q, t));
    const moved = addScaled(q, h, velocity(kicked, t + h / 2));
    return { q: moved, p: addScaled(kicked, h / 2, force(moved, t + h)) };
  };
}

/** Composes exact flows of a split system palindromically: all but the last for h/2, the last for h, and back; order 2, reversible. */
export function palindromic<V>(flows: readonly Step<V>[]): Step<V> {
  const outer = flows.slice(0, -1);
  const inner = flows.slice(-1);
  return (y, t, h) => {
    const there = outer.reduce((state, flow) => flow(state, t, h / 2), y);
    const turned = inner.reduce((state, flow) => flow(state, t, h), there);
    return outer.reduceRight((state, flow) => flow(state, t + h / 2, h / 2), turned);
  };
}

export interface RollOutOptions {
  readonly h: number;
  readonly steps: number;
  readonly from?: number;
}

/** The states at from, from + h, …, from + steps·h. */
export function rollOut<V>(step: Step<V>, start: V, { h, steps, from = 0 }: RollOutOptions): V[] {
  const states = [start];
  for (let i = 0; i < steps; i++) states.push(step(states[i]!, from + i * h, h));
  return states;
}
