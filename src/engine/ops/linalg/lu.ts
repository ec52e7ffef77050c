/** Square systems and determinants through LU factors with row exchanges; derivatives solve with the same factors. */
import type { CheckRow } from '../../check-row.ts';
import type { TypedArray } from '../../dtype.ts';
import { ShapeError } from '../../errors.ts';
import type { MaybeTensor, Op } from '../../op.ts';
import { isLinear } from '../../op.ts';
import { log } from '../../portable.ts';
import { showShape } from '../../shape.ts';
import type { Tensor } from '../../tensor.ts';
import { bind, bind1 } from '../../trace.ts';
import { add, mul, neg } from '../arithmetic.ts';
import { cast } from '../cast.ts';
import type { TensorLike } from '../constant.ts';
import { eye } from '../iota.ts';
import { NONE, type None } from '../makers.ts';
import { matmul } from '../matmul.ts';
import { broadcastTo, swapLast } from '../movement.ts';
import { sum } from '../reduce.ts';
import { stopGradient } from '../tap.ts';
import { matrixOp, roundedLike, squareOf, withSystem } from './matrix-op.ts';
import { substitute } from './triangular.ts';

/** Replaces A (n, n) by L\U; row i of the factors is row `order[i]` of A. A zero pivot leaves its column as it is. */
export function eliminate(a: TypedArray, order: TypedArray, n: number): void {
  for (let i = 0; i < n; i++) order[i] = i;
  for (let k = 0; k < n; k++) {
    const p = pivotRow(a, n, k);
    if (p !== k) exchange(a, order, n, k, p);
    const pivot = a[k * n + k]!;
    if (pivot === 0) continue;
    for (let i = k + 1; i < n; i++) {
      const factor = a[i * n + k]! / pivot;
      a[i * n + k] = factor;
      if (factor !== 0) for (let j = k + 1; j < n; j++) a[i * n + j]! -= factor * a[k * n + j]!;
    }
  }
}

function pivotRow(a: TypedArray, n: number, k: number): number {
  let best = k;
  for (let i = k + 1; i < n; i++) if (Math.abs(a[i * n + k]!) > Math.abs(a[best * n + k]!)) best = i;
  return best;
}

function exchange(a: TypedArray, order: TypedArray, n: number, i: number, j: number): void {
  const row = a.slice(i * n, (i + 1) * n);
  a.copyWithin(i * n, j * n, (j + 1) * n);
  a.set(row, j * n);
  [order[i], order[j]] = [order[j]!, order[i]!];
}

/** A (…, n, n) → L\U in one matrix, and the order of its rows (…, n), i32. */
export const luOp: Op<None> = /* @__PURE__ */ matrixOp<None>('lu', {
  cores: [2],
  results: ([a]) => [
    { shape: a!, dtype: 'f64' },
    { shape: [a![0]!], dtype: 'i32' },
  ],
  kernel: ([a], [lu, order], [size]) => {
    lu!.set(a!);
    eliminate(lu!, order!, size![0]!);
  },
  flops: ([size]) => (2 / 3) * size![0]! ** 3,
});

interface LuSolveParams {
  /** Solves with Aᵀ. */
  readonly transpose: boolean;
}

/** x (n, k) = A⁻¹·b, or with Aᵀ, from the factors of A. */
export function solveWithFactors(
  lu: TypedArray,
  order: TypedArray,
  b: TypedArray,
  x: TypedArray,
  { n, k, transpose }: { readonly n: number; readonly k: number; readonly transpose: boolean },
): void {
  const work = new Float64Array(n * k);
  const rows = (i: number) => [order[i]! * k, i * k] as const;
  if (transpose) work.set(b);
  else
    for (let i = 0; i < n; i++) {
      const [from, to] = rows(i);
      for (let c = 0; c < k; c++) work[to + c] = b[from + c]!;
    }
  const [first, second] = [
    { lower: true, unitDiagonal: true, transpose },
    { lower: false, unitDiagonal: false, transpose },
  ] as const;
  substitute(lu, work, n, k, transpose ? second : first);
  substitute(lu, work, n, k, transpose ? first : second);
  if (!transpose) x.set(work);
  else
    for (let i = 0; i < n; i++) {
      const [to, from] = rows(i);
      for (let c = 0; c < k; c++) x[to + c] = work[from + c]!;
    }
}

/** Inputs: A, its factors, their order, b. The value reads the factors; the derivative goes through A. Linear in b. */
export const luSolveOp: Op<LuSolveParams> = /* @__PURE__ */ matrixOp<LuSolveParams>('luSolve', {
  cores: [2, 2, 1, 2],
  results: ([a, , , b]) => {
    if (a![1] !== b![0])
      throw new ShapeError(`solve: ${showShape(a!)} and ${showShape(b!)} are not (n, n) and (n, k)`, {
        left: a!,
        right: b!,
      });
    return [{ shape: b!, dtype: 'f64' }];
  },
  // A·x = b: A·dx = db − dA·x.
  jvp: ({ primals: [a, lu, order], outs: [x], tangents: [da, , , db], params }): MaybeTensor[] => {
    const moved = da == null ? null : neg(matmul(da, x!, { transposeX: params.transpose }));
    const right = moved === null ? db : db == null ? moved : add(db, moved);
    return [right == null ? null : bind1(luSolveOp, [a!, lu!, order!, right], params)];
  },
  transpose: ({ cts: [ct], inputs: [a, lu, order, b], params: { transpose } }): MaybeTensor[] => [
    null,
    null,
    null,
    ct == null || !isLinear(b!) ? null : bind1(luSolveOp, [a, lu, order, ct] as Tensor[], { transpose: !transpose }),
  ],
  kernel: ([, lu, order, b], [x], [, , , size], { transpose }) =>
    solveWithFactors(lu!, order!, b!, x!, { n: size![0]!, k: size![1]!, transpose }),
  flops: ([, , , size]) => 2 * size![0]! ** 2 * size![1]!,
});

/** Inputs: A, its factors, their order → sign and log |det A|. */
export const slogdetOp: Op<None> = /* @__PURE__ */ matrixOp<None>('slogdet', {
  cores: [2, 2, 1],
  results: () => [
    { shape: [], dtype: 'f64' },
    { shape: [], dtype: 'f64' },
  ],
  // d log |det A| = tr(A⁻¹·dA).
  jvp: ({ primals: [a, lu, order], tangents: [da] }): MaybeTensor[] => {
    if (da == null) return [null, null];
    const inverse = bind1(luSolveOp, [a!, lu!, order!, identityLike(a!)], { transpose: false });
    return [null, sum(mul(swapLast(inverse), da), [-2, -1])];
  },
  kernel: ([, lu, order], [sign, logAbs]) => {
    const n = order!.length;
    sign![0] = parityOf(order!);
    logAbs![0] = 0;
    for (let i = 0; i < n; i++) {
      const pivot = lu![i * (n + 1)]!;
      sign![0] = pivot === 0 ? 0 : sign![0]! * Math.sign(pivot);
      logAbs![0]! += log(Math.abs(pivot));
    }
  },
  flops: ([size]) => size![0]!,
});

/** −1 for an odd number of exchanges, else 1. */
function parityOf(order: TypedArray): number {
  const seen = new Uint8Array(order.length);
  let sign = 1;
  for (let start = 0; start < order.length; start++) {
    for (let i = start, isFirst = true; !seen[i]; i = order[i]!, isFirst = false) {
      seen[i] = 1;
      if (!isFirst) sign = -sign;
    }
  }
  return sign;
}

const identityLike = (a: Tensor): Tensor => broadcastTo(eye(a.shape.at(-1)!, 'f64'), a.shape);
const factorsOf = (a: Tensor): readonly Tensor[] => bind(luOp, [stopGradient(a)], NONE);

/**
 * Solves A·x = b for square A (…, n, n); b is a vector (n) or columns (…, n, k), leading axes broadcast.
 *
 * Computes in f64. A singular matrix gives infinities or NaN; `lstsq` solves what has no single answer.
 */
export function solve(a: TensorLike, b: TensorLike, { transpose = false }: Partial<LuSolveParams> = {}): Tensor {
  squareOf('solve', a);
  return withSystem('solve', a, b, (x, y) => bind1(luSolveOp, [x, ...factorsOf(x), y], { transpose }));
}

/** A⁻¹ of square matrices (…, n, n), computed in f64; to solve a system, `solve` is faster and more accurate. */
export function inverse(a: TensorLike): Tensor {
  const x = squareOf('inverse', a);
  return roundedLike(bind1(luSolveOp, [x, ...factorsOf(x), identityLike(x)], { transpose: false }), a);
}

/** det A = sign · exp(logAbs), both of shape (…), for square matrices (…, n, n); computed in f64. A singular matrix has sign 0 and logAbs −∞. */
export function slogdet(a: TensorLike): { readonly sign: Tensor; readonly logAbs: Tensor } {
  const x = squareOf('slogdet', a);
  const [sign, logAbs] = bind(slogdetOp, [x, ...factorsOf(x)], NONE) as [Tensor, Tensor];
  return { sign: roundedLike(sign, a), logAbs: roundedLike(logAbs, a) };
}

const tame = (x: Tensor): Tensor => add(x, mul(6, eye(x.shape.at(-1)!, x.dtype)));
const square = { shape: [3, 3] };

export const luChecks: readonly CheckRow[] = [
  { name: 'lu', f: (a) => factorsOf(cast(tame(a!), 'f64'))[0]!, args: [{ shape: [2, 4, 4] }], order: 0 },
  { name: 'lu.order', f: (a) => factorsOf(cast(a!, 'f64'))[1]!, args: [{ shape: [5, 5], apart: 0.01 }], order: 0 },
  { name: 'luSolve', f: (a, b) => solve(tame(a!), b!), args: [{ shape: [2, 3, 3] }, { shape: [3, 2] }] },
  {
    name: 'luSolve.transposed',
    f: (a, b) => solve(tame(a!), b!, { transpose: true }),
    args: [square, { shape: [3] }],
  },
  { name: 'luSolve.inverse', f: (a) => inverse(tame(a!)), args: [square] },
  { name: 'slogdet', f: (a) => slogdet(tame(a!)).logAbs, args: [{ shape: [2, 3, 3] }] },
  { name: 'slogdet.sign', f: (a) => slogdet(a!).sign, args: [{ shape: [4, 3, 3] }], order: 0 },
];
