/** pow: the logarithm to about 2⁻⁶⁵ as a sum of two f64, times y, then exp of both parts. */
import { decompose, polynomial, scale } from './bits.ts';
import { LN2_HIGH, LN2_LOW, POW_LOG, THIRD_HIGH, THIRD_LOW } from './coefficients.ts';
import { fastTwoSum, type Pair, twoProduct } from './exact.ts';
import { onePlus, reduceExp } from './exponential.ts';

/** ln m for m in [√½, √2) as 2·atanh(s), s = (m − 1)/(m + 1): 2s·(1 + z·(⅓ + z·P(z))), z = s². */
function logOfSignificand(m: number): Pair {
  const f = m - 1;
  const d = m + 1;
  const s = f / d;
  const [back, backLow] = twoProduct(s, d);
  const sLow = (f - back - backLow - s * (m - (d - 1))) / d;
  const [z, zError] = twoProduct(s, s);
  const zLow = zError + 2 * s * sLow;
  const q = z * polynomial(z, POW_LOG);
  const t = THIRD_HIGH + q;
  const tLow = THIRD_HIGH - t + q + THIRD_LOW;
  const [w, wError] = twoProduct(z, t);
  const wLow = wError + (z * tLow + zLow * t);
  const [b, bError] = twoProduct(2 * s, w);
  const bLow = bError + (2 * s * wLow + 2 * sLow * w);
  const [high, low] = fastTwoSum(2 * s, b);
  return [high, low + (bLow + 2 * sLow)];
}

/** ln x for a positive finite x. */
function logPair(x: number): Pair {
  const [e, m] = decompose(x);
  const [a, aLow] = logOfSignificand(m);
  const [high, error] = fastTwoSum(e * LN2_HIGH, a);
  return fastTwoSum(high, error + (aLow + e * LN2_LOW));
}

/** x^y for finite x > 0; |y| is cut at 2⁶⁵, where every x ≠ 1 has left the range. */
function positivePow(x: number, y: number): number {
  const cut = 2 ** 65;
  const exponent = y < -cut ? -cut : y > cut ? cut : y;
  const [l, lLow] = logPair(x);
  const [p, pError] = twoProduct(exponent, l);
  if (p > 710) return Infinity;
  if (p < -746) return 0;
  const { k, r, tail } = reduceExp(p, pError + exponent * lLow);
  return scale(onePlus(r, tail), k);
}

/** x^y with the special cases of C (and IEEE 754): 1^y = x^0 = (−1)^±∞ = 1 even for NaN. */
export function pow(x: number, y: number): number {
  if (x === 1 || y === 0) return 1;
  if (Number.isNaN(x) || Number.isNaN(y)) return NaN;
  const whole = Math.floor(y) === y;
  const odd = whole && Math.floor(y * 0.5) !== y * 0.5;
  const negative = x < 0 || Object.is(x, -0);
  if (negative && !whole && x !== 0 && x !== -Infinity) return NaN;
  const magnitude = absolutePow(Math.abs(x), y);
  return negative && odd ? -magnitude : magnitude;
}

function absolutePow(x: number, y: number): number {
  if (x === 0) return y < 0 ? Infinity : 0;
  if (x === Infinity) return y < 0 ? 0 : Infinity;
  return y === 1 ? x : positivePow(x, y);
}
