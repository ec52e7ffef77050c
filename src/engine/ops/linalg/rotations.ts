/** Plane rotations: the angles that several methods choose, and their application to rows. */
import type { TypedArray } from '../../dtype.ts';

/** Cosine and sine of the rotation that makes the off-diagonal element of [[p, o], [o, q]] zero; the smaller of the two angles. */
export function jacobiRotation(p: number, o: number, q: number): [c: number, s: number] {
  const slope = (q - p) / (2 * o);
  const t = (slope < 0 ? -1 : 1) / (Math.abs(slope) + Math.sqrt(1 + slope * slope));
  const c = 1 / Math.sqrt(1 + t * t);
  return [c, c * t];
}

/** Rotates two strided lines of n elements: x ← c·x − s·y, y ← s·x + c·y. */
export function rotate(
  a: TypedArray,
  [i, j, stride, n]: readonly [i: number, j: number, stride: number, n: number],
  [c, s]: readonly [number, number],
): void {
  for (let k = 0; k < n; k++) {
    const x = a[i + k * stride]!;
    const y = a[j + k * stride]!;
    a[i + k * stride] = c * x - s * y;
    a[j + k * stride] = s * x + c * y;
  }
}

/** The length of (x, y), without overflow on the way; much faster than Math.hypot. */
export function length2(x: number, y: number): number {
  const [a, b] = [Math.abs(x), Math.abs(y)];
  const large = a > b ? a : b;
  if (large === 0) return 0;
  const ratio = (a > b ? b : a) / large;
  return large * Math.sqrt(1 + ratio * ratio);
}

/** Rotations of neighbouring rows, noted first and applied together: a pass reads each row once for two of them. */
export class Rotations {
  readonly #cos: Float64Array;
  readonly #sin: Float64Array;

  constructor(n: number) {
    this.#cos = new Float64Array(n);
    this.#sin = new Float64Array(n);
  }

  /** Notes number i: x ← c·x + s·y, y ← c·y − s·x for x = row i, y = row i + 1. */
  set(i: number, c: number, s: number): void {
    this.#cos[i] = c;
    this.#sin[i] = s;
  }

  /** Applies numbers from … to − 1, in this order, to the rows of w, which have n elements. */
  down(w: Float64Array, n: number, from: number, to: number): void {
    let i = from;
    for (; i + 1 < to; i += 2) this.#pair(w, n, i);
    if (i < to) this.#single(w, n, i);
  }

  /** The same in falling order. */
  up(w: Float64Array, n: number, from: number, to: number): void {
    for (let i = to - 1; i >= from; i--) this.#single(w, n, i);
  }

  #single(w: Float64Array, n: number, i: number): void {
    const [c, s] = [this.#cos[i]!, this.#sin[i]!];
    for (let x = i * n, y = x + n; x < (i + 1) * n; x++, y++) {
      const [p, q] = [w[x]!, w[y]!];
      w[x] = c * p + s * q;
      w[y] = c * q - s * p;
    }
  }

  #pair(w: Float64Array, n: number, i: number): void {
    const [c, s, c2, s2] = [this.#cos[i]!, this.#sin[i]!, this.#cos[i + 1]!, this.#sin[i + 1]!];
    for (let x = i * n, y = x + n, z = y + n; x < (i + 1) * n; x++, y++, z++) {
      const [p, q, r] = [w[x]!, w[y]!, w[z]!];
      const middle = c * q - s * p;
      w[x] = c * p + s * q;
      w[y] = c2 * middle + s2 * r;
      w[z] = c2 * r - s2 * middle;
    }
  }
}
