import { expect, it } from 'vitest';
import { DtypeError, ShapeError } from '../errors.ts';
import { numbers, of, onBackends } from '../op-testing.ts';
import type { Tensor } from '../tensor.ts';
import { grad } from '../transforms/api.ts';
import { mul } from './arithmetic.ts';
import { take, takeAlong } from './gather.ts';
import { arange, eye, iota, linspace, oneHot } from './iota.ts';
import { sum } from './reduce.ts';
import { scatterAdd, scatterAddAlong } from './scatter.ts';

const at = (...places: number[]) => of([places.length], places, 'i32');

onBackends('gathers', (here) => {
  it('pick slices, in the place of the axis', () => {
    here(() => {
      const x = of(
        [2, 3, 2],
        Array.from({ length: 12 }, (_, i) => i),
        'f32',
      );
      expect(take(x, at(2, 0), 1).toArray()).toEqual([
        [
          [4, 5],
          [0, 1],
        ],
        [
          [10, 11],
          [6, 7],
        ],
      ]);
      expect(take(x, of([1, 2], [1, 1], 'i32')).shape).toEqual([1, 2, 3, 2]);
      expect(take(x, 1).shape).toEqual([3, 2]);
    });
  });

  it('clamp indices that are out of range', () => {
    here(() => {
      expect(numbers(take(of([3], [5, 6, 7]), at(-9, 9)))).toEqual([5, 7]);
      expect(numbers(takeAlong(of([3], [5, 6, 7]), at(-9, 9, 1), 0))).toEqual([5, 7, 6]);
      expect(numbers(scatterAdd(3, at(-9, 9, 9), of([3], [1, 2, 4])))).toEqual([1, 0, 6]);
      expect(numbers(scatterAddAlong(3, at(-9, 9, 9), of([3], [1, 2, 4]), 0))).toEqual([1, 0, 6]);
    });
  });

  it('pick one element per place, with the other axes broadcast', () => {
    here(() => {
      const x = of([2, 3], [1, 2, 3, 4, 5, 6]);
      expect(takeAlong(x, of([2, 1], [2, 0], 'i32'), 1).toArray()).toEqual([[3], [4]]);
      expect(takeAlong(x, of([1, 3], [1, 0, 1], 'i32'), 0).toArray()).toEqual([[4, 2, 6]]);
      expect(takeAlong(x, of([1, 2], [0, 2], 'i32'), -1).toArray()).toEqual([
        [1, 3],
        [4, 6],
      ]);
    });
  });

  it('count in the gradient how often an element was picked', () => {
    here(() => {
      const x = of([4], [1, 2, 3, 4]);
      expect(numbers(grad((t: Tensor) => sum(take(t, at(3, 1, 3, 3))))(x))).toEqual([0, 1, 0, 3]);
      expect(numbers(grad((t: Tensor) => sum(mul(takeAlong(t, at(0, 0), 0), of([2], [10, 1]))))(x))).toEqual([
        11, 0, 0, 0,
      ]);
    });
  });

  it('read bool and integers', () => {
    here(() => {
      expect(numbers(take(of([3], [1, 0, 1], 'bool'), at(1, 2)))).toEqual([0, 1]);
      expect(numbers(scatterAdd(2, at(0, 0, 1), of([3], [2 ** 31 - 1, 1, 5], 'i32')))).toEqual([-(2 ** 31), 5]);
    });
  });

  it('refuse wrong indices', () => {
    here(() => {
      expect(() => take(of([3], [1, 2, 3]), of([1], [0]))).toThrow(DtypeError);
      expect(() => take(of([0], []), at(0))).toThrow(/no elements to pick from/);
      expect(() => takeAlong(of([2, 2], [1, 2, 3, 4]), at(0), 1)).toThrow(ShapeError);
      expect(() => scatterAdd(of([3], [0, 0, 0]), at(0, 1), of([3], [1, 2, 3]))).toThrow(/must have the shape \[2\]/);
    });
  });
});

onBackends('scatters', (here) => {
  it('add onto a target', () => {
    here(() => {
      const x = of([2, 3], [1, 1, 1, 1, 1, 1], 'f32');
      expect(numbers(scatterAdd(x, at(2, 2), of([2, 2], [1, 2, 3, 4], 'f32'), 1))).toEqual([1, 1, 4, 1, 1, 8]);
      expect(numbers(scatterAddAlong(x, of([1, 3], [1, 0, 1], 'i32'), of([1, 3], [5, 6, 7], 'f32'), 0))).toEqual([
        1, 7, 1, 6, 1, 8,
      ]);
    });
  });

  it('make histograms of many indices', () => {
    here(() => {
      const places = Array.from({ length: 1000 }, (_, i) => (i * i) % 7);
      const counts = [0, 0, 0, 0, 0, 0, 0];
      for (const p of places) counts[p]!++;
      expect(numbers(scatterAdd(7, at(...places), of([1000], Array(1000).fill(1), 'f32')))).toEqual(counts);
    });
  });
});

onBackends('counting', (here) => {
  it('goes in steps, between ends, in rows with a single 1', () => {
    here(() => {
      expect(numbers(iota(4, 'f32'))).toEqual([0, 1, 2, 3]);
      expect(arange(5, 0, -2).toArray()).toEqual([5, 3, 1]);
      expect(arange(0, 3).dtype).toBe('i32');
      expect(numbers(arange(0, 1, 0.25))).toEqual([0, 0.25, 0.5, 0.75]);
      expect(numbers(linspace(-1, 3, 5))).toEqual([-1, 0, 1, 2, 3]);
      expect([linspace(0.1, 0.7, 7, 'f64').readSync()[0], linspace(0.1, 0.7, 7, 'f64').readSync()[6]]).toEqual([
        0.1, 0.7,
      ]);
      expect(oneHot(at(1, 3, -1), 3).toArray()).toEqual([
        [0, 1, 0],
        [0, 0, 0],
        [0, 0, 0],
      ]);
      expect(eye(2).toArray()).toEqual([
        [1, 0],
        [0, 1],
      ]);
      expect(() => arange(0, 1, 0)).toThrow(ShapeError);
    });
  });
});
