import { describe, expect, it } from 'vitest';
import * as c from '../index.ts';
import { numbers, of, onBackends, wavy } from '../op-testing.ts';
import { codePacking } from './pool-codes.ts';

const shape = [2, 3, 7, 9] as const;
const plane: [number, number] = [7, 9];

const unstack = (x: c.Tensor): c.Tensor[] =>
  Array.from({ length: x.shape[0]! }, (_, i) => c.squeeze(c.sliceAxis(x, 0, i, i + 1), 0));

/** Codes of a window, read from the words by hand. */
function unpacked(words: readonly number[], images: number, windows: number, taps: number): number[] {
  const bits = Math.ceil(Math.log2(taps));
  const per = Math.floor(32 / bits);
  const line = words.length / images;
  return Array.from({ length: images * windows }, (_, i) => {
    const [n, k] = [Math.floor(i / windows), i % windows];
    return (words[n * line + Math.floor(k / per)]! >>> ((k % per) * bits)) & (2 ** bits - 1);
  });
}

onBackends('pool codes', (here) => {
  it.each([
    ['2 × 2', 2, 2, 0],
    ['3 × 3 overlapping', 3, 1, 1],
    ['5 × 5', 5, 2, 2],
  ] as const)('of %s windows name the first maximum, by loops', (_, size, stride, padding) => {
    const x = wavy(shape);
    const data = numbers(x);
    const [y, codes] = here(() => c.maxPoolWithCodes(x, size, { stride, padding }));
    const [oh, ow] = y.shape.slice(2) as [number, number];
    const found = unpacked(
      here(() => numbers(codes)),
      2,
      3 * oh * ow,
      size * size,
    );
    const values = here(() => numbers(y));
    found.forEach((code, o) => {
      const at = Math.floor(o / (oh * ow));
      const h = (Math.floor(o / ow) % oh) * stride - padding + Math.floor(code / size);
      const w = (o % ow) * stride - padding + (code % size);
      expect(h >= 0 && h < plane[0] && w >= 0 && w < plane[1]).toBe(true);
      expect(data[(at * plane[0] + h) * plane[1] + w]).toBe(values[o]);
    });
  });

  it('unpool puts each maximum back where it was, and zeros elsewhere', () => {
    const x = wavy([1, 2, 4, 6]);
    const [y, codes] = here(() => c.maxPoolWithCodes(x, 2));
    const back = here(() => numbers(c.unpool(y, codes, 2)));
    const pooled = here(() => numbers(y));
    numbers(x).forEach((v, i) => {
      expect(back[i]).toBe(pooled.includes(v) ? v : 0);
    });
    expect(back.filter((v) => v !== 0)).toHaveLength(12);
  });

  it('unpool adds what overlapping windows put in one place', () => {
    const x = of([1, 1, 1, 3], [0, 5, 0]);
    const [y, codes] = here(() => c.maxPoolWithCodes(x, [1, 2], { stride: 1 }));
    expect(here(() => numbers(c.unpool(y, codes, [1, 2], { stride: 1 })))).toEqual([0, 10, 0]);
  });

  it('pooling the unpooled gives the values back, and the two are adjoint', () => {
    const x = wavy(shape);
    const options = { stride: 2, padding: 1, input: plane };
    const [y, codes] = here(() => c.maxPoolWithCodes(x, 3, options));
    const ct = wavy(y.shape, 'f64', 5);
    const [ahead, behind] = here(() => [
      c.sum(c.mul(c.jvp((t: c.Tensor) => c.maxPool(t, 3, options), x, wavy(shape, 'f64', 7))[1], ct)).item(),
      c.sum(c.mul(wavy(shape, 'f64', 7), c.unpool(ct, codes, 3, options))).item(),
    ]);
    expect(ahead).toBeCloseTo(behind!, 12);
    expect(here(() => numbers(c.vjp((t: c.Tensor) => c.maxPool(t, 3, options), x)[1](ct)))).toEqual(
      here(() => numbers(c.unpool(ct, codes, 3, options))),
    );
  });

  it('of ties name the first, of NaN the first NaN', () => {
    const x = of([1, 1, 2, 4], [3, 3, 1, Number.NaN, 3, 3, Number.NaN, 2]);
    const [, codes] = here(() => c.maxPoolWithCodes(x, 2));
    expect(
      unpacked(
        here(() => numbers(codes)),
        1,
        2,
        4,
      ),
    ).toEqual([0, 1]);
  });

  it('map over a batch', () => {
    const x = wavy([3, ...shape]);
    const back = (t: c.Tensor) => {
      const [y, codes] = c.maxPoolWithCodes(t, 2);
      return c.unpool(c.mul(y, 2), codes, 2, { input: plane });
    };
    const each = here(() => numbers(c.stack(unstack(x).map(back))));
    expect(here(() => numbers(c.vmap(back)(x)))).toEqual(each);
    const one = c.squeeze(c.sliceAxis(x, 0, 0, 1), 0);
    const [, codes] = here(() => c.maxPoolWithCodes(one, 2));
    const ys = wavy([4, 2, 3, 3, 4]);
    const shared = here(() => numbers(c.vmap((y: c.Tensor) => c.unpool(y, codes, 2, { input: plane }))(ys)));
    expect(shared).toEqual(
      here(() => numbers(c.stack(unstack(ys).map((y) => c.unpool(y, codes, 2, { input: plane }))))),
    );
  });
});

describe('packing', () => {
  it.each([
    [[1, 1], 1, 32],
    [[2, 2], 2, 16],
    [[3, 3], 4, 8],
    [[5, 5], 5, 6],
    [[16, 16], 8, 4],
  ] as const)('%j windows take %i bits, %i to a word', (kernel, bits, perWord) => {
    expect(codePacking({ kernel })).toMatchObject({ bits, perWord });
    expect(codePacking({ kernel }).words(perWord + 1)).toBe(2);
  });

  it('refuses codes that belong to other values', () => {
    const [y, codes] = c.maxPoolWithCodes(wavy([2, 3, 8, 8]), 2);
    expect(() => c.unpool(c.ones([2, 3, 4, 5], 'f64'), codes, 2)).toThrow(c.ShapeError);
    expect(() => c.unpool(y, c.ones(codes.shape), 2)).toThrow(c.DtypeError);
    expect(() => c.unpool(y, codes, 2, { padding: 'same' })).toThrow(/plane must be given/);
    expect(() => c.maxPoolWithCodes(c.ones([4, 4]), 2)).toThrow(c.ShapeError);
  });
});
