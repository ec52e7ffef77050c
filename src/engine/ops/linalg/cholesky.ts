/** Cholesky factors of symmetric positive definite matrices, by halves: a corner, the rows beside it, and their product away from the rest. */
import type { CheckRow } from '../../check-row.ts';
import type { TypedArray } from '../../dtype.ts';
import type { MaybeTensor, Op } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { bind1 } from '../../trace.ts';
import { add, mul } from '../arithmetic.ts';
import type { TensorLike } from '../constant.ts';
import { eye } from '../iota.ts';
import { NONE, type None } from '../makers.ts';
import { matmul } from '../matmul.ts';
import { swapLast } from '../movement.ts';
import { tril } from '../triangle.ts';
import { type Block, type BlockMath, blockOf, type Desk, partOf, solveLower, transposeInto, turned } from './block.ts';
import { matrixOp, roundedLike, squareOf } from './matrix-op.ts';
import { triangularSolve } from './triangular.ts';

/** Rows that are factored without products, and rows of the rest that one product takes away from. */
const LEAF = 32;
const STRIPE = 64;

/** Replaces the upper triangle of a block by U with A = Uᵀ·U; false where A is not positive definite. */
function factorize(math: BlockMath, a: Block): boolean {
  const n = a.rows;
  if (n <= LEAF) return factorizeRows(a);
  const half = LEAF * Math.ceil(n / (2 * LEAF));
  const [first, rest] = [[0, half] as const, [half, n] as const];
  const [corner, side, below] = [partOf(a, first, first), partOf(a, first, rest), partOf(a, rest, rest)];
  if (!factorize(math, corner)) return false;
  solveLower(math, turned(corner), side);
  for (let i = 0; i < n - half; i += STRIPE) {
    const [rows, columns] = [[i, Math.min(i + STRIPE, n - half)] as const, [i, n - half] as const];
    const stripe = partOf(side, first, rows);
    math.product(partOf(below, rows, columns), turned(stripe), partOf(side, first, columns), 'subtract');
  }
  return factorize(math, below);
}

function factorizeRows({ data: a, at, rows: n, down }: Block): boolean {
  for (let k = 0; k < n; k++) {
    const row = at + k * down;
    if (!(a[row + k]! > 0)) return false;
    const pivot = Math.sqrt(a[row + k]!);
    a[row + k] = pivot;
    for (let j = k + 1; j < n; j++) a[row + j]! /= pivot;
    for (let i = k + 1; i < n; i++) {
      const factor = a[row + i]!;
      for (let j = i, to = at + i * down; j < n; j++) a[to + j]! -= factor * a[row + j]!;
    }
  }
  return true;
}

/** L = Uᵀ, from A in contiguous rows. */
function lowerFactor(a: TypedArray, l: TypedArray, n: number, { math, work }: Desk): void {
  const u = work.subarray(0, n * n);
  u.set(a);
  if (!factorize(math, blockOf(u, n, n))) {
    l.fill(Number.NaN);
    return;
  }
  transposeInto(l as Float64Array, u, n, n);
  for (let i = 0; i < n; i++) l.fill(0, i * n + i + 1, (i + 1) * n);
}

/** A symmetric, tangents too → lower triangular L with A = L·Lᵀ. */
export const choleskyOp: Op<None> = /* @__PURE__ */ matrixOp<None>('cholesky', {
  cores: [2],
  results: ([a]) => [{ shape: a!, dtype: 'f64' }],
  // dL = L·Φ(L⁻¹·dA·L⁻ᵀ), where Φ keeps the lower triangle and half of the diagonal.
  jvp: ({ outs: [l], tangents: [da] }): MaybeTensor[] => {
    if (da == null) return [null];
    const inner = triangularSolve(l!, swapLast(triangularSolve(l!, da)));
    return [matmul(l!, mul(0.5, add(tril(inner), tril(inner, -1))))];
  },
  kernel: ([a], [l], [size], _, desk) => lowerFactor(a!, l!, size![0]!, desk),
  room: ([size]) => size![0]! ** 2,
  flops: ([size]) => size![0]! ** 3 / 3,
});

const symmetric = (x: Tensor): Tensor => mul(0.5, add(x, swapLast(x)));

/**
 * The lower triangular L with L·Lᵀ = (A + Aᵀ)/2, for matrices (…, n, n).
 *
 * Computes in f64. A matrix that is not positive definite gives NaN everywhere; others in the batch are not touched.
 */
export const cholesky = (a: TensorLike): Tensor =>
  roundedLike(bind1(choleskyOp, [symmetric(squareOf('cholesky', a))], NONE), a);

const positive = (x: Tensor): Tensor => add(matmul(x, x, { transposeY: true }), mul(2, eye(3, x.dtype)));

export const choleskyChecks: readonly CheckRow[] = [
  { name: 'cholesky', f: (x) => cholesky(positive(x!)), args: [{ shape: [3, 3] }] },
  { name: 'cholesky.batch', f: (x) => cholesky(positive(x!)), args: [{ shape: [2, 3, 4] }] },
];
