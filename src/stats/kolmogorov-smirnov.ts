/** The Kolmogorov–Smirnov tests: the largest distance between distribution functions. */
import { requireSample } from './sample.ts';
import type { TestResult } from './t-test.ts';

const EXACT_ONE = 140;
const EXACT_TWO = 40_000;

/** Tests whether a sample comes from a distribution given by its cdf; exact up to 140 values, then Kolmogorov's limit with Stephens' correction. */
export function kolmogorovSmirnov(values: readonly number[], cdf: (x: number) => number): TestResult {
  requireSample('kolmogorovSmirnov', values, 1);
  const n = values.length;
  const sorted = [...values].sort((a, b) => a - b);
  const statistic = sorted.reduce((most, x, i) => {
    const f = cdf(x);
    return Math.max(most, f - i / n, (i + 1) / n - f);
  }, 0);
  if (n <= EXACT_ONE) return { statistic, p: 1 - kolmogorovExactCdf(statistic, n) };
  const root = Math.sqrt(n);
  return { statistic, p: kolmogorovTail((root + 0.12 + 0.11 / root) * statistic) };
}

/** Tests whether two samples come from one distribution; exact while n·m ≤ 40,000 (conservative under ties), then by the limit. */
export function kolmogorovSmirnovTwo(x: readonly number[], y: readonly number[]): TestResult {
  requireSample('kolmogorovSmirnovTwo', x, 1);
  requireSample('kolmogorovSmirnovTwo', y, 1);
  const [n, m] = [x.length, y.length];
  const steps = largestGap(
    [...x].sort((a, b) => a - b),
    [...y].sort((a, b) => a - b),
  );
  const statistic = steps / (n * m);
  const p =
    n * m <= EXACT_TWO ? 1 - shareInside(n, m, steps) : kolmogorovTail(statistic * Math.sqrt((n * m) / (n + m)));
  return { statistic, p: Math.min(1, Math.max(0, p)) };
}

/** The largest |i·m − j·n| over the merged order, a whole number. */
function largestGap(x: readonly number[], y: readonly number[]): number {
  let [i, j, most] = [0, 0, 0];
  while (i < x.length && j < y.length) {
    const at = Math.min(x[i]!, y[j]!);
    while (i < x.length && x[i] === at) i++;
    while (j < y.length && y[j] === at) j++;
    most = Math.max(most, Math.abs(i * y.length - j * x.length));
  }
  return most;
}

/** The share of monotone lattice paths from (0, 0) to (n, m) on which |i·m − j·n| stays below `steps`, as probabilities of drawing without replacement. */
function shareInside(n: number, m: number, steps: number): number {
  const row = new Float64Array(m + 1);
  for (let i = 0; i <= n; i++) {
    for (let j = 0; j <= m; j++) {
      if (i + j === 0) row[0] = 1;
      else if (Math.abs(i * m - j * n) >= steps) row[j] = 0;
      else {
        const left = n + m - i - j + 1; // values not drawn yet before this step
        const fromX = i > 0 ? (row[j]! * (n - i + 1)) / left : 0;
        const fromY = j > 0 ? (row[j - 1]! * (m - j + 1)) / left : 0;
        row[j] = fromX + fromY;
      }
    }
  }
  return row[m]!;
}

/** P(√n·D > x) in the limit of many values: 2·Σ (−1)^(k−1)·exp(−2k²x²), or its Jacobi transform for small x. */
export function kolmogorovTail(x: number): number {
  if (x <= 0) return 1;
  let total = 0;
  if (x < 1) {
    for (let k = 1; k <= 19; k += 2) total += Math.exp(-((k * Math.PI) ** 2) / (8 * x * x));
    return 1 - (Math.sqrt(2 * Math.PI) / x) * total;
  }
  for (let k = 1; k <= 10; k++) total += (k % 2 === 1 ? 2 : -2) * Math.exp(-2 * k * k * x * x);
  return total;
}

/**
 * P(D < d) for n values, by the matrix form of Durbin's recursion.
 * Source: Marsaglia, Tsang, Wang, Evaluating Kolmogorov's Distribution, Journal of Statistical Software 8(18), 2003.
 */
export function kolmogorovExactCdf(d: number, n: number): number {
  if (d <= 0) return 0;
  if (d >= 1) return 1;
  const k = Math.floor(n * d) + 1;
  const h = transition(2 * k - 1, k - n * d);
  let state: number[] = h.map((_, i) => (i === k - 1 ? 1 : 0));
  // n!/nⁿ is multiplied in step by step, so that nothing overflows
  for (let step = 1; step <= n; step++) {
    state = h.map((_, j) => (step / n) * state.reduce((total, v, i) => total + v * h[i]![j]!, 0));
  }
  return state[k - 1]!;
}

/** The m×m matrix with 1/(i − j + 1)! on and below the first superdiagonal, its first column and last row corrected by hᵏ. */
function transition(m: number, h: number): number[][] {
  const reciprocal = [1];
  for (let i = 1; i <= m; i++) reciprocal.push(reciprocal[i - 1]! / i);
  const entry = (i: number, j: number): number => {
    const g = i - j + 1;
    if (g < 0) return 0;
    const corner = i === m - 1 && j === 0;
    if (corner) return (1 - 2 * h ** m + Math.max(0, 2 * h - 1) ** m) * reciprocal[m]!;
    if (j === 0) return (1 - h ** (i + 1)) * reciprocal[g]!;
    if (i === m - 1) return (1 - h ** (m - j)) * reciprocal[g]!;
    return reciprocal[g]!;
  };
  return Array.from({ length: m }, (_, i) => Array.from({ length: m }, (_, j) => entry(i, j)));
}
