import { describe, expect, it } from 'vitest';
import { ConfigError } from '../engine/errors.ts';
import { keyFrom } from '../engine/threefry.ts';
import { normalQuantile } from './distribution.ts';
import { bootstrapInterval, wilsonInterval } from './interval.ts';
import { mean } from './sample.ts';

const total = (rows: readonly number[]) => rows.reduce((a, b) => a + b, 0);

describe('Wilson’s interval', () => {
  it('has the values of Newcombe’s table I (Statistics in Medicine 17, 1998, method 3)', () => {
    const table = [
      [81, 263, 0.2553, 0.3662],
      [15, 148, 0.0624, 0.1605],
      [0, 20, 0, 0.1611],
      [1, 29, 0.0061, 0.1718],
    ] as const;
    for (const [successes, trials, low, high] of table) {
      const found = wilsonInterval(successes, trials);
      expect(found.low).toBeCloseTo(low, 4);
      expect(found.high).toBeCloseTo(high, 4);
      expect(found.estimate).toBe(successes / trials);
    }
  });

  it('ends where the score test just rejects: n(p̂ − p)² = z²p(1 − p)', () => {
    const { low, high } = wilsonInterval(7, 30, 0.9);
    const z = normalQuantile(0.95);
    for (const p of [low, high]) expect(30 * (7 / 30 - p) ** 2).toBeCloseTo(z * z * p * (1 - p), 12);
    expect(wilsonInterval(30, 30).high).toBe(1);
  });

  it('refuses what is no share', () => {
    expect(() => wilsonInterval(3, 2)).toThrow(ConfigError);
    expect(() => wilsonInterval(0, 0)).toThrow('0 successes in 0 trials');
  });
});

describe('bootstrap intervals', () => {
  // All 27 resamples of (1, 2, 4): their sums have the cumulative shares 3: 1/27, 4: 4/27, 5: 7/27, 6: 11/27, 7: 17/27, 8: 20/27, 9: 23/27, 10: 26/27, 12: 1.
  it('percentiles are those of the enumerated distribution', () => {
    const options = { key: keyFrom(1), resamples: 20_000, method: 'percentile' } as const;
    expect(bootstrapInterval([1, 2, 4], total, { ...options, level: 0.8 })).toEqual({ estimate: 7, low: 4, high: 10 });
    expect(bootstrapInterval([1, 2, 4], total, { ...options, level: 0.72 })).toEqual({ estimate: 7, low: 4, high: 10 });
  });

  // z₀ = Φ⁻¹(14/27), a = 0.03674 by hand: the shares 0.14 and 0.86 become 0.171 and 0.889.
  it('BCa shifts the percentiles by bias and acceleration', () => {
    const found = bootstrapInterval([1, 2, 4], total, { key: keyFrom(1), resamples: 20_000, level: 0.72 });
    expect(found).toEqual({ estimate: 7, low: 5, high: 10 });
  });

  it('take rows of any kind, and are a function of the key', () => {
    const rows = Array.from({ length: 40 }, (_, i) => ({ x: Math.sin(i), y: Math.sin(i) + 1 }));
    const shift = (sample: readonly { x: number; y: number }[]) =>
      mean(sample.map((r) => r.y)) - mean(sample.map((r) => r.x));
    const found = bootstrapInterval(rows, shift, { key: keyFrom(2), resamples: 200 });
    for (const v of [found.estimate, found.low, found.high]) expect(v).toBeCloseTo(1, 12);
    const first = bootstrapInterval([1, 5, 2, 8, 3.5], mean, { key: keyFrom(3), resamples: 200 });
    expect(bootstrapInterval([1, 5, 2, 8, 3.5], mean, { key: keyFrom(3), resamples: 200 })).toEqual(first);
    expect(bootstrapInterval([1, 5, 2, 8, 3.5], mean, { key: keyFrom(4), resamples: 200 })).not.toEqual(first);
  });

  it('of a constant sample are that constant; of one row refused', () => {
    expect(bootstrapInterval([3, 3, 3], mean, { key: keyFrom(0) })).toEqual({ estimate: 3, low: 3, high: 3 });
    expect(() => bootstrapInterval([3], mean, { key: keyFrom(0) })).toThrow(ConfigError);
  });
});
