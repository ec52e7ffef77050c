/** p-values adjusted for several comparisons: each may be held against the level directly. */
import { requireSample, requireShare } from './sample.ts';

/** Multiplies each p-value by their number, at most 1. */
export function bonferroni(p: readonly number[]): number[] {
  requireAll(p);
  return p.map((v) => Math.min(1, v * p.length));
}

/**
 * Holm's step-down adjustment: never weaker than Bonferroni's, valid under any dependence.
 * Source: Holm, A Simple Sequentially Rejective Multiple Test Procedure, Scandinavian Journal of Statistics 1979.
 */
export function holm(p: readonly number[]): number[] {
  requireAll(p);
  const order = p.map((_, i) => i).sort((i, j) => p[i]! - p[j]!);
  const out = new Array<number>(p.length);
  let largest = 0;
  order.forEach((i, place) => {
    largest = Math.max(largest, Math.min(1, p[i]! * (p.length - place)));
    out[i] = largest;
  });
  return out;
}

function requireAll(p: readonly number[]): void {
  requireSample('a correction', p, 0);
  for (const v of p) requireShare('p', v, true);
}
