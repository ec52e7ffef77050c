/** Orthonormal and triangular factors by Householder reflections. */
import type { CheckRow } from '../../check-row.ts';
import type { TypedArray } from '../../dtype.ts';
import type { MaybeTensor, Op } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { bind } from '../../trace.ts';
import { add, mul, sub } from '../arithmetic.ts';
import type { TensorLike } from '../constant.ts';
import { eye } from '../iota.ts';
import { NONE, type None } from '../makers.ts';
import { matmul } from '../matmul.ts';
import { concat, pad, sliceAxis, swapLast } from '../movement.ts';
import { tril } from '../triangle.ts';
import { orthonormalFactor, triangularize } from './householder.ts';
import { matrixOf, matrixOp, roundedLike } from './matrix-op.ts';
import { triangularSolve } from './triangular.ts';

function factorize(a: TypedArray, q: TypedArray, r: TypedArray, m: number, n: number): void {
  const work = Float64Array.from(a);
  orthonormalFactor(triangularize(work, m, n), q, m, n);
  r.set(work.subarray(0, n * n));
  for (let j = 0; j < n; j++) {
    if (!(r[j * n + j]! < 0)) continue;
    for (let i = 0; i < m; i++) q[i * n + j] = -q[i * n + j]!;
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
  kernel: ([a], [q, r], [size]) => factorize(a!, q!, r!, size![0]!, size![1]!),
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
