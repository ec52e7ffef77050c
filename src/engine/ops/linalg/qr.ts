/** Orthonormal and triangular factors by panels of Householder reflections. */
import type { CheckRow } from '../../check-row.ts';
import type { TypedArray } from '../../dtype.ts';
import type { MaybeTensor, Op } from '../../op.ts';
import { sizeOf } from '../../shape.ts';
import type { Tensor } from '../../tensor.ts';
import { bind } from '../../trace.ts';
import { add, mul, sub } from '../arithmetic.ts';
import type { TensorLike } from '../constant.ts';
import { eye } from '../iota.ts';
import { NONE, type None } from '../makers.ts';
import { matmul } from '../matmul.ts';
import { concat, pad, sliceAxis, swapLast } from '../movement.ts';
import { tril } from '../triangle.ts';
import { blockOf, type Desk, sheets, transposeInto } from './block.ts';
import { matrixOf, matrixOp, roundedLike } from './matrix-op.ts';
import { orthonormalRows, PANEL, reflectionRoom, triangularize } from './reflections.ts';
import { triangularSolve } from './triangular.ts';

function factorize(a: TypedArray, q: TypedArray, r: TypedArray, [m, n]: readonly number[], desk: Desk): void {
  const [vectors, turned, rest] = sheets(desk.work, m! * n!, m! * n!);
  const all = { v: blockOf(vectors, n!, m!), t: blockOf(rest, n!, PANEL) };
  const free = { math: desk.math, work: rest.subarray(n! * PANEL) };
  transposeInto(vectors, a as Float64Array, n!, m!);
  triangularize(free, all, blockOf(r as Float64Array, n!, n!));
  orthonormalRows(free, all, blockOf(turned, n!, m!));
  makePositive(turned, r, m!, n!);
  transposeInto(q as Float64Array, turned, m!, n!);
}

/** Turns rows of Qᵀ and R over where the diagonal of R is negative. */
function makePositive(q: Float64Array, r: TypedArray, m: number, n: number): void {
  for (let j = 0; j < n; j++) {
    if (!(r[j * n + j]! < 0)) continue;
    for (let i = j * m; i < (j + 1) * m; i++) q[i] = -q[i]!;
    for (let i = j; i < n; i++) r[j * n + i] = -r[j * n + i]!;
  }
}

/** A (…, m, n) with m ≥ n → Q (…, m, n), R (…, n, n) with a diagonal ≥ 0. */
export const qrOp: Op<None> = /* @__PURE__ */ matrixOp<None>('qr', {
  cores: [2],
  results: ([a]) => [
    { shape: a!, dtype: 'f64' },
    { shape: [a![1]!, a![1]!], dtype: 'f64' },
  ],
  jvp: ({ outs: [q, r], tangents: [da] }): MaybeTensor[] => (da == null ? [null, null] : factorTangents(q!, r!, da)),
  kernel: ([a], [q, r], [size], _, desk) => factorize(a!, q!, r!, size!, desk),
  room: ([size]) => 2 * sizeOf(size!) + size![1]! * PANEL + reflectionRoom(size![1]!),
  flops: ([size]) => 4 * size![0]! * size![1]! ** 2,
});

/** With W = dA·R⁻¹ and Ω = the antisymmetric matrix that has the lower triangle of Qᵀ·W: dQ = W − Q·(Qᵀ·W − Ω), dR = (Qᵀ·W − Ω)·R. */
export function factorTangents(q: Tensor, r: Tensor, da: Tensor): [dq: Tensor, dr: Tensor] {
  const w = swapLast(triangularSolve(r, swapLast(da), { lower: false, transpose: true }));
  const inner = matmul(q, w, { transposeX: true });
  const below = tril(inner, -1);
  const upper = sub(inner, sub(below, swapLast(below)));
  return [sub(w, matmul(q, upper)), matmul(upper, r)];
}

/**
 * A = Q·R for matrices (…, m, n): with k = min(m, n), Q (…, m, k) has orthonormal columns and R (…, k, n) is upper triangular with a diagonal ≥ 0.
 *
 * Computes in f64. The derivative exists where the first k columns are linearly independent; elsewhere it is not finite.
 */
export function qr(a: TensorLike): { readonly q: Tensor; readonly r: Tensor } {
  const x = matrixOf('qr', a);
  const k = Math.min(x.shape.at(-1)!, x.shape.at(-2)!);
  const [q, r] = bind(qrOp, [sliceAxis(x, -1, 0, k)], NONE) as [Tensor, Tensor];
  const rest = sliceAxis(x, -1, k);
  const whole = rest.shape.at(-1) === 0 ? r : concat([r, matmul(q, rest, { transposeX: true })], r.rank - 1);
  return { q: roundedLike(q, a), r: roundedLike(whole, a) };
}

/** Columns that are far from dependent. */
function tall(x: Tensor): Tensor {
  const [m, n] = x.shape.slice(-2) as [number, number];
  const widths = [[0, m - n] as const, [0, 0] as const];
  return add(x, mul(5, pad(eye(n, x.dtype), widths)));
}

export const qrChecks: readonly CheckRow[] = [
  { name: 'qr', f: (x) => qr(tall(x!)).q, args: [{ shape: [2, 4, 3] }], tol: { f32: 4e-6 } },
  { name: 'qr.r', f: (x) => qr(tall(x!)).r, args: [{ shape: [3, 3] }], tol: { f32: 4e-6 } },
  { name: 'qr.wide', f: (x) => qr(swapLast(tall(x!))).r, args: [{ shape: [4, 3] }], tol: { f32: 4e-6 } },
];
