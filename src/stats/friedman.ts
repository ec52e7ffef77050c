/**
 * Several methods on several data sets: Friedman's test and Nemenyi's critical difference of mean ranks.
 *
 * Source: Demšar, Statistical Comparisons of Classifiers over Multiple Data Sets, JMLR 7, 2006.
 */
import { ShapeError } from '../engine/errors.ts';
import { chiSquareTail, fTail } from './distribution.ts';
import { ranks, requireSample, tieTerm } from './sample.ts';
import { studentizedRangeQuantile } from './studentized-range.ts';
import type { TestResult } from './t-test.ts';

export interface FriedmanOptions {
  /** Rank 1 goes to the largest value, unless `lower`. */
  readonly better?: 'higher' | 'lower';
}

export interface FriedmanResult extends TestResult {
  readonly df: number;
  /** Iman and Davenport's F form of the same statistic, less conservative. */
  readonly imanDavenport: TestResult & { readonly df1: number; readonly df2: number };
  /** One per method; 1 is best. */
  readonly meanRanks: readonly number[];
}

/** Tests whether the methods (columns) rank alike over the data sets (rows); ties are corrected for. */
export function friedman(
  table: readonly (readonly number[])[],
  { better = 'higher' }: FriedmanOptions = {},
): FriedmanResult {
  const [n, k] = extents(table);
  const rows = table.map((row) => ranks(better === 'higher' ? row.map((v) => -v) : row));
  const meanRanks = Array.from({ length: k }, (_, j) => rows.reduce((total, row) => total + row[j]!, 0) / n);
  const spread = meanRanks.reduce((total, r) => total + (r - (k + 1) / 2) ** 2, 0);
  const ties = table.reduce((total, row) => total + tieTerm(row), 0);
  const shrink = 1 - ties / (n * (k ** 3 - k)); // 0 where every row is one tie
  const statistic = shrink === 0 ? 0 : (12 * n * spread) / (k * (k + 1) * shrink);
  const [df1, df2] = [k - 1, (k - 1) * (n - 1)];
  const f = ((n - 1) * statistic) / (n * (k - 1) - statistic);
  const imanDavenport = { statistic: f, p: f === Infinity ? 0 : fTail(f, df1, df2), df1, df2 };
  return { statistic, p: chiSquareTail(statistic, k - 1), df: k - 1, imanDavenport, meanRanks };
}

/** The least difference of two mean ranks that is significant at `alpha` for k methods on n data sets. */
export function nemenyiDifference(k: number, n: number, alpha = 0.05): number {
  return studentizedRangeQuantile(1 - alpha, k) * Math.sqrt((k * (k + 1)) / (12 * n));
}

function extents(table: readonly (readonly number[])[]): [n: number, k: number] {
  const k = table[0]?.length ?? 0;
  if (table.length < 2 || k < 2 || table.some((row) => row.length !== k)) {
    throw new ShapeError(
      `friedman needs a table of at least 2×2, got rows of ${table.map((row) => row.length).join(', ')}`,
      {
        shape: [table.length, k],
        help: 'one row per data set, one column per method, no gaps',
      },
    );
  }
  for (const row of table) requireSample('friedman', row, 2);
  return [table.length, k];
}
