import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { linearTicks, logTicks, roundRange } from './ticks.ts';

describe('ticks', () => {
  it('are round numbers written exactly', () => {
    expect(linearTicks(0, 1)).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
    expect(linearTicks(-0.31, 0.29, 6)).toEqual([-0.3, -0.2, -0.1, 0, 0.1, 0.2]);
    expect(linearTicks(0, 730, 4)).toEqual([0, 200, 400, 600]);
    expect(linearTicks(5, 5)).toEqual([5]);
    expect(logTicks(0.9, 21, 6)).toEqual([1, 2, 5, 10, 20]);
    expect(logTicks(1.95, 3.4, 6)).toEqual([2, 2.2, 2.4, 2.6, 2.8, 3, 3.2, 3.4]);
    expect(logTicks(1e-6, 1e3, 5)).toEqual([1e-6, 1e-4, 1e-2, 1, 100]);
    expect(roundRange(0.13, 0.94)).toEqual([0, 1]);
  });

  it('stay inside the range, evenly spaced and never too many', () => {
    const range = fc.tuple(
      fc.double({ min: -1e6, max: 1e6, noNaN: true }),
      fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
    );
    fc.assert(
      fc.property(range, fc.integer({ min: 2, max: 9 }), ([low, span], count) => {
        const high = low + span;
        const ticks = linearTicks(low, high, count);
        const [from, to] = roundRange(low, high, count);
        const slack = 1e-6 * span;
        expect(ticks.length).toBeLessThanOrEqual(Math.sqrt(2.5) * count + 1); // the step is at worst √2.5 too small
        for (const t of ticks) expect(t >= low - slack && t <= high + slack).toBe(true);
        for (let i = 2; i < ticks.length; i++) {
          expect(Math.abs(ticks[i]! - 2 * ticks[i - 1]! + ticks[i - 2]!)).toBeLessThan(slack);
        }
        expect(from <= low + slack && to >= high - slack).toBe(true);
      }),
    );
  });
});
