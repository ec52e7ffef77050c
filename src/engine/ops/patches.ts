/** Windows of images laid out as axes of their own, so that a convolution becomes one matrix product. */
import type { CheckRow } from '../check-row.ts';
import { range } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { pad, reshape, slice, stack } from './movement.ts';
import type { Pair, WindowOptions } from './window.ts';
import { planeOf, wholePair, windowOver } from './window.ts';

/** The elements under a sliding window: N×C×H×W → (N, C, kh, kw, rows, columns); options as in `conv2d`. */
export function patches(x: Tensor, kernel: number | Pair, options: WindowOptions = {}): Tensor {
  const window = windowOver('patches', planeOf('patches', x.shape), wholePair('patches', 'kernel', kernel, 1), options);
  const [n, c] = x.shape as [number, number];
  const [[top, bottom], [left, right]] = window.padding;
  const widths = [
    [0, 0],
    [0, 0],
    [top, bottom],
    [left, right],
  ] as const;
  const framed = top + bottom + left + right === 0 ? x : pad(x, widths);
  const [kh, kw] = window.kernel;
  const taps = range(kh * kw).map((tap) => {
    const at = [Math.floor(tap / kw) * window.dilation[0], (tap % kw) * window.dilation[1]] as const;
    const stop = at.map((from, i) => from + (window.out[i]! - 1) * window.stride[i]! + 1);
    return slice(framed, [0, 0, ...at], [n, c, ...stop], [1, 1, ...window.stride]); // (N, C, rows, columns)
  });
  return reshape(stack(taps, 2), [n, c, kh, kw, ...window.out]);
}

export const patchesChecks: readonly CheckRow[] = [
  { name: 'patches', f: (x) => patches(x!, 2), args: [{ shape: [2, 1, 3, 4] }] },
  {
    name: 'patches.window',
    f: (x) => patches(x!, [3, 2], { stride: 2, padding: 1, dilation: [1, 2] }),
    args: [{ shape: [1, 2, 5, 6] }],
  },
];
