/**
 * Least squares and pseudo-inverses by QR; where its triangular factor may lack rank, a second QR with exchange of columns cuts it, and a third turns its rows for the shortest answer.
 *
 * Letters  A (m, n), m ≥ n, or else its transpose: A = Q·R, R = U·T·Vᵀ of rank r, with orthonormal columns of U and V that are zero beyond r, and T lower triangular; A⁺ = V·T⁻¹·Uᵀ·Qᵀ.
 */
import type { CheckRow } from '../../check-row.ts';
import type { TypedArray } from '../../dtype.ts';
import { ConfigError } from '../../errors.ts';
import type { JvpCall, MaybeTensor, Op } from '../../op.ts';
import { isLinear } from '../../op.ts';
import { type Shape, sizeOf } from '../../shape.ts';
import type { Tensor } from '../../tensor.ts';
import { bind, bind1 } from '../../trace.ts';
import { add, mul, sub } from '../arithmetic.ts';
import { cast } from '../cast.ts';
import type { TensorLike } from '../constant.ts';
import { eye } from '../iota.ts';
import { matmul } from '../matmul.ts';
import { broadcastTo, pad, sliceAxis, squeeze, swapLast } from '../movement.ts';
import { stopGradient } from '../tap.ts';
import {
  type Block,
  blockOf,
  type Desk,
  invertUpper,
  partOf,
  sheets,
  solveLower,
  solveUpper,
  transposeInto,
  turned,
} from './block.ts';
import { lengthOf } from './householder.ts';
import { matrixOf, matrixOp, roundedLike, withSystem } from './matrix-op.ts';
import { pivotingRoom, triangularizePivoted } from './pivoting.ts';
import {
  applyOrthonormal,
  orthonormalRows,
  PANEL,
  type Reflections,
  reflectionRoom,
  triangularize,
} from './reflections.ts';

interface RankParams {
  /** Pivots up to this part of the first count as zero; null stands for max(m, n)·2⁻⁵². */
  readonly rcond: number | null;
}

/**
 * A → vectors (n, m) and factors (n, PANEL) of the reflections of Q, then U, T, V (n, n), and [rank, 1 where R was cut or turned] as i32.
 *
 * Where R itself is known to have full rank, T is R, upper triangular, and nobody reads U and V.
 */
export const orthogonalOp: Op<RankParams> = /* @__PURE__ */ matrixOp<RankParams>('orthogonal', {
  cores: [2],
  results: ([a]) => {
    const [m, n] = tallOf(a!);
    const square = { shape: [n, n], dtype: 'f64' } as const;
    return [
      { shape: [n, m], dtype: 'f64' },
      { shape: [n, PANEL], dtype: 'f64' },
      square,
      square,
      square,
      { shape: [2], dtype: 'i32' },
    ];
  },
  kernel: ([a], outs, [size], { rcond }, desk) =>
    decompose(a!, outs, size!, rcond ?? Math.max(...size!) * 2 ** -52, desk),
  room: ([size]) => {
    const [, n] = tallOf(size!);
    return 4 * n * n + n * PANEL + pivotingRoom(n) + reflectionRoom(n);
  },
  flops: ([size]) => 2 * sizeOf(size!) * Math.min(...size!),
});

const tallOf = (size: Shape): [m: number, n: number] => [Math.max(...size), Math.min(...size)];

function decompose(a: TypedArray, outs: readonly TypedArray[], size: Shape, rcond: number, desk: Desk): void {
  const [vectors, factors, u, t, v] = outs as readonly Float64Array[] as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const [m, n] = tallOf(size);
  if (size[0] === m) transposeInto(vectors, a as Float64Array, n, m);
  else vectors.set(a);
  triangularize(desk, { v: blockOf(vectors, n, m), t: blockOf(factors, n, PANEL) }, blockOf(t, n, n));
  u.fill(0);
  v.fill(0);
  const isWhole = hasFullRank(desk, t, n, rcond);
  outs[5]!.set(isWhole ? [n, 0] : [cut(desk, [u, t, v], n, rcond), 1]);
}

/** Whether every pivot is above rcond times the largest: none is below 1/|R⁻¹|, the largest is that of the longest column. */
function hasFullRank({ math, work }: Desk, r: Float64Array, n: number, rcond: number): boolean {
  const inverse = work.subarray(0, n * n).fill(0);
  invertUpper(math, blockOf(r, n, n), blockOf(inverse, n, n));
  let longest = 0;
  for (let j = 0; j < n; j++) longest = Math.max(longest, lengthOf(r, j, j + 1, n));
  return rcond * longest * lengthOf(inverse, 0, n * n, 1) < 1;
}

/** Replaces R in t by T of R = U·T·Vᵀ and fills U and V; returns the rank. */
function cut(desk: Desk, [u, t, v]: readonly Float64Array[], n: number, rcond: number): number {
  const [columns, upper, rows, factors, rest] = sheets(desk.work, n * n, n * n, n * n, n * PANEL);
  const free = { math: desk.math, work: rest };
  const all = { v: blockOf(columns, n, n), t: blockOf(factors, n, PANEL) };
  transposeInto(columns, t!, n, n);
  const order = triangularizePivoted(free, all, blockOf(upper, n, n), n);
  const r = rankOf(upper, n, rcond);
  orthonormalRows(free, all, blockOf(rows, n, n));
  for (let i = 0; i < n; i++) for (let j = 0; j < r; j++) u![i * n + j] = rows[j * n + i]!;
  t!.fill(0);
  for (let i = 0; i < n; i++) t![i * (n + 1)] = 1;
  if (r > 0) turnRows(free, [columns, upper, rows, factors], [t!, v!], { n, r, order });
  return r;
}

function rankOf(upper: TypedArray, n: number, rcond: number): number {
  const least = rcond * Math.abs(upper[0] ?? 0);
  let r = 0;
  while (r < n && Math.abs(upper[r * (n + 1)]!) > least) r++;
  return r;
}

/** From the first r rows S of the triangular form: Sᵀ = Z·X gives S = Xᵀ·Zᵀ, so T = Xᵀ, and V is Z with the exchanges undone. */
function turnRows(
  desk: Desk,
  [x, upper, z, factors]: readonly Float64Array[],
  [t, v]: readonly Float64Array[],
  { n, r, order }: { readonly n: number; readonly r: number; readonly order: Int32Array },
): void {
  const all = { v: blockOf(upper!, r, n), t: blockOf(factors!, r, PANEL) };
  triangularize(desk, all, blockOf(x!, r, r));
  orthonormalRows(desk, all, blockOf(z!, r, n));
  for (let i = 0; i < r; i++) for (let j = 0; j <= i; j++) t![i * n + j] = x![j * r + i]!;
  for (let i = 0; i < n; i++) for (let j = 0; j < r; j++) v![order[i]! * n + j] = z![j * n + i]!;
}

interface PseudoParams {
  /** Applies the pseudo-inverse of Aᵀ. */
  readonly transpose: boolean;
}

/** Inputs: A, its six factors, b → A⁺·b. The value reads the factors; the derivative goes through A. Linear in b. */
export const pseudoSolveOp: Op<PseudoParams> = /* @__PURE__ */ matrixOp<PseudoParams>('pseudoSolve', {
  cores: [2, 2, 2, 2, 2, 2, 1, 2],
  results: ([a, , , , , , , b], { transpose }) => [{ shape: [a![transpose ? 0 : 1]!, b![1]!], dtype: 'f64' }],
  jvp: (call) => [tangentOf(call)],
  transpose: ({ cts: [ct], inputs, params }): MaybeTensor[] => [
    ...Array<null>(7).fill(null),
    ct == null || !isLinear(inputs[7]!) ? null : apply(inputs.slice(0, 7) as Tensor[], ct, !params.transpose),
  ],
  kernel: ([, ...parts], [x], [a, size, , , , , , right], { transpose }, desk) => {
    const [n, m] = size as [number, number];
    const k = right![1]!;
    const [tall, middle, work] = sheets(desk.work, m * k, n * k);
    const sides = { tall: blockOf(tall, m, k), middle: blockOf(middle, n, k) };
    const factored = factoredOf(parts, n, m);
    // The pseudo-inverse of a wide A is the transpose of that of Aᵀ, whose reflections these are.
    const solve = transpose === a![0]! < a![1]! ? solveTall : solveBack;
    solve({ math: desk.math, work }, factored, sides, parts[6]!);
    x!.set(tall.subarray(0, x!.length));
  },
  room: ([, size, , , , , , right]) => {
    const [n, m] = size as [number, number];
    return (m + n) * right![1]! + reflectionRoom(right![1]!);
  },
  flops: ([, size, , , , , , right]) => (4 * size![1]! + size![0]!) * size![0]! * right![1]!,
});

interface Factored {
  readonly q: Reflections;
  readonly u: Block;
  readonly t: Block;
  readonly v: Block;
  readonly isCut: boolean;
}

function factoredOf([vectors, factors, u, t, v, state]: readonly TypedArray[], n: number, m: number): Factored {
  const of = (x: TypedArray | undefined, columns: number) => blockOf(x as Float64Array, n, columns);
  return {
    q: { v: of(vectors, m), t: of(factors, PANEL) },
    u: of(u, n),
    t: of(t, n),
    v: of(v, n),
    isCut: state![1] === 1,
  };
}

interface Sides {
  /** (m, k) */
  readonly tall: Block;
  /** (n, k) */
  readonly middle: Block;
}

/** V·T⁻¹·Uᵀ·Qᵀ·b, in the first rows of the tall side. */
function solveTall(desk: Desk, { q, u, t, v, isCut }: Factored, { tall, middle }: Sides, b: TypedArray): void {
  const top = partOf(tall, [0, middle.rows], [0, middle.columns]);
  tall.data.set(b);
  applyOrthonormal(desk, q, tall, true);
  if (!isCut) {
    solveUpper(desk.math, t, top);
    return;
  }
  desk.math.product(middle, turned(u), top, 'set');
  solveLower(desk.math, t, middle);
  desk.math.product(top, v, middle, 'set');
}

/** Q·U·T⁻ᵀ·Vᵀ·b. */
function solveBack(desk: Desk, { q, u, t, v, isCut }: Factored, { tall, middle }: Sides, b: TypedArray): void {
  const top = partOf(tall, [0, middle.rows], [0, middle.columns]);
  tall.data.fill(0);
  (isCut ? middle : top).data.set(b);
  if (isCut) {
    desk.math.product(top, turned(v), middle, 'set');
    solveUpper(desk.math, turned(t), top);
    middle.data.set(tall.data.subarray(0, middle.data.length));
    desk.math.product(top, u, middle, 'set');
  } else solveLower(desk.math, turned(t), top);
  applyOrthonormal(desk, q, tall, false);
}

const apply = (factors: readonly Tensor[], b: Tensor, transpose: boolean): Tensor =>
  bind1(pseudoSolveOp, [...factors, b], { transpose });

/** With P = B⁺ at full rank: dx = P·(db − dB·x) + P·Pᵀ·dBᵀ·(b − B·x) for tall B, and + (I − P·B)·dBᵀ·Pᵀ·x for wide B. */
function tangentOf({ primals, outs: [x], tangents, params }: JvpCall<PseudoParams>): MaybeTensor {
  const { transpose } = params;
  const [da, db] = [tangents[0], tangents[7]];
  const factors = primals.slice(0, 7);
  const [a, b] = [primals[0]!, primals[7]!];
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
  const found = bind(orthogonalOp, [stopGradient(a)], { rcond: rcond ?? null }) as Tensor[];
  return { factors: [a, ...found], rank: squeeze(sliceAxis(found[5]!, -1, 0, 1), -1) };
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
    f: (a) => factorsOf(cast(tall(a!), 'f64'), undefined).factors[4]!,
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
