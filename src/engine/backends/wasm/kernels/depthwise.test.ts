import { describe, expect, it } from 'vitest';
import type { FrameShape } from './conv-frame.ts';
import { depthPlanesKernel } from './depthwise.ts';
import { frameElements } from './depthwise-frame.ts';
import { depthTapsKernel, depthTapsRoom } from './depthwise-taps.ts';
import { Bench, numbers } from './testing.ts';

const [images, channels, fan, height, width, taps] = [2, 3, 2, 7, 9, 3];
const results = channels * fan;

/** A border of one around the plane, columns sorted by phase. */
const framed = (phases: 1 | 2): FrameShape => ({
  channels: 1,
  height,
  width,
  rows: height + 2,
  columns: Math.ceil((width + 2) / phases),
  phases,
  top: 1,
  left: 1,
  spreadRows: 1,
  spreadColumns: 1,
});

describe.each([
  ['f32', 1],
  ['f32', 2],
  ['f64', 1],
  ['f64', 2],
] as const)('%s with stride %i under strict', (dtype, stride) => {
  const round = dtype === 'f32' ? Math.fround : (v: number) => v;
  const bytes = dtype === 'f32' ? 4 : 8;
  const out = [Math.ceil(height / stride), Math.ceil(width / stride)] as const;
  const [plane, places] = [height * width, out[0] * out[1]];
  const x = numbers(images * channels * plane, 1);
  const weights = numbers(results * taps * taps, 2);
  const ct = numbers(images * results * places, 3);
  const at = (image: number, o: number, h: number, v: number) =>
    h < 0 || h >= height || v < 0 || v >= width
      ? 0
      : x[((image * channels + Math.floor(o / fan)) * height + h) * width + v]!;
  const chain = { y: ct.map(() => 0), kernels: weights.map(() => 0) };
  for (let image = 0; image < images; image++)
    for (let o = 0; o < results; o++)
      for (let p = 0; p < places; p++)
        for (let tap = 0; tap < taps * taps; tap++) {
          const [h, v] = [
            Math.floor(p / out[1]) * stride + Math.floor(tap / taps) - 1,
            (p % out[1]) * stride + (tap % taps) - 1,
          ];
          const [to, k] = [(image * results + o) * places + p, o * taps * taps + tap];
          chain.y[to] = round(chain.y[to]! + round(weights[k]! * at(image, o, h, v)));
          chain.kernels[k] = round(chain.kernels[k]! + round(ct[to]! * at(image, o, h, v)));
        }
  const shared = { kernel: [taps, taps], out, fan, channels: results } as const;

  it.each([[[]], [[1, 5]], [[2, 3, 7]]])('planes are the chains, cut at %j', (cuts) => {
    const bench = new Bench('strict');
    const frame = framed(stride);
    const spec = depthPlanesKernel(dtype, {
      ...shared,
      frame,
      isFramed: true,
      dilation: [1, 1],
      strideRows: stride,
      isFlipped: false,
      depth: 1,
    });
    const [image, k, y] = [bench.place(dtype, x), bench.place(dtype, weights), bench.room(dtype, ct.length)];
    const room = bench.room(dtype, frameElements(frame));
    run([...cuts, images * results], (begin, end) => bench.run(spec, y, image, k, room, begin, end));
    expect(y.read()).toEqual(chain.y);
    expect(bench.isIntactAround(y, ct.length * bytes) && bench.isIntactAround(room, frameElements(frame) * bytes)).toBe(
      true,
    );
  });

  it.each([[[]], [[1, 5]], [[2, 3]]])('gradients of kernels are the chains, cut at %j', (cuts) => {
    const bench = new Bench('strict');
    const window = { ...shared, frame: framed(1), stride: [stride, stride], dilationRows: 1 } as const;
    const size = depthTapsRoom(window, dtype === 'f32' ? 4 : 2);
    const [image, y, sums] = [bench.place(dtype, x), bench.place(dtype, ct), bench.room(dtype, weights.length)];
    const room = bench.room(dtype, size);
    const spec = depthTapsKernel(dtype, window);
    run([...cuts, results], (begin, end) => bench.run(spec, sums, image, y, room, images, begin, end));
    expect(sums.read()).toEqual(chain.kernels);
    expect(bench.isIntactAround(sums, weights.length * bytes) && bench.isIntactAround(room, size * bytes)).toBe(true);
  });
});

/** Ranges that end at the given places, last one first: their order must not matter. */
function run(ends: readonly number[], range: (begin: number, end: number) => void): void {
  for (let i = ends.length - 1; i >= 0; i--) range(ends[i - 1] ?? 0, ends[i]!);
}
