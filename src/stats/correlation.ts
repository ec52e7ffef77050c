/** Correlation of paired samples: Pearson's r and Spearman's ρ, with p-values. */
import { ConfigError } from '../engine/errors.ts';
import { normalQuantile } from './distribution.ts';
import { mean, ranks, requirePairs, requireShare } from './sample.ts';
import { studentTail } from './student.ts';
import { type Alternative, pValue, type TestOptions, type TestResult } from './t-test.ts';

const SPEARMAN_EXACT = 8;

export interface PearsonOptions extends TestOptions {
  /** Of the interval; default 0.95. */
  readonly level?: number;
}

export interface PearsonResult extends TestResult {
  /** Fisher's interval in atanh r; null for fewer than four pairs. */
  readonly interval: readonly [low: number, high: number] | null;
}

/** Pearson's correlation, with the t test of "none"; refuses a sample that does not vary. */
export function pearson(
  x: readonly number[],
  y: readonly number[],
  { alternative = 'two-sided', level = 0.95 }: PearsonOptions = {},
): PearsonResult {
  requireShare('level', level);
  const statistic = correlation('pearson', x, y);
  const half = x.length > 3 ? normalQuantile(0.5 + level / 2) / Math.sqrt(x.length - 3) : null;
  const centre = Math.atanh(statistic);
  const interval = half === null ? null : ([Math.tanh(centre - half), Math.tanh(centre + half)] as const);
  return { statistic, p: correlationP(statistic, x.length, alternative), interval };
}

/** Spearman's correlation of ranks; p over all permutations up to 8 pairs, by the t approximation above. */
export function spearman(
  x: readonly number[],
  y: readonly number[],
  { alternative = 'two-sided' }: TestOptions = {},
): TestResult {
  requirePairs('spearman', x, y, 3);
  const [a, b] = [ranks(x), ranks(y)];
  const statistic = correlation('spearman', a, b);
  const isSmall = x.length <= SPEARMAN_EXACT;
  return { statistic, p: isSmall ? permutationP(a, b, alternative) : correlationP(statistic, x.length, alternative) };
}

function correlation(name: string, x: readonly number[], y: readonly number[]): number {
  requirePairs(name, x, y, 3);
  const [mx, my] = [mean(x), mean(y)];
  let [xx, xy, yy] = [0, 0, 0];
  for (let i = 0; i < x.length; i++) {
    const [dx, dy] = [x[i]! - mx, y[i]! - my];
    xx += dx * dx;
    xy += dx * dy;
    yy += dy * dy;
  }
  if (xx === 0 || yy === 0) {
    throw new ConfigError(
      `${name}: the ${xx === 0 ? 'first' : 'second'} sample is constant, so nothing can vary with it`,
      {
        help: 'report the constant instead of a correlation',
      },
    );
  }
  return Math.max(-1, Math.min(1, xy / Math.sqrt(xx * yy)));
}

function correlationP(r: number, n: number, alternative: Alternative): number {
  const t = r * Math.sqrt((n - 2) / ((1 - r) * (1 + r)));
  return pValue(alternative, (v) => studentTail(v, n - 2), t);
}

/** The share of permutations of b whose correlation with a is at least as extreme; products of mid-ranks are multiples of ¼, so half of that guards against rounding. */
function permutationP(a: readonly number[], b: readonly number[], alternative: Alternative): number {
  const centre = (a.length * (a.length + 1) ** 2) / 4; // Σ aᵢbᵢ without correlation
  const product = (order: readonly number[]) => a.reduce((total, v, i) => total + v * order[i]!, 0) - centre;
  const seen = product(b);
  const isExtreme = {
    'two-sided': (v: number) => Math.abs(v) >= Math.abs(seen) - 0.125,
    greater: (v: number) => v >= seen - 0.125,
    less: (v: number) => v <= seen + 0.125,
  }[alternative];
  let [count, extreme] = [0, 0];
  permute([...b], 0, (order) => {
    count++;
    if (isExtreme(product(order))) extreme++;
  });
  return extreme / count;
}

function permute(order: number[], from: number, visit: (order: readonly number[]) => void): void {
  if (from === order.length) visit(order);
  for (let i = from; i < order.length; i++) {
    [order[from], order[i]] = [order[i]!, order[from]!];
    permute(order, from + 1, visit);
    [order[from], order[i]] = [order[i]!, order[from]!];
  }
}
