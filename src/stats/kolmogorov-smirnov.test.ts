import { describe, expect, it } from 'vitest';
import { kolmogorovExactCdf, kolmogorovSmirnov, kolmogorovSmirnovTwo, kolmogorovTail } from './kolmogorov-smirnov.ts';

const uniform = (x: number) => Math.min(1, Math.max(0, x));

describe('Kolmogorov’s distribution', () => {
  it('has the published value K(10, 0.274) (Marsaglia, Tsang, Wang 2003)', () => {
    expect(kolmogorovExactCdf(0.274, 10)).toBeCloseTo(0.6284796154565, 12);
  });

  it('has the critical values of the printed table (Miller 1956, two-sided 5 %)', () => {
    for (const [n, d] of [[5, 0.56328], [10, 0.40925], [20, 0.29408]] as const) // biome-ignore format: a table
      expect(kolmogorovExactCdf(d, n)).toBeCloseTo(0.95, 4);
  });

  it('agrees with closed forms: 2d − 1 for one value, n!(2d − 1/n)ⁿ for small d', () => {
    expect(kolmogorovExactCdf(0.8, 1)).toBeCloseTo(0.6, 14);
    expect(kolmogorovExactCdf(0.2, 4)).toBeCloseTo(24 * (0.4 - 0.25) ** 4, 14);
    expect([kolmogorovExactCdf(0, 3), kolmogorovExactCdf(1, 3)]).toEqual([0, 1]);
  });

  it('has the printed limit, from both series alike', () => {
    for (const [x, p] of [[1.2238, 0.1], [1.3581, 0.05], [1.6276, 0.01]] as const) // biome-ignore format: a table
      expect(kolmogorovTail(x)).toBeCloseTo(p, 4);
    expect(kolmogorovTail(1 - 1e-12)).toBeCloseTo(kolmogorovTail(1), 10);
    expect(kolmogorovTail(0)).toBe(1);
  });
});

describe('the one-sample test', () => {
  it('measures the largest distance on either side of a step', () => {
    const found = kolmogorovSmirnov([0.8, 0.1, 0.9], uniform); // steps at 0.1, 0.8, 0.9: largest at 0.8 from below
    expect(found.statistic).toBeCloseTo(0.8 - 1 / 3, 14);
    expect(found.p).toBeCloseTo(1 - kolmogorovExactCdf(0.8 - 1 / 3, 3), 14);
  });

  it('passes from exact to limit without a jump', () => {
    const shifted = (n: number) => Array.from({ length: n }, (_, i) => (i + 0.5) / n + 0.1 - 0.5 / n);
    const exact = kolmogorovSmirnov(shifted(140), uniform);
    const limit = kolmogorovSmirnov(shifted(141), uniform);
    expect(exact.statistic).toBeCloseTo(0.1, 12);
    expect(Math.abs(exact.p - limit.p)).toBeLessThan(0.004);
  });
});

describe('the two-sample test', () => {
  it('of separated samples has p = 2 / C(n + m, n)', () => {
    expect(kolmogorovSmirnovTwo([1, 2, 3, 4], [5, 6, 7, 8, 9])).toEqual({
      statistic: 1,
      p: expect.closeTo(2 / 126, 12),
    });
  });

  it('of interleaved samples has p = 1, and ties do not count as distance', () => {
    expect(kolmogorovSmirnovTwo([1, 3, 5], [2, 4, 6]).p).toBeCloseTo(1, 12);
    expect(kolmogorovSmirnovTwo([1, 1, 2], [1, 1, 2])).toEqual({ statistic: 0, p: 1 });
  });

  it('counts paths: of the 20 orders of 3 and 3, D ≥ 2/3 in 20 − 2³ = 12', () => {
    // |i − j| < 2 all along: each of three pairs in either order, so 8 paths
    const found = kolmogorovSmirnovTwo([1, 2, 5], [3, 4, 6]);
    expect(found.statistic).toBeCloseTo(2 / 3, 14);
    expect(found.p).toBeCloseTo(12 / 20, 12);
  });

  it('approaches the limit for large samples', () => {
    const x = Array.from({ length: 200 }, (_, i) => i / 200);
    const exact = kolmogorovSmirnovTwo(x, x.map((v) => v + 0.1)); // biome-ignore format: short
    expect(Math.abs(exact.p - kolmogorovTail(exact.statistic * 10))).toBeLessThan(0.03);
    const large = kolmogorovSmirnovTwo([...x, 2], x);
    expect(large.p).toBeCloseTo(1, 6);
  });
});
