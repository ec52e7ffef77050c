/**
 * The orthogonal projection of a vector g onto the span of tangents, from the tangents and the slopes along them alone.
 *
 * With rows V and d = V·g it is P·g = Vᵀ(V·Vᵀ)⁻¹d: the closest vector to g, and the one with the largest cosine, that can be made of V and d. It depends on the span alone, not on lengths and angles.
 * All three ways compute in f64 and never form P or an inverse; they differ in what nearly dependent tangents do to them.
 */
import type { Tensor } from '../../engine/index.ts';
import {
  add,
  cast,
  DivergedError,
  defaultDtype,
  diag,
  diagonal,
  eq,
  full,
  gt,
  isFloat,
  linalg,
  matmul,
  reshape,
  sliceAxis,
  sum,
  swapLast,
  Tracer,
} from '../../engine/index.ts';

/**
 * `gs`: Gram–Schmidt applied twice, which leaves dependent tangents out and says how many count; `qr`: Householder reflections, error ~ cond(V)·ε; `gram`: Cholesky of V·Vᵀ, error ~ cond(V)²·ε.
 */
export type Projector = 'gs' | 'qr' | 'gram';

export const projectors: readonly Projector[] = ['gs', 'qr', 'gram'];

export interface Projected {
  /** (n), or (r, n) for slopes (k, r). */
  readonly estimate: Tensor;
  /** Tangents that count, a scalar; for `qr` and `gram` their number. */
  readonly rank: Tensor;
}

/** Projects onto the span of tangents (k, n) what has slopes (k) along them, or r things with slopes (k, r). Of more than n tangents the first n independent ones count. */
export function project(tangents: Tensor, slopes: Tensor, by: Projector = 'gs'): Projected {
  const [k, n] = tangents.shape as [number, number];
  const used = by === 'gs' ? k : Math.min(k, n); // gs finds for itself which rows count
  const v = cast(sliceAxis(tangents, 0, 0, used), 'f64');
  const d = cast(sliceAxis(reshape(slopes, [k, slopes.rank === 1 ? 1 : slopes.shape[1]!]), 0, 0, used), 'f64');
  const tolerance = tangents.dtype === 'f64' ? 1e-12 : 1e-5;
  const { rows, rank } = ways[by](v, d, tolerance); // (r, n)
  const dtype = isFloat(tangents.dtype) ? tangents.dtype : defaultDtype();
  return { estimate: reshape(cast(rows, dtype), slopes.rank === 1 ? [n] : rows.shape), rank };
}

type Way = (v: Tensor, d: Tensor, tolerance: number) => { readonly rows: Tensor; readonly rank: Tensor };

/** V = L·Q, so Q·g = L⁻¹d; a row that does not count is zero in Q, whatever stands for its slope. */
const byGramSchmidt: Way = (v, d, tolerance) => {
  const { q, l } = linalg.gramSchmidt(v, { tolerance });
  const lengths = diagonal(l);
  const solvable = add(l, diag(cast(eq(lengths, 0), 'f64')));
  const along = linalg.triangularSolve(solvable, d); // (k, r): slopes along the rows of Q
  return { rows: matmul(along, q, { transposeX: true }), rank: cast(sum(cast(gt(lengths, 0), 'f64')), defaultDtype()) };
};

/** Vᵀ = Q·R, so Qᵀg = R⁻ᵀd. */
const byReflections: Way = (v, d) => {
  const { q, r } = linalg.qr(swapLast(v)); // (n, k), (k, k)
  const along = linalg.triangularSolve(r, d, { lower: false, transpose: true });
  return { rows: swapLast(matmul(q, along)), rank: full([], v.shape[0]!) };
};

/** V·Vᵀ = L·Lᵀ, and the weights of the tangents are L⁻ᵀL⁻¹d. */
const byGram: Way = (v, d) => {
  const l = linalg.cholesky(matmul(v, v, { transposeY: true }));
  refuseDependent(l);
  const weights = linalg.triangularSolve(l, linalg.triangularSolve(l, d), { transpose: true });
  return { rows: matmul(weights, v, { transposeX: true }), rank: full([], v.shape[0]!) };
};

const ways: Readonly<Record<Projector, Way>> = { gs: byGramSchmidt, qr: byReflections, gram: byGram };

/** Where values can be read, a Gram matrix without a Cholesky factor is refused; in a compiled step the estimate is not finite. */
function refuseDependent(l: Tensor): void {
  if (l instanceof Tracer || !Number.isNaN(l.readSync()[0])) return;
  throw new DivergedError(`project: the Gram matrix of ${l.shape[0]} tangents is not positive definite in f64`, {
    tangents: l.shape[0],
    help: "the tangents depend on one another: use 'gs', which leaves dependent ones out, or 'qr'",
  });
}
