/** Square systems and determinants through LU factors with row exchanges; derivatives solve with the same factors. */
import type { CheckRow } from '../../check-row.ts';
import type { TypedArray } from '../../dtype.ts';
import { ShapeError } from '../../errors.ts';
import type { MaybeTensor, Op } from '../../op.ts';
import { isLinear } from '../../op.ts';
import { log } from '../../portable.ts';
import { showShape, sizeOf } from '../../shape.ts';
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
import { type Block, type BlockMath, blockOf, type Desk, partOf, solveLower, solveUpper, turned } from './block.ts';
import { matrixOp, roundedLike, squareOf, withSystem } from './matrix-op.ts';

/** Columns that are eliminated one by one. */
const LEAF = 8;

/** Replaces A (n, n) by L\U; row i of the factors is row `order[i]` of A. A zero pivot leaves its column as it is. */
export function eliminate(math: BlockMath, a: Block, order: TypedArray): void {
  for (let i = 0; i < a.rows; i++) order[i] = i;
  eliminateColumns(math, a, order, 0, a.columns);
}

/** Columns [from, to) below row `from`, by halves: the left ones, the rows beside them, their product away from the rest, the right ones. */
function eliminateColumns(math: BlockMath, a: Block, order: TypedArray, from: number, to: number): void {
  if (to - from <= LEAF) {
    for (let k = from; k < to; k++) eliminateColumn(a, order, k, to);
    return;
  }
  const half = from + LEAF * Math.ceil((to - from) / (2 * LEAF));
  const [top, below, left, right] = [
    [from, half],
    [half, a.rows],
    [from, half],
    [half, to],
  ] as const;
  eliminateColumns(math, a, order, from, half);
  const beside = partOf(a, top, right);
  solveLower(math, partOf(a, top, left), beside, true);
  math.product(partOf(a, below, right), partOf(a, below, left), beside, 'subtract');
  eliminateColumns(math, a, order, half, to);
}

/** Whole rows change places; what is subtracted ends at column `to`. */
function eliminateColumn({ data: a, at, rows: n, down }: Block, order: TypedArray, k: number, to: number): void {
  let best = k;
  for (let i = k + 1; i < n; i++) if (Math.abs(a[at + i * down + k]!) > Math.abs(a[at + best * down + k]!)) best = i;
  if (best !== k) exchange(a, order, [at + k * down, at + best * down, n], [k, best]);
  const row = at + k * down;
  const pivot = a[row + k]!;
  if (pivot === 0) return;
  for (let i = k + 1; i < n; i++) {
    const below = at + i * down;
    const factor = a[below + k]! / pivot;
    a[below + k] = factor;
    for (let j = k + 1; j < to; j++) a[below + j]! -= factor * a[row + j]!;
  }
}

function exchange(
  a: Float64Array,
  order: TypedArray,
  [x, y, n]: readonly [number, number, number],
  [i, j]: readonly [number, number],
): void {
  for (let c = 0; c < n; c++) [a[x + c], a[y + c]] = [a[y + c]!, a[x + c]!];
  [order[i], order[j]] = [order[j]!, order[i]!];
}

/** A (…, n, n) → L\U in one matrix, and the order of its rows (…, n), i32. */
export const luOp: Op<None> = /* @__PURE__ */ matrixOp<None>('lu', {
  cores: [2],
  results: ([a]) => [
    { shape: a!, dtype: 'f64' },
    { shape: [a![0]!], dtype: 'i32' },
  ],
  kernel: ([a], [lu, order], [size], _, { math }) => {
    lu!.set(a!);
    eliminate(math, blockOf(lu as Float64Array, size![0]!, size![0]!), order!);
  },
  flops: ([size]) => (2 / 3) * size![0]! ** 3,
});

interface LuSolveParams {
  /** Solves with Aᵀ. */
  readonly transpose: boolean;
}

/** x (n, k) = A⁻¹·b, or with Aᵀ, from the factors of A; b and x in contiguous rows. */
export function solveWithFactors(
  { math, work }: Desk,
  [lu, order]: readonly [Block, TypedArray],
  b: TypedArray,
  x: Float64Array,
  transpose: boolean,
): void {
  const n = lu.rows;
  const k = x.length / n;
  const held = transpose ? work.subarray(0, n * k) : x;
  const right = blockOf(held, n, k);
  if (transpose) {
    held.set(b);
    solveLower(math, turned(lu), right);
    solveUpper(math, turned(lu), right, true);
    for (let i = 0; i < n; i++) x.set(held.subarray(i * k, (i + 1) * k), order[i]! * k);
  } else {
    for (let i = 0; i < n; i++) held.set(b.subarray(order[i]! * k, (order[i]! + 1) * k), i * k);
    solveLower(math, lu, right, true);
    solveUpper(math, lu, right);
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
  kernel: ([, lu, order, b], [x], [size], { transpose }, desk) =>
    solveWithFactors(
      desk,
      [blockOf(lu as Float64Array, size![0]!, size![1]!), order!],
      b!,
      x as Float64Array,
      transpose,
    ),
  room: ([, , , size], { transpose }) => (transpose ? sizeOf(size!) : 0),
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
