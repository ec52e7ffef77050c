import { describe, expect, it } from 'vitest';
import { ConfigError, ShapeError } from '../engine/errors.ts';
import { bonferroni, holm } from './correction.ts';
import { mannWhitney, signTest, wilcoxonSignedRank } from './rank-test.ts';
import { oneSampleT, pairedT, welchT } from './t-test.ts';

// Hours of extra sleep under two drugs: Student, The Probable Error of a Mean, Biometrika 1908.
const drug1 = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0, 2];
const drug2 = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
// Depression scale before and after: Hollander, Wolfe, Nonparametric Statistical Methods, 1973, table 3.1.
const before = [1.83, 0.5, 1.62, 2.48, 1.68, 1.88, 1.55, 3.06, 1.3];
const after = [0.878, 0.647, 0.598, 2.05, 1.06, 1.29, 1.06, 3.14, 1.29];

const zeros = (n: number) => new Array<number>(n).fill(0);

describe('t tests', () => {
  it('give the published results for Student’s sleep data', () => {
    const paired = pairedT(drug1, drug2);
    expect(paired.statistic).toBeCloseTo(-4.0621, 4);
    expect([paired.df, paired.difference]).toEqual([9, expect.closeTo(-1.58, 12)]);
    expect(paired.p).toBeCloseTo(0.002833, 6);
    expect([paired.low, paired.high]).toEqual([expect.closeTo(-2.4598858, 7), expect.closeTo(-0.7001142, 7)]);
    const welch = welchT(drug1, drug2);
    expect(welch.statistic).toBeCloseTo(-1.8608, 4);
    expect(welch.df).toBeCloseTo(17.776, 3);
    expect(welch.p).toBeCloseTo(0.07939, 5);
    expect([welch.low, welch.high]).toEqual([expect.closeTo(-3.3654832, 7), expect.closeTo(0.2054832, 7)]);
  });

  it('have one-sided p-values that add to one', () => {
    const less = pairedT(drug1, drug2, { alternative: 'less' }).p;
    expect(less).toBeCloseTo(pairedT(drug1, drug2).p / 2, 14);
    expect(less + pairedT(drug1, drug2, { alternative: 'greater' }).p).toBeCloseTo(1, 14);
  });

  it('see nothing in equal samples, everything in a constant shift', () => {
    expect(pairedT([1, 2], [1, 2])).toMatchObject({ statistic: 0, p: 1, low: 0, high: 0 });
    expect(pairedT([2, 3], [1, 2])).toMatchObject({ statistic: Infinity, p: 0, difference: 1 });
    expect(welchT([2, 2], [1, 1])).toMatchObject({ statistic: Infinity, p: 0, df: 2 });
    expect(oneSampleT([4, 6], 5)).toMatchObject({ statistic: 0, p: 1 });
  });

  it('refuse samples that cannot be tested', () => {
    expect(() => pairedT([1, 2, 3], [1, 2])).toThrow(ShapeError);
    expect(() => welchT([1], [1, 2])).toThrow(ConfigError);
  });
});

describe('the sign test', () => {
  it('counts heads: 8 of 9 have p = 2·(1 + 9)/2⁹; ties are dropped', () => {
    const x = [1, 1, 1, 1, 1, 1, 1, 1, -1, 0];
    expect(signTest(x, zeros(10))).toEqual({ statistic: 8, p: expect.closeTo(20 / 512, 14), n: 9, method: 'exact' });
    expect(signTest(x, zeros(10), { alternative: 'greater' }).p).toBeCloseTo(10 / 512, 14);
    expect(signTest(x, zeros(10), { alternative: 'less' }).p).toBeCloseTo(511 / 512, 14);
    expect(signTest([1, -1], [0, 0]).p).toBe(1);
  });
});

/** Differences ±1 … ±n whose positive ranks sum to T. */
function withRankSum(n: number, sum: number): number[] {
  let rest = sum;
  return Array.from({ length: n }, (_, i) => n - i).map((r) => {
    if (r > rest) return -r;
    rest -= r;
    return r;
  });
}

describe('Wilcoxon’s signed-rank test', () => {
  it('gives the published result for Hollander and Wolfe’s data', () => {
    const found = wilcoxonSignedRank(before, after, { alternative: 'greater' });
    expect(found).toMatchObject({ statistic: 40, n: 9, method: 'exact' });
    expect(found.p).toBeCloseTo(10 / 512, 14); // 0.01953 in print
  });

  it('has the critical values of the printed table (Wilcoxon, Wilcox 1964, two-sided 5 %)', () => {
    const table = [
      [6, 0],
      [10, 8],
      [15, 25],
      [20, 52],
      [25, 89],
    ] as const;
    for (const [n, t] of table) {
      expect(wilcoxonSignedRank(withRankSum(n, t), zeros(n)).p).toBeLessThanOrEqual(0.05);
      expect(wilcoxonSignedRank(withRankSum(n, t + 1), zeros(n)).p).toBeGreaterThan(0.05);
    }
  });

  it('enumerates signs under ties: |d| = 1, 1, 2 has 8 equally likely sums of 1½, 1½, 3', () => {
    expect(wilcoxonSignedRank([1, 1, 2], zeros(3), { alternative: 'greater' }).p).toBe(1 / 8);
    expect(wilcoxonSignedRank([1, -1, 2], zeros(3), { alternative: 'greater' }).p).toBe(3 / 8);
    expect(wilcoxonSignedRank([1, -1, 2], zeros(3), { alternative: 'less' }).p).toBe(7 / 8);
    expect(wilcoxonSignedRank([1, 1], [1, 1])).toMatchObject({ p: 1, n: 0 });
  });

  it('is normal above 25 pairs, with ties in the variance', () => {
    // 30 differences of size 1, 24 of them positive: T = 24·15½, mean 232½, variance 30·31·61/24 − (30³ − 30)/48 = 1801.875
    const d = Array.from({ length: 30 }, (_, i) => (i < 24 ? 1 : -1));
    const found = wilcoxonSignedRank(d, zeros(30));
    expect(found).toMatchObject({ statistic: 372, method: 'normal' });
    const z = (372 - 232.5 - 0.5) / Math.sqrt(1801.875); // 3.27456…
    expect(found.p).toBeCloseTo(0.0010583, 5);
    expect(z).toBeCloseTo(3.27456, 4);
  });
});

describe('the Mann–Whitney test', () => {
  it('gives the published result for Hollander and Wolfe’s permeability data (table 4.1)', () => {
    const term = [0.8, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46];
    const early = [1.15, 0.88, 0.9, 0.74, 1.21];
    const found = mannWhitney(term, early, { alternative: 'greater' });
    expect(found).toMatchObject({ statistic: 35, n: 15, method: 'exact' });
    expect(found.p).toBeCloseTo(0.1272, 4);
  });

  it('has the critical values of the printed table (Milton 1964, two-sided 5 %)', () => {
    const table = [
      [5, 5, 2],
      [8, 8, 13],
      [10, 10, 23],
      [20, 20, 127],
    ] as const;
    for (const [n, m, u] of table) {
      expect(mannWhitney(...withU(n, m, u)).p).toBeLessThanOrEqual(0.05);
      expect(mannWhitney(...withU(n, m, u + 1)).p).toBeGreaterThan(0.05);
      expect(mannWhitney(...withU(n, m, u)).statistic).toBe(u);
    }
  });

  it('enumerates under ties: (1, 1) above (0, 1) in 2 of 6 ways or more', () => {
    // mid-ranks of (1, 1, 0, 1) are 3, 3, 1, 3: two of four sum to 6 in 3 of 6 ways, else to 4
    expect(mannWhitney([1, 1], [0, 1], { alternative: 'greater' }).p).toBeCloseTo(1 / 2, 14);
    expect(mannWhitney([1, 1], [0, 1]).statistic).toBe(3);
  });

  it('is normal above 50 values: 26 against 26, all larger', () => {
    const low = Array.from({ length: 26 }, (_, i) => i);
    const found = mannWhitney(
      low.map((v) => v + 13.5),
      low,
    );
    // U = 676 − (1 + … + 13 below): every x beats those y with y < x; variance 26·26·53/12
    expect(found.method).toBe('normal');
    expect(found.statistic).toBe(low.reduce((total, v) => total + Math.min(26, v + 14), 0));
    const z = (found.statistic - 338 - 0.5) / Math.sqrt((676 * 53) / 12);
    const tail = Math.exp((-z * z) / 2) / (z * Math.sqrt(2 * Math.PI)); // Mills: between tail·(1 − 1/z²) and tail
    expect(found.p).toBeLessThan(2 * tail);
    expect(found.p).toBeGreaterThan(2 * tail * (1 - 1 / (z * z)));
  });
});

/** Two samples without ties whose U is given: x sits lowest, and its values climb over y one at a time. */
function withU(n: number, m: number, u: number): [number[], number[]] {
  let rest = u;
  const x = Array.from({ length: n }, () => {
    const passed = Math.min(m, rest);
    rest -= passed;
    return passed;
  });
  return [x.map((passed, i) => passed + 0.1 + (0.5 * (n - i)) / n), Array.from({ length: m }, (_, j) => j + 1)];
}

describe('corrections', () => {
  it('multiply by the number, or step down', () => {
    const close = (values: number[]) => values.map((v) => expect.closeTo(v, 14));
    expect(bonferroni([0.01, 0.04, 0.3, 0.005])).toEqual(close([0.04, 0.16, 1, 0.02]));
    expect(holm([0.01, 0.04, 0.03, 0.005])).toEqual(close([0.03, 0.06, 0.06, 0.02]));
    expect(holm([0.9, 0.8])).toEqual([1, 1]);
    expect(holm([])).toEqual([]);
  });

  it('refuse what is no probability', () => {
    expect(() => holm([0.1, 1.2])).toThrow(ConfigError);
    expect(() => bonferroni([NaN])).toThrow('value 0 is NaN');
  });
});
