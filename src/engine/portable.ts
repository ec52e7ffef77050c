/**
 * Elementary functions in f64 with the same bits on every engine: only +, −, ×, ÷, sqrt, comparisons and bit views.
 *
 * Initialisers, schedules, random numbers and procedural data use these, because `Math.pow` and friends differ between
 * engine versions. Measured errors stand in docs/notes/0007-functions.md; the WASM f64 forms use the same formulas.
 */
export { exp, expm1, logistic, softplus, tanh } from './portable/exponential.ts';
export { log, log1p } from './portable/logarithm.ts';
export { pow } from './portable/power.ts';
export { erf, erfInverse, normalQuantile } from './portable/probability.ts';
export { atan2, cos, sin, tan } from './portable/trigonometry.ts';
