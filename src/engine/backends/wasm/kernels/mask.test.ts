import { describe, expect, it } from 'vitest';
import type { FloatDtype } from '../../../dtype.ts';
import { bitGateKernel, positiveBitsKernel } from './mask.ts';
import { packCodesKernel, pickCodesKernel, unpoolCodesKernel } from './pool-codes.ts';
import { Bench, numbers } from './testing.ts';
import { windowArgs } from './window.ts';

const odd = (n: number): number[] =>
  Array.from({ length: n }, (_, i) => (i % 7 === 3 ? 0 : i % 11 === 5 ? Number.NaN : Math.sin(3 * i + 0.1 * i * i)));

describe.each(['f32', 'f64'] as const)('bit masks of %s', (dtype: FloatDtype) => {
  it.each([1, 31, 32, 33, 64, 100])(
    'of lines of %i are those of loops, and any share writes its own lines',
    (length) => {
      const lines = 3;
      const words = Math.ceil(length / 32);
      const x = odd(lines * length);
      const expected = new Array<number>(lines * words).fill(0);
      x.forEach((v, i) => {
        const at = Math.floor(i / length) * words + Math.floor((i % length) / 32);
        if (v > 0) expected[at] = (expected[at]! | (1 << ((i % length) % 32))) >>> 0;
      });
      const bench = new Bench();
      const source = bench.place(dtype, x);
      const bits = bench.room('u32', expected.length);
      for (const [begin, end] of [
        [0, 1],
        [1, 3],
      ] as const)
        bench.run(positiveBitsKernel(dtype), bits, source, length, begin, end);
      expect(bits.read()).toEqual(expected);
      expect(bench.isIntactAround(bits, 4 * expected.length)).toBe(true);

      const out = bench.room(dtype, x.length);
      bench.run(bitGateKernel(dtype), out, source, bits, length, 1, 3);
      bench.run(bitGateKernel(dtype), out, source, bits, length, 0, 1);
      expect(out.read()).toEqual(source.read().map((v) => (v > 0 ? v : 0)));
      expect(bench.isIntactAround(out, x.length * (dtype === 'f32' ? 4 : 8))).toBe(true);
    },
  );
});

describe('pool codes', () => {
  it.each([
    [2, 2, 0, 2],
    [3, 1, 1, 4],
    [5, 3, 2, 5],
  ])('of windows of %i by %i with a border of %i come back, share by share', (size, stride, border, bits) => {
    const [lines, channels, height, width] = [2, 3, 9, 7];
    const along = (extent: number): number => Math.floor((extent + 2 * border - size) / stride) + 1;
    const [oh, ow] = [along(height), along(width)];
    const windows = channels * oh * ow;
    const perWord = Math.floor(32 / bits);
    const lineWords = Math.ceil(windows / perWord);
    const window = windowArgs({
      input: [height, width],
      kernel: [size, size],
      out: [oh, ow],
      stride: [stride, stride],
      dilation: [1, 1],
      pad: [border, border],
    });
    // Some tap of each window that lies in the plane, and the place that it stands for.
    const places: number[] = [];
    const codes = Array.from({ length: lines * windows }, (_, o) => {
      const pick = (start: number, extent: number, k: number): number => {
        const [first, last] = [Math.max(start, 0), Math.min(start + size, extent) - 1];
        return first + (k % (last - first + 1));
      };
      const [top, left] = [(Math.floor(o / ow) % oh) * stride - border, (o % ow) * stride - border];
      const [h, w] = [pick(top, height, o * 7), pick(left, width, o * 5)];
      places.push((Math.floor(o / (oh * ow)) * height + h) * width + w);
      return (h - top) * size + w - left;
    });
    const bench = new Bench();
    const x = numbers(lines * channels * height * width, 3);
    const ct = numbers(lines * windows, 4);
    const [given, px, pct] = [bench.place('i32', codes), bench.place('f32', x), bench.place('f32', ct)];
    const words = bench.room('u32', lines * lineWords);
    const [picked, unpooled] = [bench.room('f32', ct.length), bench.room('f32', x.length)];
    const packing = { bits, perWord };
    for (const begin of [1, 0]) {
      const share = [begin, begin + 1];
      bench.run(packCodesKernel(packing), words, given, windows, lineWords, ...share);
      const args = [words, windows, lineWords, ...window, ...share];
      bench.run(pickCodesKernel('f32', packing, size), picked, px, ...args);
      bench.run(unpoolCodesKernel('f32', packing, size), unpooled, pct, ...args);
    }
    words.read().forEach((word, q) => {
      const line = Math.floor(q / lineWords);
      const own = codes
        .slice(line * windows, (line + 1) * windows)
        .slice((q % lineWords) * perWord, ((q % lineWords) + 1) * perWord);
      expect(word).toBe(own.reduce((sum, code, k) => sum + code * 2 ** (k * bits), 0));
    });
    expect(picked.read()).toEqual(places.map((place) => x[place]));
    const sums = x.map(() => 0);
    places.forEach((place, o) => {
      sums[place] = Math.fround(sums[place]! + ct[o]!);
    });
    expect(unpooled.read()).toEqual(sums);
    expect(bench.isIntactAround(words, 4 * lines * lineWords)).toBe(true);
    expect(bench.isIntactAround(picked, 4 * ct.length)).toBe(true);
    expect(bench.isIntactAround(unpooled, 4 * x.length)).toBe(true);
  });
});
