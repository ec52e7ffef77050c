import { describe, expect, it } from 'vitest';
import * as c from '../../index.ts';

const { fround } = Math;

interface Case {
  readonly x: readonly [number, number, number, number];
  readonly k: readonly [number, number, number, number];
  readonly stride: readonly [number, number];
  readonly dilation: readonly [number, number];
  readonly padding: readonly [readonly [number, number], readonly [number, number]];
  readonly groups: number;
}

/** Shapes that meet odd vectors, overlapping ones, phases, cut borders, partial panels and several blocks. */
const cases: readonly Case[] = [
  {
    x: [2, 3, 9, 13],
    k: [10, 3, 3, 3],
    stride: [1, 1],
    dilation: [1, 1],
    padding: [
      [1, 1],
      [1, 1],
    ],
    groups: 1,
  },
  {
    x: [1, 40, 6, 8],
    k: [9, 40, 3, 3],
    stride: [1, 1],
    dilation: [1, 1],
    padding: [
      [0, 0],
      [0, 0],
    ],
    groups: 1,
  },
  {
    x: [2, 4, 11, 14],
    k: [12, 2, 3, 2],
    stride: [2, 3],
    dilation: [2, 1],
    padding: [
      [2, 0],
      [3, 1],
    ],
    groups: 2,
  },
  {
    x: [3, 2, 30, 21],
    k: [5, 2, 1, 4],
    stride: [1, 2],
    dilation: [1, 3],
    padding: [
      [4, 3],
      [0, 2],
    ],
    groups: 1,
  },
];

type Visit = (x: number, kernel: number, y: number) => void;

/** Every product of the trilinear form, in the order (image, output channel, place, input channel, row, column). */
function eachProduct(
  { x, k, stride, dilation, padding, groups }: Case,
  [oh, ow]: readonly [number, number],
  visit: Visit,
) {
  const [N, C, H, W] = x;
  const [O, I, kh, kw] = k;
  for (let n = 0; n < N; n++)
    for (let o = 0; o < O; o++)
      for (let i = 0; i < oh; i++)
        for (let j = 0; j < ow; j++)
          for (let ci = 0; ci < I; ci++)
            for (let a = 0; a < kh; a++)
              for (let b = 0; b < kw; b++) {
                const h = i * stride[0] + a * dilation[0] - padding[0][0];
                const w = j * stride[1] + b * dilation[1] - padding[1][0];
                if (h < 0 || h >= H || w < 0 || w >= W) continue;
                const channel = Math.floor(o / (O / groups)) * I + ci;
                visit(
                  ((n * C + channel) * H + h) * W + w,
                  ((o * I + ci) * kh + a) * kw + b,
                  ((n * O + o) * oh + i) * ow + j,
                );
              }
}

const draw = (shape: readonly number[], seed: number): c.Tensor => c.random.normal(c.random.key(seed), shape);

describe.each(cases)('convolution %j under strict', (one) => {
  it('y and both gradients are the documented chains, bit by bit', () => {
    const check = (): void => {
      const { stride, dilation, padding, groups } = one;
      const [x, k] = [draw(one.x, 1), draw(one.k, 2)];
      const f = (im: c.Tensor, w: c.Tensor) => c.conv2d(im, w, { stride, dilation, padding, groups });
      const y = f(x, k);
      const ct = draw(y.shape, 3);
      const found = [y, c.vjp((im: c.Tensor) => f(im, k), x)[1](ct), c.vjp((w: c.Tensor) => f(x, w), k)[1](ct)];
      const [xs, ks, cts] = [x, k, ct].map((t) => t.readSync()) as [Float32Array, Float32Array, Float32Array];
      const sums = found.map((t) => new Float32Array(t.readSync().length));
      const add = (to: Float32Array, at: number, p: number, q: number) => {
        to[at] = to[at]! + fround(p * q);
      };
      const products: [number, number, number][] = [];
      eachProduct(one, y.shape.slice(2) as [number, number], (i, kernel, o) => products.push([i, kernel, o]));
      for (const [i, kernel, o] of products) {
        add(sums[0]!, o, ks[kernel]!, xs[i]!);
        add(sums[2]!, kernel, cts[o]!, xs[i]!);
      }
      for (const [i, kernel, o] of products.toSorted((p, q) => p[1] - q[1])) add(sums[1]!, i, ks[kernel]!, cts[o]!);
      found.forEach((t, r) => {
        expect([...t.readSync()]).toEqual([...sums[r]!]);
      });
    };
    c.withBackend('wasm', check, { profile: 'strict' });
  });
});
