/**
 * What is made of k directional derivatives: one estimate of the gradient from tangents V and slopes d = V·g.
 *
 * Statistics for gaussian tangents, k ≤ n: the projection has E cos² = k/n and the length χ̄_k/χ̄_n of the gradient's, never more than 1; the mean is unbiased and too long by √((n + k + 1)/k).
 */
import type { Tensor } from '../../engine/index.ts';
import {
  abs,
  argmax,
  argsort,
  ConfigError,
  cast,
  div,
  full,
  ge,
  matmul,
  max,
  mul,
  norm,
  oneHot,
  reshape,
  sub,
  take,
  transpose,
} from '../../engine/index.ts';
import { logGamma } from '../../stats/index.ts';
import { checkChoice } from './options.ts';
import { type Projected, type Projector, project, projectors } from './projection.ts';

/**
 * `frog`: the orthogonal projection of the gradient onto the span; `mean`: Vᵀd/k; `sum`: Vᵀd; `max`: d_j·v_j with the largest |d_j|; `max-normalised`: with the largest |d_j|/‖v_j‖; `mean-of-best`: Vᵀd/k
 * over tangents whose |d_j|/‖v_j‖ is within 0.1 of the largest; `mean-times-dim`: n·mean.
 */
export type Aggregate = 'frog' | 'max' | 'max-normalised' | 'mean' | 'mean-of-best' | 'mean-times-dim' | 'sum';

export const aggregates: readonly Aggregate[] = [
  'frog',
  'max',
  'max-normalised',
  'mean',
  'mean-of-best',
  'mean-times-dim',
  'sum',
];

/** `none`: as the aggregate is; `unbiased`: its mean is the gradient; `expected-length`: its mean length is that of the gradient. */
export type EstimateScale = 'none' | 'unbiased' | 'expected-length';

/** Which n of more than n tangents count: the first, or those with the largest or smallest |d_j|/‖v_j‖. */
export type Surplus = 'first' | 'largest' | 'smallest';

export interface AggregateOptions {
  readonly aggregate?: Aggregate;
  readonly scale?: EstimateScale;
  readonly projector?: Projector;
  readonly surplus?: Surplus;
  /** Whether the tangents have length 1 rather than √n; `expected-length` of the mean depends on it. */
  readonly isNormalized?: boolean;
}

/** Refuses words that are not known, and scales that an aggregate has no formula for. */
export function checkAggregate({
  aggregate = 'frog',
  scale = 'none',
  projector = 'gs',
  surplus = 'first',
}: AggregateOptions): void {
  checkChoice('aggregate', aggregate, aggregates);
  checkChoice('scale', scale, ['none', 'unbiased', 'expected-length']);
  checkChoice('projector', projector, projectors);
  checkChoice('surplus', surplus, ['first', 'largest', 'smallest']);
  if (scale === 'none' || aggregate === 'frog' || aggregate === 'mean') return;
  throw new ConfigError(`the scale "${scale}" is known for frog and mean, not for ${aggregate}`, {
    aggregate,
    scale,
    help: "use scale: 'none'",
  });
}

/** Combines tangents (k, n) with slopes (k) to (n), or with r columns of slopes (k, r) to (r, n). */
export function combine(tangents: Tensor, slopes: Tensor, options: AggregateOptions = {}): Projected {
  const { aggregate = 'frog', projector = 'gs' } = options;
  const [k, n] = tangents.shape as [number, number];
  const length = factorOf(k, n, options);
  if (aggregate === 'frog') {
    const { estimate, rank } = project(...chosen(tangents, slopes, options), projector);
    return { estimate: length === 1 ? estimate : mul(estimate, length), rank };
  }
  const columns = reshape(slopes, [k, slopes.rank === 1 ? 1 : slopes.shape[1]!]);
  const weights = mul(weighted(columns, tangents, aggregate), length); // (k, r)
  const rows = matmul(weights, tangents, { transposeX: true }); // (r, n)
  return { estimate: slopes.rank === 1 ? reshape(rows, [n]) : rows, rank: full([], k) };
}

/** d with zeros at the tangents that do not count, and the factor that belongs to the aggregate. */
function weighted(d: Tensor, tangents: Tensor, aggregate: Exclude<Aggregate, 'frog'>): Tensor {
  const [k, n] = tangents.shape as [number, number];
  switch (aggregate) {
    case 'sum':
      return d;
    case 'mean':
      return mul(d, 1 / k);
    case 'mean-times-dim':
      return mul(d, n / k);
    case 'max':
      return mul(d, largestOnly(abs(d)));
    case 'max-normalised':
      return mul(d, largestOnly(alongUnit(d, tangents)));
    case 'mean-of-best': {
      const score = alongUnit(d, tangents);
      return mul(mul(d, 1 / k), cast(ge(score, sub(max(score, 0, { keepDims: true }), BEST)), d.dtype));
    }
  }
}

/** How far |d_j|/‖v_j‖ may lie below the largest. */
const BEST = 0.1;

/** |d_j|/‖v_j‖: (k, r). */
const alongUnit = (d: Tensor, tangents: Tensor): Tensor =>
  div(abs(d), reshape(norm(tangents, 1), [tangents.shape[0]!, 1]));

/** 1 at the first largest entry of every column. */
const largestOnly = (score: Tensor): Tensor => transpose(oneHot(argmax(score, 0), score.shape[0]!, score.dtype));

/** The tangents in the order in which the projection shall take them. */
function chosen(tangents: Tensor, slopes: Tensor, { surplus = 'first' }: AggregateOptions): [Tensor, Tensor] {
  const [k, n] = tangents.shape as [number, number];
  if (surplus === 'first' || k <= n) return [tangents, slopes];
  if (slopes.rank > 1)
    throw new ConfigError(
      `of ${k} tangents for ${n} components, no ${surplus} ones can be chosen for many slopes at once`,
      {
        tangents: k,
        components: n,
        help: "choose the 'first', or use one slope a tangent (place: 'weight')",
      },
    );
  const order = argsort(reshape(alongUnit(reshape(slopes, [k, 1]), tangents), [k]), 0, {
    descending: surplus === 'largest',
  });
  return [take(tangents, order, 0), take(slopes, order, 0)];
}

/** What the aggregate is multiplied by. */
function factorOf(
  k: number,
  n: number,
  { aggregate = 'frog', scale = 'none', isNormalized = false }: AggregateOptions,
): number {
  if (scale === 'none') return 1;
  if (scale === 'unbiased') return aggregate === 'frog' ? Math.max(1, n / k) : 1;
  if (aggregate === 'frog') return k >= n ? 1 : meanChi(n) / meanChi(k);
  return 1 / meanLength(k, n, isNormalized ? 1 : n);
}

/** χ̄_m = √2·Γ((m + 1)/2)/Γ(m/2), the mean length of m normal numbers. */
export const meanChi = (m: number): number => Math.SQRT2 * Math.exp(logGamma((m + 1) / 2) - logGamma(m / 2));

/** The official formula for E‖mean‖/‖g‖, with the tangents' squared length s². */
const meanLength = (k: number, n: number, square: number): number =>
  k === 1 ? square * Math.sqrt(2 / (Math.PI * n)) : (square * Math.sqrt((n + k) / (k + 1))) / n;
