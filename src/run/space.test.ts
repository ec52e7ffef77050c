/** Search spaces: grids with exactly the points asked for, random points that depend on nothing but key, place and name. */
import { describe, expect, it } from 'vitest';
import { keyFrom } from '../engine/threefry.ts';
import { kolmogorovSmirnov } from '../stats/index.ts';
import { edgesOf, gridPoints, linearScale, logGrid, logScale, oneOf, randomPoints, wholeScale } from './space.ts';

const key = keyFrom(11);

describe('logGrid', () => {
  it('goes from end to end in equal ratios', () => {
    expect(logGrid(3, 1e-4, 1)).toEqual([1e-4, 1e-2, 1]);
    expect(logGrid(2, 1e-6, 1e-1)).toEqual([1e-6, 1e-1]);
    expect(logGrid(1, 1e-4, 1)).toEqual([1e-2]);
  });
});

describe('a grid', () => {
  it('combines choices with equally many levels of the other dimensions', () => {
    const points = gridPoints({ law: oneOf('gaussian', 'rademacher'), rate: logScale(1, 100) }, 6);
    expect(points).toEqual([
      { law: 'gaussian', rate: 1 },
      { law: 'gaussian', rate: 10 },
      { law: 'gaussian', rate: 100 },
      { law: 'rademacher', rate: 1 },
      { law: 'rademacher', rate: 10 },
      { law: 'rademacher', rate: 100 },
    ]);
    expect(gridPoints({ a: linearScale(0, 1), b: linearScale(0, 1) }, 9)).toHaveLength(9);
  });

  it('refuses a number of trials that it does not have, and names those nearby', () => {
    expect(() => gridPoints({ a: linearScale(0, 1), b: linearScale(0, 1) }, 7)).toThrow(/7 points[\s\S]*9/);
    expect(() => gridPoints({ a: oneOf(1, 2) }, 3)).toThrow(/2 trials/);
    expect(() => gridPoints({ a: linearScale(0, 1) }, 0)).toThrow(/0 trials/);
  });
});

describe('random points', () => {
  it('are the same for the same name in another space, and a longer search begins with the shorter one', () => {
    const rate = logScale(1e-4, 1);
    const alone = randomPoints({ rate }, 5, key).map((p) => p.rate);
    const beside = randomPoints({ another: linearScale(0, 1), rate }, 9, key).map((p) => p.rate);
    expect(beside.slice(0, 5)).toEqual(alone);
    expect(new Set(beside).size).toBe(9);
  });

  it('are uniform on their scale: logarithms of a logarithmic one, whole numbers with both ends', () => {
    const points = randomPoints({ rate: logScale(1e-4, 1), n: wholeScale(2, 4) }, 600, key);
    const shares = points.map((p) => 1 + Math.log10(p.rate as number) / 4);
    expect(kolmogorovSmirnov(shares, (x) => Math.min(1, Math.max(0, x))).p).toBeGreaterThan(0.01);
    const counts = [2, 3, 4].map((n) => points.filter((p) => p.n === n).length);
    expect(counts.reduce((a, b) => a + b)).toBe(600);
    // 200 ± 4σ, σ = √(600·⅓·⅔) = 11.5.
    for (const count of counts) expect(Math.abs(count - 200)).toBeLessThan(47);
  });
});

describe('a space', () => {
  it('is refused where it has no points', () => {
    expect(() => randomPoints({ rate: logScale(0, 1) }, 1, key)).toThrow(/not above 0/);
    expect(() => randomPoints({ rate: linearScale(2, 1) }, 1, key)).toThrow(/from 2 to 1/);
    expect(() => randomPoints({ n: wholeScale(0.5, 3) }, 1, key)).toThrow(/whole numbers/);
    expect(() => randomPoints({ law: oneOf() }, 1, key)).toThrow(/no values/);
  });

  it('tells which values are ends of their range', () => {
    const space = { rate: logScale(1e-3, 1), n: wholeScale(1, 8), law: oneOf('a', 'b') };
    expect(edgesOf(space, { rate: 1, n: 3, law: 'a' })).toEqual(['rate']);
    expect(edgesOf(space, { rate: 0.1, n: 1, law: 'b' })).toEqual(['n']);
  });
});
