/** erf and the normal quantile on lanes; the f64 formulas are those of portable/probability.ts. */
import { QUANTILE_TAIL, QUANTILE_TAIL_START } from '../../../portable/coefficients.ts';
import { twoProduct } from './exact.ts';
import { expNarrow } from './exponential.ts';
import { Lanes, onHalves, type Value } from './lanes.ts';
import { logOfNormal } from './logarithm.ts';
import { tablesOf } from './tables.ts';

export function erf(l: Lanes, x: Value): Value {
  const t = tablesOf(l.dtype);
  const one = l.number(1);
  const a = l.abs(x);
  const beyond = l.sub(l.least(a, l.number(l.dtype === 'f32' ? 4 : 6)), one); // erf is 1 from there on
  const far = l.sub(one, expNarrow(l, l.neg(l.polynomial(beyond, t.ERFC_LOG))));
  const z = l.mul(a, a);
  const near = l.madd(a, l.madd(z, l.polynomial(z, t.ERF_NEAR), l.number(t.ERF_HEAD)), a);
  return l.flipSign(l.select(l.le(one, a), far, near), x);
}

/** The two sides of ½: the distance d from it and the rest p = ½ − d, both exact in f64. */
interface Sides {
  readonly d: Value;
  readonly p: Value;
  /** Its sign bit is that of the quantile. */
  readonly sign: Value;
}

/** Word u stands for the probability (u + ½)·2⁻³², so u and its complement give opposite normals. */
function sidesOf(l: Lanes, u: Value): Sides {
  const { w } = l;
  const isNarrow = l.dtype === 'f32';
  const words = l.as('f32');
  const least = l.node(() => w.i32x4.min_u(), u, l.not(u));
  const rest = words.minus(words.bits(0x7fffffffn), least);
  const toFloat = (v: Value) => l.node(() => (isNarrow ? w.f32x4.convert_i32x4_s() : w.f64x2.convert_low_i32x4_s()), v);
  const share = (v: Value) => l.mul(l.add(toFloat(v), l.number(0.5)), l.number(2 ** -32));
  const sign = isNarrow ? l.not(u) : l.node(() => w.i64x2.extend_low_i32x4_s(), l.not(u));
  return { d: share(rest), p: share(least), sign };
}

/** The standard normal of a random word, by the inverse of its distribution function; f64 takes the words of lanes 0 and 1. */
export function normalQuantile(l: Lanes, u: Value): Value {
  const t = tablesOf(l.dtype);
  const { d, p, sign } = sidesOf(l, u);
  const four = l.mul(l.number(4), p);
  const w = l.neg(logOfNormal(l, l.mul(four, l.sub(l.number(1), p))));
  const centre = l.madd(d, l.polynomial(w, t.QUANTILE_CENTRE), l.mul(l.number(2.5), d));
  const isTail = l.lt(l.number(t.QUANTILE_CENTRE_LIMIT), w);
  const magnitude = l.rarely(isTail, centre, () => (l.dtype === 'f64' ? tail(l, p) : onHalves(l, tail, p)));
  return l.flipSign(magnitude, sign);
}

/** Φ⁻¹ of a small p as r + a rational in r = √(−2 ln p); one function of the module, because it is long and rarely called. */
function tail(l: Lanes, p: Value): Value {
  const { profile } = l;
  const index = l.w.module.helper(`quantile-tail ${profile}`, ['v128'], ['v128'], (w, local) => {
    const inner = new Lanes(w, 'f64', profile);
    inner.emit(tailQuantile(inner, inner.at(local)));
  });
  return l.node(() => l.w.call(index), p);
}

function tailQuantile(l: Lanes, p: Value): Value {
  const v = l.mul(l.number(-2), logOfNormal(l, p));
  const r = l.sqrt(v);
  const [square, error] = twoProduct(l, r, r);
  const lost = l.div(l.mul(l.number(0.5), l.sub(l.sub(v, square), error)), r);
  const t = l.sub(r, l.number(QUANTILE_TAIL_START));
  const [top, bottom] = QUANTILE_TAIL;
  return l.add(r, l.add(l.div(l.polynomial(t, top), l.polynomial(t, bottom)), lost));
}
