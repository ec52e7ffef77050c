/**
 * Least squares and pseudo-inverses by QR with exchange of columns, and a second QR of its rows for the shortest answer.
 *
 * Letters  A (m, n), rank r; A = U·T·Vᵀ with orthonormal columns U (m, k), V (n, k) that are zero beyond r, and T lower triangular; A⁺ = V·T⁻¹·Uᵀ.
 */
import type { CheckRow } from '../../check-row.ts';
import type { TypedArray } from '../../dtype.ts';
import { ConfigError } from '../../errors.ts';
import type { JvpCall, MaybeTensor, Op } from '../../op.ts';
import { isLinear } from '../../op.ts';
import { sizeOf } from '../../shape.ts';
import type { Tensor } from '../../tensor.ts';
import { bind, bind1 } from '../../trace.ts';
import { add, mul, sub } from '../arithmetic.ts';
import { cast } from '../cast.ts';
import type { TensorLike } from '../constant.ts';
import { eye } from '../iota.ts';
import { matmul } from '../matmul.ts';
import { broadcastTo, pad, swapLast } from '../movement.ts';
import { stopGradient } from '../tap.ts';
import { orthonormalFactor, triangularize } from './householder.ts';
import { matrixOf, matrixOp, roundedLike, withSystem } from './matrix-op.ts';
import { substitute } from './triangular.ts';

interface RankParams {
  /** Pivots up to this part of the first count as zero; null stands for max(m, n)·2⁻⁵². */
  readonly rcond: number | null;
}

/** A → U, T, V and the rank, i32. */
export const orthogonalOp: Op<RankParams> = /* @__PURE__ */ matrixOp<RankParams>('orthogonal', {
  cores: [2],
  results: ([a]) => {
    const [m, n] = a as [number, number];
    const k = Math.min(m, n);
    return [
      { shape: [m, k], dtype: 'f64' },
      { shape: [k, k], dtype: 'f64' },
      { shape: [n, k], dtype: 'f64' },
      { shape: [], dtype: 'i32' },
    ];
  },
  kernel: ([a], outs, [size], { rcond }) =>
    decompose(a!, outs, size![0]!, size![1]!, rcond ?? Math.max(...size!) * 2 ** -52),
  flops: ([size]) => 4 * sizeOf(size!) * Math.min(...size!),
});

function decompose(a: TypedArray, outs: readonly TypedArray[], m: number, n: number, rcond: number): void {
  const [u, t, v, rank] = outs as [TypedArray, TypedArray, TypedArray, TypedArray];
  const k = Math.min(m, n);
  const work = Float64Array.from(a);
  const first = triangularize(work, m, n, true);
  orthonormalFactor(first, u, m, k);
  const r = rankOf(work, n, k, rcond);
  rank[0] = r;
  for (let i = 0; i < m; i++) u.fill(0, i * k + r, (i + 1) * k);
  fillRows(work, first.order, { n, k, r }, t, v);
}

function rankOf(upper: TypedArray, n: number, k: number, rcond: number): number {
  const least = rcond * Math.abs(upper[0] ?? 0);
  let r = 0;
  while (r < k && Math.abs(upper[r * (n + 1)]!) > least) r++;
  return r;
}

/** From the first r rows S of the triangular form: Sᵀ = Z·X gives S = Xᵀ·Zᵀ, so T = Xᵀ, and V is Z with the exchanges undone. */
function fillRows(
  upper: TypedArray,
  order: Int32Array,
  { n, k, r }: { readonly n: number; readonly k: number; readonly r: number },
  t: TypedArray,
  v: TypedArray,
): void {
  const rows = new Float64Array(n * r);
  for (let i = 0; i < r; i++) for (let j = 0; j < n; j++) rows[j * r + i] = upper[i * n + j]!;
  const z = new Float64Array(n * r);
  orthonormalFactor(triangularize(rows, n, r), z, n, r);
  for (let i = 0; i < k; i++)
    for (let j = 0; j < k; j++) t[i * k + j] = i < r && j < r ? rows[j * r + i]! : Number(i === j);
  for (let i = 0; i < n; i++) for (let j = 0; j < k; j++) v[order[i]! * k + j] = j < r ? z[i * r + j]! : 0;
}

interface PseudoParams {
  /** Applies the pseudo-inverse of Aᵀ. */
  readonly transpose: boolean;
}

/** Inputs: A, U, T, V, b → A⁺·b. The value reads the factors; the derivative goes through A. Linear in b. */
export const pseudoSolveOp: Op<PseudoParams> = /* @__PURE__ */ matrixOp<PseudoParams>('pseudoSolve', {
  cores: [2, 2, 2, 2, 2],
  results: ([a, , , , b], { transpose }) => [{ shape: [a![transpose ? 0 : 1]!, b![1]!], dtype: 'f64' }],
  jvp: (call) => [tangentOf(call)],
  transpose: ({ cts: [ct], inputs, params }): MaybeTensor[] => [
    null,
    null,
    null,
    null,
    ct == null || !isLinear(inputs[4]!) ? null : apply(inputs.slice(0, 4) as Tensor[], ct, !params.transpose),
  ],
  kernel: ([, u, t, v, b], [x], [, , size, , right], { transpose }) => {
    const k = size![0]!;
    const columns = right![1]!;
    const middle = new Float64Array(k * columns);
    addProduct(transpose ? v! : u!, b!, middle, { k, columns, isTransposed: true });
    substitute(t!, middle, k, columns, { lower: true, transpose, unitDiagonal: false });
    x!.fill(0);
    addProduct(transpose ? u! : v!, middle, x!, { k, columns, isTransposed: false });
  },
  flops: ([a, , size, , right]) => (2 * (a![0]! + a![1]!) + size![0]!) * size![0]! * right![1]!,
});

/** z += F·y, or Fᵀ·y, with F in rows of k. */
function addProduct(
  f: TypedArray,
  y: TypedArray,
  z: TypedArray,
  { k, columns, isTransposed }: { readonly k: number; readonly columns: number; readonly isTransposed: boolean },
): void {
  for (let e = 0, i = 0; e < f.length; i += columns) {
    for (let j = 0; j < k * columns; j += columns, e++) {
      const factor = f[e]!;
      const from = isTransposed ? i : j;
      const to = isTransposed ? j : i;
      for (let c = 0; c < columns; c++) z[to + c]! += factor * y[from + c]!;
    }
  }
}

const apply = (factors: readonly Tensor[], b: Tensor, transpose: boolean): Tensor =>
  bind1(pseudoSolveOp, [...factors, b], { transpose });

/** With P = B⁺ at full rank: dx = P·(db − dB·x) + P·Pᵀ·dBᵀ·(b − B·x) for tall B, and + (I − P·B)·dBᵀ·Pᵀ·x for wide B. */
function tangentOf({ primals, outs: [x], tangents, params }: JvpCall<PseudoParams>): MaybeTensor {
  const { transpose } = params;
  const [da, db] = [tangents[0], tangents[4]];
  const factors = primals.slice(0, 4);
  const [a, b] = [primals[0]!, primals[4]!];
  const by = (y: Tensor, isBack = false) => apply(factors, y, transpose !== isBack);
  if (da == null) return db == null ? null : by(db);
  const times = (f: Tensor, y: Tensor, isBack = false) => matmul(f, y, { transposeX: transpose !== isBack });
  const moved = sub(db ?? mul(b, 0), times(da, x!));
  const [rows, columns] = transpose ? [a.shape.at(-1)!, a.shape.at(-2)!] : [a.shape.at(-2)!, a.shape.at(-1)!];
  if (rows === columns) return by(moved);
  if (rows > columns) return by(add(moved, by(times(da, sub(b, times(a, x!)), true), true)));
  const across = times(da, by(x!, true), true);
  return add(by(sub(moved, times(a, across))), across);
}

function factorsOf(a: Tensor, rcond: number | undefined): { readonly factors: Tensor[]; readonly rank: Tensor } {
  if (rcond !== undefined && !(rcond >= 0 && rcond < 1))
    throw new ConfigError(`rcond is ${rcond}, not a number from 0 to below 1`, {
      rcond,
      help: 'it is the part of the largest pivot up to which others count as zero',
    });
  const [u, t, v, rank] = bind(orthogonalOp, [stopGradient(a)], { rcond: rcond ?? null }) as Tensor[];
  return { factors: [a, u!, t!, v!], rank: rank! };
}

export interface LeastSquaresOptions {
  /** Pivots of the triangular factor up to this part of the largest count as zero; max(m, n)·2⁻⁵² unless said. */
  readonly rcond?: number;
}

/**
 * The x that makes |A·x − b| smallest, and of several the shortest, with the rank found (i32); A (…, m, n), b a vector (m) or columns (…, m, k).
 *
 * Computes in f64. The derivative is that at full rank.
 */
export function lstsq(
  a: TensorLike,
  b: TensorLike,
  { rcond }: LeastSquaresOptions = {},
): { readonly x: Tensor; readonly rank: Tensor } {
  let found: Tensor | undefined;
  const x = withSystem('lstsq', a, b, (matrix, right) => {
    const { factors, rank } = factorsOf(matrix, rcond);
    found = rank;
    return apply(factors, right, false);
  });
  return { x, rank: found! };
}

/** The pseudo-inverse (…, n, m) of matrices (…, m, n), computed in f64; the derivative is that at full rank. */
export function pinv(a: TensorLike, { rcond }: LeastSquaresOptions = {}): Tensor {
  const x = matrixOf('pinv', a);
  const m = x.shape.at(-2)!;
  const unit = broadcastTo(eye(m, 'f64'), [...x.shape.slice(0, -2), m, m]);
  return roundedLike(apply(factorsOf(x, rcond).factors, unit, false), a);
}

/** Tall matrices of full rank. */
function tall(x: Tensor): Tensor {
  const [m, n] = x.shape.slice(-2) as [number, number];
  return add(
    x,
    mul(
      5,
      pad(eye(n, x.dtype), [
        [0, m - n],
        [0, 0],
      ]),
    ),
  );
}

export const leastSquaresChecks: readonly CheckRow[] = [
  {
    name: 'orthogonal',
    f: (a) => factorsOf(cast(tall(a!), 'f64'), undefined).factors[2]!,
    args: [{ shape: [2, 4, 3] }],
    order: 0,
  },
  { name: 'orthogonal.rank', f: (a, b) => lstsq(a!, b!).rank, args: [{ shape: [4, 2] }, { shape: [4] }], order: 0 },
  { name: 'pseudoSolve', f: (a, b) => lstsq(tall(a!), b!).x, args: [{ shape: [2, 4, 3] }, { shape: [4, 2] }] },
  { name: 'pseudoSolve.square', f: (a, b) => lstsq(tall(a!), b!).x, args: [{ shape: [3, 3] }, { shape: [3] }] },
  {
    name: 'pseudoSolve.wide',
    f: (a, b) => lstsq(swapLast(tall(a!)), b!).x,
    args: [{ shape: [4, 3] }, { shape: [3, 1] }],
  },
  { name: 'pseudoSolve.pinv', f: (a) => pinv(tall(a!)), args: [{ shape: [4, 2] }] },
];
