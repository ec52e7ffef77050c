/** Singular values and vectors by one-sided Jacobi rotations, which find small singular values to high relative accuracy. */
import type { CheckRow } from '../../check-row.ts';
import type { TypedArray } from '../../dtype.ts';
import type { MaybeTensor, Op } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { bind } from '../../trace.ts';
import { add, div, mul, sub } from '../arithmetic.ts';
import type { TensorLike } from '../constant.ts';
import { full } from '../create.ts';
import { NONE, type None } from '../makers.ts';
import { matmul } from '../matmul.ts';
import { concat, expandDims, pad, swapLast } from '../movement.ts';
import { diag, diagonal } from '../triangle.ts';
import { inverseGaps, jacobiRotation, peakOf, rotate } from './eigh.ts';
import { lengthOf } from './householder.ts';
import { matrixOf, matrixOp, roundedLike } from './matrix-op.ts';

const SWEEPS = 60;
const ROUNDING = 2 ** -52;

/** Rotates the n rows of w (n, m) until they are orthogonal, and those of v (n, n) with them. */
function orthogonalize(w: Float64Array, v: Float64Array, n: number, m: number): void {
  for (let i = 0; i < n; i++) v[i * (n + 1)] = 1;
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    let rotations = 0;
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) rotations += Number(separate(w, v, n, m, p, q));
    if (rotations === 0) return;
  }
}

function separate(w: Float64Array, v: Float64Array, n: number, m: number, p: number, q: number): boolean {
  let [pp, pq, qq] = [0, 0, 0];
  for (let k = 0; k < m; k++) {
    const [x, y] = [w[p * m + k]!, w[q * m + k]!];
    pp += x * x;
    pq += x * y;
    qq += y * y;
  }
  if (!(Math.abs(pq) > ROUNDING * Math.sqrt(pp) * Math.sqrt(qq))) return false;
  const turn = jacobiRotation(pp, pq, qq);
  rotate(w, [p * m, q * m, 1, m], turn);
  rotate(v, [p * n, q * n, 1, n], turn);
  return true;
}

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

function decompose(a: TypedArray, outs: readonly TypedArray[], m: number, n: number): void {
  const [u, s, v] = outs as [TypedArray, TypedArray, TypedArray];
  const scale = lengthOf(a, 0, a.length, 1) || 1;
  const rows = new Float64Array(n * m);
  for (let i = 0; i < m; i++) for (let j = 0; j < n; j++) rows[j * m + i] = a[i * n + j]! / scale;
  const right = new Float64Array(n * n);
  orthogonalize(rows, right, n, m);
  const lengths = Array.from({ length: n }, (_, j) => lengthOf(rows, j * m, m, 1));
  const order = lengths.map((_, j) => j).sort((i, j) => lengths[j]! - lengths[i]! || i - j);
  order.forEach((from, to) => {
    const length = lengths[from]!;
    s[to] = length * scale;
    const sign = right[from * n + peakOf(right, from * n, n)]! < 0 ? -1 : 1;
    for (let i = 0; i < n; i++) v[i * n + to] = sign * right[from * n + i]!;
    if (length === 0) completeColumn(u, m, n, to);
    else for (let i = 0; i < m; i++) u[i * n + to] = (sign * rows[from * m + i]!) / length;
  });
}

/** A (…, m, n) with m ≥ n → U (…, m, n), s (…, n) in descending order, V (…, n, n). */
export const svdOp: Op<None> = /* @__PURE__ */ matrixOp<None>('svd', {
  cores: [2],
  results: ([a]) => [
    { shape: a!, dtype: 'f64' },
    { shape: [a![1]!], dtype: 'f64' },
    { shape: [a![1]!, a![1]!], dtype: 'f64' },
  ],
  jvp: ({ outs, tangents: [da] }): readonly MaybeTensor[] =>
    da == null ? [null, null, null] : tangentsOf(outs as [Tensor, Tensor, Tensor], da),
  kernel: ([a], outs, [size]) => decompose(a!, outs, size![0]!, size![1]!),
  flops: ([size]) => 40 * size![0]! * size![1]! ** 2,
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
 * Computes in f64. The derivatives of U and V exist where the singular values are distinct (and, unless A is square, not zero); that of s where they are not zero.
 */
export function svd(a: TensorLike): SingularValues {
  const x = matrixOf('svd', a);
  const isTall = x.shape.at(-2)! >= x.shape.at(-1)!;
  const [u, s, v] = bind(svdOp, [isTall ? x : swapLast(x)], NONE).map((y) => roundedLike(y, a)) as [
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
    name: 'svd.wide',
    f: (x) => svd(swapLast(spread(x!))).v,
    args: [{ shape: [6, 3], domain: [-1, 1] }],
    tol: { f32: 4e-6 },
  },
];
