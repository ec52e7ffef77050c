/** Another library's answers on fixed samples: SciPy 1.17.1 (test/fixtures/scipy-statistics.py). */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import {
  chiSquareCdf,
  fCdf,
  friedman,
  kolmogorovSmirnov,
  kolmogorovSmirnovTwo,
  leastSquaresLine,
  mannWhitney,
  normalCdf,
  pairedT,
  pearson,
  spearman,
  studentCdf,
  studentizedRangeQuantile,
  welchT,
  wilcoxonSignedRank,
  wilsonInterval,
} from './index.ts';

const scipy = JSON.parse(readFileSync(new URL('../../test/fixtures/scipy-statistics.json', import.meta.url), 'utf8'));
const { x, y, z, table } = scipy;

const near = (found: readonly number[], expected: readonly number[], digits = 11): void => {
  expect(found.length).toBe(expected.length);
  for (const [i, value] of expected.entries()) expect(found[i]! / value).toBeCloseTo(1, digits);
};
const both = ({ statistic, p }: { readonly statistic: number; readonly p: number }): number[] => [statistic, p];

it('t-tests, paired and of Welch', () => {
  near(both(pairedT(x, y)), scipy.pairedT);
  near(both(welchT(x, z)), scipy.welchT);
});

it('rank tests: Wilcoxon, Mann and Whitney, Friedman', () => {
  near([wilcoxonSignedRank(x, y).p, mannWhitney(x, z).p], [scipy.wilcoxon, scipy.mannWhitney]);
  near(both(friedman(table)), scipy.friedman);
});

it('correlations and the least-squares line', () => {
  near(both(pearson(x, y)), scipy.pearson);
  near([spearman(x, y).statistic], [scipy.spearman]);
  const { slope, intercept, slopeError } = leastSquaresLine(x, y);
  near([slope, intercept, slopeError!], scipy.line);
});

it('Kolmogorov and Smirnov, one sample and two', () => {
  near(both(kolmogorovSmirnov(x, (v) => normalCdf((v - 12) / 2))), scipy.kolmogorov, 9);
  near(both(kolmogorovSmirnovTwo(x, z)), scipy.kolmogorovTwo);
});

it('the interval of Wilson', () => {
  const { low, high } = wilsonInterval(17, 41);
  near([low, high], scipy.wilson);
});

it('distributions: χ², F, Student, studentized range', () => {
  for (const [q, df, p] of scipy.chiSquareCdf) near([chiSquareCdf(q, df)], [p]);
  for (const [q, a, b, p] of scipy.fCdf) near([fCdf(q, a, b)], [p]);
  for (const [q, df, p] of scipy.studentCdf) near([studentCdf(q, df)], [p]);
  for (const [p, k, df, q] of scipy.studentizedRange) near([studentizedRangeQuantile(p, k, df)], [q], 6);
});
