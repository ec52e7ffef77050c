/** Transforms against the direct sum, with angles reduced exactly, at every length from 1 to 130 and some beyond. */
import { describe, expect, it } from 'vitest';
import { ShapeError } from '../errors.ts';
import { range } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { vmap } from '../transforms/api.ts';
import { jit } from '../transforms/jit.ts';
import { sub } from './arithmetic.ts';
import { tensor } from './create.ts';
import { type ComplexPair, fft, fftshift, ifft, ifftshift, irfft, rfft } from './fft.ts';
import { reshape, sliceAxis, swapLast } from './movement.ts';
import { key, normal } from './random.ts';

const gaussian = (seed: number, ...shape: number[]): Tensor => normal(key(seed), shape, { dtype: 'f64' });
const list = (x: Tensor): number[] => Array.from(x.readSync());
const largest = (x: readonly number[]): number =>
  x.reduce((m, y) => (Number.isFinite(y) ? Math.max(m, Math.abs(y)) : Infinity), 0);
const gap = (x: Tensor, y: Tensor): number => largest(list(sub(x, y)));

/** Every second element. */
const every = (x: Tensor, first: number): Tensor => {
  const [n] = x.shape as [number];
  return reshape(sliceAxis(reshape(x, [n / 2, 2]), 1, first, first + 1), [n / 2]);
};

function direct([re, im]: readonly [number[], number[]]): [number[], number[]] {
  const n = re.length;
  const sum = (part: (j: number, c: number, s: number) => number) =>
    range(n).map((k) =>
      re.reduce((total, _, j) => {
        const angle = (2 * Math.PI * ((j * k) % n)) / n;
        return total + part(j, Math.cos(angle), Math.sin(angle));
      }, 0),
    );
  return [sum((j, c, s) => re[j]! * c + im[j]! * s), sum((j, c, s) => im[j]! * c - re[j]! * s)];
}

/** The sum over all positions of all axes at once. */
function directOver(shape: readonly number[], [re, im]: readonly [number[], number[]]): [number[], number[]] {
  const at = (flat: number): number[] => {
    const index: number[] = [];
    for (const n of shape.toReversed()) {
      index.unshift(flat % n);
      flat = Math.floor(flat / n);
    }
    return index;
  };
  const places = re.map((_, flat) => at(flat));
  const sums = places.map((k) => {
    let [x, y] = [0, 0];
    for (const [flat, j] of places.entries()) {
      const turns = shape.reduce((sum, n, a) => sum + ((j[a]! * k[a]!) % n) / n, 0);
      const [c, s] = [Math.cos(2 * Math.PI * turns), Math.sin(2 * Math.PI * turns)];
      x += re[flat]! * c + im[flat]! * s;
      y += im[flat]! * c - re[flat]! * s;
    }
    return [x, y] as const;
  });
  return [sums.map(([x]) => x), sums.map(([, y]) => y)];
}

describe('fft', () => {
  it.each([...range(130, 1), 243, 256, 331, 37 * 41])('is the direct sum at length %i', (n) => {
    const z: ComplexPair = [gaussian(n, n), gaussian(n + 1000, n)];
    const want = direct([list(z[0]), list(z[1])]);
    const got = fft(z);
    for (const part of [0, 1] as const)
      expect(largest(list(got[part]).map((y, i) => y - want[part][i]!))).toBeLessThan(n <= 130 ? 1e-12 : 1e-11);
    const back = ifft(got);
    expect(Math.max(gap(back[0], z[0]), gap(back[1], z[1]))).toBeLessThan(1e-13);
  });

  it.each(range(129, 2))('is the direct sum in f32, rounded, at length %i', (n) => {
    const z: ComplexPair = [normal(key(n), [n]), normal(key(n + 1000), [n])];
    const want = direct([list(z[0]), list(z[1])]);
    const got = fft(z);
    const size = largest([...want[0], ...want[1]]);
    for (const part of [0, 1] as const)
      expect(largest(list(got[part]).map((y, i) => y - want[part][i]!))).toBeLessThan(2 ** -24 * size + 1e-12);
    const back = ifft(got);
    const reach = Math.max(largest(list(z[0])), largest(list(z[1])));
    expect(Math.max(gap(back[0], z[0]), gap(back[1], z[1]))).toBeLessThan(4 * 2 ** -24 * reach * Math.sqrt(n));
  });

  it.each([[[4, 3]], [[5, 6]], [[17, 2]], [[3, 4, 5]], [[2, 7, 33]]])(
    'is the direct sum over all axes of %j',
    (shape) => {
      const z: ComplexPair = [gaussian(5, ...shape), gaussian(6, ...shape)];
      const axes = range(shape.length);
      const want = directOver(shape, [list(z[0]), list(z[1])]);
      const got = fft(z, axes);
      for (const part of [0, 1] as const)
        expect(largest(list(got[part]).map((y, i) => y - want[part][i]!))).toBeLessThan(1e-11);
      const back = ifft(got, axes);
      expect(Math.max(gap(back[0], z[0]), gap(back[1], z[1]))).toBeLessThan(1e-13);
    },
  );

  it('is exact where the sums are', () => {
    expect(fft(tensor([1, 2, 3, 4])).map(list)).toEqual([
      [10, -2, -2, -2],
      [0, 2, 0, -2],
    ]);
    expect(list(fft(tensor([1, 0, 0, 0, 0]))[0])).toEqual([1, 1, 1, 1, 1]);
  });

  it('goes along several axes one after the other, in any order', () => {
    const x = gaussian(1, 6, 2, 10);
    const [both, turned] = [fft(x, [0, 2]), fft(fft(x, 2), 0)];
    expect(Math.max(gap(both[0], turned[0]), gap(both[1], turned[1]))).toBeLessThan(1e-13);
  });

  it('has the same bits inside a program', () => {
    const x = gaussian(2, 33);
    expect(list(jit((y: Tensor) => fft(y)[1])(x))).toEqual(list(fft(x)[1]));
  });
});

describe('the bits of a line', () => {
  it.each([1, 2, 3, 8, 12, 17, 30, 64, 143, 150, 1024])('do not depend on what lies beside it, at length %i', (n) => {
    const z: ComplexPair = [gaussian(1, 3, n, 11), gaussian(2, 3, n, 11)];
    const along = fft(z, 1);
    const behind = fft([swapLast(z[0]), swapLast(z[1])]);
    const line = (part: Tensor) => reshape(sliceAxis(sliceAxis(part, 0, 2, 3), 2, 7, 8), [n]);
    const alone = fft([line(z[0]), line(z[1])]);
    for (const part of [0, 1] as const) {
      expect(list(swapLast(behind[part]))).toEqual(list(along[part]));
      expect(list(line(along[part]))).toEqual(list(alone[part]));
    }
    const mapped = vmap((x: Tensor, y: Tensor) => fft([x, y], 0)[1])(...z);
    expect(list(mapped)).toEqual(list(along[1]));
  });

  it('of long lines are those of the sum by halves', () => {
    const n = 1 << 14;
    const z: ComplexPair = [gaussian(1, n), gaussian(2, n)];
    // X_k = E_k + w^k·O_k from the transforms of even and odd places.
    const [even, odd] = [0, 1].map((first) => fft([every(z[0], first), every(z[1], first)]));
    const [re, im] = fft(z).map(list) as [number[], number[]];
    const [er, ei, or, oi] = [...even!, ...odd!].map(list) as [number[], number[], number[], number[]];
    const gaps = range(n / 2).map((k) => {
      const [c, s] = [Math.cos((2 * Math.PI * k) / n), -Math.sin((2 * Math.PI * k) / n)];
      const [x, y] = [c * or[k]! - s * oi[k]!, c * oi[k]! + s * or[k]!];
      return [er[k]! + x - re[k]!, ei[k]! + y - im[k]!, er[k]! - x - re[k + n / 2]!, ei[k]! - y - im[k + n / 2]!];
    });
    expect(largest(gaps.flat())).toBeLessThan(1e-11);
  });
});

describe('rfft and irfft', () => {
  it.each(range(130, 1))('are half of the direct sum and undo each other at length %i', (n) => {
    const x = gaussian(n, 3, n);
    const half = rfft(x);
    expect(half[0].shape).toEqual([3, Math.floor(n / 2) + 1]);
    const first = list(x).slice(0, n);
    const want = direct([first, first.map(() => 0)]);
    for (const part of [0, 1] as const)
      expect(
        largest(
          list(half[part])
            .slice(0, half[part].shape[1]!)
            .map((y, i) => y - want[part][i]!),
        ),
      ).toBeLessThan(1e-12);
    expect(gap(irfft(half, n), x)).toBeLessThan(1e-13);
  });

  it('refuse a length that does not belong to the terms', () => {
    expect(() => irfft([gaussian(1, 4), gaussian(2, 4)], 5)).toThrow(ShapeError);
  });
});

describe('fftshift', () => {
  it('puts frequency zero in the middle, and back', () => {
    expect(list(fftshift(tensor([0, 1, 2, -2, -1])))).toEqual([-2, -1, 0, 1, 2]);
    expect(list(fftshift(tensor([0, 1, -2, -1])))).toEqual([-2, -1, 0, 1]);
    for (const shape of [[4, 5], [3, 2, 7], [1], [6]]) {
      const x = gaussian(3, ...shape);
      expect(list(ifftshift(fftshift(x)))).toEqual(list(x));
      expect(list(fftshift(ifftshift(x)))).toEqual(list(x));
    }
    expect(
      list(
        fftshift(
          tensor([
            [0, 1, 2],
            [3, 4, 5],
          ]),
          0,
        ),
      ),
    ).toEqual([3, 4, 5, 0, 1, 2]);
  });
});
