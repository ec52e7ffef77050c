import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ShapeError } from './errors.ts';
import * as s from './shape.ts';

const shape = fc.array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 });

describe('strides', () => {
  it('number the elements of a row-major array one after another', () => {
    fc.assert(
      fc.property(shape, (dims) => {
        const strides = s.stridesOf(dims);
        const positions = indices(dims).map((index) => index.reduce((sum, i, a) => sum + i * strides[a]!, 0));
        expect(positions).toEqual(s.range(s.sizeOf(dims)));
      }),
    );
  });

  it('of a broadcast read the element that NumPy would', () => {
    expect(s.broadcastStrides([3, 1], [2, 3, 4])).toEqual([0, 1, 0]);
    expect(s.broadcastStrides([], [2, 3])).toEqual([0, 0]);
  });
});

describe('broadcastShapes', () => {
  it('is commutative, associative and idempotent where it is defined', () => {
    const mask = (to: readonly number[], bits: number, drop: number) =>
      to.map((d, i) => ((bits >> i) & 1 ? 1 : d)).slice(Math.min(drop, to.length));
    fc.assert(
      fc.property(shape, fc.nat(15), fc.nat(15), fc.nat(4), fc.nat(4), (to, p, q, m, n) => {
        const [a, b] = [mask(to, p, m), mask(to, q, n)];
        const ab = s.broadcastShapes('add', a, b);
        expect(s.broadcastShapes('add', b, a)).toEqual(ab);
        expect(s.broadcastShapes('add', s.broadcastShapes('add', a, to), b)).toEqual(
          s.broadcastShapes('add', a, s.broadcastShapes('add', to, b)),
        );
        expect(s.broadcastShapes('add', ab, ab)).toEqual(ab);
      }),
    );
  });

  it('names both shapes and the axis that differs', () => {
    try {
      s.broadcastShapes('add', [2, 3, 4], [5, 4]);
      expect.unreachable();
    } catch (e) {
      const error = e as ShapeError;
      expect(error).toBeInstanceOf(ShapeError);
      expect(error.details).toMatchObject({ left: [2, 3, 4], right: [5, 4], axis: -2 });
      expect(error.message).toContain('add: shapes [2, 3, 4] and [5, 4] do not broadcast: axis -2 is 3');
    }
  });
});

describe('axes', () => {
  it('count from the end when negative, and are refused outside of the rank', () => {
    expect(s.normalizeAxis('sum', -1, 3)).toBe(2);
    expect(s.normalizeAxes('sum', [-1, 0], 3)).toEqual([0, 2]);
    expect(s.normalizeAxes('sum', undefined, 2)).toEqual([0, 1]);
    for (const axis of [3, -4, 0.5, Number.NaN]) expect(() => s.normalizeAxis('sum', axis, 3)).toThrow(ShapeError);
    expect(() => s.normalizeAxis('sum', 0, 0)).toThrow(/a scalar has no axes/);
    expect(() => s.normalizeAxes('sum', [1, -2], 3)).toThrow(/name one axis twice/);
  });

  it('are dropped or kept with length 1', () => {
    expect(s.reducedShape([2, 3, 4], [0, 2], false)).toEqual([3]);
    expect(s.reducedShape([2, 3, 4], [0, 2], true)).toEqual([1, 3, 1]);
  });
});

it('only whole numbers ≥ 0 are extents', () => {
  expect(s.checkShape('full', [0, 3])).toEqual([0, 3]);
  for (const bad of [[-1], [1.5], [Number.NaN], [Number.POSITIVE_INFINITY]])
    expect(() => s.checkShape('full', bad)).toThrow(ShapeError);
});

it('shapes are equal element by element', () => {
  expect(s.sameShape([2, 3], [2, 3])).toBe(true);
  expect(s.sameShape([2, 3], [3, 2])).toBe(false);
  expect(s.sameShape([2], [2, 1])).toBe(false);
});

function indices(dims: readonly number[]): number[][] {
  return dims.reduce<number[][]>((rows, d) => rows.flatMap((row) => s.range(d).map((i) => [...row, i])), [[]]);
}
