/** The triangular form of matrices by reflections with exchange of columns, without the orthonormal factor. */
import type { CheckRow } from '../../check-row.ts';
import { UnsupportedError } from '../../errors.ts';
import type { Op } from '../../op.ts';
import { sizeOf } from '../../shape.ts';
import type { Tensor } from '../../tensor.ts';
import { bind } from '../../trace.ts';
import { cast } from '../cast.ts';
import { blockOf, sheets, transposeInto } from './block.ts';
import { matrixOf, matrixOp } from './matrix-op.ts';
import { pivotingRoom, triangularizePivoted } from './pivoting.ts';

interface PivotParams {
  /** Columns from this one on are reflected with the others, but stay in their place and are never chosen. */
  readonly count: number;
}

/** A → R (min(m, n), n) with A·P = Q·R, and the order of the columns, i32. */
export const pivotedTriangleOp: Op<PivotParams> = /* @__PURE__ */ matrixOp<PivotParams>('pivotedTriangle', {
  cores: [2],
  results: ([a]) => [
    { shape: [Math.min(...a!), a![1]!], dtype: 'f64' },
    { shape: [a![1]!], dtype: 'i32' },
  ],
  jvp: () => {
    throw new UnsupportedError('pivotedTriangle: the triangular form with exchanges has no derivative here', {
      help: 'qr differentiates the form without exchanges, lstsq the solution of a system',
    });
  },
  kernel: ([a], [r, order], [size], { count }, { math, work }) => {
    const [m, n] = size as [number, number];
    const [columns, rest] = sheets(work, m * n);
    transposeInto(columns, a as Float64Array, n, m);
    const v = blockOf(columns, n, m);
    order!.set(
      triangularizePivoted({ math, work: rest }, { v, t: null }, blockOf(r as Float64Array, Math.min(m, n), n), count),
    );
  },
  room: ([size]) => sizeOf(size!) + pivotingRoom(size![1]!),
  flops: ([size]) => 2 * sizeOf(size!) * Math.min(...size!),
});

/**
 * The upper triangular R (…, min(m, n), n) of A·P = Q·R for matrices (…, m, n), and the order of the columns (…, n), i32: column j of A·P is column order[j] of A.
 *
 * Each column of R is the longest that is left, so the diagonal falls; of n columns only the first `count` are exchanged, the others go along as right-hand sides. Computes in f64, without a derivative.
 */
export function pivotedTriangle(a: Tensor, count = a.shape.at(-1)!): { readonly r: Tensor; readonly order: Tensor } {
  const [r, order] = bind(pivotedTriangleOp, [matrixOf('pivotedTriangle', a)], { count }) as [Tensor, Tensor];
  return { r, order };
}

export const pivotedTriangleChecks: readonly CheckRow[] = [
  { name: 'pivotedTriangle', f: (a) => pivotedTriangle(cast(a!, 'f64')).r, args: [{ shape: [2, 5, 3] }], order: 0 },
  {
    name: 'pivotedTriangle.order',
    f: (a) => pivotedTriangle(cast(a!, 'f64'), 2).order,
    args: [{ shape: [4, 3], apart: 0.01 }],
    order: 0,
  },
];
