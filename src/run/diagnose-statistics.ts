/**
 * How good random credit is, estimated from draws: bias, variance, angle and length beside the gradient, each with its interval.
 *
 * Everything follows from inner products. With d = c − g, the mean of dⱼ·dₖ over pairs j ≠ k is an unbiased estimate of ‖E c − g‖², where ‖mean − g‖² would count a share tr Σ/K of the noise as bias.
 * Source   of its variance 4·μᵀΣμ/K + 2·tr Σ²/(K(K − 1)): Chen, Qin, A Two-Sample Test for High-Dimensional Data with Applications to Gene-Set Testing, Annals of Statistics 38, 2010;
 *          of the unbiased estimate of tr Σ²: Li, Chen, Two Sample Tests for High-Dimensional Covariance Matrices, Annals of Statistics 40, 2012.
 * Letters  c one draw of the credit, g the gradient, K draws, Σ the covariance of c, μ = E c − g.
 */
import { ConfigError } from '../engine/index.ts';
import { type Interval, mean, oneSampleT, studentQuantile, studentTail, variance } from '../stats/index.ts';

export interface CreditStatistics {
  readonly draws: number;
  /** ‖g‖. */
  readonly gradientNorm: number;
  /** ‖E c − g‖²/‖g‖², unbiased: around 0, also below it, where there is no bias. */
  readonly biasSquared: Interval;
  /** Its root, 0 where the estimate is negative. */
  readonly bias: Interval;
  /** Probability of such a bias where there is none; null for credit without randomness. */
  readonly biasP: number | null;
  /** √(tr Σ/K)/‖g‖: how far the mean of the draws lies from its expectation. */
  readonly standardError: number;
  /** tr Σ/‖g‖². */
  readonly variance: Interval;
  /** E‖c − g‖²/‖g‖²: squared bias and variance together. */
  readonly error: Interval;
  /** ‖E c‖²/tr Σ; null for credit without randomness. */
  readonly snr: Interval | null;
  /** Cosine and angle between one draw and the gradient, their means over draws; null where a draw is 0. */
  readonly cosine: Interval | null;
  readonly angleDeg: Interval | null;
  /** Angle between E c and the gradient, the noise of the mean taken out of its length; null where that leaves no length. */
  readonly meanAngleDeg: Interval | null;
  /** E‖c‖/‖g‖. */
  readonly normRatio: Interval;
}

/** Inner products of K draws of credit with one another and with the gradient. */
export interface InnerProducts {
  /** K × K: cⱼ·cₖ. */
  readonly cc: readonly (readonly number[])[];
  /** cₖ·g. */
  readonly cg: readonly number[];
  readonly gg: number;
}

/** Below this share of ‖g‖² a variance is rounding. */
const ROUNDING = 1e-12;

/** The statistics of draws; null where the gradient is 0. Needs four draws. */
export function creditStatistics({ cc, cg, gg }: InnerProducts, level = 0.95): CreditStatistics | null {
  const draws = cg.length;
  if (draws < 4)
    throw new ConfigError(`${draws} draws of credit have no statistics`, { draws, help: 'draw four or more' });
  if (!(gg > 0)) return null;
  const scaled = { cc: cc.map((row) => row.map((v) => v / gg)), cg: cg.map((v) => v / gg) };
  const sums = sumsOf(scaled);
  const lengths = scaled.cc.map((row, k) => Math.sqrt(row[k]!));
  const trace = traceOf(scaled.cc);
  const bias = biasOf(scaled, level);
  const tOf = (values: readonly number[]) => meanOf(values, level);
  const cosines = scaled.cg.map((v, k) => clamp(v / lengths[k]!, 1));
  const hasLength = lengths.every((v) => v > 0);
  return {
    draws,
    gradientNorm: Math.sqrt(gg),
    ...bias,
    standardError: Math.sqrt(trace / draws),
    variance: tOf(deviations(scaled.cc)),
    error: tOf(scaled.cg.map((v, k) => scaled.cc[k]![k]! - 2 * v + 1)),
    snr: trace < ROUNDING ? null : jackknifed(draws, (without) => signalOf(sums, without), level),
    cosine: hasLength ? tOf(cosines) : null,
    angleDeg: hasLength ? tOf(cosines.map(degrees)) : null,
    meanAngleDeg: jackknifed(draws, (without) => meanAngle(sums, without), level),
    normRatio: tOf(lengths),
  };
}

type Scaled = Pick<InnerProducts, 'cc' | 'cg'>;

function biasOf({ cc, cg }: Scaled, level: number): Pick<CreditStatistics, 'biasSquared' | 'bias' | 'biasP'> {
  const n = cg.length;
  const pulls = cc.map((row, j) => row.reduce((s, v, k) => s + (k === j ? 0 : v - cg[j]! - cg[k]! + 1), 0) / (n - 1));
  const estimate = mean(pulls);
  const spread = traceOfSquare(centred(cc));
  const along = Math.max(0, variance(pulls) - spread / (n - 1));
  const half = studentQuantile(0.5 + level / 2, n - 1) * Math.sqrt((4 * along) / n + (2 * spread) / (n * (n - 1)));
  const biasSquared = { estimate, low: estimate - half, high: estimate + half };
  const root = (v: number) => Math.sqrt(Math.max(0, v));
  const bias = { estimate: root(estimate), low: root(biasSquared.low), high: root(biasSquared.high) };
  const noise = Math.sqrt((2 * spread) / (n * (n - 1)));
  const biasP = traceOf(cc) < ROUNDING || noise === 0 ? null : studentTail(estimate / noise, n - 1);
  return { biasSquared, bias, biasP };
}

/** Inner products of the draws less their mean. */
function centred(cc: readonly (readonly number[])[]): number[][] {
  const rows = cc.map((row) => mean(row));
  const all = mean(rows);
  return cc.map((row, j) => row.map((v, k) => v - rows[j]! - rows[k]! + all));
}

/** tr Σ, unbiased. */
const traceOf = (cc: readonly (readonly number[])[]): number =>
  Math.max(0, centred(cc).reduce((s, row, k) => s + row[k]!, 0) / (cc.length - 1));

/** Values whose mean is the unbiased tr Σ. */
const deviations = (cc: readonly (readonly number[])[]): number[] =>
  centred(cc).map((row, k) => Math.max(0, row[k]! * cc.length) / (cc.length - 1));

/** tr Σ², unbiased, from sums over pairs, triples and quadruples of different draws; not below 0. */
function traceOfSquare(gram: readonly (readonly number[])[]): number {
  const n = gram.length;
  const rows = gram.map((row, j) => row.reduce((s, v, k) => s + (k === j ? 0 : v), 0));
  const pairs = gram.reduce((s, row, j) => s + row.reduce((t, v, k) => t + (k === j ? 0 : v * v), 0), 0);
  const triples = rows.reduce((s, v) => s + v * v, 0) - pairs;
  const quadruples = rows.reduce((s, v) => s + v, 0) ** 2 - 4 * triples - 2 * pairs;
  const [two, three] = [n * (n - 1), n * (n - 1) * (n - 2)];
  return Math.max(0, pairs / two - (2 * triples) / three + quadruples / (three * (n - 3)));
}

interface Sums {
  readonly rows: readonly number[];
  readonly own: readonly number[];
  readonly along: readonly number[];
}

const sumsOf = ({ cc, cg }: Scaled): Sums => ({
  rows: cc.map((row) => row.reduce((s, v) => s + v, 0)),
  own: cc.map((row, k) => row[k]!),
  along: cg,
});

const total = (values: readonly number[]): number => values.reduce((s, v) => s + v, 0);

/** Squared length of the mean of the draws (one left out), its product with the gradient, and tr Σ. */
function moments({ rows, own, along }: Sums, without: number | null) {
  const [row, self] = without === null ? [0, 0] : [rows[without]!, own[without]!];
  const n = rows.length - (without === null ? 0 : 1);
  const square = (total(rows) - 2 * row + self) / (n * n);
  const trace = Math.max(0, (total(own) - self - n * square) / (n - 1));
  const product = (total(along) - (without === null ? 0 : along[without]!)) / n;
  return { n, square, trace, product };
}

function signalOf(sums: Sums, without: number | null): number | null {
  const { n, square, trace } = moments(sums, without);
  return trace > 0 ? (square - trace / n) / trace : null;
}

function meanAngle(sums: Sums, without: number | null): number | null {
  const { n, square, trace, product } = moments(sums, without);
  const length = square - trace / n;
  return length > 0 ? degrees(clamp(product / Math.sqrt(length), 1)) : null;
}

/** A statistic of all draws with the interval of its delete-one jackknife; null where it is not defined for every part. */
function jackknifed(n: number, statistic: (without: number | null) => number | null, level: number): Interval | null {
  const estimate = statistic(null);
  const parts = Array.from({ length: n }, (_, k) => statistic(k));
  if (estimate === null || parts.some((v) => v === null)) return null;
  const error = Math.sqrt(((n - 1) ** 2 / n) * variance(parts as number[]));
  const half = studentQuantile(0.5 + level / 2, n - 1) * error;
  return { estimate, low: estimate - half, high: estimate + half };
}

function meanOf(values: readonly number[], level: number): Interval {
  const { difference, low, high } = oneSampleT(values, 0, { level });
  return { estimate: difference, low, high };
}

const clamp = (v: number, bound: number): number => Math.min(bound, Math.max(-bound, v));
const degrees = (cosine: number): number => (Math.acos(cosine) * 180) / Math.PI;
