/** Distribution functions beside Student's: normal, χ², F, binomial. */
import { ConfigError } from '../engine/errors.ts';
import { erf, normalQuantile as quantileOf } from '../engine/portable.ts';
import { incompleteBeta, lowerGamma, upperGamma } from './special.ts';

/** P(Z ≤ z) of the standard normal, accurate in both tails. */
export function normalCdf(z: number): number {
  if (z < -1) return 0.5 * upperGamma(0.5, 0.5 * z * z);
  if (z > 1) return 1 - 0.5 * upperGamma(0.5, 0.5 * z * z);
  return 0.5 * (1 + erf(z * Math.SQRT1_2));
}

/** The density of the standard normal. */
export const normalPdf = (z: number): number => Math.exp(-0.5 * z * z) / Math.sqrt(2 * Math.PI);

/** The z with P(Z ≤ z) = p. */
export const normalQuantile = (p: number): number => quantileOf(p);

/** P(X ≤ x) of χ² with `df` degrees of freedom. */
export function chiSquareCdf(x: number, df: number): number {
  requireFreedom(df);
  return lowerGamma(df / 2, x / 2);
}

/** P(X > x) of χ² with `df` degrees of freedom, accurate far out. */
export function chiSquareTail(x: number, df: number): number {
  requireFreedom(df);
  return upperGamma(df / 2, x / 2);
}

/** P(X ≤ x) of Fisher's F with `df1` and `df2` degrees of freedom. */
export function fCdf(x: number, df1: number, df2: number): number {
  requireFreedom(df1);
  requireFreedom(df2);
  if (x === Infinity) return 1;
  return x <= 0 ? 0 : incompleteBeta((df1 * x) / (df1 * x + df2), df1 / 2, df2 / 2);
}

/** P(X > x) of Fisher's F with `df1` and `df2` degrees of freedom, accurate far out. */
export function fTail(x: number, df1: number, df2: number): number {
  requireFreedom(df1);
  requireFreedom(df2);
  return x <= 0 ? 1 : incompleteBeta(df2 / (df1 * x + df2), df2 / 2, df1 / 2);
}

/** P(X ≤ k) for the number X of successes in n independent trials with probability p. */
export function binomialCdf(k: number, n: number, p: number): number {
  if (k < 0) return 0;
  return k >= n ? 1 : incompleteBeta(1 - p, n - Math.floor(k), Math.floor(k) + 1);
}

function requireFreedom(df: number): void {
  if (df > 0) return;
  throw new ConfigError(`degrees of freedom must be positive, got ${df}`, {
    df,
    help: 'use n − 1 of at least two values',
  });
}
