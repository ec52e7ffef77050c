import { expect, it } from 'vitest';
import { ShapeError } from '../errors.ts';
import { numbers, of, onBackends } from '../op-testing.ts';
import type { Tensor } from '../tensor.ts';
import { grad } from '../transforms/api.ts';
import { argmax, argmin, max, min } from './extrema.ts';
import { sum } from './reduce.ts';

const { NaN: nan } = Number;

onBackends('extrema', (here) => {
  it('are found over any axes in every dtype', () => {
    here(() => {
      for (const dtype of ['f32', 'f64', 'i32'] as const) {
        const x = of([2, 2, 3], [3, -1, 4, 1, -5, 9, 2, 6, 5, -3, 5, 8], dtype);
        expect(numbers(max(x))).toEqual([9]);
        expect(numbers(min(x, [0, 2]))).toEqual([-1, -5]);
        expect(numbers(max(x, 1))).toEqual([3, -1, 9, 2, 6, 8]);
        expect(numbers(argmax(x, 1))).toEqual([0, 0, 1, 0, 0, 1]);
        expect(numbers(argmin(x))).toEqual([4]);
      }
      expect(numbers(max(of([3], [1, 2 ** 32 - 1, 5], 'u32')))).toEqual([2 ** 32 - 1]);
    });
  });

  it('pass NaN on and point at the first one', () => {
    here(() => {
      const x = of([5], [1, nan, 7, nan, -2]);
      expect(numbers(max(x))).toEqual([nan]);
      expect(numbers(min(x))).toEqual([nan]);
      expect([numbers(argmax(x)), numbers(argmin(x))]).toEqual([[1], [1]]);
    });
  });

  it('give the derivative to the first of equals in row-major order', () => {
    here(() => {
      const x = of([2, 3], [1, 7, 7, 7, 0, 0]);
      expect(numbers(grad((t: Tensor) => max(t))(x))).toEqual([0, 1, 0, 0, 0, 0]);
      expect(numbers(grad((t: Tensor) => sum(min(t, 1)))(x))).toEqual([1, 0, 0, 0, 1, 0]);
      expect(numbers(grad((t: Tensor) => max(t, [0, 1]))(of([2, 2], [3, 3, 3, 3])))).toEqual([1, 0, 0, 0]);
      expect(numbers(argmax(x))).toEqual([1]);
    });
  });

  it('keep reduced axes when asked to', () => {
    here(() => {
      const x = of([2, 3], [1, 7, 7, 7, 0, 0]);
      expect(max(x, 1, { keepDims: true }).shape).toEqual([2, 1]);
      expect(argmax(x, undefined, { keepDims: true }).shape).toEqual([1, 1]);
    });
  });

  it('refuse to choose among no elements', () => {
    here(() => {
      expect(() => max(of([2, 0], []), 1)).toThrow(ShapeError);
      expect(() => argmin(of([0], []))).toThrow(/no argmin of the 0 elements/);
    });
  });
});
