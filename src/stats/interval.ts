/** Intervals: Wilson's for a share, and bootstrap intervals for any statistic. */
import { ConfigError } from '../engine/errors.ts';
import { HostRandom, type KeyWords } from '../engine/threefry.ts';
import { normalCdf, normalQuantile } from './distribution.ts';
import { requireShare, sortedQuantile } from './sample.ts';

export interface Interval {
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
}

/**
 * The score interval of a share of successes; sensible also at 0 and n successes.
 * Source: Wilson, Probable Inference, the Law of Succession, and Statistical Inference, JASA 1927.
 */
export function wilsonInterval(successes: number, trials: number, level = 0.95): Interval {
  requireShare('level', level);
  if (!(trials > 0 && successes >= 0 && successes <= trials)) {
    throw new ConfigError(`${successes} successes in ${trials} trials is no share`, {
      successes,
      trials,
      help: 'give 0 ≤ successes ≤ trials and at least one trial',
    });
  }
  const z = normalQuantile(0.5 + level / 2);
  const share = successes / trials;
  const centre = (successes + (z * z) / 2) / (trials + z * z);
  const spread = (z / (trials + z * z)) * Math.sqrt(trials * share * (1 - share) + (z * z) / 4);
  const low = successes === 0 ? 0 : centre - spread;
  return { estimate: share, low, high: successes === trials ? 1 : centre + spread };
}

export interface BootstrapOptions {
  readonly key: KeyWords;
  /** `bca` (bias-corrected and accelerated) unless said. */
  readonly method?: 'bca' | 'percentile';
  readonly level?: number;
  readonly resamples?: number;
}

/**
 * The bootstrap interval of a statistic of independent rows; a row may be a number, a pair or any record.
 * Source: Efron, Tibshirani, An Introduction to the Bootstrap, 1993, chapters 13 and 14.
 */
export function bootstrapInterval<T>(
  rows: readonly T[],
  statistic: (rows: readonly T[]) => number,
  { key, method = 'bca', level = 0.95, resamples = 2000 }: BootstrapOptions,
): Interval {
  requireShare('level', level);
  if (rows.length < 2 || !(resamples >= 2)) {
    throw new ConfigError(`a bootstrap needs two rows and two resamples, got ${rows.length} and ${resamples}`, {
      n: rows.length,
      resamples,
      help: 'use a t interval of more runs, or the default of 2000 resamples',
    });
  }
  const estimate = statistic(rows);
  const draws = resampled(rows, statistic, new HostRandom(key), resamples);
  const alpha = (1 - level) / 2;
  const share = method === 'bca' ? correction(rows, statistic, estimate, draws) : (p: number) => p;
  return { estimate, low: sortedQuantile(draws, share(alpha)), high: sortedQuantile(draws, share(1 - alpha)) };
}

function resampled<T>(
  rows: readonly T[],
  statistic: (rows: readonly T[]) => number,
  random: HostRandom,
  count: number,
): number[] {
  const draws = Array.from({ length: count }, () => statistic(rows.map(() => rows[random.integer(rows.length)]!)));
  return draws.sort((a, b) => a - b);
}

/** The map from nominal to corrected percentiles: z₀ from the draws below the estimate, acceleration from the jackknife. */
function correction<T>(
  rows: readonly T[],
  statistic: (rows: readonly T[]) => number,
  estimate: number,
  draws: readonly number[],
): (p: number) => number {
  const below = draws.reduce((n, v) => n + (v < estimate ? 1 : v === estimate ? 0.5 : 0), 0) / draws.length;
  if (below === 0 || below === 1) return (p) => p; // the statistic lies outside its own draws: nothing to correct by
  const z0 = normalQuantile(below);
  const a = acceleration(rows.map((_, i) => statistic([...rows.slice(0, i), ...rows.slice(i + 1)])));
  return (p) => {
    const z = z0 + normalQuantile(p);
    return normalCdf(z0 + z / (1 - a * z));
  };
}

function acceleration(jackknife: readonly number[]): number {
  const centre = jackknife.reduce((total, v) => total + v, 0) / jackknife.length;
  const squares = jackknife.reduce((total, v) => total + (centre - v) ** 2, 0);
  return squares === 0 ? 0 : jackknife.reduce((total, v) => total + (centre - v) ** 3, 0) / (6 * squares ** 1.5);
}
