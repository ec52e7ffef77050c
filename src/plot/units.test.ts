import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatDegrees,
  formatInterval,
  formatNumber,
  formatPercent,
  formatPercentInterval,
  formatSeconds,
  formatSi,
} from './units.ts';

describe('units', () => {
  it.each([
    [0, '0'],
    [0.21349, '0.213'],
    [-1.5, '−1.50'],
    [12.34, '12.3'],
    [1234.4, '1234'],
    [0.00123, '0.00123'],
    [0.99999, '1.00'],
    [1.5e-7, '1.50e−7'],
    [-1.5e-7, '−1.50e−7'],
    [2e18, '2.00e18'],
    [Number.NaN, '–'],
    [null, '–'],
    [-Infinity, '−∞'],
  ])('formatNumber(%d) is %s', (value, text) => expect(formatNumber(value)).toBe(text));

  it.each([
    [12.3e6, '12.3 MFLOP'],
    [999, '999 FLOP'],
    [999.96e3, '1.00 MFLOP'],
    [0, '0 FLOP'],
    [1e12, '1.00 TFLOP'],
    [3.456e22, '34560 EFLOP'],
  ])('formatSi(%d) is %s', (value, text) => expect(formatSi(value, 'FLOP')).toBe(text));

  it.each([
    [512, '512 B'],
    [4.1 * 2 ** 20, '4.10 MiB'],
    [1023.9 * 1024, '1.00 MiB'],
    [3 * 2 ** 30, '3.00 GiB'],
    [null, '–'],
  ])('formatBytes(%d) is %s', (value, text) => expect(formatBytes(value)).toBe(text));

  it.each([
    [0, '0 s'],
    [12.3e-6, '12 µs'],
    [0.85, '850 ms'],
    [0.9999, '1.0 s'],
    [3.24, '3.2 s'],
    [45.2, '45 s'],
    [59.7, '1 min 00 s'],
    [125, '2 min 05 s'],
    [3840, '1 h 04 min'],
    [7199, '2 h 00 min'],
    [4e-9, '4.0 ns'],
  ])('formatSeconds(%d) is %s', (value, text) => expect(formatSeconds(value)).toBe(text));

  it('writes fractions as percentages with intervals', () => {
    expect(formatPercent(0.97312)).toBe('97.3 %');
    expect(formatPercentInterval(0.97312, 0.0041)).toBe('97.3 ± 0.4 %');
    expect(formatPercentInterval(0.97312, null)).toBe('97.3 %');
    expect(formatPercentInterval(null, null)).toBe('–');
  });

  it('gives an interval the decimals of its mean', () => {
    expect(formatInterval(0.21349, 0.0042)).toBe('0.213 ± 0.004');
    expect(formatInterval(12.34, 0.5)).toBe('12.3 ± 0.5');
    expect(formatInterval(2.5, null)).toBe('2.50');
  });

  it('writes angles', () => {
    expect(formatDegrees(89.6)).toBe('90°');
    expect(formatDegrees(3.14)).toBe('3.1°');
    expect(formatDegrees(0)).toBe('0°');
    expect(formatDegrees(null)).toBe('–');
  });
});
