/** The dominant eigenvalue of a linear map, and the largest singular value, from products with vectors alone. */
import { ConfigError } from '../engine/errors.ts';
import { scoped } from '../engine/index.ts';
import { spaceOf } from './space.ts';

export interface PowerIterationOptions {
  /** Of ‖A·v − λ·v‖ relative to |λ|; default 1e-8. For a symmetric map the error of λ is of the order of its square. */
  readonly tolerance?: number;
  readonly maxIterations?: number;
}

export interface PowerIterationResult<V> {
  /** The eigenvalue of largest magnitude, with its sign. */
  readonly value: number;
  /** Of norm 1. */
  readonly vector: V;
  readonly iterations: number;
  /** ‖A·v − λ·v‖. */
  readonly residual: number;
  readonly converged: boolean;
}

/** Applies a map again and again; the start must not be orthogonal to the dominant eigenvector (draw it at random). */
export function powerIteration<V>(
  apply: (x: V) => V,
  start: V,
  { tolerance = 1e-8, maxIterations = 1000 }: PowerIterationOptions = {},
): PowerIterationResult<V> {
  const space = spaceOf(start);
  const norm = (x: V) => Math.sqrt(space.dot(x, x));
  const length = norm(start);
  if (!(length > 0 && Number.isFinite(length))) {
    throw new ConfigError(`powerIteration cannot start from a vector of norm ${length}`, { help: 'draw it at random' });
  }
  let vector = space.scale(start, 1 / length);
  for (let i = 1; ; i++) {
    const step = scoped(() => {
      const image = apply(vector);
      const value = space.dot(vector, image);
      const size = norm(image);
      const residual = norm(space.addScaled(image, -value, vector));
      return { value, residual, next: size === 0 ? vector : space.scale(image, 1 / size) };
    });
    const { value, residual } = step;
    const converged = residual <= tolerance * Math.abs(value);
    if (converged || i >= maxIterations || Number.isNaN(residual))
      return { value, vector, iterations: i, residual, converged };
    vector = step.next;
  }
}

/** The largest singular value of a linear map given with its transpose: power iteration on AᵀA. */
export function spectralNorm<X, Y>(
  apply: (x: X) => Y,
  applyTransposed: (y: Y) => X,
  start: X,
  options: PowerIterationOptions = {},
): number {
  return Math.sqrt(powerIteration((x: X) => applyTransposed(apply(x)), start, options).value);
}
