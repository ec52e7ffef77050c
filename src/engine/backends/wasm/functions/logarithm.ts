/** log and log1p on lanes; the formulas are those of portable/logarithm.ts. */
import type { Lanes, Value } from './lanes.ts';
import { formatOf, tablesOf } from './tables.ts';

/** x = 2^e·m with m in [√½, √2). */
export interface Decomposed {
  readonly e: Value;
  readonly m: Value;
}

/** Of a positive finite normal x. */
export function decompose(l: Lanes, x: Value): Decomposed {
  const [rootHalf, mask] = l.dtype === 'f32' ? [0x3f3504f3n, -1n << 23n] : [0x3fe6a09en << 32n, -1n << 52n];
  const above = l.minus(x, l.bits(rootHalf));
  return { e: exponent(l, above), m: l.minus(x, l.and(above, l.bits(mask))) };
}

// i64x2 has neither a cheap signed shift nor a conversion: the biased exponent is set into the bits of 2⁵² instead.
function exponent(l: Lanes, above: Value): Value {
  if (l.dtype === 'f32') return l.node(() => l.w.f32x4.convert_i32x4_s(), l.shiftRightSigned(above, 23));
  const biased = l.shiftRight(l.plus(above, l.bits(1024n << 52n)), 52);
  return l.sub(l.or(biased, l.number(2 ** 52)), l.number(2 ** 52 + 1024));
}

/** Of a positive finite x, subnormals included. */
export function decomposeAll(l: Lanes, x: Value): Decomposed {
  const { normal, fraction } = formatOf(l.dtype);
  const lift = fraction + 2 - (fraction % 2); // 54 or 24: any power that makes it normal
  const isSubnormal = l.lt(x, l.number(normal));
  const { e, m } = decompose(l, l.select(isSubnormal, l.mul(x, l.number(2 ** lift)), x));
  return { e: l.sub(e, l.and(isSubnormal, l.number(lift))), m };
}

/** ln(2^e·(1 + f)) + correction for 1 + f in [√½, √2). */
export function combine(l: Lanes, e: Value, f: Value, correction?: Value): Value {
  const t = tablesOf(l.dtype);
  const s = l.div(f, l.add(l.number(2), f));
  const z = l.mul(s, s);
  const half = l.mul(l.mul(l.number(0.5), f), f);
  const series = l.mul(s, l.madd(z, l.polynomial(z, t.LOG), half));
  const low = correction ? l.madd(e, l.number(t.LN2_LOW), correction) : l.mul(e, l.number(t.LN2_LOW));
  return l.madd(e, l.number(t.LN2_HIGH), l.sub(f, l.sub(half, l.add(series, low))));
}

/** ln x for a positive finite normal x. */
export function logOfNormal(l: Lanes, x: Value): Value {
  const { e, m } = decompose(l, x);
  return combine(l, e, l.sub(m, l.number(1)));
}

/** Of 0, negative numbers, infinity and NaN. */
function logOfOdd(l: Lanes, x: Value, pole: number): Value {
  const outside = l.select(l.eq(x, l.number(pole)), l.number(-Infinity), l.number(NaN));
  return l.select(l.eq(x, l.number(Infinity)), x, outside);
}

const isOrdinary = (l: Lanes, x: Value, pole: number): Value =>
  l.and(l.lt(l.number(pole), x), l.lt(x, l.number(Infinity)));

export function log(l: Lanes, x: Value): Value {
  const { e, m } = decomposeAll(l, x);
  const value = combine(l, e, l.sub(m, l.number(1)));
  return l.rarely(l.not(isOrdinary(l, x, 0)), value, () => logOfOdd(l, x, 0));
}

/** ln(1 + x) for finite x > −1; the sign of a zero is lost. */
export function log1pOfUnit(l: Lanes, x: Value): Value {
  const one = l.number(1);
  const u = l.add(one, x);
  const { e, m } = decompose(l, u);
  const back = l.sub(u, one);
  const lost = l.add(l.sub(one, l.sub(u, back)), l.sub(x, back)); // 1 + x = u + lost, exactly
  const isNear = l.eq(e, l.number(0));
  const f = l.select(isNear, x, l.sub(m, one));
  const correction = l.node(() => l.w.v128.andnot(), l.div(lost, u), isNear);
  return combine(l, e, f, correction);
}

export function log1p(l: Lanes, x: Value): Value {
  const special = l.or(l.not(isOrdinary(l, x, -1)), l.eq(x, l.number(0)));
  return l.rarely(special, log1pOfUnit(l, x), () => l.select(l.eq(x, l.number(0)), x, logOfOdd(l, x, -1)));
}
