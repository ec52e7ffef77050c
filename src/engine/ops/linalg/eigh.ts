/** Eigenvalues and eigenvectors of symmetric matrices by cyclic Jacobi rotations: slower than tridiagonal forms, and accurate to the last digits. */
import type { CheckRow } from '../../check-row.ts';
import type { TypedArray } from '../../dtype.ts';
import type { MaybeTensor, Op } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { bind } from '../../trace.ts';
import { add, div, mul, sub } from '../arithmetic.ts';
import type { TensorLike } from '../constant.ts';
import { eye, iota } from '../iota.ts';
import { NONE, type None } from '../makers.ts';
import { matmul } from '../matmul.ts';
import { expandDims, swapLast } from '../movement.ts';
import { diag, diagonal } from '../triangle.ts';
import { matrixOp, roundedLike, squareOf } from './matrix-op.ts';

const SWEEPS = 60;

/** Cosine and sine of the rotation that makes the off-diagonal element of [[p, o], [o, q]] zero; the smaller of the two angles. */
export function jacobiRotation(p: number, o: number, q: number): [c: number, s: number] {
  const slope = (q - p) / (2 * o);
  const t = (slope < 0 ? -1 : 1) / (Math.abs(slope) + Math.sqrt(1 + slope * slope));
  const c = 1 / Math.sqrt(1 + t * t);
  return [c, c * t];
}

/** Rotates two strided lines of n elements: x ← c·x − s·y, y ← s·x + c·y. */
export function rotate(
  a: TypedArray,
  [i, j, stride, n]: readonly [i: number, j: number, stride: number, n: number],
  [c, s]: readonly [number, number],
): void {
  for (let k = 0; k < n; k++) {
    const x = a[i + k * stride]!;
    const y = a[j + k * stride]!;
    a[i + k * stride] = c * x - s * y;
    a[j + k * stride] = s * x + c * y;
  }
}

/** Makes a (n, n) diagonal; the rows of v become its eigenvectors. */
function diagonalize(a: Float64Array, v: Float64Array, n: number): void {
  for (let i = 0; i < n; i++) v[i * (n + 1)] = 1;
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    let rotations = 0;
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) rotations += Number(annihilate(a, v, n, p, q));
    if (rotations === 0) return;
  }
}

function annihilate(a: Float64Array, v: Float64Array, n: number, p: number, q: number): boolean {
  const [pp, pq, qq] = [a[p * (n + 1)]!, a[p * n + q]!, a[q * (n + 1)]!];
  // Nothing is gained once the element disappears beside both diagonals.
  if (Math.abs(pp) + Math.abs(pq) === Math.abs(pp) && Math.abs(qq) + Math.abs(pq) === Math.abs(qq)) return false;
  const turn = jacobiRotation(pp, pq, qq);
  rotate(a, [p * n, q * n, 1, n], turn);
  rotate(a, [p, q, n, n], turn);
  a[p * n + q] = 0;
  a[q * n + p] = 0;
  rotate(v, [p * n, q * n, 1, n], turn);
  return true;
}

/** Index of the first element of largest size in a row. */
export function peakOf(rows: TypedArray, at: number, n: number): number {
  let best = 0;
  for (let i = 1; i < n; i++) if (Math.abs(rows[at + i]!) > Math.abs(rows[at + best]!)) best = i;
  return best;
}

/** A symmetric, tangents too → eigenvalues w in ascending order and orthonormal columns V. */
export const eighOp: Op<None> = /* @__PURE__ */ matrixOp<None>('eigh', {
  cores: [2],
  results: ([a]) => [
    { shape: [a![0]!], dtype: 'f64' },
    { shape: a!, dtype: 'f64' },
  ],
  // dw = diag(Vᵀ·dA·V), dV = V·(F ∘ Vᵀ·dA·V) with Fᵢⱼ = 1/(wⱼ − wᵢ) off the diagonal.
  jvp: ({ outs: [w, v], tangents: [da] }): MaybeTensor[] => {
    if (da == null) return [null, null];
    const inner = matmul(matmul(v!, da, { transposeX: true }), v!);
    return [diagonal(inner), matmul(v!, mul(inner, inverseGaps(w!)))];
  },
  kernel: ([a], [w, v], [size]) => {
    const n = size![0]!;
    const [work, rows] = [Float64Array.from(a!), new Float64Array(n * n)];
    diagonalize(work, rows, n);
    const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => work[i * (n + 1)]! - work[j * (n + 1)]!);
    order.forEach((from, to) => {
      w![to] = work[from * (n + 1)]!;
      const sign = rows[from * n + peakOf(rows, from * n, n)]! < 0 ? -1 : 1;
      for (let i = 0; i < n; i++) v![i * n + to] = sign * rows[from * n + i]!;
    });
  },
  flops: ([size]) => 60 * size![0]! ** 3,
});

/** 1/(wⱼ − wᵢ), with zeros on the diagonal. */
export function inverseGaps(w: Tensor): Tensor {
  const unit = eye(w.shape.at(-1)!, 'f64');
  const gaps = sub(expandDims(w, w.rank - 1), expandDims(w, w.rank));
  return sub(div(1, add(gaps, unit)), unit);
}

/**
 * Eigenvalues w (…, n) in ascending order and eigenvectors, the columns of V (…, n, n), of (A + Aᵀ)/2; the largest element of each vector is positive.
 *
 * Computes in f64. The derivative of V exists where the eigenvalues are distinct; that of w alone always.
 */
export function eigh(a: TensorLike): { readonly values: Tensor; readonly vectors: Tensor } {
  const x = squareOf('eigh', a);
  const [w, v] = bind(eighOp, [mul(0.5, add(x, swapLast(x)))], NONE) as [Tensor, Tensor];
  return { values: roundedLike(w, a), vectors: roundedLike(v, a) };
}

/** Eigenvalues near 0, 5, 10 for elements up to 1. */
const spread = (x: Tensor): Tensor => add(x, diag(mul(5, iota(3, x.dtype))));
const small = { shape: [3, 3], domain: [-1, 1] } as const;

export const eighChecks: readonly CheckRow[] = [
  { name: 'eigh', f: (x) => eigh(spread(x!)).values, args: [{ ...small, shape: [2, 3, 3] }], tol: { f32: 4e-6 } },
  { name: 'eigh.vectors', f: (x) => eigh(spread(x!)).vectors, args: [small], tol: { f32: 4e-6 } },
];
