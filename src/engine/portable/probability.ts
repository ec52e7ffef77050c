/** erf, its inverse and the normal quantile. */
import { polynomial, withSign } from './bits.ts';
import {
  ERF_HEAD,
  ERF_NEAR,
  ERFC_LOG,
  QUANTILE_CENTRE,
  QUANTILE_CENTRE_LIMIT,
  QUANTILE_FAR,
  QUANTILE_FAR_START,
  QUANTILE_TAIL,
  QUANTILE_TAIL_START,
} from './coefficients.ts';
import { twoProduct } from './exact.ts';
import { exp } from './exponential.ts';
import { log } from './logarithm.ts';

/** The error function: an odd polynomial up to 1, 1 − exp(−P(x)) beyond. */
export function erf(x: number): number {
  const a = Math.abs(x);
  if (Number.isNaN(x)) return x;
  if (a >= 1) return withSign(1 - exp(-polynomial((a > 6 ? 6 : a) - 1, ERFC_LOG)), x);
  const z = a * a;
  return withSign(a + a * (ERF_HEAD + z * polynomial(z, ERF_NEAR)), x);
}

/**
 * Φ⁻¹(½ + d) for d ≥ 0, given d and the other tail's probability p = ½ − d, each to full relative accuracy.
 * With w = −ln 4p(1−p) the quotient Φ⁻¹/d is smooth; far out, Φ⁻¹ − r is a rational function of r = √(−2 ln p).
 */
function upperQuantile(d: number, p: number): number {
  const w = -log(4 * p * (1 - p));
  if (w <= QUANTILE_CENTRE_LIMIT) return 2.5 * d + d * polynomial(w, QUANTILE_CENTRE);
  return tailQuantile(-2 * log(p));
}

/** Φ⁻¹ as r + a rational in r = √v; what the root's rounding lost is added to the small part. */
function tailQuantile(v: number): number {
  const r = Math.sqrt(v);
  const [square, error] = twoProduct(r, r);
  const lost = (0.5 * (v - square - error)) / r;
  const isFar = r > QUANTILE_FAR_START;
  const small = isFar
    ? quotient(r - QUANTILE_FAR_START, QUANTILE_FAR)
    : quotient(r - QUANTILE_TAIL_START, QUANTILE_TAIL);
  return r + (small + lost);
}

function quotient(t: number, [top, bottom]: readonly [readonly number[], readonly number[]]): number {
  return polynomial(t, top) / polynomial(t, bottom);
}

/** The standard normal value below which a share p of the distribution lies; ∓∞ at 0 and 1, NaN outside [0, 1]. */
export function normalQuantile(p: number): number {
  if (!(p >= 0 && p <= 1)) return NaN;
  if (p === 0 || p === 1) return p === 0 ? -Infinity : Infinity;
  const d = p - 0.5; // below ¼ rounded, but by less than half a unit of d
  return d < 0 ? -upperQuantile(-d, p) : upperQuantile(d, 1 - p);
}

/** The x with erf x = y; ±∞ at ±1, NaN outside [−1, 1]. */
export function erfInverse(y: number): number {
  const a = Math.abs(y);
  if (!(a <= 1)) return NaN;
  if (a === 1) return withSign(Infinity, y);
  if (a < 2 ** -500) return HALF_ROOT_PI * y;
  const z = upperQuantile(0.5 * a, 0.5 * (1 - a));
  return withSign(ROOT_HALF * z + ROOT_HALF_LOW * z, y);
}

const ROOT_HALF = Math.SQRT1_2;
const ROOT_HALF_LOW = -4.833646656726457e-17;
const HALF_ROOT_PI = 0.886226925452758;
