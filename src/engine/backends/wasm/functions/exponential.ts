/** exp, expm1, tanh, logistic and softplus on lanes; the formulas are those of portable/exponential.ts. */
import type { Lanes, Value } from './lanes.ts';
import { log1pOfUnit } from './logarithm.ts';
import { formatOf, tablesOf } from './tables.ts';

/** eˣ = 2^k·(1 + r + tail). */
export interface ExpParts {
  readonly k: Value;
  /** k + 1.5·2^fraction: its low bits are the integer k. */
  readonly shifted: Value;
  readonly r: Value;
  readonly tail: Value;
}

/** Splits x + low; `isExact` keeps what rounding r lost, which f64 and expm1 need for their last bit. */
export function reduceExp(l: Lanes, x: Value, isExact: boolean, low?: Value): ExpParts {
  const t = tablesOf(l.dtype);
  const rounder = l.number(formatOf(l.dtype).rounder);
  const shifted = l.madd(x, l.number(t.LOG2_E), rounder);
  const k = l.sub(shifted, rounder);
  const high = l.nmadd(k, l.number(t.LN2_HIGH), x);
  const kLow = l.mul(k, l.number(t.LN2_LOW));
  const lost = low === undefined ? kLow : l.sub(kLow, low);
  const r = isExact ? l.sub(high, lost) : l.nmadd(k, l.number(t.LN2_LOW), high);
  const q = l.polynomial(r, t.EXP);
  const square = l.mul(r, r);
  const tail = isExact ? l.madd(square, q, l.sub(l.sub(high, r), lost)) : l.mul(square, q);
  return { k, shifted, r, tail };
}

/** 2^k from a value whose low bits are the integer k, for normal results. */
export function powerOfTwo(l: Lanes, shifted: Value): Value {
  const { fraction, one } = formatOf(l.dtype);
  return l.plus(l.shiftLeft(shifted, fraction), l.bits(one));
}

/** p·2^k in two steps, so that subnormal results round once and 2¹⁰²⁴ is not needed. */
export function scale(l: Lanes, p: Value, k: Value): Value {
  const rounder = l.number(formatOf(l.dtype).rounder);
  const shifted = l.madd(k, l.number(0.5), rounder);
  const rest = l.add(l.sub(k, l.sub(shifted, rounder)), rounder);
  return l.mul(l.mul(p, powerOfTwo(l, shifted)), powerOfTwo(l, rest));
}

/** 1 + r + tail; what the first sum loses goes into the tail. */
export function onePlus(l: Lanes, { r, tail }: ExpParts): Value {
  const one = l.number(1);
  const sum = l.add(one, r);
  return l.add(sum, l.add(l.add(l.sub(one, sum), r), tail));
}

export function clamp(l: Lanes, x: Value, [low, high]: readonly [number, number]): Value {
  return l.most(l.least(x, l.number(high)), l.number(low));
}

/** eˣ for every x. */
export function exp(l: Lanes, x: Value): Value {
  const parts = reduceExp(l, clamp(l, x, formatOf(l.dtype).expRange), l.dtype === 'f64');
  return scale(l, onePlus(l, parts), parts.k);
}

/** eˣ while the result is a normal number. */
export function expNarrow(l: Lanes, x: Value): Value {
  const parts = reduceExp(l, x, l.dtype === 'f64');
  return l.mul(onePlus(l, parts), powerOfTwo(l, parts.shifted));
}

/** eˣ for x ≤ 0 and for ∞; 0 where it would be subnormal. */
export function expShare(l: Lanes, x: Value): Value {
  const least = l.number(formatOf(l.dtype).expNormal);
  const share = l.and(expNarrow(l, l.most(x, least)), l.not(l.lt(x, least)));
  return l.most(x, share); // ∞ and NaN: the share is a NaN there, and everywhere else it is larger than x
}

export function expm1(l: Lanes, x: Value): Value {
  const { tiny, expRange } = formatOf(l.dtype);
  const parts = reduceExp(l, clamp(l, x, [-40, expRange[1]]), true);
  const half = powerOfTwo(l, l.sub(parts.shifted, l.number(1))); // half of 2^k, because 2^1024 is not a number
  const sum = l.madd(half, l.add(parts.r, parts.tail), l.sub(half, l.number(0.5)));
  return l.select(l.lt(l.abs(x), l.number(tiny)), x, l.add(sum, sum));
}

export function tanh(l: Lanes, x: Value): Value {
  const t = tablesOf(l.dtype);
  const a = l.abs(x);
  const doubled = l.least(l.add(a, a), l.number(l.dtype === 'f32' ? 20 : 44)); // tanh is 1 from there on
  const far = l.sub(l.number(1), l.div(l.number(2), l.add(expNarrow(l, doubled), l.number(1))));
  const z = l.mul(a, a);
  const near = l.madd(a, l.mul(z, l.polynomial(z, t.TANH)), a);
  return l.flipSign(l.select(l.le(l.number(t.TANH_SPLIT), a), far, near), x);
}

export function logistic(l: Lanes, x: Value): Value {
  const z = exp(l, l.neg(l.abs(x)));
  const one = l.number(1);
  const rest = l.div(z, l.add(one, z));
  const whole = l.select(l.lt(x, l.number(0)), z, one);
  return l.nmadd(whole, rest, whole);
}

export function softplus(l: Lanes, x: Value): Value {
  const z = exp(l, l.neg(l.abs(x)));
  return l.add(l.most(l.number(0), x), log1pOfUnit(l, z));
}
