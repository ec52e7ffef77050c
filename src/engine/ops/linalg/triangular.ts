/** Triangular systems, by halves down to a few rows that are substituted one after another. */
import type { CheckRow } from '../../check-row.ts';
import { ShapeError } from '../../errors.ts';
import type { MaybeTensor, Op } from '../../op.ts';
import { isLinear } from '../../op.ts';
import { showShape } from '../../shape.ts';
import type { Tensor } from '../../tensor.ts';
import { bind1 } from '../../trace.ts';
import { add, mul, neg } from '../arithmetic.ts';
import type { TensorLike } from '../constant.ts';
import { eye } from '../iota.ts';
import { matmul } from '../matmul.ts';
import { swapLast } from '../movement.ts';
import { tril, triu } from '../triangle.ts';
import { type Block, type BlockMath, blockOf, solveLower, solveUpper, turned } from './block.ts';
import { matrixOp, withSystem } from './matrix-op.ts';

export interface TriangularParams {
  /** Which triangle of the matrix is read; the other is not looked at. */
  readonly lower: boolean;
  /** Solves with the transposed matrix. */
  readonly transpose: boolean;
  /** The diagonal counts as ones and is not looked at. */
  readonly unitDiagonal: boolean;
}

/** Solves in place of x (n, k), the matrix being rows of n. */
export function substitute(math: BlockMath, a: Block, x: Block, params: TriangularParams): void {
  const { lower, transpose, unitDiagonal } = params;
  const matrix = transpose ? turned(a) : a;
  if (lower !== transpose) solveLower(math, matrix, x, unitDiagonal);
  else solveUpper(math, matrix, x, unitDiagonal);
}

/** Inputs: triangular matrix (…, n, n), right-hand sides (…, n, k). Linear in the latter. */
export const triangularSolveOp: Op<TriangularParams> = /* @__PURE__ */ matrixOp<TriangularParams>('triangularSolve', {
  cores: [2, 2],
  results: ([a, b]) => {
    if (a![0] !== a![1] || a![1] !== b![0])
      throw new ShapeError(`triangularSolve: ${showShape(a!)} and ${showShape(b!)} are not (n, n) and (n, k)`, {
        left: a!,
        right: b!,
      });
    return [{ shape: b!, dtype: 'f64' }];
  },
  // T·x = b: T·dx = db − dT·x, with dT the part of dA that is read.
  jvp: ({ primals: [a], outs: [x], tangents: [da, db], params }): MaybeTensor[] => {
    const moved = da == null ? null : neg(matmul(readPart(da, params), x!, { transposeX: params.transpose }));
    const right = moved === null ? db! : db == null ? moved : add(db, moved);
    return [bind1(triangularSolveOp, [a!, right], params)];
  },
  transpose: ({ cts: [ct], inputs: [a, b], params }): MaybeTensor[] => [
    null,
    ct == null || !isLinear(b!)
      ? null
      : bind1(triangularSolveOp, [a as Tensor, ct], { ...params, transpose: !params.transpose }),
  ],
  kernel: ([a, b], [x], [, size], params, { math }) => {
    const [n, k] = size as [number, number];
    x!.set(b!);
    substitute(math, blockOf(a as Float64Array, n, n), blockOf(x as Float64Array, n, k), params);
  },
  flops: ([, size]) => size![0]! ** 2 * size![1]!,
});

const readPart = (a: Tensor, { lower, unitDiagonal }: TriangularParams): Tensor =>
  lower ? tril(a, unitDiagonal ? -1 : 0) : triu(a, unitDiagonal ? 1 : 0);

/**
 * Solves T·x = b, where T is the lower (or upper) triangle of `a` (…, n, n); b is a vector (n) or columns (…, n, k).
 *
 * Computes in f64. A zero on the diagonal gives infinities or NaN. The derivative reaches the triangle that is read.
 */
export function triangularSolve(
  a: TensorLike,
  b: TensorLike,
  { lower = true, transpose = false, unitDiagonal = false }: Partial<TriangularParams> = {},
): Tensor {
  return withSystem('triangularSolve', a, b, (x, y) =>
    bind1(triangularSolveOp, [x, y], { lower, transpose, unitDiagonal }),
  );
}

/** A well-conditioned matrix from any numbers in [−2, 2]. */
const tame = (x: Tensor): Tensor => add(x, mul(5, eye(x.shape.at(-1)!, x.dtype)));
const square = { shape: [3, 3] };
const columns = { shape: [3, 2] };

export const triangularChecks: readonly CheckRow[] = [
  { name: 'triangularSolve', f: (a, b) => triangularSolve(tame(a!), b!), args: [{ shape: [2, 3, 3] }, columns] },
  {
    name: 'triangularSolve.upper',
    f: (a, b) => triangularSolve(tame(a!), b!, { lower: false }),
    args: [square, { shape: [3] }],
  },
  {
    name: 'triangularSolve.transposed',
    f: (a, b) => triangularSolve(tame(a!), b!, { transpose: true }),
    args: [square, { shape: [2, 3, 2] }],
  },
  {
    name: 'triangularSolve.unit',
    f: (a, b) => triangularSolve(swapLast(a!), b!, { lower: false, transpose: true, unitDiagonal: true }),
    args: [square, columns],
  },
];
