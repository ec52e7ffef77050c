import { describe, expect, it } from 'vitest';
import { ConfigError } from '../engine/errors.ts';
import {
  binomialCdf,
  chiSquareCdf,
  chiSquareTail,
  fCdf,
  fTail,
  normalCdf,
  normalPdf,
  normalQuantile,
} from './distribution.ts';
import { incompleteBeta, lowerGamma, upperGamma } from './special.ts';
import { studentCdf, studentTail } from './student.ts';

/** |found/expected − 1|, against references computed with 40 digits. */
const relative = (found: number, expected: number) => Math.abs(found / expected - 1);

describe('special functions', () => {
  it('keep relative accuracy (40-digit references)', () => {
    expect(relative(upperGamma(0.5, 30), 9.485737571073848e-15)).toBeLessThan(1e-12);
    expect(relative(upperGamma(3.7, 2.2), 0.7702326912035568)).toBeLessThan(1e-13);
    expect(relative(upperGamma(50, 80), 0.00013078397659141034)).toBeLessThan(1e-12);
    expect(relative(incompleteBeta(0.1, 2.5, 0.5), 0.0011144375415074218)).toBeLessThan(1e-13);
    expect(relative(incompleteBeta(0.38, 200, 300), 0.1809300118422038)).toBeLessThan(1e-11);
    expect(relative(incompleteBeta(0.02, 0.3, 7), 0.5920975055927975)).toBeLessThan(1e-13);
  });

  it('are 1 − e^−x for a = 1, and complements', () => {
    for (const x of [1e-8, 0.3, 2, 9]) {
      expect(relative(lowerGamma(1, x), -Math.expm1(-x))).toBeLessThan(1e-13);
      expect(lowerGamma(4.2, x) + upperGamma(4.2, x)).toBeCloseTo(1, 14);
    }
    expect([upperGamma(2, 0), upperGamma(2, Infinity), lowerGamma(2, 0)]).toEqual([1, 0, 0]);
  });
});

describe('the normal distribution', () => {
  it('is accurate in the tails (40-digit references)', () => {
    expect(relative(normalCdf(-10), 7.619853024160525e-24)).toBeLessThan(1e-12);
    expect(relative(normalCdf(-3), 0.0013498980316300946)).toBeLessThan(1e-13);
    expect(relative(normalCdf(-1.5), 0.06680720126885807)).toBeLessThan(1e-13);
    expect(normalCdf(2.5)).toBeCloseTo(0.9937903346742238, 15);
    expect([normalCdf(0), normalCdf(-Infinity), normalCdf(Infinity)]).toEqual([0.5, 0, 1]);
  });

  it('has the quantile as its inverse and the density as its slope', () => {
    for (const p of [0.002, 0.01, 0.3, 0.5, 0.9]) expect(relative(normalCdf(normalQuantile(p)), p)).toBeLessThan(1e-12);
    for (const z of [-2, 0.4]) expect((normalCdf(z + 1e-5) - normalCdf(z - 1e-5)) / 2e-5).toBeCloseTo(normalPdf(z), 9);
  });
});

describe('χ² and F', () => {
  it('have the critical values of the printed tables (Pearson, Hartley, Biometrika Tables, upper 5 %)', () => {
    const chi: [number, number][] = [
      [1, 3.841],
      [2, 5.991],
      [5, 11.07],
      [10, 18.307],
      [100, 124.342],
    ];
    for (const [df, x] of chi) expect(chiSquareTail(x, df)).toBeCloseTo(0.05, 4);
    const f: [number, number, number][] = [
      [1, 10, 4.965],
      [3, 20, 3.098],
      [5, 5, 5.05],
      [10, 30, 2.165],
    ];
    for (const [a, b, x] of f) expect(fTail(x, a, b)).toBeCloseTo(0.05, 4);
  });

  it('agree with closed forms: χ² with 2, F with (2, 2), F(1, n) = t²', () => {
    for (const x of [0.1, 1, 7]) {
      expect(chiSquareCdf(x, 2)).toBeCloseTo(1 - Math.exp(-x / 2), 13);
      expect(fCdf(x, 2, 2)).toBeCloseTo(x / (1 + x), 14);
      expect(fTail(x * x, 1, 9)).toBeCloseTo(2 * studentTail(x, 9), 14);
      expect(fCdf(x, 3, 8) + fTail(x, 3, 8)).toBeCloseTo(1, 14);
    }
    expect(relative(chiSquareTail(30, 7), 9.495972508134183e-5)).toBeLessThan(1e-12);
  });

  it('refuse a freedom that is not positive', () => {
    expect(() => chiSquareCdf(1, 0)).toThrow(ConfigError);
    expect(() => fCdf(1, 2, -1)).toThrow('must be positive, got -1');
  });
});

describe('the binomial distribution', () => {
  it('sums Pascal’s triangle', () => {
    const [p, q] = [0.3, 0.7];
    expect(binomialCdf(0, 4, p)).toBeCloseTo(q ** 4, 14);
    expect(binomialCdf(1, 4, p)).toBeCloseTo(q ** 4 + 4 * p * q ** 3, 13);
    expect(binomialCdf(2, 4, p)).toBeCloseTo(q ** 4 + 4 * p * q ** 3 + 6 * p * p * q * q, 13);
    expect([binomialCdf(-1, 4, p), binomialCdf(4, 4, p)]).toEqual([0, 1]);
  });
});

describe('the tail of Student’s t', () => {
  it('keeps relative accuracy far out: 2 degrees of freedom have (1 − t/√(2 + t²))/2', () => {
    for (const t of [0.2, 3, 1e4]) {
      const root = Math.sqrt(2 + t * t);
      expect(relative(studentTail(t, 2), 1 / (root * (root + t)))).toBeLessThan(1e-12);
      expect(studentTail(-t, 2) + studentTail(t, 2)).toBeCloseTo(1, 14);
      expect(studentCdf(-t, 2)).toBe(studentTail(t, 2));
    }
  });
});
