/** pow on lanes: f64 by a logarithm in two parts (as portable/power.ts), f32 by plain f64 arithmetic on pairs of lanes. */
import { POW_LOG, THIRD_HIGH, THIRD_LOW } from '../../../portable/coefficients.ts';
import { SHORT_EXP, SHORT_LOG } from './coefficients.ts';
import { fastTwoSum, type Pair, twoProduct } from './exact.ts';
import { clamp, onePlus, powerOfTwo, reduceExp, scale } from './exponential.ts';
import { type Lanes, onHalves, type Value } from './lanes.ts';
import { decompose, decomposeAll } from './logarithm.ts';
import { formatOf, tablesOf } from './tables.ts';

/** ln m for m in [√½, √2) as 2·atanh(s), s = (m − 1)/(m + 1): 2s·(1 + z·(⅓ + z·P(z))), z = s². */
function logOfSignificand(l: Lanes, m: Value): Pair {
  const one = l.number(1);
  const f = l.sub(m, one);
  const d = l.add(m, one);
  const s = l.div(f, d);
  const [back, backLow] = twoProduct(l, s, d);
  const missing = l.mul(s, l.sub(m, l.sub(d, one)));
  const sLow = l.div(l.sub(l.sub(l.sub(f, back), backLow), missing), d);
  const s2 = l.add(s, s);
  const sLow2 = l.add(sLow, sLow);
  const [z, zError] = twoProduct(l, s, s);
  const zLow = l.add(zError, l.mul(s2, sLow));
  const [t, tLow] = thirdAndMore(l, z);
  const [w, wError] = twoProduct(l, z, t);
  const wLow = l.add(wError, l.add(l.mul(z, tLow), l.mul(zLow, t)));
  const [b, bError] = twoProduct(l, s2, w);
  const bLow = l.add(bError, l.add(l.mul(s2, wLow), l.mul(sLow2, w)));
  const [high, low] = fastTwoSum(l, s2, b);
  return [high, l.add(low, l.add(bLow, sLow2))];
}

/** ⅓ + z·P(z). */
function thirdAndMore(l: Lanes, z: Value): Pair {
  const third = l.number(THIRD_HIGH);
  const q = l.mul(z, l.polynomial(z, POW_LOG));
  const t = l.add(third, q);
  return [t, l.add(l.add(l.sub(third, t), q), l.number(THIRD_LOW))];
}

function logPair(l: Lanes, x: Value): Pair {
  const { LN2_HIGH, LN2_LOW } = tablesOf('f64');
  const { e, m } = decomposeAll(l, x);
  const [a, aLow] = logOfSignificand(l, m);
  const [high, error] = fastTwoSum(l, l.mul(e, l.number(LN2_HIGH)), a);
  return fastTwoSum(l, high, l.add(error, l.add(aLow, l.mul(e, l.number(LN2_LOW)))));
}

/** x^y for finite x > 0; |y| is cut at 2⁶⁵, where every x ≠ 1 has left the range. */
function positivePowWide(l: Lanes, x: Value, y: Value): Value {
  const exponent = clamp(l, y, [-(2 ** 65), 2 ** 65]);
  const [log, logLow] = logPair(l, x);
  const [p, pError] = twoProduct(l, exponent, log);
  const cut = clamp(l, p, [-746, 710]);
  const low = l.and(l.add(pError, l.mul(exponent, logLow)), l.eq(cut, p));
  const parts = reduceExp(l, cut, true, low);
  return scale(l, onePlus(l, parts), parts.k);
}

/** The same for f32, two lanes at a time in f64, to about 2⁻³⁴ before the only rounding to f32. */
const positivePowNarrow = (l: Lanes, x: Value, y: Value): Value =>
  onHalves(l, (wide, a, b) => shortExp(wide, wide.mul(b, shortLog(wide, a))), x, y);

function shortLog(l: Lanes, x: Value): Value {
  const { e, m } = decompose(l, x);
  const s = l.div(l.sub(m, l.number(1)), l.add(m, l.number(1)));
  const z = l.mul(s, s);
  const significand = l.mul(s, l.madd(z, l.polynomial(z, SHORT_LOG), l.number(2)));
  return l.madd(e, l.number(Math.LN2), significand);
}

function shortExp(l: Lanes, x: Value): Value {
  const cut = clamp(l, x, [-200, 200]); // beyond the range of f32, within that of f64
  const rounder = l.number(formatOf('f64').rounder);
  const shifted = l.madd(cut, l.number(Math.LOG2E), rounder);
  const r = l.nmadd(l.sub(shifted, rounder), l.number(Math.LN2), cut);
  const series = l.madd(l.mul(r, r), l.polynomial(r, SHORT_EXP), r);
  return l.mul(l.add(l.number(1), series), powerOfTwo(l, shifted));
}

export function pow(l: Lanes, x: Value, y: Value): Value {
  const a = l.abs(x);
  const value = l.dtype === 'f64' ? positivePowWide(l, a, y) : positivePowNarrow(l, a, y);
  const isPlain = l.and(l.and(l.lt(l.number(0), x), l.lt(x, l.number(Infinity))), l.lt(l.abs(y), l.number(Infinity)));
  const isFirst = l.eq(y, l.number(1));
  return l.rarely(l.or(l.not(isPlain), isFirst), value, () => special(l, x, y, value, isFirst));
}

/** The cases of C: x ≤ 0, infinities, NaN; and y = 1, so that subnormal x come back exactly. */
function special(l: Lanes, x: Value, y: Value, positive: Value, isFirst: Value): Value {
  const [zero, infinity, nan] = [0, Infinity, NaN].map((v) => l.number(v)) as [Value, Value, Value];
  const a = l.abs(x);
  const falls = l.lt(y, zero);
  const ofZero = l.select(l.eq(a, zero), l.select(falls, infinity, zero), positive);
  const ofInfinity = l.select(l.eq(a, infinity), l.select(falls, zero, infinity), ofZero);
  const magnitude = l.select(isFirst, a, ofInfinity);
  const half = l.mul(y, l.number(0.5));
  const isWhole = l.eq(l.floor(y), y);
  const isOdd = l.and(isWhole, l.ne(l.floor(half), half));
  const signed = l.flipSign(magnitude, l.and(x, isOdd));
  const isNegative = l.and(l.lt(x, zero), l.lt(a, infinity));
  const isUndefined = l.or(l.select(isWhole, l.ne(x, x), isNegative), l.or(l.ne(x, x), l.ne(y, y)));
  const isFlat = l.and(l.eq(a, l.number(1)), l.eq(l.abs(y), infinity));
  const isOne = l.or(isFlat, l.or(l.eq(x, l.number(1)), l.eq(y, zero)));
  return l.select(isOne, l.number(1), l.select(isUndefined, nan, signed));
}
