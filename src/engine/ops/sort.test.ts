/** Order, ties, NaN and places, against the host's own sort. */
import { describe, expect, it } from 'vitest';
import { ShapeError } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { grad } from '../transforms/api.ts';
import { mul } from './arithmetic.ts';
import { tensor } from './create.ts';
import { key, normal } from './random.ts';
import { sum } from './reduce.ts';
import { argsort, searchsorted, sort, topK } from './sort.ts';

/** Numbers with many ties, zeros of both signs, infinities and NaN. */
function rounded(n: number, dtype: 'f32' | 'f64' | 'i32' | 'u32'): Tensor {
  const drawn = list(normal(key(n), [n], { dtype: 'f64' }));
  const isFloat = dtype === 'f32' || dtype === 'f64';
  const special = isFloat ? [NaN, Infinity, -Infinity, -0, 0] : [2 ** 31 - 1, 0, 1, 1, 0];
  const values = drawn.map((x, i) => (i % 7 === 6 ? special[i % 5]! : Math.round(x * 20) / (isFloat ? 8 : 1)));
  const wrapped = dtype === 'u32' ? values.map((v) => v >>> 0) : values;
  return tensor(wrapped, { dtype });
}

const list = (x: Tensor): number[] => Array.from(x.readSync());

describe('sort', () => {
  it('agrees with the host on 1,000 numbers', () => {
    const x = normal(key(1), [1000]);
    expect(list(sort(x))).toEqual(Array.from(x.readSync().slice()).sort((a, b) => a - b));
  });

  it.each(['f32', 'f64', 'i32', 'u32'] as const)('is the stable order of %s, short and long, up and down', (dtype) => {
    for (const n of [1, 2, 7, 24, 25, 300, 5000]) {
      const x = rounded(n, dtype);
      const values = list(x);
      const behind = (a: number, b: number): number =>
        Number.isNaN(a) || Number.isNaN(b) ? Number(Number.isNaN(a)) - Number(Number.isNaN(b)) : a - b;
      const order = values.map((_, i) => i);
      const up = order.toSorted((i, j) => behind(values[i]!, values[j]!) || i - j);
      const down = order.toSorted(
        (i, j) =>
          (Number.isNaN(values[i]! + values[j]!) ? behind(values[i]!, values[j]!) : values[j]! - values[i]!) || i - j,
      );
      expect(list(argsort(x))).toEqual(up);
      expect(list(argsort(x, 0, { descending: true }))).toEqual(down);
    }
  });

  it('tells f64 numbers apart that differ in their last bits', () => {
    const values = [1 + 2 ** -52, 1, -1 - 2 ** -52, -1, 5e-324, -5e-324, 0, 1e300];
    const x = tensor([...values, ...values, ...values, ...values], { dtype: 'f64' });
    expect(list(sort(x))).toEqual([...values, ...values, ...values, ...values].sort((a, b) => a - b));
  });

  it('keeps the order of equals and puts NaN last, up or down', () => {
    const x = tensor([2, NaN, -0, 2, 0, -Infinity, NaN, Infinity]);
    expect(list(argsort(x))).toEqual([5, 2, 4, 0, 3, 7, 1, 6]);
    expect(list(argsort(x, 0, { descending: true }))).toEqual([7, 0, 3, 2, 4, 5, 1, 6]);
    expect(list(sort(x)).slice(-2)).toEqual([NaN, NaN]);
  });

  it('sorts along any axis, and words as what they are', () => {
    expect(
      list(
        sort(
          tensor([
            [3, 1],
            [2, 5],
            [1, 4],
          ]),
          0,
        ),
      ),
    ).toEqual([1, 1, 2, 4, 3, 5]);
    expect(list(sort(tensor([2 ** 31, 1, 2 ** 32 - 1], { dtype: 'u32' })))).toEqual([1, 2 ** 31, 2 ** 32 - 1]);
    expect(sort(tensor([], { shape: [2, 0] })).shape).toEqual([2, 0]);
  });

  it('hands each derivative back to where its element came from', () => {
    const weights = tensor([10, 20, 30]);
    expect(list(grad((x: Tensor) => sum(mul(sort(x), weights)))(tensor([5, 9, 1])))).toEqual([20, 30, 10]);
  });
});

describe('topK', () => {
  it('takes the largest first, the first of equals first, NaN last', () => {
    const { values, indices } = topK(tensor([[1, 4, NaN, 4, 2]]), 4);
    expect(list(values)).toEqual([4, 4, 2, 1]);
    expect(list(indices)).toEqual([1, 3, 4, 0]);
    expect(topK(tensor([1, 2]), 0).values.shape).toEqual([0]);
    expect(() => topK(tensor([1, 2]), 3)).toThrow(ShapeError);
  });
});

describe('searchsorted', () => {
  it('finds the places in front of and behind equals, at the ends, for infinities and NaN', () => {
    const x = tensor([1, 2, 2, 3]);
    const values = tensor([0, 1, 2, 2.5, 3, 4, Infinity, NaN]);
    expect(list(searchsorted(x, values))).toEqual([0, 0, 1, 3, 3, 4, 4, 4]);
    expect(list(searchsorted(x, values, { side: 'right' }))).toEqual([0, 1, 3, 3, 4, 4, 4, 4]);
    expect(list(searchsorted(tensor([], { shape: [0] }), tensor([1])))).toEqual([0]);
  });
});
