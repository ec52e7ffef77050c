/** Running sums and products along an axis. */

import { cumulativeKernel } from '../backends/wasm/kernels/cumulative.ts';
import { lowerAlongAxis, numberType } from '../backends/wasm/lower-axis.ts';
import type { CheckRow } from '../check-row.ts';
import type { Op } from '../op.ts';
import { normalizeAxis, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { bind1 } from '../trace.ts';
import { mul, NUMERIC } from './arithmetic.ts';
import type { TensorLike } from './constant.ts';
import { checkDtypes, linear } from './makers.ts';
import { pad, sliceAxis } from './movement.ts';
import { asTensor } from './promote.ts';

interface CumsumParams {
  readonly axis: number;
  /** Runs from the last element to the first. */
  readonly reverse: boolean;
}

export interface CumulativeOptions {
  /** Runs from the last element to the first. */
  readonly reverse?: boolean;
  /** Leaves out the element itself. */
  readonly exclusive?: boolean;
}

/** The transpose of a running sum runs the other way. */
export const cumsumOp: Op<CumsumParams> = /* @__PURE__ */ linear<CumsumParams>('cumsum', {
  infer: ([x]) => {
    checkDtypes('cumsum', NUMERIC, [x!.dtype]);
    return [{ shape: x!.shape, dtype: x!.dtype }];
  },
  transpose: (ct, _, { axis, reverse }) => bind1(cumsumOp, [ct], { axis, reverse: !reverse }),
  batch: ({ inputs, params: { axis, reverse } }) => ({
    outs: [bind1(cumsumOp, inputs, { axis: axis + 1, reverse })],
    batched: [true],
  }),
  cost: ([x]) => ({ flops: sizeOf(x!.shape) }),
  js: ([x], [out], { ins, params: { axis, reverse } }) => {
    const { shape } = ins[0]!;
    const length = shape[axis]!;
    const inner = sizeOf(shape.slice(axis + 1));
    for (let line = 0; line < sizeOf(shape) / Math.max(length, 1); line++) {
      const at = Math.floor(line / inner) * length * inner + (line % inner);
      let total = 0;
      for (let i = 0; i < length; i++) {
        const place = at + (reverse ? length - 1 - i : i) * inner;
        total += x![place]!;
        out![place] = total;
      }
    }
  },
  wasm: (context, [x], [out], { axis, reverse }) =>
    lowerAlongAxis(cumulativeKernel({ op: 'cumsum', dtype: numberType(x!.dtype), reverse }))(context, [x!], [out!], {
      axis,
    }),
});

/** Sums of all elements up to and including each one, along an axis. */
export function cumsum(
  x: TensorLike,
  axis: number,
  { reverse = false, exclusive = false }: CumulativeOptions = {},
): Tensor {
  const t = asTensor(x);
  const a = normalizeAxis('cumsum', axis, t.rank);
  return bind1(cumsumOp, [exclusive ? shifted(t, a, 1, reverse, 0) : t], { axis: a, reverse });
}

/** Products of all elements up to and including each one, along an axis, by doubling: ⌈log₂ n⌉ products of shifted copies. */
export function cumprod(
  x: TensorLike,
  axis: number,
  { reverse = false, exclusive = false }: CumulativeOptions = {},
): Tensor {
  const t = asTensor(x);
  const a = normalizeAxis('cumprod', axis, t.rank);
  let y = exclusive ? shifted(t, a, 1, reverse, 1) : t;
  for (let step = 1; step < t.shape[a]!; step *= 2) y = mul(y, shifted(y, a, step, reverse, 1));
  return y;
}

/** x moved `by` places along an axis, towards the end or the beginning; what comes in has one value. */
function shifted(x: Tensor, axis: number, by: number, reverse: boolean, value: number): Tensor {
  const n = x.shape[axis]!;
  if (n === 0) return x;
  const kept = reverse ? sliceAxis(x, axis, Math.min(by, n), n) : sliceAxis(x, axis, 0, Math.max(0, n - by));
  const missing = n - kept.shape[axis]!;
  const widths = x.shape.map((_, i): [number, number] => (i !== axis ? [0, 0] : reverse ? [0, missing] : [missing, 0]));
  return pad(kept, widths, { value });
}

const line = { shape: [2, 5, 3] };

export const cumulativeChecks: readonly CheckRow[] = [
  { name: 'cumsum', f: (x) => cumsum(x!, 1), args: [line] },
  { name: 'cumsum.reverse', f: (x) => cumsum(x!, -1, { reverse: true, exclusive: true }), args: [line] },
  { name: 'cumprod', f: (x) => cumprod(x!, 1), args: [line] },
  { name: 'cumprod.reverse', f: (x) => cumprod(x!, 0, { reverse: true, exclusive: true }), args: [line] },
];
