/** Segments by hand: ids in any order, without rows, out of range; what is written last stays. */
import { describe, expect, it } from 'vitest';
import { ShapeError } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { grad } from '../transforms/api.ts';
import { tensor } from './create.ts';
import { exp } from './exponential.ts';
import { sum } from './reduce.ts';
import { scatterMax, scatterSet, segmentLogsumexp, segmentMax, segmentMean, segmentSum } from './segment.ts';
import { logsumexp } from './softmax.ts';

const list = (x: Tensor): number[] => Array.from(x.readSync());
const ids = tensor([2, 0, 2, 0, 5], { dtype: 'i32' });
const x = tensor([
  [1, 8],
  [2, 7],
  [3, 6],
  [4, 5],
  [9, NaN],
]);

describe('segments', () => {
  it('sum, average and take maxima by id; ids beyond the last count as the last', () => {
    expect(list(segmentSum(x, ids, 4))).toEqual([6, 12, 0, 0, 4, 14, 9, NaN]);
    expect(list(segmentMean(x, ids, 4))).toEqual([3, 6, 0, 0, 2, 7, 9, NaN]);
    expect(list(segmentMax(x, ids, 4))).toEqual([4, 7, -Infinity, -Infinity, 3, 8, 9, NaN]);
  });

  it('give the log-sum-exp of each group as the whole op does, without overflow', () => {
    const far = tensor([1000, -1000, 1001, -1001, -Infinity], { dtype: 'f64' });
    const found = list(segmentLogsumexp(far, tensor([0, 1, 0, 1, 3], { dtype: 'i32' }), 4));
    expect(found[0]).toBeCloseTo(logsumexp(tensor([1000, 1001], { dtype: 'f64' })).item(), 12);
    expect(found[1]).toBeCloseTo(logsumexp(tensor([-1000, -1001], { dtype: 'f64' })).item(), 12);
    expect(found.slice(2)).toEqual([-Infinity, -Infinity]);
  });

  it('have finite derivatives beside empty segments', () => {
    const total = (y: Tensor) => sum(exp(segmentLogsumexp(y, tensor([0, 0, 2], { dtype: 'i32' }), 3)));
    expect(list(grad(total)(tensor([0, 0, 0])))).toEqual([1, 1, 1]);
  });

  it('refuse ids that do not name rows', () => {
    expect(() => segmentSum(x, tensor([0, 1], { dtype: 'i32' }), 2)).toThrow(ShapeError);
  });
});

describe('scatterSet and scatterMax', () => {
  const places = tensor([1, 3, 1], { dtype: 'i32' });
  it('keep the last and the largest', () => {
    const target = tensor([10, 20, 30, 40]);
    expect(list(scatterSet(target, places, tensor([5, 6, 7])))).toEqual([10, 7, 30, 6]);
    expect(list(scatterMax(target, places, tensor([25, 6, 21])))).toEqual([10, 25, 30, 40]);
    expect(list(scatterSet(target, places, 0))).toEqual([10, 0, 30, 0]);
  });

  it('write whole columns', () => {
    const target = tensor([
      [1, 2],
      [3, 4],
    ]);
    expect(list(scatterSet(target, tensor([0], { dtype: 'i32' }), tensor([[8], [9]]), 1))).toEqual([8, 2, 9, 4]);
  });

  it('give no derivative to what was written over', () => {
    const back = grad((y: Tensor) => sum(scatterSet(tensor([0, 0]), tensor([1, 1], { dtype: 'i32' }), y)));
    expect(list(back(tensor([5, 6])))).toEqual([0, 1]);
  });
});
