import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bar, meter, resample, sparkline } from './terminal.ts';

describe('sparkline', () => {
  it('maps the lowest to the lowest block and the highest to the highest', () => {
    expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7])).toBe('▁▂▃▄▅▆▇█');
    expect(sparkline([2, 0, 1], { min: 0, max: 4 })).toBe('▅▁▃'); // 3.5 → 4, 1.75 → 2 steps of 7
    expect(sparkline([3, 3, 3])).toBe('▁▁▁');
    expect(sparkline([])).toBe('');
  });
  it('leaves gaps for what is not a number, and clamps to a given range', () => {
    expect(sparkline([0, null, Number.NaN, 7])).toBe('▁  █');
    expect(sparkline([-9, 9], { min: 0, max: 1 })).toBe('▁█');
  });
  it('averages a long series into its width', () => {
    expect(resample([0, 2, 4, 6, 8, 10], 3)).toEqual([1, 5, 9]);
    expect(resample([1, null, null, null], 2)).toEqual([1, null]);
    expect(sparkline([0, 2, 4, 6, 8, 10], { width: 3 })).toHaveLength(3);
  });
});

describe('bar and meter', () => {
  it('draw to an eighth and to a half of a character', () => {
    expect(bar(1, 2, 4)).toBe('██');
    expect(bar(9, 32, 4)).toBe('█▏');
    expect(bar(5, 0, 4)).toBe('');
    expect(bar(Number.NaN, 1, 4)).toBe('');
    expect(meter(0.5, 4)).toEqual({ done: '━━', left: '──' });
    expect(meter(0.375, 4)).toEqual({ done: '━╸', left: '──' });
  });
  it('never leave their width', () => {
    fc.assert(
      fc.property(fc.double(), fc.integer({ min: 1, max: 60 }), (x, width) => {
        const { done, left } = meter(x, width);
        expect(done.length + left.length).toBe(width);
        expect(bar(x, 1, width).length).toBeLessThanOrEqual(width);
      }),
    );
  });
});
