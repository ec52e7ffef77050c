/**
 * The shortest least-squares answer from a triangular factor: exchange of columns, a cut of the rank, and reflections from the right that take what was cut along.
 *
 * Source   Golub and Van Loan, Matrix Computations, §5.5 (complete orthogonal decomposition).
 */
import { concat, fromArray, linalg, scope } from '../engine/index.ts';

/** The answer to a least-squares system. */
export interface SystemSolution {
  /** (n, k), row-major. */
  readonly x: Float64Array;
  /** Unknowns that the rows determine. */
  readonly rank: number;
  /** |A·x − b|, over all right-hand sides. */
  readonly residual: number;
  /** Largest pivot over the least that was kept. */
  readonly condition: number;
}

interface TriangleOptions {
  readonly n: number;
  readonly k: number;
  readonly rcond: number;
  readonly pivots: 'columns' | 'none';
  /** Squared length of the right-hand sides outside of the factor's rows. */
  readonly outside: number;
}

/** Solves R·x ≈ z for r (n, n) and right (n, k), both row-major. */
export function reduceTriangle(
  r: Float64Array,
  right: Float64Array,
  { n, k, rcond, pivots, outside }: TriangleOptions,
): SystemSolution {
  const system = pivots === 'none' ? { r, right, order: identity(n) } : pivoted(r, right, n, k);
  const rank = pivots === 'none' ? n : rankOf(system.r, n, rcond);
  return { ...solveTriangle(system, { n, k, rank, outside }), rank };
}

interface Ordered {
  readonly r: Float64Array;
  readonly right: Float64Array;
  /** Column j of r belongs to unknown order[j]. */
  readonly order: ArrayLike<number>;
}

const identity = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

/** Uses up r. */
function solveTriangle(
  { r, right, order }: Ordered,
  { n, k, rank, outside }: { readonly n: number; readonly k: number; readonly rank: number; readonly outside: number },
): Omit<SystemSolution, 'rank'> {
  const turns = trapezoidToTriangle(r, n, rank);
  const y = backSubstitute(r, right, n, k, rank);
  for (let i = 0; i < rank; i++) turnBack(r, y, turns[i]!, { n, k, rank, i });
  const x = new Float64Array(n * k);
  for (let i = 0; i < n; i++) x.set(y.subarray(i * k, (i + 1) * k), order[i]! * k);
  let left = outside;
  for (let i = rank * k; i < right.length; i++) left += right[i]! ** 2;
  const [most, least] = [Math.abs(r[0]!), Math.abs(r[(rank - 1) * (n + 1)] ?? 0)];
  return { x, residual: Math.sqrt(left), condition: most / least };
}

/** The right-hand sides go along as columns that are never exchanged. */
function pivoted(r: Float64Array, right: Float64Array, n: number, k: number): Ordered {
  using _ = scope();
  const system = concat([fromArray(r, [n, n], 'f64'), fromArray(right, [n, k], 'f64')], 1);
  const { r: whole, order } = linalg.pivotedTriangle(system, n);
  const rows = whole.readSync() as Float64Array;
  const [triangle, turned] = [new Float64Array(n * n), new Float64Array(n * k)];
  for (let i = 0; i < n; i++) {
    triangle.set(rows.subarray(i * (n + k), i * (n + k) + n), i * n);
    turned.set(rows.subarray(i * (n + k) + n, (i + 1) * (n + k)), i * k);
  }
  return { r: triangle, right: turned, order: order.readSync().slice(0, n) };
}

function rankOf(r: Float64Array, n: number, rcond: number): number {
  const least = rcond * Math.abs(r[0]!);
  let rank = 0;
  while (rank < n && Math.abs(r[rank * (n + 1)]!) > least) rank++;
  return rank;
}

/** Clears the columns from `rank` on in the first `rank` rows by reflections of element i and those columns; their vectors stay in the rows. */
function trapezoidToTriangle(r: Float64Array, n: number, rank: number): Float64Array {
  const turns = new Float64Array(rank);
  if (rank === n) return turns;
  for (let i = rank - 1; i >= 0; i--) {
    const row = i * n;
    let below = 0;
    for (let j = rank; j < n; j++) below += r[row + j]! ** 2;
    if (below === 0) continue;
    const first = r[row + i]!;
    const length = Math.sqrt(first * first + below);
    const turned = first > 0 ? -length : length;
    for (let j = rank; j < n; j++) r[row + j]! /= first - turned;
    turns[i] = (turned - first) / turned;
    r[row + i] = turned;
    for (let above = 0; above < i; above++) turnRow(r, above * n, row, turns[i]!, { n, rank, i });
  }
  return turns;
}

function turnRow(
  r: Float64Array,
  row: number,
  vector: number,
  beta: number,
  { n, rank, i }: { readonly n: number; readonly rank: number; readonly i: number },
): void {
  let along = r[row + i]!;
  for (let j = rank; j < n; j++) along += r[row + j]! * r[vector + j]!;
  along *= beta;
  r[row + i]! -= along;
  for (let j = rank; j < n; j++) r[row + j]! -= along * r[vector + j]!;
}

function backSubstitute(r: Float64Array, right: Float64Array, n: number, k: number, rank: number): Float64Array {
  const y = new Float64Array(n * k);
  for (let i = rank - 1; i >= 0; i--)
    for (let c = 0; c < k; c++) {
      let sum = right[i * k + c]!;
      for (let j = i + 1; j < rank; j++) sum -= r[i * n + j]! * y[j * k + c]!;
      y[i * k + c] = sum / r[i * n + i]!;
    }
  return y;
}

/** y ← (I − β·v·vᵀ)·y with the vector of row i. */
function turnBack(
  r: Float64Array,
  y: Float64Array,
  beta: number,
  { n, k, rank, i }: { readonly n: number; readonly k: number; readonly rank: number; readonly i: number },
): void {
  if (beta === 0) return;
  for (let c = 0; c < k; c++) {
    let along = y[i * k + c]!;
    for (let j = rank; j < n; j++) along += r[i * n + j]! * y[j * k + c]!;
    along *= beta;
    y[i * k + c]! -= along;
    for (let j = rank; j < n; j++) y[j * k + c]! -= along * r[i * n + j]!;
  }
}
