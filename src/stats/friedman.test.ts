import { describe, expect, it } from 'vitest';
import { ConfigError, ShapeError } from '../engine/errors.ts';
import { friedman, nemenyiDifference } from './friedman.ts';
import { studentizedRangeCdf, studentizedRangeQuantile } from './studentized-range.ts';

// AUC of C4.5 with four ways of tuning on 14 data sets: Demšar 2006, table 6; in `voting` the last two are printed alike but ranked 2 and 3.
const demsar = [
  [0.763, 0.768, 0.771, 0.798],
  [0.599, 0.591, 0.59, 0.569],
  [0.954, 0.971, 0.968, 0.967],
  [0.628, 0.661, 0.654, 0.657],
  [0.882, 0.888, 0.886, 0.898],
  [0.936, 0.931, 0.916, 0.931],
  [0.661, 0.668, 0.609, 0.685],
  [0.583, 0.583, 0.563, 0.625],
  [0.775, 0.838, 0.866, 0.875],
  [1, 1, 1, 1],
  [0.94, 0.962, 0.965, 0.962],
  [0.619, 0.666, 0.614, 0.669],
  [0.972, 0.981, 0.975, 0.9749],
  [0.957, 0.978, 0.946, 0.97],
];

describe('Friedman’s test', () => {
  it('has the mean ranks and the statistic of Demšar’s example', () => {
    const found = friedman(demsar);
    expect(found.meanRanks.map((r) => Number(r.toFixed(3)))).toEqual([3.143, 2, 2.893, 1.964]);
    // printed without correction for ties: 9.28; ties (one group of 4, three of 2) enlarge it
    const shrink = 1 - (60 + 3 * 6) / (14 * 60);
    expect(found.statistic * shrink).toBeCloseTo(9.28, 2);
    expect(found.df).toBe(3);
  });

  it('is 12n/(k(k+1))·Σ(R̄ − (k+1)/2)² without ties, and F as Iman and Davenport say', () => {
    const table = [
      [3, 2, 1],
      [3, 1, 2],
      [2, 3, 1],
      [3, 2, 1],
    ]; // ranks from the largest: sums 5, 8, 11 → means 1.25, 2, 2.75 → χ² = 12·4/12·1.125 = 4.5
    const found = friedman(table);
    expect(found.statistic).toBeCloseTo(4.5, 12);
    expect(found.p).toBeCloseTo(Math.exp(-4.5 / 2), 12); // two degrees of freedom
    expect(found.imanDavenport).toMatchObject({ statistic: expect.closeTo((3 * 4.5) / (8 - 4.5), 12), df1: 2, df2: 6 });
    expect(friedman(table, { better: 'lower' }).meanRanks).toEqual([2.75, 2, 1.25]);
  });

  it('sees nothing in ties, and perfect agreement as certainty of F', () => {
    expect(friedman([[1, 1], [2, 2]])).toMatchObject({ statistic: 0, p: 1, meanRanks: [1.5, 1.5] }); // biome-ignore format: two rows
    expect(friedman([[1, 2], [1, 3]]).imanDavenport).toMatchObject({ statistic: Infinity, p: 0 }); // biome-ignore format: two rows
  });

  it('refuses gaps', () => {
    expect(() => friedman([[1, 2], [1]])).toThrow(ShapeError);
    expect(() => friedman([[1, 2]])).toThrow(ShapeError);
  });
});

describe('Nemenyi’s critical difference', () => {
  it('uses the q of Demšar’s table 5', () => {
    const critical = (alpha: number, k: number) => nemenyiDifference(k, (k * (k + 1)) / 6, alpha);
    const q05 = [1.96, 2.343, 2.569, 2.728, 2.85, 2.949, 3.031, 3.102, 3.164];
    const q10 = [1.645, 2.052, 2.291, 2.459, 2.589, 2.693, 2.78, 2.855, 2.92];
    const misses = [...q05.map((q, i) => critical(0.05, i + 2) - q), ...q10.map((q, i) => critical(0.1, i + 2) - q)];
    for (const miss of misses) expect(Math.abs(miss)).toBeLessThan(1.1e-3); // the table is off by one in its last digit here and there
  });

  it('is 1.25 for 4 methods on 14 sets (ibid., section 3.2.4)', () => {
    expect(nemenyiDifference(4, 14)).toBeCloseTo(2.569 * Math.sqrt(20 / 84), 3);
    expect(nemenyiDifference(4, 14)).toBeCloseTo(1.25, 2);
  });
});

describe('the studentised range', () => {
  it('has the upper 5 % points of the printed table (Harter 1960) and 1 % for k = 3, df = 10', () => {
    const table = [
      [2, 1, 17.97],
      [3, 10, 3.877],
      [4, 20, 3.958],
      [10, 5, 6.995],
      [5, 60, 3.977],
    ] as const;
    for (const [k, df, q] of table) expect(Math.abs(studentizedRangeQuantile(0.95, k, df) - q)).toBeLessThan(1e-3);
    expect(studentizedRangeQuantile(0.99, 3, 10)).toBeCloseTo(5.27, 2);
  });

  it('for two means is √2·|t|: closed forms with 1, 2 and infinitely many degrees of freedom', () => {
    for (const q of [0.3, 1.5, 6]) {
      expect(studentizedRangeCdf(q, 2, 1)).toBeCloseTo((2 / Math.PI) * Math.atan(q / Math.SQRT2), 10);
      expect(studentizedRangeCdf(q, 2, 2)).toBeCloseTo(q / Math.SQRT2 / Math.sqrt(2 + (q * q) / 2), 10);
    }
    expect(studentizedRangeQuantile(0.95, 2)).toBeCloseTo(1.959963984540054 * Math.SQRT2, 10);
  });

  it('refuses a single mean', () => {
    expect(() => studentizedRangeCdf(1, 1)).toThrow(ConfigError);
    expect(() => studentizedRangeCdf(1, 2, 0)).toThrow(ConfigError);
    expect(studentizedRangeCdf(-1, 3)).toBe(0);
  });
});
