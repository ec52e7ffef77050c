/** Cholesky factors of symmetric positive definite matrices. */
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
import { matrixOp, roundedLike, squareOf } from './matrix-op.ts';
import { triangularSolve } from './triangular.ts';

function factorize(a: TypedArray, l: TypedArray, n: number): void {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let rest = a[i * n + j]!;
      for (let k = 0; k < j; k++) rest -= l[i * n + k]! * l[j * n + k]!;
      if (i === j && !(rest > 0)) {
        l.fill(Number.NaN);
        return;
      }
      l[i * n + j] = i === j ? Math.sqrt(rest) : rest / l[j * n + j]!;
    }
    l.fill(0, i * n + i + 1, (i + 1) * n);
  }
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
  kernel: ([a], [l], [size]) => factorize(a!, l!, size![0]!),
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
