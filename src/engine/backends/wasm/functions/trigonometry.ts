/** sin, cos and atan2 on lanes; the f64 formulas are those of portable/trigonometry.ts, f32 reduces its argument in f64. */
import { PI_2_PARTS, TWO_OVER_PI } from '../../../portable/coefficients.ts';
import type { Local } from '../assembler.ts';
import type { Lanes, Value } from './lanes.ts';
import { payneHanek } from './payne-hanek.ts';
import { tablesOf } from './tables.ts';

/** |x| = quadrant·π/2 + r + low; the low bits of `quadrant` count. */
interface Reduced {
  readonly quadrant: Value;
  readonly r: Value;
  readonly low?: Value;
}

const LARGE = 1647099; // 2²⁰·π/2; an f32, so that both dtypes change over at the same place
const ROUNDER = 1.5 * 2 ** 52;

function reduce(l: Lanes, x: Value): Reduced {
  return l.dtype === 'f64' ? reduceWide(l, x) : reduceNarrow(l, x);
}

/** k = the nearest integer to x·2/π, and k + 1.5·2⁵², whose low bits are k. */
function multipleOfHalfPi(l: Lanes, x: Value): readonly [k: Value, shifted: Value] {
  const rounder = l.number(ROUNDER);
  const shifted = l.add(l.mul(x, l.number(TWO_OVER_PI)), rounder);
  return [l.sub(shifted, rounder), shifted];
}

// The first three parts of π/2 have 33 bits, so their products with k < 2²⁰ are exact.
function reduceWide(l: Lanes, x: Value): Reduced {
  const [p1, p2, p3, p4] = PI_2_PARTS.map((p) => l.number(p)) as [Value, Value, Value, Value];
  const [k, shifted] = multipleOfHalfPi(l, x);
  const a = l.nmadd(k, p1, x);
  const b = l.mul(k, p2);
  const r1 = l.sub(a, b);
  const c = l.mul(k, p3);
  const r2 = l.sub(r1, c);
  const errors = l.add(differenceError(l, a, b, r1), differenceError(l, r1, c, r2));
  const low = l.nmadd(k, p4, errors);
  const r = l.add(r2, low);
  return withLargeLanes(l, x, { quadrant: shifted, r, low: l.add(l.sub(r2, r), low) });
}

/** (a − b) − fl(a − b), exactly. */
function differenceError(l: Lanes, a: Value, b: Value, difference: Value): Value {
  const back = l.sub(a, difference);
  return l.add(l.sub(a, l.add(difference, back)), l.sub(back, b));
}

/** Both halves in f64 with 33 + 53 bits of π/2: enough for every f32 below 2²⁰·π/2. */
function reduceNarrow(l: Lanes, x: Value): Reduced {
  const wide = l.as('f64');
  const halves = [x, l.node(() => l.w.i32x4.shuffle([2, 3, 2, 3]), x, x)].map((half) => {
    const promoted = l.node(() => l.w.f64x2.promote_low_f32x4(), half);
    const [k, shifted] = multipleOfHalfPi(wide, promoted);
    const rest = wide.nmadd(k, wide.number(PI_2_PARTS[0]), promoted);
    const r = wide.nmadd(k, wide.number(PI_2_PARTS[1] + PI_2_PARTS[2]), rest);
    return [l.node(() => l.w.f32x4.demote_f64x2_zero(), r), shifted] as const;
  });
  const [low, high] = halves as [readonly [Value, Value], readonly [Value, Value]];
  const r = l.node(() => l.w.i32x4.shuffle([0, 1, 4, 5]), low[0], high[0]);
  const quadrant = l.node(() => l.w.i32x4.shuffle([0, 2, 4, 6]), low[1], high[1]);
  return withLargeLanes(l, x, { quadrant, r });
}

/** Replaces the lanes with |x| ≥ 2²⁰·π/2, infinity and NaN by the integer reduction. */
function withLargeLanes(l: Lanes, x: Value, { quadrant, r, low }: Reduced): Reduced {
  const kept = [r, quadrant, ...(low ? [low] : [])].map((value) => l.keep(value).local!);
  l.keep(x);
  const [result, count, rest] = kept.map((from) => {
    const to = l.w.local('v128');
    l.w.get(from).set(to);
    return to;
  }) as [Local, Local, Local | undefined];
  const { w } = l;
  l.emit(l.lt(x, l.number(LARGE)));
  w.v128.not().v128.any_true();
  w.if(() => {
    for (let lane = 0; lane < (l.dtype === 'f32' ? 4 : 2); lane++) replaceLane(l, lane, x.local!, result, count, rest);
  });
  return { r: l.at(result), quadrant: l.at(count), ...(rest && { low: l.at(rest) }) };
}

function replaceLane(l: Lanes, lane: number, x: Local, r: Local, quadrant: Local, low?: Local): void {
  const { w } = l;
  const isNarrow = l.dtype === 'f32';
  const argument = isNarrow
    ? w.get(x).f32x4.extract_lane(lane).f64.promote_f32().pop('f64')
    : w.get(x).f64x2.extract_lane(lane).pop('f64');
  w.get(argument).f64.const(LARGE).f64.lt().i32.eqz();
  w.if(() => {
    w.get(argument).call(payneHanek(w));
    const n = w.pop('i64');
    const rest = w.pop('f64');
    const head = w.pop('f64');
    w.get(r).get(head);
    if (isNarrow) w.f32.demote_f64().f32x4.replace_lane(lane).set(r);
    else w.f64x2.replace_lane(lane).set(r);
    w.get(quadrant).get(n);
    if (isNarrow) w.i32.wrap_i64().i32x4.replace_lane(lane).set(quadrant);
    else w.i64x2.replace_lane(lane).set(quadrant);
    if (low) w.get(low).get(rest).f64x2.replace_lane(lane).set(low);
  });
}

function sinReduced(l: Lanes, { r, low }: Reduced): Value {
  const z = l.mul(r, r);
  const cubic = l.mul(l.mul(r, z), l.polynomial(z, tablesOf(l.dtype).SIN));
  if (low === undefined) return l.add(r, cubic);
  return l.add(r, l.madd(low, l.nmadd(l.number(0.5), z, l.number(1)), cubic));
}

function cosReduced(l: Lanes, { r, low }: Reduced): Value {
  const z = l.mul(r, r);
  const half = l.mul(l.number(0.5), z);
  const head = l.sub(l.number(1), half);
  const quartic = l.mul(l.mul(z, z), l.polynomial(z, tablesOf(l.dtype).COS));
  const rest = low === undefined ? quartic : l.nmadd(r, low, quartic);
  return l.add(head, l.add(l.sub(l.sub(l.number(1), head), half), rest));
}

/** Bit 0 of the count chooses the polynomial, bit 1 the sign. */
function turned(l: Lanes, count: Value, even: Value, odd: Value): readonly [magnitude: Value, sign: Value] {
  const isOdd = l.minus(l.bits(0n), l.and(count, l.bits(1n)));
  const sign = l.shiftLeft(count, l.dtype === 'f32' ? 30 : 62);
  return [l.select(isOdd, odd, even), sign];
}

export function sin(l: Lanes, x: Value): Value {
  const reduced = reduce(l, l.abs(x));
  const [magnitude, sign] = turned(l, reduced.quadrant, sinReduced(l, reduced), cosReduced(l, reduced));
  return l.flipSign(magnitude, l.xor(sign, x));
}

export function cos(l: Lanes, x: Value): Value {
  const reduced = reduce(l, l.abs(x));
  const [magnitude] = turned(l, reduced.quadrant, cosReduced(l, reduced), sinReduced(l, reduced));
  return l.flipSign(magnitude, l.shiftLeft(l.plus(reduced.quadrant, l.bits(1n)), l.dtype === 'f32' ? 30 : 62));
}

const PI_2 = {
  f32: [Math.fround(Math.PI / 2), Math.PI / 2 - Math.fround(Math.PI / 2)],
  f64: [Math.PI / 2, 6.123233995736766e-17],
} as const;
const TAN_PI_8 = 0.4142135623730951;

/** The angle of (x, y): of two positive numbers by the smaller over the larger, then by octant and signs. */
export function atan2(l: Lanes, y: Value, x: Value): Value {
  const ax = l.abs(x);
  const ay = l.abs(y);
  const [high, low] = PI_2[l.dtype];
  const first = arcOfQuotient(l, l.least(ax, ay), l.most(ay, ax));
  const isLeft = l.signMask(x);
  const isSteep = l.lt(ax, ay);
  const base = (scale: number) => l.select(isSteep, l.number(scale), l.and(isLeft, l.number(2 * scale)));
  const turn = l.flipSign(first, l.xor(isSteep, isLeft));
  return l.flipSign(l.add(base(high), l.add(turn, base(low))), y); // π/2 ∓ first, π − first or first
}

/** atan(small/large) for 0 ≤ small ≤ large. */
function arcOfQuotient(l: Lanes, small: Value, large: Value): Value {
  const [high, low] = PI_2[l.dtype];
  const one = l.number(1);
  const isTurned = l.lt(l.mul(l.number(TAN_PI_8), large), small); // then atan q = π/4 + atan((q − 1)/(q + 1))
  const unit = l.select(l.lt(one, large), l.number(0.25), one); // keeps the sum finite
  const s = l.mul(small, unit);
  const g = l.mul(large, unit);
  const q = l.div(l.select(isTurned, l.sub(s, g), small), l.select(isTurned, l.add(s, g), large));
  const z = l.mul(q, q);
  const arc = l.mul(q, l.mul(z, l.polynomial(z, tablesOf(l.dtype).ATAN)));
  const turnedArc = l.add(l.number(high / 2), l.add(q, l.add(arc, l.number(low / 2))));
  const value = l.select(isTurned, turnedArc, l.add(q, arc));
  const isPlain = l.and(l.lt(l.number(0), small), l.lt(small, large));
  return l.rarely(l.not(isPlain), value, () => {
    const diagonal = l.select(l.eq(small, large), l.number(high / 2), l.number(NaN));
    return l.select(l.and(l.eq(small, l.number(0)), l.eq(large, large)), l.number(0), diagonal);
  });
}
