import { describe, expect, it } from 'vitest';
import { incompleteBeta, logGamma } from './special.ts';
import { meanInterval, studentCdf, studentQuantile } from './student.ts';

describe('Student t', () => {
  it('has the quantiles of the printed tables (two-sided 95 %)', () => {
    const table: [number, number][] = [
      [1, 12.706],
      [2, 4.303],
      [4, 2.776],
      [9, 2.262],
      [30, 2.042],
      [120, 1.98],
    ];
    for (const [df, t] of table) expect(studentQuantile(0.975, df)).toBeCloseTo(t, 3);
  });

  it('agrees with the closed forms for one and two degrees of freedom', () => {
    for (const t of [-3, -0.5, 0, 0.7, 5]) {
      expect(studentCdf(t, 1)).toBeCloseTo(0.5 + Math.atan(t) / Math.PI, 13);
      expect(studentCdf(t, 2)).toBeCloseTo(0.5 + t / (2 * Math.sqrt(2 + t * t)), 13);
    }
  });

  it('knows the gamma function at whole and half numbers', () => {
    expect(logGamma(11)).toBeCloseTo(Math.log(3628800), 12);
    expect(logGamma(0.5)).toBeCloseTo(0.5 * Math.log(Math.PI), 13);
  });

  it('has I_x(1, b) = 1 − (1 − x)^b', () => {
    expect(incompleteBeta(0.3, 1, 4)).toBeCloseTo(1 - 0.7 ** 4, 14);
  });

  it('gives the interval of a small sample', () => {
    const { mean, ci95, n } = meanInterval([1, 2, 3]);
    expect([mean, n]).toEqual([2, 3]);
    expect(ci95).toBeCloseTo(0.95 / Math.sqrt(2 * 0.975 * 0.025) / Math.sqrt(3), 12); // two degrees of freedom: t = (2p − 1)/√(2p(1 − p))
    expect(meanInterval([5]).ci95).toBeNull();
  });
});
