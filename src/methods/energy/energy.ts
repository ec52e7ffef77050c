/**
 * Energy-based models: an energy is a function of activities and parameters, inference its gradient flow, and a phase an argument.
 *
 * Total energy E(s, θ, λ) = I(s, θ) + λ·C(s, θ), both summed over the batch; λ is how strongly the cost pulls. Free: λ = 0; nudged: λ ≠ 0; clamped: some activities are held at given values.
 */
import type { Tensor, TensorLike } from '../../engine/index.ts';
import { add, div, grad, mapTree, mul, neg, sub, trees, zerosLike } from '../../engine/index.ts';
import type { Tree } from '../../nn/layer.ts';
import type { Relaxed, RelaxOptions } from './relax.ts';
import { relax } from './relax.ts';

export interface Energy<S, P = Tree> {
  /** I(s, θ): a scalar, summed over the batch. */
  internal(s: S, params: P): Tensor;
  /** C(s, θ): a scalar, summed over the batch. */
  cost(s: S, params: P): Tensor;
  /** Brings activities back to where they may be, where the energy has bounds. */
  readonly confine?: (s: S) => S;
}

export interface Phase<S> {
  /** λ. */
  readonly nudge: TensorLike;
  /** Takes the force away from what is clamped; nothing is unless said. */
  readonly hold?: (force: S) => S;
}

export const free = { nudge: 0 } as const;

/** The cost pulls with strength λ. */
export const nudged = (by: TensorLike): { readonly nudge: TensorLike } => ({ nudge: by });

/** The listed entries of a list of activities keep the values they start with. */
export const clamped = (...entries: readonly number[]): Phase<readonly Tensor[]> => ({
  nudge: 0,
  hold: (force) => force.map((f, i) => (entries.includes(i) ? zerosLike(f) : f)),
});

/** E(s, θ, λ) = I + λ·C. */
export const totalEnergy = <S, P>(energy: Energy<S, P>, s: S, params: P, nudge: TensorLike): Tensor =>
  nudge === 0 ? energy.internal(s, params) : add(energy.internal(s, params), mul(energy.cost(s, params), nudge));

/** The force of a phase: −∂E/∂s, with nothing on what is held. */
export function forceOf<S, P>(energy: Energy<S, P>, params: P, { nudge, hold }: Phase<S>): (s: S) => S {
  const downhill = (s: S): S => trees.mapTensors(neg, grad((v: S) => totalEnergy(energy, v, params, nudge))(s));
  return hold === undefined ? downhill : (s) => hold(downhill(s));
}

/** Relaxes activities in a phase, along the gradient flow of the energy. */
export function settle<S, P, R extends Tree = null>(
  energy: Energy<S, P>,
  params: P,
  start: S,
  phase: Phase<S>,
  options: Omit<RelaxOptions<S, R>, 'confine'>,
): Relaxed<S, R> {
  const { confine } = energy;
  return relax(forceOf(energy, params, phase), start, { ...options, ...(confine === undefined ? {} : { confine }) });
}

/** Activities with the nudge under which they settled. */
export interface Settled<S> {
  readonly state: S;
  readonly nudge: TensorLike;
}

/**
 * The gradient of the cost at the free equilibrium, from two equilibria: (∂E/∂θ(a) − ∂E/∂θ(b)) / (λₐ − λ_b), activities held fixed.
 *
 * One-sided from a nudged and a free state, with bias O(λ); centred from nudges of both signs, with bias O(λ²). Source: Scellier & Bengio, arXiv:1602.05179; Laborieux et al., arXiv:2006.03824.
 */
export function contrast<S, P>(energy: Energy<S, P>, params: P, a: Settled<S>, b: Settled<S>): P {
  const slopes = ({ state, nudge }: Settled<S>): P => grad((p: P) => totalEnergy(energy, state, p, nudge))(params);
  return mapTree((x: Tensor, y: Tensor) => div(sub(x, y), apart(a.nudge, b.nudge)), slopes(a), slopes(b));
}

const apart = (a: TensorLike, b: TensorLike): TensorLike =>
  typeof a === 'number' && typeof b === 'number' ? a - b : sub(a, b);
