/** Single reflections I − β·v·vᵀ of rows and columns. */
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
