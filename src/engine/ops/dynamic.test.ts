/** Windows at computed places, patches and packed bits, against indices written out by hand. */
import { describe, expect, it } from 'vitest';
import { DtypeError, ShapeError } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { jit } from '../transforms/jit.ts';
import { sub } from './arithmetic.ts';
import { conv2d } from './conv.ts';
import { tensor } from './create.ts';
import { dynamicSlice, dynamicUpdateSlice } from './dynamic.ts';
import { popcount } from './integer.ts';
import { iota } from './iota.ts';
import { matmul } from './matmul.ts';
import { reshape } from './movement.ts';
import { packBits, unpackBits } from './pack.ts';
import { patches } from './patches.ts';
import { key, normal } from './random.ts';
import { sum } from './reduce.ts';

const list = (x: Tensor): number[] => Array.from(x.readSync());
const grid = reshape(iota(12), [3, 4]); // 0 1 2 3 | 4 5 6 7 | 8 9 10 11
const at = (i: number): Tensor => tensor([i], { shape: [], dtype: 'i32' });

describe('dynamicSlice and dynamicUpdateSlice', () => {
  it('read and write where the starts say', () => {
    expect(list(dynamicSlice(grid, [at(1), at(2)], [2, 2]))).toEqual([6, 7, 10, 11]);
    const update = tensor([[90, 91]], { dtype: 'i32' });
    expect(list(dynamicUpdateSlice(grid, update, [at(1), at(0)]))).toEqual([0, 1, 2, 3, 90, 91, 6, 7, 8, 9, 10, 11]);
  });

  it('clamp starts so that the window lies inside', () => {
    expect(list(dynamicSlice(grid, [at(9), at(-4)], [2, 1]))).toEqual([4, 8]);
    const update = tensor([[90, 91]], { dtype: 'i32' });
    expect(list(dynamicUpdateSlice(grid, update, [at(7), at(3)])).slice(8)).toEqual([8, 9, 90, 91]);
  });

  it('serve one program for all places', () => {
    const read = jit((i: Tensor) => dynamicSlice(grid, [i, 1], [1, 2]));
    expect([0, 1, 2].map((i) => list(read(at(i))))).toEqual([
      [1, 2],
      [5, 6],
      [9, 10],
    ]);
  });

  it('refuse windows that do not fit', () => {
    expect(() => dynamicSlice(grid, [0, 0], [4, 1])).toThrow(ShapeError);
    expect(() => dynamicSlice(grid, [0], [1, 1])).toThrow(ShapeError);
    expect(() => dynamicSlice(grid, [iota(2), 0], [1, 1])).toThrow(ShapeError);
  });
});

describe('patches', () => {
  it('lay out windows row by row', () => {
    const found = patches(reshape(grid, [1, 1, 3, 4]), 2, { stride: [1, 2] });
    expect(found.shape).toEqual([1, 1, 2, 2, 2, 2]);
    expect(list(found)).toEqual([0, 2, 4, 6, 1, 3, 5, 7, 4, 6, 8, 10, 5, 7, 9, 11]);
  });

  it('make a convolution a matrix product', () => {
    const [x, w] = [normal(key(1), [2, 3, 7, 6]), normal(key(2), [4, 3, 3, 2])];
    const options = { stride: 2, padding: 1, dilation: [1, 2] } as const;
    const want = conv2d(x, w, options);
    const [n, , , , oh, ow] = patches(x, [3, 2], options).shape as [number, number, number, number, number, number];
    const columns = reshape(patches(x, [3, 2], options), [n, 18, oh * ow]);
    const got = reshape(matmul(reshape(w, [4, 18]), columns), want.shape);
    for (const gap of list(sub(got, want))) expect(Math.abs(gap)).toBeLessThan(1e-5);
  });
});

describe('packBits and unpackBits', () => {
  const flags = Array.from({ length: 70 }, (_, i) => Number((i * 7) % 5 < 2));
  const mask = tensor(flags, { shape: [2, 35], dtype: 'bool' });

  it('put element i at bit i mod 32 of word i/32', () => {
    const bitsOf = (line: number[]) => line.reduce((sum, b, i) => sum + b * 2 ** i, 0);
    const [a, b] = [flags.slice(0, 35), flags.slice(35)];
    const want = [bitsOf(a.slice(0, 32)), bitsOf(a.slice(32)), bitsOf(b.slice(0, 32)), bitsOf(b.slice(32))];
    expect(list(packBits(mask))).toEqual(want);
    expect(list(sum(popcount(packBits(mask))))).toEqual([flags.reduce((s, f) => s + f, 0)]);
  });

  it('undo each other', () => {
    expect(list(unpackBits(packBits(mask), 35))).toEqual(flags);
    expect(unpackBits(packBits(mask)).shape).toEqual([2, 64]);
    expect(() => unpackBits(packBits(mask), 65)).toThrow(ShapeError);
    expect(() => packBits(iota(3))).toThrow(DtypeError);
  });
});
