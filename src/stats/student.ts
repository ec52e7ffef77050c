/** Student's t: distribution function, quantiles and the interval of a mean. */
import { mean, variance } from './sample.ts';
import { incompleteBeta } from './special.ts';

/** P(T ≤ t) with `df` degrees of freedom. */
export function studentCdf(t: number, df: number): number {
  const tail = studentTail(Math.abs(t), df);
  return t > 0 ? 1 - tail : tail;
}

/** P(T > t) with `df` degrees of freedom, accurate far out. */
export function studentTail(t: number, df: number): number {
  if (t < 0) return 1 - studentTail(-t, df);
  if (t * t < df) return 0.5 * (1 - incompleteBeta((t * t) / (df + t * t), 0.5, df / 2));
  return 0.5 * incompleteBeta(df / (df + t * t), df / 2, 0.5);
}

/** The t with P(T ≤ t) = p, by bisection to full precision. */
export function studentQuantile(p: number, df: number): number {
  if (p === 0.5) return 0;
  if (p < 0.5) return -studentQuantile(1 - p, df);
  let high = 2;
  while (studentCdf(high, df) < p) high *= 2;
  let low = 0;
  for (let i = 0; i < 200 && high - low > 1e-14 * high; i++) {
    const middle = (low + high) / 2;
    if (studentCdf(middle, df) < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

export interface MeanInterval {
  readonly mean: number | null;
  /** Half-width of the two-sided interval; null for fewer than two values. */
  readonly ci95: number | null;
  readonly n: number;
}

/** The mean of a sample with the half-width of its 95 % t interval. */
export function meanInterval(values: readonly number[]): MeanInterval {
  const n = values.length;
  if (n === 0) return { mean: null, ci95: null, n };
  if (n === 1) return { mean: values[0]!, ci95: null, n };
  return { mean: mean(values), ci95: studentQuantile(0.975, n - 1) * Math.sqrt(variance(values) / n), n };
}
