import { describe, expect, it } from 'vitest';
import { ConfigError, ShapeError } from '../engine/errors.ts';
import { differences, mean, median, quantile, ranks, tieTerm, variance } from './sample.ts';

describe('samples', () => {
  it('have mean, unbiased variance and interpolated quantiles', () => {
    const x = [2, 4, 4, 4, 5, 5, 7, 9]; // deviations −3 −1 −1 −1 0 0 2 4: squares sum to 32
    expect(mean(x)).toBe(5);
    expect(variance(x)).toBeCloseTo(32 / 7, 14);
    expect([quantile([1, 2, 4], 0), quantile([4, 1, 2], 0.25), median([4, 1]), quantile([3, 1], 1)]).toEqual([
      1, 1.5, 2.5, 3,
    ]);
  });

  it('keep their variance when shifted far away', () => {
    expect(variance([1e9 + 1, 1e9 + 2, 1e9 + 3])).toBe(1);
  });

  it('are ranked with ties at the middle of their places', () => {
    expect(ranks([30, 10, 20, 10, 10])).toEqual([5, 2, 4, 2, 2]);
    expect(tieTerm([30, 10, 20, 10, 10, 20])).toBe(27 - 3 + (8 - 2));
  });

  it('are refused when empty, not a number, or of two lengths', () => {
    expect(() => mean([])).toThrow(ConfigError);
    expect(() => variance([1])).toThrow('at least 2 values, got 1');
    expect(() => mean([1, NaN])).toThrow('value 1 is NaN');
    expect(() => quantile([1], 1.5)).toThrow('between 0 and 1');
    expect(() => differences('pairedT', [1, 2], [1])).toThrow(ShapeError);
  });
});
