/** Solvers: roots, integrals, minima, differential equations, linear systems; on numbers, vectors and trees of tensors. */
export * from './bounded-lbfgs.ts';
export * from './conjugate-gradient.ts';
export * from './dormand-prince.ts';
export * from './implicit-midpoint.ts';
export * from './integrator.ts';
export * from './lbfgs.ts';
export * from './line-search.ts';
export * from './minimum.ts';
export { type Objective, type Point, pointAt } from './objective.ts';
export * from './power-iteration.ts';
export * from './prediction-time.ts';
export * from './quadrature.ts';
export * from './root.ts';
export * from './row-reduction.ts';
export { type Space, spaceOf } from './space.ts';
export * from './stochastic-lbfgs.ts';
