import { describe, expect, it } from 'vitest';
import { matmulKernel, matmulScratchBytes } from './matmul.ts';
import { col2imGatherKernel, im2colKernel } from './patches.ts';
import {
  maxPoolGradKernel,
  maxPoolIndexKernel,
  maxPoolKernel,
  maxPoolTapKernel,
  sumPoolKernel,
  sumPoolTransposeKernel,
} from './pool.ts';
import { Bench, numbers } from './testing.ts';
import { type Window, windowArgs } from './window.ts';

const { fround } = Math;

/** A window; `after` is the padding behind the plane, which decides the output size. */
function windowOf(
  input: [number, number],
  kernel: [number, number],
  more: Partial<Window> & { after?: [number, number] } = {},
): Window {
  const { stride = [1, 1], dilation = [1, 1], pad = [0, 0], after = pad } = more;
  const size = (k: 0 | 1) =>
    Math.floor((input[k] + pad[k] + after[k] - dilation[k] * (kernel[k] - 1) - 1) / stride[k]) + 1;
  return { input, kernel, stride, dilation, pad, out: [size(0), size(1)] };
}

const windows: Window[] = [
  windowOf([5, 6], [3, 3]),
  windowOf([1, 1], [1, 1]),
  windowOf([6, 7], [3, 2], { pad: [1, 1] }),
  windowOf([9, 8], [3, 3], { stride: [2, 3] }),
  windowOf([9, 11], [2, 3], { stride: [2, 1], dilation: [3, 2], pad: [2, 3], after: [0, 1] }),
  windowOf([4, 4], [4, 4], { pad: [3, 3] }),
  windowOf([3, 17], [1, 5], { stride: [1, 4], pad: [0, 2] }),
  windowOf([2, 3], [5, 5], { pad: [4, 6] }),
];
const area = ([h, w]: readonly [number, number]) => h * w;

/** Every (output, tap) pair that meets the plane: [i, j, ki, kj, h, w]. */
function* meetings({
  input,
  kernel,
  out,
  stride,
  dilation,
  pad,
}: Window): Generator<[number, number, number, number, number, number]> {
  for (let i = 0; i < out[0]; i++)
    for (let j = 0; j < out[1]; j++)
      for (let ki = 0; ki < kernel[0]; ki++)
        for (let kj = 0; kj < kernel[1]; kj++) {
          const [h, w] = [i * stride[0] + ki * dilation[0] - pad[0], j * stride[1] + kj * dilation[1] - pad[1]];
          if (h >= 0 && h < input[0] && w >= 0 && w < input[1]) yield [i, j, ki, kj, h, w];
        }
}

const cut = (n: number) => [0, Math.floor(n / 3), n];
function shares(n: number, run: (begin: number, end: number) => void): void {
  const cuts = cut(n);
  for (let s = 0; s + 1 < cuts.length; s++) run(cuts[s]!, cuts[s + 1]!);
}

describe.each(windows)('window %o', (window) => {
  const { input, kernel, out } = window;
  const channels = 3;

  it.each([4, 8] as const)('im2col and col2imGather place every meeting, %i bytes', (width) => {
    const dtype = width === 4 ? 'f32' : 'f64';
    const bench = new Bench();
    const rows = channels * area(kernel);
    const x = Array.from({ length: channels * area(input) }, (_, i) => i + 1);
    const ct = Array.from({ length: channels * area(out) }, (_, i) => i + 1);
    const [columns, pixels] = [Array<number>(rows * area(out)).fill(0), Array<number>(rows * area(input)).fill(0)];
    for (const [i, j, ki, kj, h, w] of meetings(window))
      for (let c = 0; c < channels; c++) {
        const row = (c * kernel[0] + ki) * kernel[1] + kj;
        columns[row * area(out) + i * out[1] + j] = x[c * area(input) + h * input[1] + w]!;
        pixels[row * area(input) + h * input[1] + w] = ct[c * area(out) + i * out[1] + j]!;
      }
    const [px, pct] = [bench.place(dtype, x), bench.place(dtype, ct)];
    const [a, b] = [bench.room(dtype, columns.length), bench.room(dtype, pixels.length)];
    shares(rows, (begin, end) => {
      bench.run(im2colKernel(width), a, px, ...windowArgs(window), begin, end);
      bench.run(col2imGatherKernel(width), b, pct, ...windowArgs(window), begin, end);
    });
    expect(a.read()).toEqual(columns);
    expect(b.read()).toEqual(pixels);
    expect(bench.isIntactAround(a, columns.length * width) && bench.isIntactAround(b, pixels.length * width)).toBe(
      true,
    );
  });

  it.each([
    ['f32', 'looped'],
    ['f32', 'unrolled'],
    ['f64', 'looped'],
    ['f64', 'unrolled'],
  ] as const)('pools, %s, %s', (dtype, code) => {
    const fixed = code === 'unrolled' ? window : undefined;
    const round = dtype === 'f32' ? fround : (v: number) => v;
    const bench = new Bench();
    const x = numbers(channels * area(input), 4).map((v, i) => (i % 3 === 0 ? Math.round(v) : v));
    const ct = numbers(channels * area(out), 5);
    const n = channels * area(out);
    const max = Array<number>(n).fill(Number.NEGATIVE_INFINITY);
    const [index, sum] = [Array<number>(n).fill(-1), Array<number>(n).fill(0)];
    const tap = Array<number>(n).fill(-1);
    const [maxGrad, sumGrad] = [Array<number>(x.length).fill(0), Array<number>(x.length).fill(0)];
    for (let c = 0; c < channels; c++)
      for (const [i, j, ki, kj, h, w] of meetings(window)) {
        const [o, at] = [c * area(out) + i * out[1] + j, h * input[1] + w];
        const value = x[c * area(input) + at]!;
        if (value > max[o]!) [max[o], index[o], tap[o]] = [value, at, ki * kernel[1] + kj];
        sum[o] = round(sum[o]! + value);
        sumGrad[c * area(input) + at] = round(sumGrad[c * area(input) + at]! + ct[o]!);
      }
    index.forEach((at, o) => {
      const place = Math.floor(o / area(out)) * area(input) + at;
      if (at >= 0) maxGrad[place] = round(maxGrad[place]! + ct[o]!);
    });
    const [px, pct] = [bench.place(dtype, x), bench.place(dtype, ct)];
    const outs = {
      max: bench.room(dtype, n),
      index: bench.room('i32', n),
      tap: bench.room('i32', n),
      sum: bench.room(dtype, n),
    };
    const grads = { max: bench.room(dtype, x.length), sum: bench.room(dtype, x.length) };
    const args = windowArgs(window);
    shares(channels, (begin, end) => {
      bench.run(maxPoolKernel(dtype, fixed), outs.max, px, ...args, begin, end);
      bench.run(maxPoolIndexKernel(dtype, fixed), outs.index, px, ...args, begin, end);
      bench.run(maxPoolTapKernel(dtype, fixed), outs.tap, px, ...args, begin, end);
      bench.run(sumPoolKernel(dtype, fixed), outs.sum, px, ...args, begin, end);
      bench.run(maxPoolGradKernel(dtype), grads.max, pct, outs.index, area(input), area(out), begin, end);
      bench.run(sumPoolTransposeKernel(dtype), grads.sum, pct, ...args, begin, end);
    });
    expect(outs.max.read()).toEqual(max);
    expect(outs.index.read()).toEqual(index);
    expect(outs.tap.read()).toEqual(tap);
    expect(outs.sum.read()).toEqual(sum);
    expect(grads.max.read()).toEqual(maxGrad);
    expect(grads.sum.read()).toEqual(sumGrad);
  });
});

it('maxPool lets the first NaN win, its index too, and −∞ has a place', () => {
  const bench = new Bench();
  const x = bench.place('f32', [1, Number.NaN, Number.NaN, 9, -Infinity, -Infinity]);
  const [value, index] = [bench.room('f32', 2), bench.room('i32', 2)];
  const args = windowArgs({ ...windowOf([1, 4], [1, 4]), out: [1, 1] });
  bench.run(maxPoolKernel('f32'), value, x, ...args, 0, 1);
  bench.run(maxPoolIndexKernel('f32'), index, x, ...args, 0, 1);
  const lows = windowArgs(windowOf([1, 2], [1, 2]));
  bench.run(maxPoolIndexKernel('f32'), index.pointer + 4, x.pointer + 16, ...lows, 0, 1);
  expect(value.read()[0]).toBeNaN();
  expect(index.read()).toEqual([1, 0]);
});

/** Convolution and both gradients composed as the headers say, against direct loops in the documented chains. */
describe.each(windows)('convolution over %o', (window) => {
  const { input, kernel, out } = window;
  const [cin, cout, images] = [2, 3, 2];
  const taps = area(kernel);
  const x = numbers(images * cin * area(input), 6);
  const weights = numbers(cout * cin * taps, 7);
  const ct = numbers(images * cout * area(out), 8);
  const bench = new Bench('strict');
  const product = (
    c: number,
    a: number,
    b: number,
    [m, n, k]: [number, number, number],
    strides: number[],
    accumulate = false,
  ) => {
    const scratch = bench.room('f32', matmulScratchBytes('f32', m, n, k) / 4);
    bench.run(matmulKernel({ dtype: 'f32', accumulate }), c, a, b, m, n, k, ...strides, scratch, 0, m);
  };

  it('gives y, the gradient of x and the gradient of the kernels', () => {
    bench.clear();
    const permuted = Array.from({ length: weights.length }, (_, flat) => {
      const [ci, co, tap] = [Math.floor(flat / (cout * taps)), Math.floor(flat / taps) % cout, flat % taps];
      return weights[(co * cin + ci) * taps + tap]!;
    });
    const [px, pct] = [bench.place('f32', x), bench.place('f32', ct)];
    const [pw, pwp] = [bench.place('f32', weights), bench.place('f32', permuted)];
    const [y, dx, dw] = [
      bench.room('f32', ct.length),
      bench.room('f32', x.length),
      bench.place(
        'f32',
        weights.map(() => 0),
      ),
    ];
    const [columns, pixels] = [bench.room('f32', cin * taps * area(out)), bench.room('f32', cout * taps * area(input))];
    for (let image = 0; image < images; image++) {
      const [xAt, yAt] = [4 * image * cin * area(input), 4 * image * cout * area(out)];
      bench.run(im2colKernel(4), columns, px.pointer + xAt, ...windowArgs(window), 0, cin * taps);
      bench.run(col2imGatherKernel(4), pixels, pct.pointer + yAt, ...windowArgs(window), 0, cout * taps);
      const [k, kBack] = [cin * taps, cout * taps];
      product(y.pointer + yAt, pw.pointer, columns.pointer, [cout, area(out), k], [k, 1, area(out), 1]);
      product(dx.pointer + xAt, pwp.pointer, pixels.pointer, [cin, area(input), kBack], [kBack, 1, area(input), 1]);
      product(dw.pointer, pct.pointer + yAt, columns.pointer, [cout, k, area(out)], [area(out), 1, 1, area(out)], true);
    }

    const expected = { y: ct.map(() => 0), dx: x.map(() => 0), dw: weights.map(() => 0) };
    const add = (to: number[], at: number, a: number, b: number) => {
      to[at] = fround(to[at]! + fround(a * b));
    };
    const pairs = [...meetings(window)];
    for (let n = 0; n < images; n++)
      for (let co = 0; co < cout; co++)
        for (let ci = 0; ci < cin; ci++)
          for (const [i, j, ki, kj, h, w] of pairs) {
            const yAt = ((n * cout + co) * out[0] + i) * out[1] + j;
            const xAt = ((n * cin + ci) * input[0] + h) * input[1] + w;
            const wAt = ((co * cin + ci) * kernel[0] + ki) * kernel[1] + kj;
            add(expected.y, yAt, weights[wAt]!, x[xAt]!);
            add(expected.dw, wAt, ct[yAt]!, x[xAt]!);
          }
    for (let n = 0; n < images; n++)
      for (let ci = 0; ci < cin; ci++)
        for (let co = 0; co < cout; co++)
          for (const [i, j, ki, kj, h, w] of pairs.toSorted((a, b) => a[2] - b[2] || a[3] - b[3])) {
            const wAt = ((co * cin + ci) * kernel[0] + ki) * kernel[1] + kj;
            add(
              expected.dx,
              ((n * cin + ci) * input[0] + h) * input[1] + w,
              weights[wAt]!,
              ct[((n * cout + co) * out[0] + i) * out[1] + j]!,
            );
          }
    expect(y.read()).toEqual(expected.y);
    expect(dx.read()).toEqual(expected.dx);
    expect(dw.read()).toEqual(expected.dw);
  });
});
