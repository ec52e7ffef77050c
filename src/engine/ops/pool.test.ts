import { expect, it } from 'vitest';
import { ConfigError } from '../errors.ts';
import { numbers, of, onBackends, wavy } from '../op-testing.ts';
import type { Tensor } from '../tensor.ts';
import { grad, hvp } from '../transforms/api.ts';
import { avgPool, maxPool, sumPool } from './pool.ts';
import { square } from './power.ts';
import { sum } from './reduce.ts';

const plane = (rows: readonly (readonly number[])[]) => of([1, 1, rows.length, rows[0]!.length], rows.flat());

onBackends('pools', (here) => {
  it('take the largest of each window', () => {
    here(() => {
      const x = plane([
        [1, 2, 5, 0],
        [3, 4, 1, 1],
        [0, 0, -1, -2],
        [0, 9, -3, -4],
      ]);
      expect(numbers(maxPool(x, 2))).toEqual([4, 5, 9, -1]);
      expect(numbers(maxPool(x, 3, { stride: 1 }))).toEqual([5, 5, 9, 9]);
      expect(numbers(maxPool(x, [1, 4]))).toEqual([5, 4, 0, 9]);
    });
  });

  it('never count padding as an element', () => {
    here(() => {
      const x = plane([
        [-1, -2],
        [-3, -4],
      ]);
      expect(numbers(maxPool(x, 2, { padding: 1, stride: 1 }))).toEqual([-1, -1, -2, -1, -1, -2, -3, -3, -4]);
      expect(numbers(avgPool(x, 2, { padding: 1 }))).toEqual([-1, -2, -3, -4]);
      expect(numbers(avgPool(x, 2, { padding: 1, countPadding: true }))).toEqual([-0.25, -0.5, -0.75, -1]);
      expect(numbers(sumPool(x, 2, { padding: 'same', stride: 1 }))).toEqual([-10, -6, -7, -4]);
    });
  });

  it('pass NaN on', () => {
    here(() =>
      expect(
        numbers(
          maxPool(
            plane([
              [1, Number.NaN],
              [2, 3],
            ]),
            2,
          ),
        ),
      ).toEqual([Number.NaN]),
    );
  });

  it('give the derivative of a maximum to the first of equals, once for each window that it wins', () => {
    here(() => {
      const x = plane([
        [7, 7, 0],
        [7, 9, 0],
        [0, 0, 9],
      ]);
      expect(
        numbers(
          grad((t: Tensor) => sum(maxPool(t, 2)))(
            plane([
              [7, 7],
              [7, 7],
            ]),
          ),
        ),
      ).toEqual([1, 0, 0, 0]);
      expect(numbers(grad((t: Tensor) => sum(maxPool(t, 2, { stride: 1 })))(x))).toEqual([0, 0, 0, 0, 4, 0, 0, 0, 0]);
    });
  });

  it('have the second derivative of what they pick', () => {
    here(() => {
      const f = (t: Tensor) => sum(square(maxPool(t, 2)));
      expect(
        numbers(
          hvp(
            f,
            plane([
              [1, 2],
              [4, 3],
            ]),
            plane([
              [1, 1],
              [5, 1],
            ]),
          ),
        ),
      ).toEqual([0, 0, 10, 0]);
    });
  });

  it('share the derivative of a mean over the window', () => {
    here(() => {
      expect(numbers(grad((t: Tensor) => sum(avgPool(t, 2)))(wavy([1, 1, 2, 2])))).toEqual([0.25, 0.25, 0.25, 0.25]);
      expect(numbers(grad((t: Tensor) => sum(sumPool(t, 2, { stride: 1 })))(wavy([1, 1, 3, 3])))).toEqual([
        1, 2, 1, 2, 4, 2, 1, 2, 1,
      ]);
    });
  });

  it('refuse padding as wide as the window', () => {
    here(() => expect(() => maxPool(wavy([1, 1, 4, 4]), 2, { padding: 2 })).toThrow(ConfigError));
  });
});
