import { describe, expect, it } from 'vitest';
import { keyFrom } from '../engine/threefry.ts';
import { fitNormaliser, normalise } from './normalise.ts';
import { labelCounts, makePart } from './part.ts';
import { randomRows, splitPart, stratifiedRows } from './split.ts';

// Two rows of two channels with two pixels each.
const part = makePart({
  x: Uint8Array.of(0, 2, 10, 30, 4, 6, 50, 70),
  featureShape: [2, 1, 2],
  y: Int32Array.of(0, 1),
  unit: 2,
});

describe('fitNormaliser', () => {
  it('measures each feature', () => {
    const { mean, std } = fitNormaliser(part, 'feature');
    expect(mean).toEqual([1, 2, 15, 25]);
    expect(std).toEqual([1, 1, 10, 10]);
  });

  it('measures each channel over rows and pixels', () => {
    const { mean, std } = fitNormaliser(part, 'channel');
    expect(mean).toEqual([1.5, 20]);
    expect(std[0]).toBeCloseTo(Math.sqrt(1.25), 14);
    expect(std[1]).toBeCloseTo(Math.sqrt(125), 14);
  });

  it('measures one scalar', () => {
    const { mean, std } = fitNormaliser(part, 'scalar');
    expect(mean).toEqual([10.75]);
    // Mean of squares 177 less the squared mean.
    expect(std[0]).toBeCloseTo(Math.sqrt((0 + 1 + 25 + 225 + 4 + 9 + 625 + 1225) / 8 - 10.75 ** 2), 12);
  });

  it('leaves constant groups unscaled, also where the mean is not a binary fraction', () => {
    const flat = makePart({ x: new Float64Array(21).fill(0.1), featureShape: [1], y: new Int32Array(21) });
    expect(fitNormaliser(flat, 'feature').std).toEqual([1]);
    expect(Math.max(...normalise(flat, fitNormaliser(flat)).x)).toBeLessThan(1e-15);
  });

  it('refuses channels where there are none, and a part without rows', () => {
    const table = makePart({ x: new Float64Array(4), featureShape: [2], y: new Int32Array(2) });
    expect(() => fitNormaliser(table, 'channel')).toThrow(/rows of \[2\] by "channel"/);
    const empty = makePart({ x: new Float64Array(0), featureShape: [2], y: new Int32Array(0) });
    expect(() => fitNormaliser(empty)).toThrow(/without rows/);
  });
});

describe('normalise', () => {
  it('survives JSON and gives mean 0 and variance 1', () => {
    for (const by of ['feature', 'channel', 'scalar'] as const) {
      const out = normalise(part, JSON.parse(JSON.stringify(fitNormaliser(part, by))));
      const again = fitNormaliser(out, by);
      for (const m of again.mean) expect(m).toBeCloseTo(0, 14);
      for (const s of again.std) expect(s).toBeCloseTo(1, 14);
      expect([out.unit, out.shape]).toEqual([1, part.shape]);
    }
  });
});

describe('split', () => {
  const labels = Int32Array.from({ length: 150 }, (_, i) => (i < 100 ? 0 : i < 140 ? 1 : 2));

  it('takes the same share of every class and every row once', () => {
    const { train, test } = stratifiedRows(labels, { key: keyFrom(1) });
    expect(
      labelCounts(
        [...train].map((i) => labels[i]!),
        3,
      ),
    ).toEqual([70, 28, 7]);
    expect([...train, ...test].sort((a, b) => a - b)).toEqual([...labels.keys()]);
    expect([...train.slice(0, 20)].map((i) => labels[i]!)).not.toEqual(new Array(20).fill(0));
  });

  it('depends on the key only', () => {
    const by = (seed: number) => [...stratifiedRows(labels, { key: keyFrom(seed) }).train];
    expect(by(1)).toEqual(by(1));
    expect(by(1)).not.toEqual(by(2));
  });

  it('splits values at random and refuses an impossible share', () => {
    const { train, test } = randomRows(10, { key: keyFrom(1), share: 0.8 });
    expect([train.length, [...train, ...test].sort((a, b) => a - b)]).toEqual([8, [...Array(10).keys()]]);
    const values = makePart({ x: new Float64Array(10), featureShape: [1], y: new Float64Array(10), targetShape: [1] });
    expect(splitPart(values, { key: keyFrom(1) }).test.n).toBe(3);
    expect(() => randomRows(10, { key: keyFrom(1), share: 1 })).toThrow(/between 0 and 1, got 1/);
  });
});
