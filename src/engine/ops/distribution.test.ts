/** Laws against their distribution functions, and choices against their probabilities; keys are fixed. */
import { describe, expect, it } from 'vitest';
import { ConfigError, DtypeError, ShapeError } from '../errors.ts';
import { erf } from '../portable.ts';
import type { Tensor } from '../tensor.ts';
import { vmap } from '../transforms/api.ts';
import { tensor } from './create.ts';
import * as random from './random.ts';

const list = (x: Tensor): number[] => Array.from(x.readSync());

/** The largest distance between the empirical distribution and `cdf`, times √n; above 2.7 with probability below 1e-6. */
function kolmogorov(values: readonly number[], cdf: (x: number) => number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const n = sorted.length;
  return Math.sqrt(n) * Math.max(...sorted.map((x, i) => Math.max((i + 1) / n - cdf(x), cdf(x) - i / n)));
}

const normalCdf = (x: number): number => 0.5 * (1 + erf(x / Math.SQRT2));

describe('laws', () => {
  const n = 20_000;
  it.each<[string, (key: Tensor) => Tensor, (x: number) => number]>([
    ['exponential', (k) => random.exponential(k, [n]), (x) => 1 - Math.exp(-x)],
    ['logistic', (k) => random.logistic(k, [n]), (x) => 1 / (1 + Math.exp(-x))],
    [
      'truncatedNormal',
      (k) => random.truncatedNormal(k, [n]),
      (x) => (normalCdf(x) - normalCdf(-2)) / (normalCdf(2) - normalCdf(-2)),
    ],
    [
      'truncatedNormal, one side',
      (k) => random.truncatedNormal(k, [n], { low: 1, high: Number.POSITIVE_INFINITY }),
      (x) => (normalCdf(x) - normalCdf(1)) / (1 - normalCdf(1)),
    ],
  ])('%s follows its distribution function', (_, draw, cdf) => {
    expect(kolmogorov(list(draw(random.key(3))), cdf)).toBeLessThan(2.7);
  });

  it('truncated numbers stay between their bounds', () => {
    const x = list(random.truncatedNormal(random.key(4), [n], { low: -0.3, high: 0.1 }));
    expect(Math.min(...x)).toBeGreaterThanOrEqual(Math.fround(-0.3));
    expect(Math.max(...x)).toBeLessThanOrEqual(Math.fround(0.1));
    expect(() => random.truncatedNormal(random.key(4), [1], { low: 9, high: 10 })).toThrow(ConfigError);
    expect(() => random.truncatedNormal(random.key(4), [1], { low: 1, high: 1 })).toThrow(ConfigError);
  });
});

/** How often each line of `width` numbers occurs. */
function countLines(x: Tensor, width: number): Map<string, number> {
  const all = list(x);
  const counts = new Map<string, number>();
  for (let i = 0; i < all.length; i += width) {
    const line = all.slice(i, i + width).join();
    counts.set(line, (counts.get(line) ?? 0) + 1);
  }
  return counts;
}

describe('choices without replacement', () => {
  const keys = random.keys(random.key(5), 6000);

  it('take every ordered pair equally often', () => {
    const counts = countLines(vmap((k: Tensor) => random.choice(k, 4, 2))(keys), 2);
    expect(counts.size).toBe(12);
    for (const count of counts.values()) expect(Math.abs(count - 500)).toBeLessThan(5 * Math.sqrt(500));
    expect(() => random.choice(random.key(1), 3, 4)).toThrow(ConfigError);
  });

  it('by logits take pairs with the chances of drawing one after the other', () => {
    const p = [0.5, 0.3, 0.2];
    const logits = tensor(p.map(Math.log));
    const counts = countLines(vmap((k: Tensor) => random.choiceByLogits(k, logits, 2))(keys), 2);
    for (const [line, count] of counts) {
      const [i, j] = line.split(',').map(Number) as [number, number];
      const chance = p[i]! * (p[j]! / (1 - p[i]!));
      expect(Math.abs(count - 6000 * chance)).toBeLessThan(5 * Math.sqrt(6000 * chance));
    }
    expect(counts.size).toBe(6);
  });
});

describe('choices with an exception', () => {
  it('are all numbers but the excluded one, equally often', () => {
    const rows = 30_000;
    const excluded = tensor(Int32Array.from({ length: rows }, (_, i) => i % 4));
    const drawn = list(random.choiceExcept(random.key(11), 4, excluded));
    const counts = Array.from({ length: 4 }, () => [0, 0, 0, 0]);
    for (const [i, x] of drawn.entries()) counts[i % 4]![x]!++;
    const expected = rows / 12;
    for (const [e, row] of counts.entries())
      row.forEach((count, x) => {
        if (x === e) expect(count).toBe(0);
        else expect(Math.abs(count - expected)).toBeLessThan(5 * Math.sqrt(expected));
      });
  });
  it('need two numbers and i32', () => {
    expect(() => random.choiceExcept(random.key(1), 1, tensor(Int32Array.of(0)))).toThrow(ConfigError);
    expect(() => random.choiceExcept(random.key(1), 3, tensor([0]))).toThrow(DtypeError);
  });
});

describe('points on a sphere', () => {
  it('have length 1, and in three dimensions coordinates that are uniform (Archimedes)', () => {
    const points = list(random.sphere(random.key(5), [4000, 3], { dtype: 'f64' }));
    const heights: number[] = [];
    for (let i = 0; i < points.length; i += 3) {
      const [x, y, z] = [points[i]!, points[i + 1]!, points[i + 2]!];
      expect(Math.abs(Math.hypot(x, y, z) - 1)).toBeLessThan(1e-14);
      heights.push(z);
    }
    expect(kolmogorov(heights, (z) => (z + 1) / 2)).toBeLessThan(2.7);
  });
  it('on a circle have a uniform angle', () => {
    const points = list(random.sphere(random.key(6), [4000, 2], { dtype: 'f64' }));
    const angles = Array.from({ length: 4000 }, (_, i) => Math.atan2(points[2 * i + 1]!, points[2 * i]!));
    expect(kolmogorov(angles, (t) => (t + Math.PI) / (2 * Math.PI))).toBeLessThan(2.7);
  });
  it('need an axis of components', () => {
    expect(() => random.sphere(random.key(1), [])).toThrow(ShapeError);
  });
});
