/** Laws against their distribution functions, and choices against their probabilities; keys are fixed. */
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../errors.ts';
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
