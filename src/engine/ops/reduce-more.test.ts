import { expect, it } from 'vitest';
import { numbers, of, onBackends } from '../op-testing.ts';
import type { Tensor } from '../tensor.ts';
import { grad, hvp } from '../transforms/api.ts';
import { mul } from './arithmetic.ts';
import { cumprod, cumsum } from './cumulative.ts';
import { sum } from './reduce.ts';
import { all, any, prod } from './reduce-more.ts';

onBackends('products and logic', (here) => {
  it('multiply along the named axes', () => {
    here(() => {
      const x = of([2, 3], [1, 2, 3, 4, 5, 6]);
      expect(numbers(prod(x))).toEqual([720]);
      expect(numbers(prod(x, 0))).toEqual([4, 10, 18]);
      expect(prod(x, 1, { keepDims: true }).toArray()).toEqual([[6], [120]]);
      expect(numbers(prod(of([0], [])))).toEqual([1]);
    });
  });

  it('have the right gradient beside zeros', () => {
    here(() => {
      // ∂Π/∂xᵢ = Π of the others: with one zero only that place has a gradient, with two none
      const gradient = (values: number[]) => numbers(grad((x: Tensor) => prod(x))(of([values.length], values)));
      expect(gradient([2, 0, 5])).toEqual([0, 10, 0]);
      expect(gradient([0, 3, 0])).toEqual([0, 0, 0]);
      expect(gradient([2, 3, 4, 5, 6])).toEqual([360, 240, 180, 144, 120]);
    });
  });

  it('have the right second derivative beside zeros', () => {
    here(() => {
      // H[i][j] = Π of all but i and j, for x = (0, 3, 0): only H[0][2] = 3
      const column = (v: number[]) => numbers(hvp((x: Tensor) => prod(x), of([3], [0, 3, 0]), of([3], v)));
      expect(column([1, 0, 0])).toEqual([0, 0, 3]);
      expect(column([0, 1, 0])).toEqual([0, 0, 0]);
      expect(column([0, 0, 1])).toEqual([3, 0, 0]);
    });
  });

  it('find whether some or every element holds', () => {
    here(() => {
      const x = of([2, 3], [0, 2, 0, 1, 1, 1], 'i32');
      expect(numbers(any(x, 1))).toEqual([1, 1]);
      expect(numbers(all(x, 1))).toEqual([0, 1]);
      expect(numbers(all(x, 0))).toEqual([0, 1, 0]);
      expect([numbers(any(of([0], []))), numbers(all(of([0], [])))]).toEqual([[0], [1]]);
    });
  });

  it('sum f32 in f64 when asked to', () => {
    here(() => {
      const x = of([4], [2 ** 25, 1, 1, -(2 ** 25)], 'f32');
      expect(numbers(sum(x, 0, { accumulate: 'f64' }))).toEqual([2]);
    });
  });
});

onBackends('running sums and products', (here) => {
  it('run forwards and backwards, with and without the element itself', () => {
    here(() => {
      const x = of([4], [1, 2, 3, 4], 'f32');
      expect(numbers(cumsum(x, 0))).toEqual([1, 3, 6, 10]);
      expect(numbers(cumsum(x, 0, { reverse: true }))).toEqual([10, 9, 7, 4]);
      expect(numbers(cumsum(x, 0, { exclusive: true }))).toEqual([0, 1, 3, 6]);
      expect(numbers(cumprod(x, 0))).toEqual([1, 2, 6, 24]);
      expect(numbers(cumprod(x, 0, { reverse: true, exclusive: true }))).toEqual([24, 12, 4, 1]);
    });
  });

  it('run along any axis', () => {
    here(() => {
      const x = of([2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8], 'i32');
      expect(numbers(cumsum(x, 1))).toEqual([1, 2, 4, 6, 5, 6, 12, 14]);
      expect(numbers(cumprod(x, 0))).toEqual([1, 2, 3, 4, 5, 12, 21, 32]);
    });
  });

  it('have the reversed sum as their transpose', () => {
    here(() => {
      const weights = of([3], [1, 10, 100]);
      expect(numbers(grad((x: Tensor) => sum(mul(cumsum(x, 0), weights)))(of([3], [5, 6, 7])))).toEqual([
        111, 110, 100,
      ]);
    });
  });
});
