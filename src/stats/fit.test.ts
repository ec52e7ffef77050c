import { describe, expect, it } from 'vitest';
import { ConfigError } from '../engine/errors.ts';
import { pearson, spearman } from './correlation.ts';
import { leastSquaresLine, logLogSlope } from './line.ts';

// Ozone monitor calibration: NIST Statistical Reference Datasets, Norris, certified values below.
const norris: readonly (readonly [y: number, x: number])[] = [
  [0.1, 0.2], [338.8, 337.4], [118.1, 118.2], [888, 884.6], [9.2, 10.1], [228.1, 226.5], [668.5, 666.3], [998.5, 996.3],
  [449.1, 448.6], [778.9, 777], [559.2, 558.2], [0.3, 0.4], [0.1, 0.6], [778.1, 775.5], [668.8, 666.9], [339.3, 338],
  [448.9, 447.5], [10.8, 11.6], [557.7, 556], [228.3, 228.1], [998, 995.8], [888.8, 887.6], [119.6, 120.2], [0.3, 0.3],
  [0.6, 0.3], [557.6, 556.8], [339.3, 339.1], [888, 887.2], [998.5, 999], [778.9, 779], [10.2, 11.1], [117.6, 118.3],
  [228.9, 229.2], [668.4, 669.1], [449.2, 448.9], [0.2, 0.5],
]; // biome-ignore format: a table

// The first of Anscombe's quartet, The American Statistician 1973.
const anscombeX = [10, 8, 13, 9, 11, 14, 6, 4, 12, 7, 5];
const anscombeY = [8.04, 6.95, 7.58, 8.81, 8.33, 9.96, 7.24, 4.26, 10.84, 4.82, 5.68];

describe('the least-squares line', () => {
  it('has NIST’s certified values for Norris', () => {
    const found = leastSquaresLine(
      norris.map(([, x]) => x),
      norris.map(([y]) => y),
    );
    expect(found.slope).toBeCloseTo(1.00211681802045, 12);
    expect(found.intercept).toBeCloseTo(-0.262323073774029, 10);
    expect(found.slopeError).toBeCloseTo(0.000429796848199937, 13);
    expect(found.interceptError).toBeCloseTo(0.232818234301152, 10);
    expect(found.r2).toBeCloseTo(0.999993745883712, 13);
  });

  it('has Anscombe’s published line, and an interval of t·error', () => {
    const found = leastSquaresLine(anscombeX, anscombeY);
    expect([found.intercept.toFixed(4), found.slope.toFixed(4), found.slopeError?.toFixed(4)]).toEqual([
      '3.0001',
      '0.5001',
      '0.1179',
    ]);
    expect(found.interval![1] - found.slope).toBeCloseTo(2.262157 * found.slopeError!, 6); // t table, 9 degrees of freedom
  });

  it('meets two points and leaves the errors open', () => {
    expect(leastSquaresLine([1, 3], [2, 8])).toEqual({
      slope: 3,
      intercept: -1,
      slopeError: null,
      interceptError: null,
      interval: null,
      r2: 1,
    });
    expect(() => leastSquaresLine([2, 2], [1, 3])).toThrow(ConfigError);
  });

  it('finds the exponent of a power law in logarithms', () => {
    const x = [1, 2, 4, 8];
    const found = logLogSlope(x, x.map((v) => 5 * v ** -2.5)); // biome-ignore format: short
    expect([found.slope, Math.exp(found.intercept)]).toEqual([expect.closeTo(-2.5, 13), expect.closeTo(5, 12)]);
    expect(() => logLogSlope([1, 2], [1, 0])).toThrow('positive numbers, got 0');
  });
});

describe('Pearson’s correlation', () => {
  it('is 0.816 for Anscombe, with p = 0.00217', () => {
    const found = pearson(anscombeX, anscombeY);
    expect(found.statistic).toBeCloseTo(0.81642, 5);
    expect(found.p).toBeCloseTo(0.00217, 5);
    expect(found.interval![0]).toBeCloseTo(Math.tanh(Math.atanh(0.8164205) - 1.959964 / Math.sqrt(8)), 6);
  });

  it('has the critical value of the printed table: 0.576 for 12 pairs (Fisher, Yates, two-sided 5 %)', () => {
    // x ⟂ z, equal norms: r of (x, c·x + √(1 − c²)·z) is c
    const x = Array.from({ length: 12 }, (_, i) => Math.cos((2 * Math.PI * i) / 12));
    const y = x.map((v, i) => 0.576 * v + Math.sqrt(1 - 0.576 ** 2) * Math.sin((2 * Math.PI * i) / 12));
    const found = pearson(x, y);
    expect(found.statistic).toBeCloseTo(0.576, 12);
    expect(found.p).toBeCloseTo(0.05, 4);
  });

  it('is ±1 on a line, and refuses a constant', () => {
    expect(pearson([1, 2, 3], [6, 4, 2])).toMatchObject({ statistic: -1, p: 0, interval: null });
    expect(() => pearson([1, 2, 3], [5, 5, 5])).toThrow('the second sample is constant');
  });
});

describe('Spearman’s correlation', () => {
  it('has the critical values of the printed table (Zar 1972, two-sided 5 %): 1.000, 0.886, 0.786, 0.738 for n = 5 … 8', () => {
    // permutations with Σd² given; ρ = 1 − 6Σd²/(n³ − n)
    const table = [
      [[1, 2, 3, 4, 5], 1, true],
      [[2, 1, 3, 4, 5], 0.9, false],
      [[2, 1, 3, 4, 6, 5], 0.886, true],
      [[2, 1, 4, 3, 6, 5], 0.829, false],
      [[3, 1, 2, 5, 4, 7, 6], 0.821, true],
      [[3, 1, 2, 4, 7, 5, 6], 0.786, true],
      [[3, 1, 2, 6, 4, 5, 7], 0.786, true],
    ] as const;
    for (const [order, rho, isSignificant] of table) {
      const found = spearman(order.map((_, i) => i), [...order]); // biome-ignore format: short
      expect(found.statistic).toBeCloseTo(rho, 3);
      expect(found.p <= 0.05).toBe(isSignificant);
    }
  });

  it('counts permutations: a perfect order of n has p = 2/n!, one-sided 1/n!', () => {
    expect(spearman([1, 2, 3, 4], [1, 4, 9, 16]).p).toBeCloseTo(2 / 24, 14);
    expect(spearman([1, 2, 3, 4], [1, 4, 9, 16], { alternative: 'greater' }).p).toBeCloseTo(1 / 24, 14);
    expect(spearman([1, 2, 3, 4], [1, 4, 9, 16], { alternative: 'less' }).p).toBe(1);
  });

  it('only sees ranks, and is Pearson’s of them', () => {
    const y = anscombeY.map((v) => Math.exp(v));
    expect(spearman(anscombeX, y).statistic).toBe(spearman(anscombeX, anscombeY).statistic);
    expect(spearman(anscombeX, y).statistic).toBeCloseTo(0.81818, 5); // Σd² = 40 of n³ − n = 1320: 1 − 240/1320
  });
});
