/** Singular values and vectors: by one-sided Jacobi rotations where they are few, which find small ones to high relative accuracy, else by way of a bidiagonal form. */
import type { CheckRow } from '../../check-row.ts';
import type { TypedArray } from '../../dtype.ts';
import type { MaybeTensor, Op } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { bind } from '../../trace.ts';
import { add, div, mul, sub } from '../arithmetic.ts';
import type { TensorLike } from '../constant.ts';
import { full } from '../create.ts';
import { matmul } from '../matmul.ts';
import { concat, expandDims, pad, swapLast } from '../movement.ts';
import { diag, diagonal } from '../triangle.ts';
import { singularRows } from './bidiagonal.ts';
import { type Desk, sheets } from './block.ts';
import {
  inverseGaps,
  isFiniteArray,
  methodOf,
  peakOf,
  type SpectralMethod,
  type SpectralOptions,
  type SpectralParams,
  spectralParams,
} from './eigh.ts';
import { lengthOf } from './householder.ts';
import { orthogonalize } from './jacobi.ts';
import { matrixOf, matrixOp, roundedLike } from './matrix-op.ts';

/** Fills column `to` of u (m, n) with a unit vector orthogonal to the columns before it. */
function completeColumn(u: TypedArray, m: number, n: number, to: number): void {
  for (let axis = 0; axis < m; axis++) {
    for (let i = 0; i < m; i++) u[i * n + to] = Number(i === axis);
    for (let pass = 0; pass < 2; pass++) {
      for (let j = 0; j < to; j++) {
        let along = 0;
        for (let i = 0; i < m; i++) along += u[i * n + j]! * u[i * n + to]!;
        for (let i = 0; i < m; i++) u[i * n + to]! -= along * u[i * n + j]!;
      }
    }
    const length = lengthOf(u, to, m, n);
    for (let i = 0; i < m; i++) u[i * n + to]! /= length;
    if (length * length * 2 * m > 1) return; // some unit vector keeps (m − to)/m of its square
  }
}

interface Rows {
  /** (n, m): singular vectors, times their value where `isScaled`. */
  readonly left: Float64Array;
  readonly right: Float64Array;
  readonly values: Float64Array;
  readonly isScaled: boolean;
}

/** By Jacobi: the rows of Aᵀ are rotated until they are orthogonal. */
function rotatedRows(a: TypedArray, m: number, n: number, scale: number, { work }: Desk): Rows {
  const [left, right] = sheets(work, n * m, n * n);
  right.fill(0);
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) left[j * m + i] = a[i * n + j]! / scale;
  orthogonalize(left, right, n, m);
  const values = Float64Array.from({ length: n }, (_, j) => lengthOf(left, j * m, m, 1));
  return { left, right, values, isScaled: true };
}

function steppedRows(a: TypedArray, m: number, n: number, scale: number, { math, work }: Desk): Rows {
  const [left, right, rest] = sheets(work, n * m, n * n);
  left.fill(0);
  right.fill(0);
  const values = singularRows(
    { math, work: rest },
    Float64Array.from(a, (x) => x / scale),
    { u: left, v: right, m, n },
  );
  return { left, right, values, isScaled: false };
}

function decompose(
  a: TypedArray,
  outs: readonly TypedArray[],
  [m, n]: readonly [number, number],
  method: SpectralMethod,
  desk: Desk,
): void {
  const [u, s, v] = outs as [TypedArray, TypedArray, TypedArray];
  const scale = lengthOf(a, 0, a.length, 1) || 1;
  const { left, right, values, isScaled } = (method === 'jacobi' ? rotatedRows : steppedRows)(a, m, n, scale, desk);
  const order = Int32Array.from(values, (_, j) => j).sort((i, j) => values[j]! - values[i]! || i - j);
  order.forEach((from, to) => {
    const value = values[from]!;
    s[to] = value * scale;
    const sign = right[from * n + peakOf(right, from * n, n)]! < 0 ? -1 : 1;
    for (let i = 0; i < n; i++) v[i * n + to] = sign * right[from * n + i]!;
    if (isScaled && value === 0) completeColumn(u, m, n, to);
    else for (let i = 0; i < m; i++) u[i * n + to] = (sign * left[from * m + i]!) / (isScaled ? value : 1);
  });
}

/** A (…, m, n) with m ≥ n → U (…, m, n), s (…, n) in descending order, V (…, n, n). */
export const svdOp: Op<SpectralParams> = /* @__PURE__ */ matrixOp<SpectralParams>('svd', {
  cores: [2],
  results: ([a]) => [
    { shape: a!, dtype: 'f64' },
    { shape: [a![1]!], dtype: 'f64' },
    { shape: [a![1]!, a![1]!], dtype: 'f64' },
  ],
  jvp: ({ outs, tangents: [da] }): readonly MaybeTensor[] =>
    da == null ? [null, null, null] : tangentsOf(outs as [Tensor, Tensor, Tensor], da),
  kernel: ([a], outs, [size], params, desk) => {
    const [m, n] = size as [number, number];
    if (isFiniteArray(a!)) decompose(a!, outs, [m, n], methodOf(params, n), desk);
    else for (const out of outs) out.fill(Number.NaN);
  },
  room: ([size]) => (size![0]! + size![1]! + 4) * size![1]!,
  flops: ([size]) => 20 * size![0]! * size![1]! ** 2,
});

/** With P = Uᵀ·dA·V, Fᵢⱼ = 1/(sⱼ² − sᵢ²): ds = diag P, dU = U·(F∘(P·S + S·Pᵀ)) + (dA·V − U·P)·S⁻¹, dV = V·(F∘(S·P + Pᵀ·S)). */
function tangentsOf([u, s, v]: readonly [Tensor, Tensor, Tensor], da: Tensor): Tensor[] {
  const [across, down] = [expandDims(s, s.rank - 1), expandDims(s, s.rank)];
  const moved = matmul(da, v);
  const p = matmul(u, moved, { transposeX: true });
  const f = inverseGaps(mul(s, s));
  const left = mul(f, add(mul(p, across), mul(down, swapLast(p))));
  const right = mul(f, add(mul(down, p), mul(swapLast(p), across)));
  const outside = div(sub(moved, matmul(u, p)), across);
  const du = matmul(u, left);
  const isSquare = u.shape.at(-1) === u.shape.at(-2);
  return [isSquare ? du : add(du, outside), diagonal(p), matmul(v, right)];
}

export interface SingularValues {
  /** (…, m, k), orthonormal columns. */
  readonly u: Tensor;
  /** (…, k), descending. */
  readonly s: Tensor;
  /** (…, n, k), orthonormal columns; the largest element of the shorter side's vectors is positive. */
  readonly v: Tensor;
}

/**
 * A = U·diag(s)·Vᵀ for matrices (…, m, n), with k = min(m, n).
 *
 * Computes in f64; a matrix with NaN or infinities gives NaN everywhere. The derivatives of U and V exist where the singular values are distinct (and, unless A is square, not zero); that of s where they are not zero.
 */
export function svd(a: TensorLike, options: SpectralOptions = {}): SingularValues {
  const x = matrixOf('svd', a);
  const params = spectralParams('svd', options);
  const isTall = x.shape.at(-2)! >= x.shape.at(-1)!;
  const [u, s, v] = bind(svdOp, [isTall ? x : swapLast(x)], params).map((y) => roundedLike(y, a)) as [
    Tensor,
    Tensor,
    Tensor,
  ];
  return isTall ? { u, s, v } : { u: v, s, v: u };
}

/** Singular values near 3, 6 and 9 for elements up to 1. */
function spread(x: Tensor): Tensor {
  const large = diag(concat([full([1], 3, x.dtype), full([1], 6, x.dtype), full([1], 9, x.dtype)]));
  const rest = x.shape.at(-2)! - 3;
  return add(
    x,
    pad(large, [
      [0, rest],
      [0, 0],
    ]),
  );
}

export const svdChecks: readonly CheckRow[] = [
  { name: 'svd', f: (x) => svd(spread(x!)).s, args: [{ shape: [2, 6, 3], domain: [-1, 1] }], tol: { f32: 4e-6 } },
  { name: 'svd.left', f: (x) => svd(spread(x!)).u, args: [{ shape: [6, 3], domain: [-1, 1] }], tol: { f32: 4e-6 } },
  { name: 'svd.right', f: (x) => svd(spread(x!)).v, args: [{ shape: [3, 3], domain: [-1, 1] }], tol: { f32: 4e-6 } },
  {
    name: 'svd.steps',
    f: (x) => svd(spread(x!), { method: 'steps' }).u,
    args: [{ shape: [6, 3], domain: [-1, 1] }],
    tol: { f32: 4e-6 },
  },
  {
    name: 'svd.wide',
    f: (x) => svd(swapLast(spread(x!))).v,
    args: [{ shape: [6, 3], domain: [-1, 1] }],
    tol: { f32: 4e-6 },
  },
];
