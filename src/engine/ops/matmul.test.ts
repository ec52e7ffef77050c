import { describe, expect, it } from 'vitest';
import { withBackend } from '../backends/current.ts';
import type { TypedArray } from '../dtype.ts';
import { ShapeError } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { tensor } from './create.ts';
import { matmul } from './matmul.ts';
import { sliceAxis, squeeze, swapLast } from './movement.ts';

const counting = (shape: readonly number[], dtype: 'f32' | 'f64' | 'i32' | 'u32' = 'f32', start = -7): Tensor =>
  tensor(
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => start + ((i * 5) % 17)),
    { shape, dtype },
  );
const bits = (x: Tensor): TypedArray => x.readSync();

/** Σₚ x[i, p]·y[p, j] with whole numbers, where every order of summation gives the same result. */
function product(x: TypedArray, y: TypedArray, m: number, n: number, k: number): number[] {
  return Array.from({ length: m * n }, (_, at) => {
    let sum = 0;
    for (let p = 0; p < k; p++) sum += x[Math.floor(at / n) * k + p]! * y[p * n + (at % n)]!;
    return sum;
  });
}

describe.each(['js', 'wasm'] as const)('matmul on %s', (name) => {
  const here = <R>(body: () => R): R => withBackend(name, body);

  it.each(['f32', 'f64', 'i32'] as const)('multiplies whole numbers exactly in %s', (dtype) => {
    here(() => {
      for (const [m, n, k] of [
        [1, 1, 1],
        [3, 5, 7],
        [13, 9, 300],
        [64, 17, 2],
      ] as const) {
        const x = counting([m, k], dtype);
        const y = counting([k, n], dtype, 2);
        expect([...bits(matmul(x, y))]).toEqual(product(bits(x), bits(y), m, n, k));
      }
    });
  });

  it('wraps integers modulo 2^32', () => {
    here(() => {
      const x = tensor([65_536, 3], { shape: [1, 2], dtype: 'u32' });
      expect(matmul(x, tensor([65_537, 5], { shape: [2, 1], dtype: 'u32' })).toArray()).toEqual([[65_536 + 15]]);
    });
  });

  it('gives zeros for an inner extent of 0', () => {
    here(() =>
      expect(matmul(tensor([], { shape: [2, 0] }), tensor([], { shape: [0, 2] })).toArray()).toEqual([
        [0, 0],
        [0, 0],
      ]),
    );
  });

  it('gives the bits of separate products for leading axes, however they fold', () => {
    here(() => {
      const x = tensor(
        Float32Array.from({ length: 2 * 3 * 4 * 5 }, (_, i) => Math.sin(i)),
        { shape: [2, 3, 4, 5] },
      );
      const y = tensor(
        Float32Array.from({ length: 3 * 5 * 6 }, (_, i) => Math.cos(i)),
        { shape: [3, 5, 6] },
      );
      const one = (t: Tensor, ...at: number[]) => at.reduce((u, i) => squeeze(sliceAxis(u, 0, i, i + 1), 0), t);
      const all = matmul(x, y);
      const folded = matmul(x, one(y, 1));
      for (const a of [0, 1]) {
        expect(bits(one(folded, a, 2))).toEqual(bits(matmul(one(x, a, 2), one(y, 1))));
        for (const b of [0, 1, 2]) expect(bits(one(all, a, b))).toEqual(bits(matmul(one(x, a, b), one(y, b))));
      }
    });
  });

  it('reads transposed operands with the bits of moved ones', () => {
    here(() => {
      const x = tensor(
        Float32Array.from({ length: 21 * 11 }, (_, i) => Math.sin(i)),
        { shape: [21, 11] },
      );
      const y = tensor(
        Float32Array.from({ length: 21 * 9 }, (_, i) => Math.cos(i)),
        { shape: [21, 9] },
      );
      expect(bits(matmul(x, y, { transposeX: true }))).toEqual(bits(matmul(swapLast(x), y)));
      expect(bits(matmul(swapLast(x), swapLast(y), { transposeY: true }))).toEqual(bits(matmul(swapLast(x), y)));
    });
  });
});

it('names both operands when the inner extents differ', () => {
  expect(() => matmul(counting([2, 3]), counting([2, 3]))).toThrow(ShapeError);
  expect(() => matmul(counting([2, 3]), counting([2, 3]))).toThrow(
    /\[2, 3\] · \[2, 3\]: the inner extents are 3 \(left\) and 2/,
  );
});
