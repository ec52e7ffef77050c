/** Triangular form by reflections I − β·v·vᵀ, with or without exchange of columns, and the orthonormal factor they make. */
import type { TypedArray } from '../../dtype.ts';

export interface Reflection {
  /** Zero in front of element `from`. */
  readonly v: Float64Array;
  readonly from: number;
  /** 0 leaves everything as it is. */
  readonly beta: number;
  /** What element `from` of the vector becomes; those behind it vanish. */
  readonly head: number;
}

/** A vector whose element i is a[start + i·stride], for i from `from` to below `to`. */
export interface Line {
  readonly start: number;
  readonly stride: number;
  readonly from: number;
  readonly to: number;
}

export interface Reflected {
  readonly reflections: readonly Reflection[];
  /** Column j of the result is column order[j] of the matrix. */
  readonly order: Int32Array;
}

/** The length of a strided vector, without overflow on the way. */
export function lengthOf(x: TypedArray, start: number, count: number, stride: number): number {
  let largest = 0;
  for (let i = 0; i < count; i++) largest = Math.max(largest, Math.abs(x[start + i * stride]!));
  if (largest === 0 || !Number.isFinite(largest)) return largest;
  let total = 0;
  for (let i = 0; i < count; i++) {
    const part = x[start + i * stride]! / largest;
    total += part * part;
  }
  return largest * Math.sqrt(total);
}

/** Replaces a (m, n) by its triangular form; what lies below the diagonal becomes zero. */
export function triangularize(a: TypedArray, m: number, n: number, hasExchanges = false): Reflected {
  const order = Int32Array.from({ length: n }, (_, j) => j);
  const reflections: Reflection[] = [];
  const work = new Float64Array(n);
  const lengths = hasExchanges ? new ColumnLengths(a, m, n) : null;
  for (let k = 0; k < Math.min(m, n); k++) {
    if (lengths !== null) exchangeColumns(a, m, n, order, k, lengths.longest(k));
    const reflection = reflectionOf(a, { start: k, stride: n, from: k, to: m });
    reflectColumns(reflection, a, n, k + 1, work);
    if (reflection.beta !== 0) a[k * n + k] = reflection.head;
    for (let i = k + 1; i < m; i++) a[i * n + k] = 0;
    reflections.push(reflection);
    lengths?.drop(k);
  }
  return { reflections, order };
}

function exchangeColumns(a: TypedArray, m: number, n: number, order: Int32Array, k: number, best: number): void {
  if (best === k) return;
  [order[k], order[best]] = [order[best]!, order[k]!];
  for (let i = 0; i < m; i++) [a[i * n + k], a[i * n + best]] = [a[i * n + best]!, a[i * n + k]!];
}

/** Part of a length below which what is left of it is measured again: the square root of the rounding. */
const WORN = 2 ** -26;

/**
 * Lengths of the columns of a (m, n) below the rows that are done, kept up to date by what each row takes away.
 * Source: Drmač and Bujanović, On the Failure of Rank-Revealing QR Factorization Software, ACM TOMS 35, 2008, §3.
 */
class ColumnLengths {
  readonly #a: TypedArray;
  readonly #m: number;
  readonly #n: number;
  readonly #now: Float64Array;
  /** As last measured. */
  readonly #measured: Float64Array;

  constructor(a: TypedArray, m: number, n: number) {
    this.#a = a;
    this.#m = m;
    this.#n = n;
    this.#now = Float64Array.from({ length: n }, (_, j) => lengthOf(a, j, m, n));
    this.#measured = this.#now.slice();
  }

  /** The longest column from k on, which then changes places with column k. */
  longest(k: number): number {
    let best = k;
    for (let j = k + 1; j < this.#n; j++) if (this.#now[j]! > this.#now[best]!) best = j;
    this.#now[best] = this.#now[k]!;
    this.#measured[best] = this.#measured[k]!;
    return best;
  }

  /** Takes row k away from the columns behind it. */
  drop(k: number): void {
    for (let j = k + 1; j < this.#n; j++) {
      const length = this.#now[j]!;
      if (length === 0) continue;
      const part = Math.abs(this.#a[k * this.#n + j]!) / length;
      const left = Math.max(0, (1 - part) * (1 + part));
      const against = length / this.#measured[j]!;
      if (left * against * against <= WORN) {
        this.#now[j] = lengthOf(this.#a, (k + 1) * this.#n + j, this.#m - k - 1, this.#n);
        this.#measured[j] = this.#now[j]!;
      } else this.#now[j] = length * Math.sqrt(left);
    }
  }
}

/** The reflection I − β·v·vᵀ that takes a vector to a multiple of the unit vector of its first element. */
export function reflectionOf(a: TypedArray, { start, stride, from, to }: Line): Reflection {
  const v = new Float64Array(to);
  const length = lengthOf(a, start + from * stride, to - from, stride);
  if (length === 0) return { v, from, beta: 0, head: 0 };
  for (let i = from; i < to; i++) v[i] = a[start + i * stride]! / length;
  const first = v[from]!;
  v[from] = first < 0 ? first - 1 : first + 1;
  return { v, from, beta: 1 / (1 + Math.abs(first)), head: first < 0 ? length : -length }; // |v|² = 2·(1 + |first|)
}

/** Rows `first` to below `last` of w, which have n elements: each ← itself·(I − β·v·vᵀ). */
export function reflectRows(
  { v, from, beta }: Reflection,
  w: TypedArray,
  n: number,
  first: number,
  last: number,
): void {
  if (beta === 0) return;
  for (let row = first; row < last; row++) {
    let along = 0;
    for (let j = from, at = row * n + from; j < v.length; j++, at++) along += w[at]! * v[j]!;
    along *= beta;
    for (let j = from, at = row * n + from; j < v.length; j++, at++) w[at]! -= along * v[j]!;
  }
}

/** x ← (I − β·v·vᵀ)·x for the columns from `left` on of x, whose rows have n elements; `work` has n too. */
export function reflectColumns(
  { v, from, beta }: Reflection,
  x: TypedArray,
  n: number,
  left: number,
  work: Float64Array,
): void {
  if (beta === 0) return;
  work.fill(0, left);
  for (let i = from; i < v.length; i++) {
    const factor = v[i]!;
    for (let j = left, at = i * n + left; j < n; j++, at++) work[j]! += factor * x[at]!;
  }
  for (let i = from; i < v.length; i++) {
    const factor = beta * v[i]!;
    for (let j = left, at = i * n + left; j < n; j++, at++) x[at]! -= factor * work[j]!;
  }
}

/** Fills q (m, k) with the first k columns of the product of the reflections. */
export function orthonormalFactor({ reflections }: Reflected, q: TypedArray, m: number, k: number): void {
  for (let i = 0; i < m; i++) for (let j = 0; j < k; j++) q[i * k + j] = Number(i === j);
  const work = new Float64Array(k);
  for (let i = reflections.length - 1; i >= 0; i--) reflectColumns(reflections[i]!, q, k, i, work);
}
