/**
 * Discrete Fourier sums of any length on the host: mixed radix, and a chirp convolution where only large prime factors are left.
 *
 * Letters  n length, s = ±1: X_k = Σ_j x_j·exp(2πi·s·jk/n).
 */
import type { TypedArray } from '../dtype.ts';
import { cos, sin } from '../portable.ts';

/** Real and imaginary parts. */
export interface Parts {
  readonly re: TypedArray;
  readonly im: TypedArray;
}

/** Up to this factor the sum over residues is taken directly. */
const DIRECT = 31;

export interface Plan {
  readonly n: number;
  readonly factor: number;
  /** exp(2πi·s·k/n) for k < n. */
  readonly roots: Parts;
  /** For n / factor; null for n = 1. */
  readonly inner: Plan | null;
  readonly chirp: Chirp | null;
  /** Room for one sum over residues. */
  readonly held: Parts;
}

export interface Chirp {
  /** exp(πi·s·k²/n) for k < n. */
  readonly wave: Parts;
  /** The transformed conjugate wave, wrapped around. */
  readonly kernel: Parts;
  /** Of a power of two from 2n − 1 on, with s = −1. */
  readonly plan: Plan;
}

export const partsOf = (n: number): Parts => ({ re: new Float64Array(n), im: new Float64Array(n) });

/** exp(2πi·index(k)/n) for whole indices; quarters of a turn are taken off exactly. */
export function unitRoots(n: number, count: number, index: (k: number) => number): Parts {
  const out = partsOf(count);
  for (let k = 0; k < count; k++) {
    const place = 4 * (((index(k) % n) + n) % n);
    const quarter = Math.floor(place / n);
    const angle = ((Math.PI / 2) * (place - quarter * n)) / n;
    const [c, s] = [cos(angle), sin(angle)];
    out.re[k] = [c, -s, -c, s][quarter]!;
    out.im[k] = [s, c, -s, -c][quarter]!;
  }
  return out;
}

/** Everything that does not depend on the data. */
export function planFor(n: number, sign: 1 | -1): Plan {
  const factor = smallestFactor(n);
  const isChirp = factor > DIRECT;
  return {
    n,
    factor,
    roots: isChirp ? partsOf(0) : unitRoots(n, n, (k) => sign * k),
    inner: n === 1 || isChirp ? null : planFor(n / factor, sign),
    chirp: isChirp ? chirpFor(n, sign) : null,
    held: partsOf(isChirp ? 0 : factor),
  };
}

function smallestFactor(n: number): number {
  for (let p = 2; p * p <= n; p++) if (n % p === 0) return p;
  return n;
}

/** What the convolution of a length needs. */
export function chirpFor(n: number, sign: 1 | -1): Chirp {
  let length = 1;
  while (length < 2 * n - 1) length *= 2;
  const wave = unitRoots(2 * n, n, (k) => sign * ((k * k) % (2 * n)));
  const around = partsOf(length);
  for (let k = 0; k < n; k++) {
    for (const to of [k, (length - k) % length]) {
      around.re[to] = wave.re[k]!;
      around.im[to] = -wave.im[k]!;
    }
  }
  const plan = planFor(length, -1);
  const kernel = partsOf(length);
  transform(plan, around, { at: 0, stride: 1 }, kernel, 0);
  return { wave, kernel, plan };
}

interface Line {
  readonly at: number;
  readonly stride: number;
}

/** Writes the transform of a strided line of x to y from `to` on. */
export function transform(plan: Plan, x: Parts, { at, stride }: Line, y: Parts, to: number): void {
  const { n, factor, inner, chirp } = plan;
  if (chirp !== null) {
    convolve(plan, chirp, x, { at, stride }, y, to);
    return;
  }
  if (inner === null) {
    y.re[to] = x.re[at]!;
    y.im[to] = x.im[at]!;
    return;
  }
  const m = n / factor;
  for (let q = 0; q < factor; q++) transform(inner, x, { at: at + q * stride, stride: stride * factor }, y, to + q * m);
  for (let k = 0; k < m; k++) combine(plan, y, to + k, k);
}

/** The sums over residues for one k, in place: elements k, k + m, … of y. */
function combine({ n, factor, roots, held }: Plan, y: Parts, to: number, k: number): void {
  const m = n / factor;
  for (let q = 0; q < factor; q++) {
    multiply(y, to + q * m, roots, q * k, held, q);
  }
  for (let r = 0; r < factor; r++) {
    let re = held.re[0]!;
    let im = held.im[0]!;
    for (let q = 1; q < factor; q++) {
      const root = ((q * r) % factor) * m;
      re += held.re[q]! * roots.re[root]! - held.im[q]! * roots.im[root]!;
      im += held.re[q]! * roots.im[root]! + held.im[q]! * roots.re[root]!;
    }
    y.re[to + r * m] = re;
    y.im[to + r * m] = im;
  }
}

/** X_k = w_k·Σ_j (x_j·w_j)·w̄_{k−j}, as a cyclic convolution of a longer length. */
function convolve(
  { n }: Plan,
  { wave, kernel, plan }: Chirp,
  x: Parts,
  { at, stride }: Line,
  y: Parts,
  to: number,
): void {
  const length = plan.n;
  const [work, spectrum] = [partsOf(length), partsOf(length)];
  for (let k = 0; k < n; k++) multiply(x, at + k * stride, wave, k, work, k);
  transform(plan, work, { at: 0, stride: 1 }, spectrum, 0);
  for (let k = 0; k < length; k++) multiply(spectrum, k, kernel, k, spectrum, k);
  // Parts exchanged before and after turn the sum round.
  transform(plan, { re: spectrum.im, im: spectrum.re }, { at: 0, stride: 1 }, { re: work.im, im: work.re }, 0);
  for (let k = 0; k < n; k++) {
    multiply(work, k, wave, k, work, k);
    y.re[to + k] = work.re[k]! / length;
    y.im[to + k] = work.im[k]! / length;
  }
}

function multiply(x: Parts, i: number, y: Parts, j: number, z: Parts, k: number): void {
  const a = x.re[i]!;
  const b = x.im[i]!;
  const c = y.re[j]!;
  const d = y.im[j]!;
  z.re[k] = a * c - b * d;
  z.im[k] = a * d + b * c;
}
