/**
 * Elementary functions in exact integer arithmetic, about 150 correct bits: the oracle of the function tests.
 *
 * A value is n/2^s with bigint n. Series and identities only; nothing here is shared with the functions under test,
 * and `Math.*` serves only as a first guess that is then corrected.
 */

/** The number n·2^−s. */
export interface Exact {
  readonly n: bigint;
  readonly s: number;
}

const S = 256;
const ONE = 1n << BigInt(S);

const shift = (n: bigint, by: number): bigint => (by >= 0 ? n << BigInt(by) : n >> BigInt(-by));
const magnitude = (n: bigint): bigint => (n < 0n ? -n : n);
const bitLength = (n: bigint): number => magnitude(n).toString(16).length * 4 - Math.clz32(topDigit(n)) + 28;
const topDigit = (n: bigint): number => Number.parseInt(magnitude(n).toString(16)[0]!, 16);

const view = new DataView(new ArrayBuffer(8));

/** A finite f64 as n·2^−s, exactly. */
export function exact(x: number): Exact {
  view.setFloat64(0, x);
  const bits = view.getBigUint64(0);
  const biased = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & ((1n << 52n) - 1n);
  const m = biased === 0 ? fraction : fraction | (1n << 52n);
  return { n: x < 0 ? -m : m, s: 1075 - Math.max(biased, 1) };
}

const fixed = ({ n, s }: Exact, to = S): bigint => shift(n, to - s);
const isTiny = (v: Exact): boolean => bitLength(v.n) - v.s < -80;
export const negate = ({ n, s }: Exact): Exact => ({ n: -n, s });
export const add = (a: Exact, b: Exact): Exact => {
  const s = Math.max(a.s, b.s);
  return { n: fixed(a, s) + fixed(b, s), s };
};
export const multiply = (a: Exact, b: Exact): Exact => ({ n: a.n * b.n, s: a.s + b.s });
export function divide(a: Exact, b: Exact): Exact {
  const extra = S + Math.max(0, bitLength(b.n) - bitLength(a.n));
  return { n: shift(a.n, extra) / b.n, s: a.s + extra - b.s };
}
export const ONE_EXACT: Exact = { n: 1n, s: 0 };

/** The nearest f64 or thereabouts; a first guess only. */
function roughly({ n, s }: Exact): number {
  const drop = Math.max(0, bitLength(n) - 60);
  return Number(n >> BigInt(drop)) * 2 ** Math.max(-1074, drop - s);
}

/** atan(1/k) or atanh(1/k), times 2^bits. */
function inverseSeries(k: bigint, bits: number, sign: bigint): bigint {
  let power = (1n << BigInt(bits)) / k;
  let sum = 0n;
  for (let i = 1n, alternate = 1n; power !== 0n; i += 2n, alternate *= sign) {
    sum += (alternate * power) / i;
    power /= k * k;
  }
  return sum;
}

const PI_BITS = 1500;
const PI = 16n * inverseSeries(5n, PI_BITS, -1n) - 4n * inverseSeries(239n, PI_BITS, -1n); // Machin
const LN2 = 2n * inverseSeries(3n, S + 16, 1n);

/** Σ x^i/i! from i = first, in units of 2^−s. */
function exponentialSeries(x: bigint, s: number, first: bigint): bigint {
  let term = 1n << BigInt(s);
  let sum = first === 0n ? term : 0n;
  for (let i = 1n; term !== 0n && term !== -1n; i++) {
    term = (term * x) >> BigInt(s);
    term /= i;
    sum += term;
  }
  return sum;
}

export function expOf(x: Exact): Exact {
  const t = fixed(x, S + 16);
  const k = (2n * t + LN2) / (2n * LN2) - (t < -LN2 / 2n ? 1n : 0n);
  const r = (t - k * LN2) >> 16n;
  return { n: exponentialSeries(r, S, 0n), s: S - Number(k) };
}

export function expm1Of(x: Exact): Exact {
  const width = bitLength(x.n) - x.s;
  if (width > 0) return add(expOf(x), { n: -1n, s: 0 });
  const s = S - width;
  return { n: exponentialSeries(fixed(x, s), s, 1n), s };
}

/** ln(1 + d) for |d| < 2⁻⁴⁰. */
function logOfNearOne(d: Exact): Exact {
  const s = S + Math.max(0, d.s - bitLength(d.n));
  const x = fixed(d, s);
  const x2 = (x * x) >> BigInt(s);
  const x3 = (x2 * x) >> BigInt(s);
  return { n: x - x2 / 2n + x3 / 3n - ((x3 * x) >> BigInt(s)) / 4n, s };
}

/** ln x for x > 0: ln x = y + ln(x·e^−y) for any guess y. */
export function logOf(x: Exact): Exact {
  const e = bitLength(x.n) - x.s;
  const m: Exact = { n: x.n, s: x.s + e }; // in [½, 1)
  const guess = exact(Math.log(roughly(m)) + e * Math.LN2);
  const scaled = multiply(x, expOf(negate(guess)));
  return add(guess, logOfNearOne(add(scaled, { n: -1n, s: 0 })));
}

export function log1pOf(x: Exact): Exact {
  return bitLength(x.n) - x.s < -45 ? logOfNearOne(x) : logOf(add(ONE_EXACT, x));
}

/** [sin x, cos x]. */
export function sinCosOf(x: Exact): readonly [Exact, Exact] {
  const tiny = Math.max(0, x.s - bitLength(x.n));
  const halfPi = PI >> 1n;
  const t = fixed(x, PI_BITS + tiny);
  const k =
    t > halfPi << BigInt(tiny) || t < -(halfPi << BigInt(tiny))
      ? (2n * t + (halfPi << BigInt(tiny))) / (2n * (halfPi << BigInt(tiny)))
      : 0n;
  const s = S + tiny;
  const r = shift(t - k * (halfPi << BigInt(tiny)), s - PI_BITS - tiny);
  const [a, b] = taylorSinCos(r, s);
  const sine = { n: a, s };
  const cosine = { n: b, s };
  const turned: readonly (readonly [Exact, Exact])[] = [
    [sine, cosine],
    [cosine, negate(sine)],
    [negate(sine), negate(cosine)],
    [negate(cosine), sine],
  ];
  return turned[Number(BigInt.asUintN(2, k))]!;
}

function taylorSinCos(r: bigint, s: number): readonly [bigint, bigint] {
  let term = 1n << BigInt(s);
  const sums = [0n, term];
  for (let i = 1n; term !== 0n && term !== -1n; i++) {
    term = ((term * r) >> BigInt(s)) / i;
    const index = Number(i & 1n) === 1 ? 0 : 1;
    sums[index]! += (i & 2n) === 0n ? term : -term;
  }
  return [sums[0]!, sums[1]!];
}

export const tanhOf = (x: Exact): Exact => {
  const t = expm1Of({ n: x.n, s: x.s - 1 });
  return divide(t, add(t, { n: 2n, s: 0 }));
};
export const logisticOf = (x: Exact): Exact => divide(ONE_EXACT, add(ONE_EXACT, expOf(negate(x))));
export const softplusOf = (x: Exact): Exact => log1pOf(expOf(x));
export const powOf = (x: Exact, y: Exact): Exact => expOf(multiply(y, logOf(x)));

/** The angle of (x, y), both non-zero: a guess is rotated away, and what is left is tiny. */
export function atan2Of(y: Exact, x: Exact): Exact {
  const q = divide(y, x);
  if (isTiny(q) && x.n > 0n) return q;
  const lead = Math.max(bitLength(x.n) - x.s, bitLength(y.n) - y.s);
  const unit = (v: Exact): Exact => ({ n: v.n, s: v.s + lead });
  const guess = exact(Math.atan2(roughly(unit(y)), roughly(unit(x))));
  const [s, c] = sinCosOf(guess);
  const u = divide(add(multiply(y, c), negate(multiply(x, s))), add(multiply(x, c), multiply(y, s)));
  return add(guess, u); // |u| < 2⁻⁵⁰, so u³/3 is below 2⁻¹⁵⁰
}

/** The integer square root by Newton's iteration. */
function squareRoot(n: bigint): bigint {
  let x = 1n << BigInt(Math.ceil(bitLength(n) / 2));
  for (;;) {
    const next = (x + n / x) >> 1n;
    if (next >= x) return x;
    x = next;
  }
}

/** erf x = 2/√π·e^(−x²)·Σ 2ⁿ x^(2n+1)/(2n+1)!!. */
export function erfOf(x: Exact, guard = 0): Exact {
  const s = S + guard + Math.max(0, x.s - bitLength(x.n));
  const t = fixed(x, s);
  const square = (t * t) >> BigInt(s);
  let term = t;
  let sum = t;
  for (let i = 3n; term !== 0n && term !== -1n; i += 2n) {
    term = (2n * ((term * square) >> BigInt(s))) / i;
    sum += term;
  }
  const rootPi = squareRoot(shift(PI, 2 * (S + guard) - PI_BITS)); // √π·2^(S + guard)
  const head = divide({ n: 2n * sum, s }, { n: rootPi, s: S + guard });
  return multiply(head, expOf(negate({ n: square, s })));
}

/** The z with Φ(z) = ½ + d, given a guess within 10⁻¹², by one step of Halley's iteration. */
export function normalQuantileOf(d: Exact, guess: number): Exact {
  const z = exact(guess);
  const root2 = { n: squareRoot(2n * ONE * ONE), s: S };
  const centre = erfOf(divide(z, root2));
  const excess = add({ n: centre.n, s: centre.s + 1 }, negate(d));
  const square = multiply(z, z);
  const density = divide(expOf(negate({ n: square.n, s: square.s + 1 })), {
    n: squareRoot(shift(2n * PI, 2 * S - PI_BITS)),
    s: S,
  });
  const step = divide(excess, density);
  const curved = multiply(multiply(step, step), { n: z.n, s: z.s + 1 });
  return add(add(z, negate(step)), negate(curved));
}

/** |actual − expected| in units of the last place of the expected value, of f64 or f32. */
export function ulps(actual: number, expected: Exact, dtype: 'f32' | 'f64'): number {
  const [precision, least, most] = dtype === 'f64' ? [53, -1074, 1024] : [24, -149, 128];
  if (Number.isNaN(actual)) return Infinity;
  const top = bitLength(expected.n) - expected.s; // |expected| < 2^top
  if (!Number.isFinite(actual) && top > most) return 0;
  const ulp = Math.min(Math.max(top - precision, least), most - precision);
  const value = Number.isFinite(actual) ? exact(actual) : { n: actual > 0 ? 1n : -1n, s: -most };
  const s = Math.max(value.s, expected.s, 24 - ulp);
  const difference = magnitude(fixed(value, s) - fixed(expected, s));
  return Number(difference >> BigInt(s - 24 + ulp)) / 2 ** 24;
}
