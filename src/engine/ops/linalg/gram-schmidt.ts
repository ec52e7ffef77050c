/** Orthonormal rows by Gram–Schmidt, every row cleared twice of those before it; rows that depend on earlier ones are found and left out. */
import type { CheckRow } from '../../check-row.ts';
import type { TypedArray } from '../../dtype.ts';
import type { MaybeTensor, Op } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { bind } from '../../trace.ts';
import { add, mul } from '../arithmetic.ts';
import type { TensorLike } from '../constant.ts';
import { eye } from '../iota.ts';
import { sliceAxis, swapLast } from '../movement.ts';
import { asTensor } from '../promote.ts';
import { matrixOf, matrixOp, roundedLike } from './matrix-op.ts';
import { factorTangents } from './qr.ts';

export interface GramSchmidtParams {
  /** A row whose rest is at most this share of its length counts as dependent on the rows before it. */
  readonly tolerance: number;
}

/** Subtracts from row j its part along rows 0 … j − 1 of q and adds the coefficients to row j of l. */
function clear(q: TypedArray, l: TypedArray, j: number, k: number, n: number): void {
  const along = new Float64Array(j);
  for (let i = 0; i < j; i++) {
    let dot = 0;
    for (let c = 0; c < n; c++) dot += q[i * n + c]! * q[j * n + c]!;
    along[i] = dot;
  }
  for (let i = 0; i < j; i++) {
    const factor = along[i]!;
    l[j * k + i]! += factor;
    if (factor !== 0) for (let c = 0; c < n; c++) q[j * n + c]! -= factor * q[i * n + c]!;
  }
}

const lengthOf = (x: TypedArray, from: number, n: number): number => {
  let square = 0;
  for (let c = from; c < from + n; c++) square += x[c]! * x[c]!;
  return Math.sqrt(square);
};

function orthonormalise(v: TypedArray, q: TypedArray, l: TypedArray, [k, n]: readonly number[], tolerance: number) {
  q.set(v);
  l.fill(0);
  for (let j = 0; j < k!; j++) {
    const before = lengthOf(q, j * n!, n!);
    clear(q, l, j, k!, n!);
    clear(q, l, j, k!, n!);
    const rest = lengthOf(q, j * n!, n!);
    const isNew = rest > tolerance * before;
    l[j * (k! + 1)] = isNew ? rest : 0;
    for (let c = j * n!; c < (j + 1) * n!; c++) q[c] = isNew ? q[c]! / rest : 0;
  }
}

/** V (k, n) → Q (k, n), L (k, k) with V = L·Q where every row counts; a row that does not has zeros in Q and on the diagonal of L. */
export const gramSchmidtOp: Op<GramSchmidtParams> = /* @__PURE__ */ matrixOp<GramSchmidtParams>('gramSchmidt', {
  cores: [2],
  results: ([v]) => [
    { shape: v!, dtype: 'f64' },
    { shape: [v![0]!, v![0]!], dtype: 'f64' },
  ],
  jvp: ({ outs: [q, l], tangents: [dv] }): MaybeTensor[] => {
    if (dv == null) return [null, null];
    const [dq, dr] = factorTangents(swapLast(q!), swapLast(l!), swapLast(dv));
    return [swapLast(dq), swapLast(dr)];
  },
  kernel: ([v], [q, l], [size], { tolerance }) => orthonormalise(v!, q!, l!, size!, tolerance),
  flops: ([size]) => 4 * size![0]! ** 2 * size![1]!,
});

export interface GramSchmidtOptions {
  /** A row whose rest is at most this share of its length counts as dependent; 1e-5 for f32 operands and 1e-12 for f64 unless said. */
  readonly tolerance?: number;
}

/**
 * Rows that are orthonormal and span what the rows of V (…, k, n) span, by Gram–Schmidt applied twice: V = L·Q with L (…, k, k) lower triangular.
 *
 * A row that depends on earlier ones is left out: it is zero in Q, and so is its place on the diagonal of L, whose nonzero entries are the rank. Computes in f64.
 * The derivative exists where all rows are linearly independent; elsewhere it is not finite.
 */
export function gramSchmidt(
  v: TensorLike,
  { tolerance = asTensor(v).dtype === 'f64' ? 1e-12 : 1e-5 }: GramSchmidtOptions = {},
): { readonly q: Tensor; readonly l: Tensor } {
  const [q, l] = bind(gramSchmidtOp, [matrixOf('gramSchmidt', v)], { tolerance }) as [Tensor, Tensor];
  return { q: roundedLike(q, v), l: roundedLike(l, v) };
}

/** Rows that are far from dependent. */
const wide = (x: Tensor): Tensor => {
  const [k, n] = x.shape.slice(-2) as [number, number];
  return add(x, mul(5, sliceAxis(eye(n, x.dtype), 0, 0, k)));
};

export const gramSchmidtChecks: readonly CheckRow[] = [
  { name: 'gramSchmidt', f: (x) => gramSchmidt(wide(x!)).q, args: [{ shape: [2, 3, 4] }], tol: { f32: 4e-6 } },
  { name: 'gramSchmidt.l', f: (x) => gramSchmidt(wide(x!)).l, args: [{ shape: [3, 3] }], tol: { f32: 4e-6 } },
];
