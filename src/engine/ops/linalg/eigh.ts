/** Eigenvalues and eigenvectors of symmetric matrices: by Jacobi rotations where they are small, else by way of a tridiagonal form. */
import type { CheckRow } from '../../check-row.ts';
import type { TypedArray } from '../../dtype.ts';
import { ConfigError } from '../../errors.ts';
import type { MaybeTensor, Op } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { bind } from '../../trace.ts';
import { add, div, mul, sub } from '../arithmetic.ts';
import type { TensorLike } from '../constant.ts';
import { eye, iota } from '../iota.ts';
import { matmul } from '../matmul.ts';
import { expandDims, swapLast } from '../movement.ts';
import { diag, diagonal } from '../triangle.ts';
import { type Desk, sheets } from './block.ts';
import { diagonalize } from './jacobi.ts';
import { matrixOp, roundedLike, squareOf } from './matrix-op.ts';
import { eigenRows } from './tridiagonal.ts';

export type SpectralMethod = 'jacobi' | 'steps';

export interface SpectralOptions {
  /**
   * `jacobi` turns the matrix until it is diagonal, `steps` goes by way of two diagonals and QR steps, about 20 times faster at n = 500.
   * Default: Jacobi up to n = 32. Both find every value to about n·ε·|A|; for singular values Jacobi finds small ones of a graded matrix to full relative accuracy.
   */
  readonly method?: SpectralMethod;
}

export interface SpectralParams {
  readonly method: SpectralMethod | null;
}

const SMALL = 32;

/** The method for n values that was asked for, or that suits. */
export const methodOf = ({ method }: SpectralParams, n: number): SpectralMethod =>
  method ?? (n <= SMALL ? 'jacobi' : 'steps');

/** Checks the option and makes it a parameter. */
export function spectralParams(name: string, { method }: SpectralOptions): SpectralParams {
  if (method === undefined || method === 'jacobi' || method === 'steps') return { method: method ?? null };
  throw new ConfigError(`${name}: there is no method "${String(method)}"`, { method, help: "use 'jacobi' or 'steps'" });
}

export const isFiniteArray = (a: TypedArray): boolean => a.every(Number.isFinite);

/** 1 for elements whose squares are ordinary numbers, else the largest of them. */
function scaleOf(a: TypedArray): number {
  let largest = 0;
  for (const x of a) largest = Math.max(largest, Math.abs(x));
  return largest === 0 || (largest > 1e-100 && largest < 1e100) ? 1 : largest;
}

function decompose(a: TypedArray, [w, v]: readonly TypedArray[], method: SpectralMethod, desk: Desk): void {
  const n = w!.length;
  const scale = scaleOf(a);
  const used = Float64Array.from(a, (x) => x / scale);
  const [rows, work] = sheets(desk.work, n * n);
  rows.fill(0);
  if (method === 'jacobi') diagonalize(used, rows, n);
  const values =
    method === 'jacobi'
      ? used.filter((_, i) => i % (n + 1) === 0)
      : eigenRows({ math: desk.math, work }, used, rows, n);
  const order = Int32Array.from(values, (_, i) => i).sort((i, j) => values[i]! - values[j]!);
  order.forEach((from, to) => {
    w![to] = values[from]! * scale;
    const sign = rows[from * n + peakOf(rows, from * n, n)]! < 0 ? -1 : 1;
    for (let i = 0; i < n; i++) v![i * n + to] = sign * rows[from * n + i]!;
  });
}

/** Index of the first element of largest size in a row. */
export function peakOf(rows: TypedArray, at: number, n: number): number {
  let best = 0;
  for (let i = 1; i < n; i++) if (Math.abs(rows[at + i]!) > Math.abs(rows[at + best]!)) best = i;
  return best;
}

/** A symmetric, tangents too → eigenvalues w in ascending order and orthonormal columns V. */
export const eighOp: Op<SpectralParams> = /* @__PURE__ */ matrixOp<SpectralParams>('eigh', {
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
  kernel: ([a], outs, [size], params, desk) => {
    if (isFiniteArray(a!)) decompose(a!, outs, methodOf(params, size![0]!), desk);
    else for (const out of outs) out.fill(Number.NaN);
  },
  room: ([size]) => (size![0]! + 2) * size![0]!,
  flops: ([size]) => 9 * size![0]! ** 3,
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
 * Computes in f64; a matrix with NaN or infinities gives NaN everywhere. The derivative of V exists where the eigenvalues are distinct; that of w alone always.
 */
export function eigh(
  a: TensorLike,
  options: SpectralOptions = {},
): { readonly values: Tensor; readonly vectors: Tensor } {
  const x = squareOf('eigh', a);
  const params = spectralParams('eigh', options);
  const [w, v] = bind(eighOp, [mul(0.5, add(x, swapLast(x)))], params) as [Tensor, Tensor];
  return { values: roundedLike(w, a), vectors: roundedLike(v, a) };
}

/** Eigenvalues near 0, 5, 10 for elements up to 1. */
const spread = (x: Tensor): Tensor => add(x, diag(mul(5, iota(3, x.dtype))));
const small = { shape: [3, 3], domain: [-1, 1] } as const;

export const eighChecks: readonly CheckRow[] = [
  { name: 'eigh', f: (x) => eigh(spread(x!)).values, args: [{ ...small, shape: [2, 3, 3] }], tol: { f32: 4e-6 } },
  { name: 'eigh.vectors', f: (x) => eigh(spread(x!)).vectors, args: [small], tol: { f32: 4e-6 } },
  { name: 'eigh.steps', f: (x) => eigh(spread(x!), { method: 'steps' }).vectors, args: [small], tol: { f32: 4e-6 } },
];
