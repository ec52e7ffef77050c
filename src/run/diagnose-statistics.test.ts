/** Estimates from draws whose bias and covariance are known: right in the mean, intervals as sure as they say. */
import { describe, expect, it } from 'vitest';
import { HostRandom, keyFrom } from '../engine/threefry.ts';
import { mean, variance } from '../stats/index.ts';
import { creditStatistics } from './diagnose-statistics.ts';

const SIZE = 30;
const DRAWS = 16;
const REPEATS = 400;
/** Deviations of the components: unequal, so that tr Σ² is no simple multiple of (tr Σ)². */
const deviations = Array.from({ length: SIZE }, (_, i) => 0.5 + i / SIZE);
const trace = deviations.reduce((s, d) => s + d * d, 0);

/** Statistics of K gaussian draws around g + offset, with ‖g‖ = 1. */
function sampled(seed: number, offset: number) {
  const random = new HostRandom(keyFrom(seed));
  const g = Array.from({ length: SIZE }, (_, i) => (i === 0 ? 1 : 0));
  const draws = Array.from({ length: DRAWS }, () =>
    deviations.map((d, i) => g[i]! + (i === 3 ? offset : 0) + d * random.normal()),
  );
  const product = (a: readonly number[], b: readonly number[]) => a.reduce((s, v, i) => s + v * b[i]!, 0);
  const cc = draws.map((a) => draws.map((b) => product(a, b)));
  return creditStatistics({ cc, cg: draws.map((a) => product(a, g)), gg: 1 })!;
}

const repeated = (offset: number) => Array.from({ length: REPEATS }, (_, i) => sampled(i, offset));
const within = (values: readonly number[], truth: number) =>
  expect(Math.abs(mean(values) - truth)).toBeLessThan(4 * Math.sqrt(variance(values) / values.length));
const share = (hits: readonly boolean[]) => hits.filter(Boolean).length / hits.length;

describe.each([0, 2])('draws with a bias of %d', (offset) => {
  const all = repeated(offset);

  it('have unbiased estimates of squared bias, variance and error', () => {
    const of = (pick: (s: (typeof all)[number]) => number) => all.map(pick);
    within(
      of((s) => s.biasSquared.estimate),
      offset ** 2,
    );
    within(
      of((s) => s.variance.estimate),
      trace,
    );
    within(
      of((s) => s.error.estimate),
      trace + offset ** 2,
    );
  });

  it('have intervals that cover as often as they say', () => {
    const truths = { biasSquared: offset ** 2, variance: trace, error: trace + offset ** 2 } as const;
    for (const [name, truth] of Object.entries(truths) as [keyof typeof truths, number][]) {
      const covered = share(all.map((s) => s[name].low <= truth && truth <= s[name].high));
      // 95 % ± four standard errors of 1.1 %.
      expect(covered, name).toBeGreaterThan(0.905);
      expect(covered, name).toBeLessThan(1);
    }
  });

  it(offset === 0 ? 'are called biased as rarely as the level says' : 'are called biased', () => {
    const called = share(all.map((s) => s.biasP! < 0.05));
    if (offset === 0) expect(called).toBeLessThan(0.1);
    else expect(called).toBeGreaterThan(0.8);
  });
});
