/** Triangular form by reflections I − β·v·vᵀ, with or without exchange of columns, and the orthonormal factor they make. */
import type { TypedArray } from '../../dtype.ts';

interface Reflection {
  /** Zero in front of its own row. */
  readonly v: Float64Array;
  /** 0 leaves everything as it is. */
  readonly beta: number;
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
  for (let k = 0; k < Math.min(m, n); k++) {
    if (hasExchanges) exchangeColumns(a, m, n, order, k);
    const reflection = reflectionFor(a, m, n, k);
    reflect(reflection, a, n, k);
    for (let i = k + 1; i < m; i++) a[i * n + k] = 0;
    reflections.push(reflection);
  }
  return { reflections, order };
}

/** Brings the longest of the columns that are left, cut below row k, to place k. */
function exchangeColumns(a: TypedArray, m: number, n: number, order: Int32Array, k: number): void {
  const length = (j: number) => lengthOf(a, k * n + j, m - k, n);
  let best = k;
  let longest = length(k);
  for (let j = k + 1; j < n; j++) {
    const here = length(j);
    if (here > longest) [best, longest] = [j, here];
  }
  if (best === k) return;
  [order[k], order[best]] = [order[best]!, order[k]!];
  for (let i = 0; i < m; i++) [a[i * n + k], a[i * n + best]] = [a[i * n + best]!, a[i * n + k]!];
}

/** The reflection that takes column k from row k on to a multiple of the unit vector. */
function reflectionFor(a: TypedArray, m: number, n: number, k: number): Reflection {
  const v = new Float64Array(m);
  const length = lengthOf(a, k * n + k, m - k, n);
  if (length === 0) return { v, beta: 0 };
  for (let i = k; i < m; i++) v[i] = a[i * n + k]! / length;
  const head = Math.abs(v[k]!);
  v[k] = v[k]! < 0 ? v[k]! - 1 : v[k]! + 1;
  return { v, beta: 1 / (1 + head) }; // |v|² = 2·(1 + head)
}

/** x ← (I − β·v·vᵀ)·x for the rows from k on of x, whose rows have n elements. */
function reflect({ v, beta }: Reflection, x: TypedArray, n: number, k: number): void {
  if (beta === 0) return;
  const along = new Float64Array(n);
  for (let i = k; i < v.length; i++) for (let j = 0; j < n; j++) along[j]! += v[i]! * x[i * n + j]!;
  for (let i = k; i < v.length; i++) {
    const factor = beta * v[i]!;
    for (let j = 0; j < n; j++) x[i * n + j]! -= factor * along[j]!;
  }
}

/** Fills q (m, k) with the first k columns of the product of the reflections. */
export function orthonormalFactor({ reflections }: Reflected, q: TypedArray, m: number, k: number): void {
  for (let i = 0; i < m; i++) for (let j = 0; j < k; j++) q[i * k + j] = Number(i === j);
  for (let i = reflections.length - 1; i >= 0; i--) reflect(reflections[i]!, q, k, i);
}
