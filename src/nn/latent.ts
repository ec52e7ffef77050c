/**
 * Gaussian latent variables: drawing by reparameterisation, log-densities, divergences and bounds.
 *
 * Paper     D. Kingma, M. Welling, Auto-Encoding Variational Bayes, ICLR 2014, arXiv:1312.6114; bound of several draws: Y. Burda et al., ICLR 2016, arXiv:1509.00519, eq. 8.
 * Letters   n length of the last axis, the variables; leading axes are samples. Σ = L·Lᵀ. All in nats.
 */

import type { FloatDtype, Shape, Tensor } from '../engine/index.ts';
import {
  add,
  concat,
  diag,
  diagonal,
  div,
  exp,
  expandDims,
  linalg,
  log,
  logsumexp,
  matmul,
  mul,
  neg,
  random,
  square,
  squeeze,
  sub,
  sum,
  tril,
} from '../engine/index.ts';
import type { Key } from './key.ts';

const LOG_TWO_PI = Math.log(2 * Math.PI);

/** Independent normal variables, mean and log σ² of shape (…, n). */
export interface DiagonalGaussian {
  readonly mean: Tensor;
  readonly logVariance: Tensor;
}

/** Normal variables with covariance factor·factorᵀ: mean (…, n), lower triangular factor (…, n, n) with positive diagonal. */
export interface FullGaussian {
  readonly mean: Tensor;
  readonly factor: Tensor;
}

export interface NoiseOptions {
  readonly dtype?: FloatDtype;
  /** Draws half of the first axis, which must be even, and appends the same numbers with the other sign. */
  readonly isAntithetic?: boolean;
}

/** Standard normal noise. */
export function gaussianNoise(key: Key, shape: Shape, { isAntithetic = false, ...options }: NoiseOptions = {}): Tensor {
  if (!isAntithetic) return random.normal(key, shape, options);
  const half = random.normal(key, [shape[0]! / 2, ...shape.slice(1)], options);
  return concat([half, neg(half)], 0);
}

/** mean + σ∘noise; derivatives reach mean and log σ². */
export const reparameterise = ({ mean, logVariance }: DiagonalGaussian, noise: Tensor): Tensor =>
  add(mean, mul(exp(mul(logVariance, 0.5)), noise));

/** mean + L·noise; derivatives reach mean and factor. */
export const reparameteriseFull = ({ mean, factor }: FullGaussian, noise: Tensor): Tensor =>
  add(mean, times(factor, noise));

/** A matrix, or one for each sample, times a vector. */
const times = (a: Tensor, x: Tensor): Tensor => squeeze(matmul(a, expandDims(x, x.rank)), x.rank);

/** The lower triangle of any matrices (…, n, n) with the exponential of their diagonal: a factor from free numbers. */
export const factorFrom = (free: Tensor): Tensor => add(tril(free, -1), diag(exp(diagonal(free))));

/** log N(x; mean, σ²), summed over the last axis. */
export function logProbDiagonal(x: Tensor, { mean, logVariance }: DiagonalGaussian): Tensor {
  const d = sub(x, mean);
  return mul(sum(add(add(mul(square(d), exp(neg(logVariance))), logVariance), LOG_TWO_PI), -1), -0.5);
}

/** log N(x; mean, L·Lᵀ) of vectors in the last axis. */
export function logProbFull(x: Tensor, { mean, factor }: FullGaussian): Tensor {
  const white = solveFactor(factor, sub(x, mean));
  return sub(mul(sum(add(square(white), LOG_TWO_PI), -1), -0.5), sum(log(diagonal(factor)), -1));
}

/** L⁻¹·x for vectors in the last axis. */
const solveFactor = (factor: Tensor, x: Tensor): Tensor =>
  squeeze(linalg.triangularSolve(factor, expandDims(x, x.rank)), x.rank);

/** The entropy ½·Σ(log 2π + 1 + log σ²) over the last axis. */
export const entropyDiagonal = ({ logVariance }: DiagonalGaussian): Tensor =>
  mul(sum(add(logVariance, LOG_TWO_PI + 1), -1), 0.5);

/** The entropy ½·n·(log 2π + 1) + Σ log Lᵢᵢ. */
export const entropyFull = ({ factor }: FullGaussian): Tensor =>
  add(sum(log(diagonal(factor)), -1), 0.5 * factor.shape.at(-1)! * (LOG_TWO_PI + 1));

/** KL(q‖p) over the last axis, ½·Σ(σq²/σp² + (μq − μp)²/σp² − 1 + log σp² − log σq²); p is standard unless given. */
export function klDiagonal(q: DiagonalGaussian, p?: DiagonalGaussian): Tensor {
  if (p === undefined) return mul(sum(sub(add(exp(q.logVariance), square(q.mean)), add(q.logVariance, 1)), -1), 0.5);
  const precision = exp(neg(p.logVariance));
  const spread = sub(exp(sub(q.logVariance, p.logVariance)), add(sub(q.logVariance, p.logVariance), 1));
  return mul(sum(add(spread, mul(square(sub(q.mean, p.mean)), precision)), -1), 0.5);
}

/** KL(q‖p) = ½·(‖Lp⁻¹·Lq‖² + |Lp⁻¹·(μq − μp)|² − n) + Σ log Lp,ᵢᵢ − Σ log Lq,ᵢᵢ; p is standard unless given. */
export function klFull(q: FullGaussian, p?: FullGaussian): Tensor {
  const [ratio, shift] =
    p === undefined
      ? [q.factor, q.mean]
      : [linalg.triangularSolve(p.factor, q.factor), solveFactor(p.factor, sub(q.mean, p.mean))];
  const squares = add(sum(square(tril(ratio)), [-2, -1]), sum(square(shift), -1));
  const own = sum(log(diagonal(q.factor)), -1);
  const logs = p === undefined ? neg(own) : sub(sum(log(diagonal(p.factor)), -1), own);
  return add(mul(sub(squares, q.mean.shape.at(-1)!), 0.5), logs);
}

/** The evidence lower bound log p(x|z) − beta·KL, sample by sample; beta 1 unless said. Source: Kingma, Welling, eq. 10. */
export const elbo = (logLikelihood: Tensor, kl: Tensor, beta = 1): Tensor => sub(logLikelihood, mul(kl, beta));

/** The bound log 1/K Σₖ wₖ from the logarithms of K weights p(x, z)/q(z) in the first axis; never below their mean. */
export const importanceBound = (logWeights: Tensor): Tensor =>
  sub(logsumexp(logWeights, 0), Math.log(logWeights.shape[0]!));

/** log N(x; mean, σ²·I) with one σ for all elements, over the last axis. */
export const logProbIsotropic = (x: Tensor, mean: Tensor, sigma: number): Tensor =>
  mul(sum(add(square(div(sub(x, mean), sigma)), LOG_TWO_PI + 2 * Math.log(sigma)), -1), -0.5);
