import { describe, expect, it } from 'vitest';
import { distance, numbers, of, onBackends, wavy } from '../op-testing.ts';
import type { Tensor } from '../tensor.ts';
import { grad } from '../transforms/api.ts';
import { mul } from './arithmetic.ts';
import { sliceAxis } from './movement.ts';
import * as random from './random.ts';
import { sum } from './reduce.ts';
import { logSoftmax, logsumexp, softmax } from './softmax.ts';

const { NEGATIVE_INFINITY: minus, POSITIVE_INFINITY: plus } = Number;

onBackends('softmax', (here) => {
  it('gives the shares of whole-number odds', () => {
    here(() => {
      const odds = [1, 2, 5, 3, 3, 4];
      const x = of([2, 3], odds.map(Math.log));
      expect(distance(numbers(softmax(x)), [1 / 8, 2 / 8, 5 / 8, 3 / 10, 3 / 10, 4 / 10])).toBeLessThan(1e-15);
      expect(
        distance(numbers(logSoftmax(x, 0)), [1 / 4, 2 / 5, 5 / 9, 3 / 4, 3 / 5, 4 / 9].map(Math.log)),
      ).toBeLessThan(1e-15);
      expect(distance(numbers(logsumexp(x)), [Math.log(18)])).toBeLessThan(1e-15);
      expect(distance(numbers(logsumexp(x, 1)), [Math.log(8), Math.log(10)])).toBeLessThan(1e-15);
    });
  });

  it('does not overflow, and keeps what softmax alone would lose', () => {
    here(() => {
      const x = of([2], [1000, 0], 'f32');
      expect(numbers(softmax(x))).toEqual([1, 0]);
      expect(numbers(logSoftmax(x))).toEqual([0, -1000]);
      expect(numbers(logsumexp(x))).toEqual([1000]);
    });
  });

  it('treats a group of −∞ alone as empty', () => {
    here(() => {
      const x = of([2, 2], [minus, minus, 0, minus]);
      expect(numbers(softmax(x))).toEqual([0, 0, 1, 0]);
      expect(numbers(logSoftmax(x))).toEqual([minus, minus, 0, minus]);
      expect(numbers(logsumexp(x, 1))).toEqual([minus, 0]);
      expect(numbers(grad((t: Tensor) => sum(softmax(t)))(x))).toEqual([0, 0, 0, 0]);
      expect(numbers(grad((t: Tensor) => sum(logsumexp(t, 1)))(x))).toEqual([0, 0, 1, 0]);
      expect(numbers(logsumexp(of([2], [plus, 3])))).toEqual([plus]);
    });
  });

  it('has the softmax as the gradient of log-sum-exp', () => {
    here(() => {
      const x = wavy([3, 5]);
      expect(distance(numbers(grad((t: Tensor) => sum(logsumexp(t, 1)))(x)), numbers(softmax(x)))).toBeLessThan(1e-15);
    });
  });
});

describe('many short rows', () => {
  it.each([2, 3, 5, 8, 9])('of %i have the bits of single rows', (n) => {
    for (const dtype of ['f32', 'f64'] as const)
      for (const f of [softmax, logSoftmax]) {
        const x = mul(random.normal(random.key(n), [67, n], { dtype }), 6);
        const alone = Array.from({ length: 67 }, (_, i) => [...f(sliceAxis(x, 0, i, i + 1)).readSync()]);
        expect([...f(x).readSync()]).toEqual(alone.flat());
      }
  });
});
