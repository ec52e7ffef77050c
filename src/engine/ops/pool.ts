/** Pooling over the planes of N×C×H×W images: maximum, sum, mean. Padding never takes part in a maximum. */
import { lowerMaxPool, lowerMaxPoolIndex, lowerSumPool, lowerSumPoolTranspose } from '../backends/wasm/lower-pool.ts';
import type { CheckRow } from '../check-row.ts';
import type { TypedArray } from '../dtype.ts';
import { ConfigError } from '../errors.ts';
import type { BatchCall, Batched, Op } from '../op.ts';
import { defineOp } from '../op.ts';
import { sizeOf } from '../shape.ts';
import type { Aval, Tensor } from '../tensor.ts';
import { bind1 } from '../trace.ts';
import { div, FLOATS } from './arithmetic.ts';
import type { TensorLike } from './constant.ts';
import { full } from './create.ts';
import { takeAlongOp } from './gather.ts';
import { checkDtypes, linear } from './makers.ts';
import { reshape } from './movement.ts';
import { asTensor } from './promote.ts';
import type { Padding, Pair, WindowParams } from './window.ts';
import { planeOf, wholePair, windowOver } from './window.ts';

export interface PoolOptions {
  /** Steps between windows; the window's size unless said. */
  readonly stride?: number | Pair;
  /** Narrower than the window. */
  readonly padding?: Padding;
}

const pooled = (name: string, x: Aval, { out }: WindowParams, dtype: Aval['dtype'] = x.dtype): readonly Aval[] => {
  checkDtypes(name, FLOATS, [x.dtype]);
  return [{ shape: [...x.shape.slice(0, 2), ...out], dtype }];
};

/** A batch joins N. */
function joinImages(op: Op<WindowParams>, { inputs: [x], size, params }: BatchCall<WindowParams>): Batched {
  const [, n, ...rest] = x!.shape;
  const y = bind1(op, [reshape(x!, [size * n!, ...rest])], params);
  return { outs: [reshape(y, [size, n!, ...y.shape.slice(1)])], batched: [true] };
}

/** Visits every tap of every window that lies in its plane: flat places in the output and in the input, and the place in the plane. */
function eachTap(
  planes: number,
  { input: [H, W], kernel: [kh, kw], out: [oh, ow], stride, padding }: WindowParams,
  visit: (out: number, x: number, place: number) => void,
): void {
  for (let to = 0; to < planes * oh * ow; to++) {
    const plane = Math.floor(to / (oh * ow));
    const top = (Math.floor(to / ow) % oh) * stride[0] - padding[0][0];
    const left = (to % ow) * stride[1] - padding[1][0];
    for (let h = Math.max(top, 0); h < Math.min(top + kh, H); h++) {
      for (let w = Math.max(left, 0); w < Math.min(left + kw, W); w++) visit(to, (plane * H + h) * W + w, h * W + w);
    }
  }
}

const planesOf = (x: Aval): number => sizeOf(x.shape.slice(0, 2));
const taps = (outs: readonly Aval[], { kernel }: WindowParams): { flops: number } => ({
  flops: sizeOf(outs[0]!.shape) * sizeOf(kernel),
});

/** The place of each window's maximum in its plane, i32: the first in row-major order, the first NaN before all. */
export const maxPoolIndexOp: Op<WindowParams> = /* @__PURE__ */ defineOp<WindowParams>({
  name: 'maxPoolIndex',
  version: 1,
  infer: ([x], params) => pooled('maxPool', x!, params, 'i32'),
  batch: (call) => joinImages(maxPoolIndexOp, call),
  cost: (_, outs, params) => taps(outs, params),
  js: ([x], [out], { ins, params }) => {
    const best = new Float64Array(out!.length).fill(Number.NEGATIVE_INFINITY);
    out!.fill(-1);
    eachTap(planesOf(ins[0]!), params, (to, from, place) => {
      const value = x![from]!;
      const wins = out![to] === -1 || value > best[to]! || (Number.isNaN(value) && !Number.isNaN(best[to]!));
      if (!wins) return;
      best[to] = value;
      out![to] = place;
    });
  },
  wasm: lowerMaxPoolIndex,
});

export const maxPoolOp: Op<WindowParams> = /* @__PURE__ */ defineOp<WindowParams>({
  name: 'maxPool',
  version: 1,
  infer: ([x], params) => pooled('maxPool', x!, params),
  jvp: ({ primals: [x], tangents: [dx], params }) => [
    dx == null ? null : pickFromPlanes(dx, bind1(maxPoolIndexOp, [x!], params)),
  ],
  batch: (call) => joinImages(maxPoolOp, call),
  cost: (_, outs, params) => taps(outs, params),
  js: ([x], [out], { ins, params }) => {
    out!.fill(Number.NEGATIVE_INFINITY);
    eachTap(planesOf(ins[0]!), params, (to, from) => {
      out![to] = Math.max(out![to]!, x![from]!);
    });
  },
  wasm: lowerMaxPool,
});

/** x (N, C, H, W) at places (N, C, oh, ow) of its planes. */
function pickFromPlanes(x: Tensor, places: Tensor): Tensor {
  const planes = planesOf(x);
  const flat = reshape(x, [planes, sizeOf(x.shape.slice(2))]);
  const index = reshape(places, [planes, sizeOf(places.shape.slice(2))]);
  return reshape(bind1(takeAlongOp, [flat, index], { axis: 1 }), places.shape);
}

export const sumPoolOp: Op<WindowParams> = /* @__PURE__ */ linear<WindowParams>('sumPool', {
  infer: ([x], params) => pooled('sumPool', x!, params),
  transpose: (ct, _, params) => bind1(sumPoolTransposeOp, [ct], params),
  batch: (call) => joinImages(sumPoolOp, call),
  cost: (_, outs, params) => taps(outs, params),
  js: ([x], [out], { ins, params }) => {
    sumTaps(out!, (sums) =>
      eachTap(planesOf(ins[0]!), params, (to, from) => {
        sums[to]! += x![from]!;
      }),
    );
  },
  wasm: lowerSumPool,
});

export const sumPoolTransposeOp: Op<WindowParams> = /* @__PURE__ */ linear<WindowParams>('sumPoolTranspose', {
  infer: ([ct], { input }) => [{ shape: [...ct!.shape.slice(0, 2), ...input], dtype: ct!.dtype }],
  transpose: (ct, _, params) => bind1(sumPoolOp, [ct], params),
  batch: (call) => joinImages(sumPoolTransposeOp, call),
  cost: ([ct], _, params) => taps([ct!], params),
  js: ([ct], [out], { ins, params }) => {
    sumTaps(out!, (sums) =>
      eachTap(planesOf(ins[0]!), params, (from, to) => {
        sums[to]! += ct![from]!;
      }),
    );
  },
  wasm: lowerSumPoolTranspose,
});

function sumTaps(out: TypedArray, visit: (sums: Float64Array) => void): void {
  const sums = new Float64Array(out.length);
  visit(sums);
  out.set(sums);
}

function poolWindow(
  name: string,
  x: Tensor,
  size: number | Pair,
  { stride = size, padding = 0 }: PoolOptions,
): WindowParams {
  const kernel = wholePair(name, 'size', size, 1);
  const window = windowOver(name, planeOf(name, x.shape), kernel, { stride, padding });
  const isTooWide = window.padding.some((border, i) => border.some((b) => b >= kernel[i]!));
  if (isTooWide)
    throw new ConfigError(
      `${name}: padding ${JSON.stringify(window.padding)} is as wide as the window ${kernel[0]} × ${kernel[1]}, which would then see no element`,
      { padding: window.padding, size: kernel, help: 'the padding must be narrower than the window' },
    );
  return window;
}

/** The largest element of each window; the derivative goes to the first of equals in row-major order. x N×C×H×W. */
export function maxPool(x: TensorLike, size: number | Pair, options: PoolOptions = {}): Tensor {
  const t = asTensor(x);
  return bind1(maxPoolOp, [t], poolWindow('maxPool', t, size, options));
}

/** The sum of each window. x N×C×H×W. */
export function sumPool(x: TensorLike, size: number | Pair, options: PoolOptions = {}): Tensor {
  const t = asTensor(x);
  return bind1(sumPoolOp, [t], poolWindow('sumPool', t, size, options));
}

export interface AvgPoolOptions extends PoolOptions {
  /** Divides by the size of the window even where part of it lies in the padding. */
  readonly countPadding?: boolean;
}

/** The mean of each window, over the elements that lie in the plane. x N×C×H×W. */
export function avgPool(
  x: TensorLike,
  size: number | Pair,
  { countPadding = false, ...options }: AvgPoolOptions = {},
): Tensor {
  const t = asTensor(x);
  const window = poolWindow('avgPool', t, size, options);
  const sums = bind1(sumPoolOp, [t], window);
  if (countPadding || window.padding.flat().every((b) => b === 0)) return div(sums, sizeOf(window.kernel));
  return div(sums, bind1(sumPoolOp, [full([1, 1, ...window.input], 1, t.dtype)], window));
}

const images = { shape: [2, 3, 5, 6], domain: [-8, 8], apart: 1e-3 } as const;

export const poolChecks: readonly CheckRow[] = /* @__PURE__ */ poolRows();

function poolRows(): CheckRow[] {
  const window = windowOver('pool', [5, 6], [3, 2], { stride: [2, 1], padding: 1 });
  return [
    { name: 'maxPool', f: (x) => maxPool(x!, 2), args: [images] },
    {
      name: 'maxPool.overlapping',
      f: (x) =>
        maxPool(x!, [3, 2], {
          stride: [2, 1],
          padding: [
            [1, 2],
            [0, 1],
          ],
        }),
      args: [images],
    },
    { name: 'maxPoolIndex', f: (x) => bind1(maxPoolIndexOp, [x!], window), args: [images], order: 0 },
    { name: 'sumPool', f: (x) => sumPool(x!, [2, 3], { stride: 1, padding: 'same' }), args: [images] },
    {
      name: 'sumPoolTranspose',
      f: (ct) => bind1(sumPoolTransposeOp, [ct!], window),
      args: [{ shape: [2, 3, ...window.out] }],
    },
    { name: 'avgPool', f: (x) => avgPool(x!, 3, { stride: 2, padding: 1 }), args: [images] },
    { name: 'avgPool.countPadding', f: (x) => avgPool(x!, 2, { padding: 1, countPadding: true }), args: [images] },
  ];
}
