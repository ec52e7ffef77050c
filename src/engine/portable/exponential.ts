/** exp, expm1, tanh, logistic and softplus: x = k·ln 2 + r, a polynomial in r, a scaling by 2^k. */
import { nearest, polynomial, powerOfTwo, scale, withSign } from './bits.ts';
import { EXP, LN2_HIGH, LN2_LOW, LOG2_E, TANH, TANH_SPLIT } from './coefficients.ts';
import { log1p } from './logarithm.ts';

/** The tail of exp(h + l) = 2^k·(1 + r + tail): r is rounded, and what was lost goes into the tail. */
export function reduceExp(h: number, l: number): { readonly k: number; readonly r: number; readonly tail: number } {
  const k = nearest(h * LOG2_E);
  const high = h - k * LN2_HIGH; // exact: LN2_HIGH has 42 bits
  const low = k * LN2_LOW - l;
  const r = high - low;
  return { k, r, tail: r * r * polynomial(r, EXP) + (high - r - low) };
}

/** 1 + r + tail for |r| ≤ ½; what the first sum loses goes into the tail. */
export function onePlus(r: number, tail: number): number {
  const sum = 1 + r;
  return sum + (1 - sum + r + tail);
}

/** eˣ. */
export function exp(x: number): number {
  if (Number.isNaN(x)) return x;
  const { k, r, tail } = reduceExp(x < -746 ? -746 : x > 710 ? 710 : x, 0);
  return scale(onePlus(r, tail), k);
}

/** eˣ − 1, accurate near 0. */
export function expm1(x: number): number {
  if (!(Math.abs(x) >= 2 ** -54)) return x;
  const { k, r, tail } = reduceExp(x < -40 ? -40 : x > 710 ? 710 : x, 0);
  const half = powerOfTwo(k - 1); // half of 2^k, because 2^1024 is not a number
  return (half * (r + tail) + (half - 0.5)) * 2;
}

/** The hyperbolic tangent: an odd polynomial near 0, 1 − 2/(e²ˣ + 1) beyond. */
export function tanh(x: number): number {
  const a = Math.abs(x);
  if (Number.isNaN(x)) return x;
  if (a >= TANH_SPLIT) return withSign(1 - 2 / (exp(2 * a) + 1), x);
  const z = a * a;
  return withSign(a + a * (z * polynomial(z, TANH)), x);
}

/** 1/(1 + e⁻ˣ), accurate in both tails: with z = e^−|x| and s = z/(1 + z) it is 1 − s, or z − z·s = s rounded better. */
export function logistic(x: number): number {
  const z = exp(-Math.abs(x));
  const rest = z / (1 + z);
  const whole = x < 0 ? z : 1;
  return whole - whole * rest;
}

/** ln(1 + eˣ), accurate in both tails. */
export function softplus(x: number): number {
  return (x > 0 ? x : 0) + log1p(exp(-Math.abs(x)));
}
