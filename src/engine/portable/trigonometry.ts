/** sin, cos, tan and atan2: reduction by π/2 to |r| ≤ π/4 with a correction term, then polynomials. */
import { integerParts, nearest, polynomial, powerOfTwo, withSign } from './bits.ts';
import { ATAN, COS, PI_2_PARTS, SIN, TWO_OVER_PI, TWO_OVER_PI_BITS } from './coefficients.ts';

/** x = quadrant·π/2 + r + low (mod 2π), with |r| ≤ π/4 nearly. */
type Reduced = readonly [quadrant: number, r: number, low: number];

const LARGE = 1647099; // 2²⁰·π/2

function reduce(x: number): Reduced {
  return x < LARGE ? reduceSmall(x) : reduceLarge(x);
}

// The first three parts of π/2 have 33 bits, so their products with k < 2²⁰ are exact.
function reduceSmall(x: number): Reduced {
  const [p1, p2, p3, p4] = PI_2_PARTS;
  const k = nearest(x * TWO_OVER_PI);
  const a = x - k * p1;
  const b = k * p2;
  const r1 = a - b;
  const e1 = twoDifferenceError(a, b, r1);
  const c = k * p3;
  const r2 = r1 - c;
  const low = e1 + twoDifferenceError(r1, c, r2) - k * p4;
  const r = r2 + low;
  return [k & 3, r, r2 - r + low];
}

/** (a − b) − fl(a − b), exactly. */
function twoDifferenceError(a: number, b: number, difference: number): number {
  const back = a - difference;
  return a - (difference + back) + (back - b);
}

// Payne–Hanek: x = m·2^e times 192 bits of 2/π, of which the multiples of 4 have been dropped; 126 bits of fraction are kept.
function reduceLarge(x: number): Reduced {
  const [m, e] = integerParts(x);
  const window = BigInt.asUintN(192, TWO_OVER_PI_BITS >> BigInt(1216 - 190 - e));
  const quarters = BigInt.asUintN(192, m * window) >> 64n; // of 2⁻¹²⁶ quadrants
  const quadrant = (quarters + (1n << 125n)) >> 126n;
  const [r, low] = timesHalfPi(quarters - (quadrant << 126n));
  return [Number(quadrant & 3n), r, low];
}

/** fraction·2⁻¹²⁶·π/2 as a sum of two f64: the leading 64 bits of the fraction times 64 bits of π/2. */
function timesHalfPi(fraction: bigint): readonly [number, number] {
  const size = fraction < 0n ? -fraction : fraction;
  const zeros = 128 - size.toString(2).length;
  const leading = (size << BigInt(zeros)) >> 64n;
  const product = (leading * HALF_PI_64) >> 64n;
  const unit = powerOfTwo(-61 - zeros) * (fraction < 0n ? -1 : 1);
  return [Number(product & ~0x7ffn) * unit, Number(product & 0x7ffn) * unit];
}

/** π/2 in units of 2⁻⁶³. */
const HALF_PI_64 = 0xc90fdaa22168c234n;

function sinReduced(r: number, low: number): number {
  const z = r * r;
  return r + (r * z * polynomial(z, SIN) + low * (1 - 0.5 * z));
}

function cosReduced(r: number, low: number): number {
  const z = r * r;
  const half = 0.5 * z;
  const head = 1 - half;
  return head + (1 - head - half + (z * z * polynomial(z, COS) - r * low));
}

/** The sine of x radians, for every finite x. */
export function sin(x: number): number {
  const a = Math.abs(x);
  if (!(a < Infinity)) return NaN;
  const [quadrant, r, low] = reduce(a);
  const magnitude = quadrant & 1 ? cosReduced(r, low) : sinReduced(r, low);
  return withSign(1, x) * (quadrant & 2 ? -magnitude : magnitude);
}

/** The cosine of x radians, for every finite x. */
export function cos(x: number): number {
  const a = Math.abs(x);
  if (!(a < Infinity)) return NaN;
  const [quadrant, r, low] = reduce(a);
  const magnitude = quadrant & 1 ? sinReduced(r, low) : cosReduced(r, low);
  return (quadrant + 1) & 2 ? -magnitude : magnitude;
}

/** The tangent of x radians, for every finite x. */
export function tan(x: number): number {
  const a = Math.abs(x);
  if (!(a < Infinity)) return NaN;
  const [quadrant, r, low] = reduce(a);
  const s = sinReduced(r, low);
  const c = cosReduced(r, low);
  return withSign(1, x) * (quadrant & 1 ? -c / s : s / c);
}

/** The angle of the point (x, y) in (−π, π], with the signs of zero that IEEE 754 recommends. */
export function atan2(y: number, x: number): number {
  if (Number.isNaN(x) || Number.isNaN(y)) return NaN;
  const ax = Math.abs(x);
  const ay = Math.abs(y);
  const first = arcOfQuotient(ay < ax ? ay : ax, ay < ax ? ax : ay);
  const isLeft = x < 0 || Object.is(x, -0);
  const isSteep = ay > ax;
  const [high, low] = isSteep ? [PI_2_HIGH, PI_2_LOW] : isLeft ? [PI_HIGH, PI_LOW] : [0, 0];
  return withSign(high + ((isSteep === isLeft ? first : -first) + low), y); // π/2 ∓ first, π − first or first
}

const PI_2_HIGH = Math.PI / 2;
const PI_2_LOW = 6.123233995736766e-17;
const PI_HIGH = Math.PI;
const PI_LOW = 1.2246467991473532e-16;
const TAN_PI_8 = 0.4142135623730951;

/** atan(small/large) for 0 ≤ small ≤ large. */
function arcOfQuotient(small: number, large: number): number {
  if (small === 0) return 0;
  if (small === large) return PI_2_HIGH / 2;
  const turned = small > TAN_PI_8 * large; // then atan q = π/4 + atan((q − 1)/(q + 1))
  const unit = large > 1 ? 0.25 : 1; // keeps the sum finite
  const q = turned ? (small * unit - large * unit) / (small * unit + large * unit) : small / large;
  const z = q * q;
  const arc = q * (z * polynomial(z, ATAN));
  return turned ? PI_2_HIGH / 2 + (q + (arc + PI_2_LOW / 2)) : q + arc;
}
