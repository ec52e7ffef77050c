/** Bit views of an f64 and the exact helpers that the portable functions are built from. */

const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);
const HIGH = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? 1 : 0;

/** Adding and subtracting 1.5·2⁵² rounds to the nearest integer, ties to even, for |x| < 2⁵¹. */
const ROUNDER = 1.5 * 2 ** 52;

export const nearest = (x: number): number => x + ROUNDER - ROUNDER;

/** 2^k for an integer k of a normal number, −1022 … 1023. */
export function powerOfTwo(k: number): number {
  words[1 - HIGH] = 0;
  words[HIGH] = (k + 1023) << 20;
  return float[0]!;
}

/** p·2^k with one rounding, for p in [½, 2) and k in −1100 … 1025. */
export function scale(p: number, k: number): number {
  const half = nearest(k * 0.5);
  return p * powerOfTwo(half) * powerOfTwo(k - half);
}

const SQRT_HALF_HIGH = 0x3fe6a09e;

/** A positive finite x as [e, m]: x = 2^e·m with m in [√½, √2). */
export function decompose(x: number): readonly [number, number] {
  const subnormal = x < 2.2250738585072014e-308;
  float[0] = subnormal ? x * 2 ** 54 : x;
  const high = words[HIGH]!;
  const e = (high - SQRT_HALF_HIGH) >> 20;
  words[HIGH] = high - (e << 20);
  return [subnormal ? e - 54 : e, float[0]!];
}

/** The integer significand and exponent of a positive finite x ≥ 2⁻¹⁰²²: x = m·2^e with 2⁵² ≤ m < 2⁵³. */
export function integerParts(x: number): readonly [bigint, number] {
  float[0] = x;
  const high = words[HIGH]!;
  const significand = BigInt((high & 0xfffff) | 0x100000) * 0x100000000n + BigInt(words[1 - HIGH]!);
  return [significand, (high >>> 20) - 1075];
}

/** c₀ + c₁x + c₂x² + …: by Horner's rule, a long one as even and odd halves so that two chains run side by side. */
export function polynomial(x: number, coefficients: readonly number[]): number {
  const count = coefficients.length;
  if (count < 8) return horner(x, coefficients, count - 1, 1);
  const lastEven = count - 1 - ((count - 1) % 2);
  const square = x * x;
  return x * horner(square, coefficients, count - 1 - (count % 2), 2) + horner(square, coefficients, lastEven, 2);
}

/** Horner's rule over every `step`-th coefficient from `last` downwards. */
function horner(x: number, coefficients: readonly number[], last: number, step: number): number {
  let sum = coefficients[last]!;
  for (let i = last - step; i >= 0; i -= step) sum = sum * x + coefficients[i]!;
  return sum;
}

/** |x| with the sign of `sign`. */
export const withSign = (magnitude: number, sign: number): number =>
  sign < 0 || Object.is(sign, -0) ? -magnitude : magnitude;
