/** Conjugate gradients for symmetric systems, on numbers, vectors or trees of tensors; stops where the curvature is not positive. */
import { scoped } from '../engine/index.ts';
import { spaceOf } from './space.ts';

export interface ConjugateGradientOptions<V> {
  readonly start?: V;
  /** Solves (A + damping·I)·x = b. */
  readonly damping?: number;
  /** Of ‖b − A·x‖ relative to ‖b‖; default 1e-8. */
  readonly tolerance?: number;
  /** Default 100. */
  readonly maxIterations?: number;
  /** Applies an approximate inverse of A, symmetric and positive. */
  readonly precondition?: (residual: V) => V;
}

export interface ConjugateGradientResult<V> {
  /** The last iterate; under negative curvature the one before the step to infinity. */
  readonly x: V;
  readonly iterations: number;
  /** ‖b − A·x‖ / ‖b‖, by recurrence. */
  readonly residual: number;
  readonly exit: 'converged' | 'negative-curvature' | 'iterations';
  /** The direction in which the curvature was not positive. */
  readonly direction?: V;
}

interface State<V> {
  readonly x: V;
  readonly r: V;
  readonly p: V;
  /** ⟨r, M⁻¹r⟩ and ‖r‖. */
  readonly rz: number;
  readonly size: number;
  readonly isConvex: boolean;
}

/**
 * Solves (A + damping·I)·x = b, A symmetric and given by its product with a vector.
 *
 * A direction p with ⟨p, A·p⟩ ≤ 0 ends the solve and comes back beside the last iterate.
 * Source: Hestenes, Stiefel, Methods of Conjugate Gradients for Solving Linear Systems, 1952.
 */
export function conjugateGradient<V>(
  apply: (x: V) => V,
  b: V,
  {
    start,
    damping = 0,
    tolerance = 1e-8,
    maxIterations = 100,
    precondition = (r) => r,
  }: ConjugateGradientOptions<V> = {},
): ConjugateGradientResult<V> {
  const space = spaceOf(b);
  const product = (x: V) => (damping === 0 ? apply(x) : space.addScaled(apply(x), damping, x));
  const scale = Math.sqrt(space.dot(b, b)) || 1;
  const finish = (exit: ConjugateGradientResult<V>['exit'], iterations: number) => ({
    x: state.x,
    iterations,
    residual: state.size / scale,
    exit,
  });
  let state = scoped((): State<V> => {
    const x = start ?? space.scale(b, 0);
    const r = start === undefined ? b : space.addScaled(b, -1, product(x));
    const p = precondition(r);
    return { x, r, p, rz: space.dot(r, p), size: Math.sqrt(space.dot(r, r)), isConvex: true };
  });
  for (let i = 0; i < maxIterations; i++) {
    if (state.size <= tolerance * scale) return finish('converged', i);
    const { x, r, p, rz } = state;
    const next = scoped((): State<V> => {
      const ap = product(p);
      const curvature = space.dot(p, ap);
      if (!(curvature > 0)) return { ...state, isConvex: false };
      const newR = space.addScaled(r, -rz / curvature, ap);
      const z = precondition(newR);
      const newRz = space.dot(newR, z);
      const size = Math.sqrt(space.dot(newR, newR));
      return {
        x: space.addScaled(x, rz / curvature, p),
        r: newR,
        p: space.addScaled(z, newRz / rz, p),
        rz: newRz,
        size,
        isConvex: true,
      };
    });
    if (!next.isConvex) return { ...finish('negative-curvature', i), direction: p };
    state = next;
  }
  return finish(state.size <= tolerance * scale ? 'converged' : 'iterations', maxIterations);
}
