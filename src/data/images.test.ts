import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { areaMean, binarise, centreCrop, flatten } from './images.ts';
import { makePart, type Part } from './part.ts';

const images = (x: Uint8Array | number[], featureShape: number[], unit = 255): Part => {
  const bytes = Uint8Array.from(x);
  const n = bytes.length / featureShape.reduce((a, b) => a * b, 1);
  return makePart({ x: bytes, featureShape, y: new Int32Array(n), unit });
};

describe('areaMean', () => {
  it('is the mean of blocks where the size divides', () => {
    const part = images([1, 3, 5, 7, 2, 2, 9, 3, 0, 0, 4, 4, 0, 8, 4, 8], [1, 4, 4], 2);
    expect([...areaMean(part, 2).x]).toEqual([1, 3, 1, 2.5]);
    expect(areaMean(part, 2)).toMatchObject({ shape: [1, 1, 2, 2], unit: 1 });
  });

  it('shares pixels on a border: 3 → 2 takes one and a half each', () => {
    expect([...areaMean(images([6, 3, 9], [1, 1, 3], 1), 1, 2).x]).toEqual([5, 7]);
  });

  it('keeps the mean of any image at any size, and every channel apart', () => {
    const sizes = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }));
    fc.assert(
      fc.property(sizes, sizes, fc.infiniteStream(fc.nat(255)), ([h, w], [a, b], stream) => {
        const [height, width] = [Math.min(h, a), Math.min(w, b)];
        const bytes = Array.from({ length: 2 * h * w }, () => stream.next().value as number);
        const out = areaMean(images(bytes, [2, h, w]), height, width).x;
        const mean = (x: ArrayLike<number>, from: number, n: number): number =>
          Array.from({ length: n }, (_, i) => x[from + i]!).reduce((p, q) => p + q) / n;
        for (const c of [0, 1]) {
          expect(mean(out, c * height * width, height * width)).toBeCloseTo(mean(bytes, c * h * w, h * w) / 255, 5);
        }
      }),
    );
  });

  it('refuses to enlarge and to reduce what are no images', () => {
    expect(() => areaMean(images(new Uint8Array(4), [1, 2, 2]), 3)).toThrow(/2×2 cannot be reduced to 3×3/);
    expect(() => areaMean(images(new Uint8Array(4), [4]), 1)).toThrow(
      /expected images of \[n, channels, height, width\], found \[1,4\]/,
    );
  });
});

describe('centreCrop', () => {
  it('cuts the middle out of every plane', () => {
    const part = images([...Array(32).keys()], [2, 4, 4]);
    expect([...centreCrop(part, 2).x]).toEqual([5, 6, 9, 10, 21, 22, 25, 26]);
    expect([...centreCrop(part, 1, 4).x]).toEqual([4, 5, 6, 7, 20, 21, 22, 23]);
    expect([...centreCrop(images([...Array(9).keys()], [1, 3, 3]), 2).x]).toEqual([0, 1, 3, 4]);
  });
});

describe('binarise and flatten', () => {
  it('compares with the threshold in units', () => {
    expect([...binarise(images([0, 127, 128, 255], [1, 2, 2])).x]).toEqual([0, 0, 1, 1]);
    expect([...binarise(images([0, 8, 9, 16], [1, 2, 2], 16), 0.5).x]).toEqual([0, 0, 1, 1]);
  });

  it('drops the spatial axes', () => {
    expect(flatten(images(new Uint8Array(24), [3, 2, 2])).shape).toEqual([2, 12]);
  });
});
