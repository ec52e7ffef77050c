/**
 * Tests without a normal distribution: sign, Wilcoxon signed-rank, Mann–Whitney.
 *
 * Exact p-values come from the permutation distribution of the ranks at hand, ties included, counted by dynamic programming.
 */
import { binomialCdf, normalCdf } from './distribution.ts';
import { differences, ranks, requireSample, tieTerm } from './sample.ts';
import { type Alternative, pValue, type TestOptions, type TestResult } from './t-test.ts';

const SIGNED_RANK_EXACT = 25;
const MANN_WHITNEY_EXACT = 50;

export interface RankTestResult extends TestResult {
  /** Pairs or values that took part. */
  readonly n: number;
  readonly method: 'exact' | 'normal';
}

/** Tests by the signs of paired differences alone; pairs without a difference are dropped. The statistic counts positive ones. */
export function signTest(
  x: readonly number[],
  y: readonly number[],
  { alternative = 'two-sided' }: TestOptions = {},
): RankTestResult {
  const d = differences('signTest', x, y).filter((v) => v !== 0);
  const positive = d.filter((v) => v > 0).length;
  const atMost = binomialCdf(positive, d.length, 0.5);
  const atLeast = binomialCdf(d.length - positive, d.length, 0.5);
  return { statistic: positive, p: fromTails(alternative, atMost, atLeast), n: d.length, method: 'exact' };
}

/**
 * Wilcoxon's signed-rank test of paired samples; pairs without a difference are dropped. The statistic is the rank sum of positive differences.
 *
 * Exact up to 25 pairs; above, normal with correction for ties and continuity.
 * Source: Wilcoxon, Individual Comparisons by Ranking Methods, Biometrics Bulletin 1945.
 */
export function wilcoxonSignedRank(
  x: readonly number[],
  y: readonly number[],
  { alternative = 'two-sided' }: TestOptions = {},
): RankTestResult {
  const d = differences('wilcoxonSignedRank', x, y).filter((v) => v !== 0);
  const sizes = d.map(Math.abs);
  const rank = ranks(sizes);
  const statistic = rank.reduce((total, r, i) => total + (d[i]! > 0 ? r : 0), 0);
  const n = d.length;
  if (n <= SIGNED_RANK_EXACT) {
    const p = fromCounts(alternative, subsetSums(rank), 2 * statistic);
    return { statistic, p, n, method: 'exact' };
  }
  const spread = Math.sqrt((n * (n + 1) * (2 * n + 1)) / 24 - tieTerm(sizes) / 48);
  return { statistic, p: normalP(alternative, statistic - (n * (n + 1)) / 4, spread), n, method: 'normal' };
}

/**
 * The Mann–Whitney test of two independent samples. The statistic U counts pairs in which the first sample's value is larger, ties half.
 *
 * Exact up to 50 values in all; above, normal with correction for ties and continuity.
 * Source: Mann, Whitney, On a Test of Whether One of Two Random Variables Is Stochastically Larger than the Other, 1947.
 */
export function mannWhitney(
  x: readonly number[],
  y: readonly number[],
  { alternative = 'two-sided' }: TestOptions = {},
): RankTestResult {
  requireSample('mannWhitney', x, 1);
  requireSample('mannWhitney', y, 1);
  const all = [...x, ...y];
  const n = all.length;
  const rank = ranks(all);
  const rankSum = rank.slice(0, x.length).reduce((total, r) => total + r, 0);
  const statistic = rankSum - (x.length * (x.length + 1)) / 2;
  if (n <= MANN_WHITNEY_EXACT) {
    const p = fromCounts(alternative, subsetSums(rank, x.length), 2 * rankSum);
    return { statistic, p, n, method: 'exact' };
  }
  const pairs = x.length * y.length;
  const spread = Math.sqrt((pairs / 12) * (n + 1 - tieTerm(all) / (n * (n - 1))));
  return { statistic, p: normalP(alternative, statistic - pairs / 2, spread), n, method: 'normal' };
}

/** How many subsets (of `size` elements, or of any size) have each doubled rank sum; mid-ranks are halves, so doubled ones are whole. */
function subsetSums(rank: readonly number[], size?: number): Float64Array {
  const doubled = rank.map((r) => Math.round(2 * r));
  const total = doubled.reduce((a, b) => a + b, 0);
  const rows = Array.from({ length: (size ?? 0) + 1 }, () => new Float64Array(total + 1));
  rows[0]![0] = 1;
  for (const r of doubled) {
    const last = rows.length - 1;
    for (let k = last; k >= Math.min(1, last); k--) {
      const from = rows[size === undefined ? k : k - 1]!;
      const to = rows[k]!;
      for (let s = total; s >= r; s--) to[s]! += from[s - r]!;
    }
  }
  return rows.at(-1)!;
}

function fromCounts(alternative: Alternative, counts: Float64Array, at: number): number {
  const all = counts.reduce((a, b) => a + b, 0);
  const atMost = counts.subarray(0, at + 1).reduce((a, b) => a + b, 0) / all;
  const atLeast = counts.subarray(at).reduce((a, b) => a + b, 0) / all;
  return fromTails(alternative, atMost, atLeast);
}

function fromTails(alternative: Alternative, atMost: number, atLeast: number): number {
  if (alternative === 'greater') return atLeast;
  if (alternative === 'less') return atMost;
  return Math.min(1, 2 * Math.min(atMost, atLeast));
}

/** Half a unit towards the centre for continuity, as the statistic moves in whole steps. */
function normalP(alternative: Alternative, deviation: number, spread: number): number {
  if (spread === 0) return 1;
  const towards = alternative === 'two-sided' ? Math.sign(deviation) / 2 : alternative === 'greater' ? 0.5 : -0.5;
  return pValue(alternative, (z) => normalCdf(-z), (deviation - towards) / spread);
}
