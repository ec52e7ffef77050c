import { expect, it } from 'vitest';
import { ConfigError } from '../errors.ts';
import { distance, numbers, of, onBackends } from '../op-testing.ts';
import type { Tensor } from '../tensor.ts';
import { grad } from '../transforms/api.ts';
import { mean, norm, std, variance } from './moments.ts';

onBackends('moments', (here) => {
  it('are those of 1 … n', () => {
    here(() => {
      const n = 12;
      const x = of(
        [3, 4],
        Array.from({ length: n }, (_, i) => i + 1),
      );
      expect(numbers(mean(x))).toEqual([(n + 1) / 2]);
      expect(numbers(mean(x, 0))).toEqual([5, 6, 7, 8]);
      expect(distance(numbers(variance(x)), [(n * n - 1) / 12])).toBeLessThan(1e-15);
      expect(distance(numbers(variance(x, undefined, { ddof: 1 })), [(n * (n + 1)) / 12])).toBeLessThan(1e-15);
      expect(distance(numbers(std(x, 1)), Array(3).fill(Math.sqrt(15 / 12)))).toBeLessThan(1e-15);
    });
  });

  it('norms are those of 3, −4', () => {
    here(() => {
      const x = of([2], [3, -4]);
      expect(
        [norm(x), norm(x, 0, { order: 1 }), norm(x, 0, { order: Number.POSITIVE_INFINITY })].map((y) => y.item()),
      ).toEqual([5, 7, 4]);
      expect(distance(numbers(grad((t: Tensor) => norm(t))(x)), [0.6, -0.8])).toBeLessThan(1e-15);
      expect(() => norm(x, 0, { order: 3 as 2 })).toThrow(ConfigError);
    });
  });

  it('roots of 0 have derivative 0', () => {
    here(() => {
      expect(numbers(grad((t: Tensor) => norm(t))(of([2], [0, 0])))).toEqual([0, 0]);
      expect(numbers(grad((t: Tensor) => std(t))(of([3], [2, 2, 2])))).toEqual([0, 0, 0]);
    });
  });
});
