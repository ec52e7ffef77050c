import { describe, expect, it } from 'vitest';
import { ConfigError, ShapeError } from '../errors.ts';
import { costOf } from '../graph.ts';
import { distance, numbers, of, onBackends, wavy } from '../op-testing.ts';
import type { Tensor } from '../tensor.ts';
import { grad, vmap } from '../transforms/api.ts';
import { jit } from '../transforms/jit.ts';
import { mul } from './arithmetic.ts';
import { type ConvOptions, conv2d, convTranspose2d } from './conv.ts';
import { reshape, sliceAxis } from './movement.ts';
import { sum } from './reduce.ts';

type Four = [number, number, number, number];

/** The definition, one output at a time, on a padded copy. */
function direct(
  x: Tensor,
  k: Tensor,
  stride: [number, number],
  dilation: [number, number],
  [[top, bottom], [left, right]]: [[number, number], [number, number]],
  groups: number,
): { shape: Four; values: number[] } {
  const [n, c, h, w] = x.shape as unknown as Four;
  const [o, cg, kh, kw] = k.shape as unknown as Four;
  const [xs, ks] = [x.readSync(), k.readSync()];
  const read = (b: number, ch: number, i: number, j: number) =>
    i < 0 || j < 0 || i >= h || j >= w ? 0 : xs[((b * c + ch) * h + i) * w + j]!;
  const oh = Math.floor((h + top + bottom - (kh - 1) * dilation[0] - 1) / stride[0]) + 1;
  const ow = Math.floor((w + left + right - (kw - 1) * dilation[1] - 1) / stride[1]) + 1;
  const values: number[] = [];
  for (let b = 0; b < n; b++)
    for (let q = 0; q < o; q++)
      for (let i = 0; i < oh; i++)
        for (let j = 0; j < ow; j++) {
          let total = 0;
          const first = Math.floor(q / (o / groups)) * cg;
          for (let ch = 0; ch < cg; ch++)
            for (let a = 0; a < kh; a++)
              for (let e = 0; e < kw; e++)
                total +=
                  read(b, first + ch, i * stride[0] + a * dilation[0] - top, j * stride[1] + e * dilation[1] - left) *
                  ks[((q * cg + ch) * kh + a) * kw + e]!;
          values.push(total);
        }
  return { shape: [n, o, oh, ow], values };
}

const CASES: readonly {
  x: Four;
  k: Four;
  options: ConvOptions;
  stride: [number, number];
  dilation: [number, number];
  border: [[number, number], [number, number]];
  groups: number;
}[] = [
  {
    x: [1, 1, 1, 1],
    k: [1, 1, 1, 1],
    options: {},
    stride: [1, 1],
    dilation: [1, 1],
    border: [
      [0, 0],
      [0, 0],
    ],
    groups: 1,
  },
  {
    x: [2, 3, 7, 5],
    k: [4, 3, 3, 3],
    options: { padding: 1 },
    stride: [1, 1],
    dilation: [1, 1],
    border: [
      [1, 1],
      [1, 1],
    ],
    groups: 1,
  },
  {
    x: [2, 3, 8, 9],
    k: [5, 3, 3, 2],
    options: { stride: [2, 3], padding: 'same' },
    stride: [2, 3],
    dilation: [1, 1],
    border: [
      [0, 1],
      [0, 0],
    ],
    groups: 1,
  },
  {
    x: [1, 4, 9, 9],
    k: [6, 2, 3, 3],
    options: {
      groups: 2,
      dilation: 2,
      padding: [
        [2, 1],
        [0, 3],
      ],
    },
    stride: [1, 1],
    dilation: [2, 2],
    border: [
      [2, 1],
      [0, 3],
    ],
    groups: 2,
  },
  {
    x: [3, 4, 5, 6],
    k: [8, 1, 3, 3],
    options: { groups: 4, stride: 2, padding: 'valid' },
    stride: [2, 2],
    dilation: [1, 1],
    border: [
      [0, 0],
      [0, 0],
    ],
    groups: 4,
  },
  {
    x: [2, 6, 4, 4],
    k: [3, 6, 1, 1],
    options: {},
    stride: [1, 1],
    dilation: [1, 1],
    border: [
      [0, 0],
      [0, 0],
    ],
    groups: 1,
  },
];

onBackends('convolution', (here) => {
  it.each(CASES)('of $x with $k equals the definition', ({ x, k, options, stride, dilation, border, groups }) => {
    here(() => {
      const [images, kernels] = [wavy(x), wavy(k, 'f64', 2)];
      const y = conv2d(images, kernels, options);
      const expected = direct(images, kernels, stride, dilation, border, groups);
      expect(y.shape).toEqual(expected.shape);
      expect(distance(numbers(y), expected.values)).toBeLessThan(1e-14);
    });
  });

  it.each(CASES)('of $x with $k has gradients that pair with it', ({ x, k, options }) => {
    here(() => {
      // y is bilinear: ⟨∂y/∂x·x⟩ = ⟨∂y/∂k·k⟩ = y, tested against a fixed weighting of y
      const [images, kernels] = [wavy(x), wavy(k, 'f64', 2)];
      const weights = wavy(conv2d(images, kernels, options).shape, 'f64', 5);
      const loss = (a: Tensor, b: Tensor) => sum(mul(conv2d(a, b, options), weights));
      const total = loss(images, kernels).item();
      const byImages = sum(mul(grad((a: Tensor) => loss(a, kernels))(images), images)).item();
      const byKernels = sum(mul(grad((b: Tensor) => loss(images, b))(kernels), kernels)).item();
      expect(Math.abs(byImages - total)).toBeLessThan(1e-12 * Math.max(1, Math.abs(total)));
      expect(Math.abs(byKernels - total)).toBeLessThan(1e-12 * Math.max(1, Math.abs(total)));
    });
  });

  it('transposed spreads each pixel over a kernel', () => {
    here(() => {
      const y = convTranspose2d(of([1, 1, 2, 2], [1, 2, 3, 4]), of([1, 1, 2, 2], [1, 10, 100, 1000]), { stride: 2 });
      expect(y.toArray()).toEqual([
        [
          [
            [1, 10, 2, 20],
            [100, 1000, 200, 2000],
            [3, 30, 4, 40],
            [300, 3000, 400, 4000],
          ],
        ],
      ]);
      const overlapping = convTranspose2d(of([1, 1, 1, 3], [1, 2, 3]), of([1, 1, 1, 2], [1, 10]));
      expect(numbers(overlapping)).toEqual([1, 12, 23, 30]);
      expect(convTranspose2d(wavy([1, 2, 3, 4]), wavy([2, 3, 3, 3]), { stride: 2, padding: 'same' }).shape).toEqual([
        1, 3, 6, 8,
      ]);
      expect(
        convTranspose2d(wavy([1, 2, 3, 4]), wavy([2, 3, 3, 3]), { stride: 2, padding: 1, outputPadding: [1, 0] }).shape,
      ).toEqual([1, 3, 6, 7]);
    });
  });

  it('in f32 has the bits of a loop under vmap, and of eager code under jit', () => {
    here(() => {
      const [x, k] = [wavy([3, 2, 4, 6, 6], 'f32'), wavy([3, 4, 2, 3, 3], 'f32', 1)];
      const f = (a: Tensor, b: Tensor) => conv2d(a, b, { groups: 2, padding: 1 });
      const part = (t: Tensor, i: number) => reshape(sliceAxis(t, 0, i, i + 1), t.shape.slice(1));
      const loop = [0, 1, 2].flatMap((i) => numbers(f(part(x, i), part(k, i))));
      expect(numbers(vmap(f)(x, k))).toEqual(loop);
      expect(numbers(vmap(f, { inAxes: [0, null] })(x, part(k, 1))).slice(0, loop.length / 3)).toEqual(
        numbers(f(part(x, 0), part(k, 1))),
      );
      expect(numbers(jit(f, { tier: 'module' })(part(x, 0), part(k, 0)))).toEqual(loop.slice(0, loop.length / 3));
    });
  });
});

describe('convolution', () => {
  it('counts multiply-adds', () => {
    const step = jit((x: Tensor, k: Tensor) => conv2d(x, k, { padding: 1 }));
    const cost = costOf(step.graphOf(wavy([64, 32, 28, 28], 'f32'), wavy([64, 32, 3, 3], 'f32')));
    expect(cost.macs).toBe(64 * 64 * 28 * 28 * 32 * 9);
    expect(cost.flops).toBe(2 * cost.macs);
  });

  it('names what does not fit', () => {
    const x = wavy([1, 3, 5, 5]);
    expect(() => conv2d(x, wavy([4, 2, 3, 3]))).toThrow(/read 2 channels and the images \[1, 3, 5, 5\] have 3/);
    expect(() => conv2d(x, wavy([4, 3, 7, 7]))).toThrow(ShapeError);
    expect(() => conv2d(wavy([3, 5, 5]), wavy([4, 3, 3, 3]))).toThrow(/N×C×H×W/);
    expect(() => conv2d(x, wavy([4, 3, 3, 3]), { padding: -1 })).toThrow(ConfigError);
    expect(() => conv2d(x, wavy([4, 1, 3, 3]), { groups: 3 })).toThrow(/cannot be split into 3 groups/);
    expect(() => convTranspose2d(x, wavy([2, 3, 3, 3]))).toThrow(/read 2 channels/);
    expect(() => convTranspose2d(x, wavy([3, 3, 3, 3]), { outputPadding: 1 })).toThrow(/smaller than the stride/);
  });
});
