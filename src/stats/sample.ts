/** What every test needs of a sample: moments, quantiles, ranks, and the refusal of samples it cannot use. */
import { ConfigError, ShapeError } from '../engine/errors.ts';

/** The arithmetic mean. */
export function mean(values: readonly number[]): number {
  requireSample('mean', values, 1);
  return values.reduce((total, v) => total + v, 0) / values.length;
}

/** The unbiased variance (divided by n − 1), around the mean, in two passes. */
export function variance(values: readonly number[]): number {
  requireSample('variance', values, 2);
  const centre = mean(values);
  return values.reduce((total, v) => total + (v - centre) ** 2, 0) / (values.length - 1);
}

/** The p-quantile, interpolated linearly between order statistics at position p·(n − 1). */
export function quantile(values: readonly number[], p: number): number {
  requireSample('quantile', values, 1);
  requireShare('p', p, true);
  return sortedQuantile(
    [...values].sort((a, b) => a - b),
    p,
  );
}

/** `quantile` of values that are sorted already. */
export function sortedQuantile(sorted: readonly number[], p: number): number {
  const at = p * (sorted.length - 1);
  const low = Math.floor(at);
  const a = sorted[low]!;
  return a + (at - low) * (sorted[Math.min(low + 1, sorted.length - 1)]! - a);
}

/** The middle value, or the mean of the middle two. */
export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** Ranks from 1; equal values share the mean of their ranks. */
export function ranks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((i, j) => values[i]! - values[j]!);
  const out = new Array<number>(values.length);
  for (let start = 0; start < order.length; ) {
    let end = start + 1;
    while (end < order.length && values[order[end]!] === values[order[start]!]) end++;
    for (let k = start; k < end; k++) out[order[k]!] = (start + end + 1) / 2;
    start = end;
  }
  return out;
}

/** Σ(t³ − t) over groups of t equal values, the term by which ties shrink rank variances. */
export function tieTerm(values: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const v of values) counts.set(v, (counts.get(v) ?? 0) + 1);
  return [...counts.values()].reduce((total, t) => total + t ** 3 - t, 0);
}

/** Differences of two paired samples. */
export function differences(name: string, x: readonly number[], y: readonly number[]): number[] {
  requirePairs(name, x, y, 1);
  return x.map((v, i) => v - y[i]!);
}

/** Refuses a sample that is too short or holds NaN. */
export function requireSample(name: string, values: readonly number[], least: number): void {
  if (values.length < least) {
    throw new ConfigError(`${name} needs at least ${least} values, got ${values.length}`, {
      n: values.length,
      help: 'collect more runs, or report the single values',
    });
  }
  const bad = values.findIndex((v) => Number.isNaN(v));
  if (bad >= 0) {
    throw new ConfigError(`${name}: value ${bad} is NaN`, { index: bad, help: 'drop or replace missing values first' });
  }
}

/** Refuses samples that do not pair up. */
export function requirePairs(name: string, x: readonly number[], y: readonly number[], least: number): void {
  if (x.length !== y.length) {
    throw new ShapeError(`${name} pairs values, but the samples hold ${x.length} and ${y.length}`, {
      shapes: [[x.length], [y.length]],
      help: 'give both samples in the same order, one value per seed or data set',
    });
  }
  requireSample(name, x, least);
  requireSample(name, y, least);
}

/** Refuses a probability outside (0, 1), or outside [0, 1] where the ends make sense. */
export function requireShare(name: string, p: number, closed = false): void {
  if (closed ? p >= 0 && p <= 1 : p > 0 && p < 1) return;
  throw new ConfigError(`${name} must lie between 0 and 1, got ${p}`, { [name]: p, help: 'use for example 0.95' });
}
