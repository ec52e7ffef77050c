/** Pooling over the planes of N×C×H×W images: maximum, sum, mean. Padding never takes part in a maximum. */
import { lowerMaxPool, lowerMaxPoolIndex, lowerSumPool, lowerSumPoolTranspose } from '../backends/wasm/lower-pool.ts';
import type { CheckRow } from '../check-row.ts';
import type { TypedArray } from '../dtype.ts';
import { ConfigError } from '../errors.ts';
import type { BatchCall, Batched, Op } from '../op.ts';
import { defineOp } from '../op.ts';
import { sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { bind1 } from '../trace.ts';
import { div } from './arithmetic.ts';
import type { TensorLike } from './constant.ts';
import { full } from './create.ts';
import { linear } from './makers.ts';
import { maximumPlaces, maxPoolCodesOp, pickCodesOp } from './pool-codes.ts';
import { eachTap, joinBatch, planesOf, pooled, splitBatch, tapFlops } from './pool-window.ts';
import { asTensor } from './promote.ts';
import type { Padding, Pair, WindowParams } from './window.ts';
import { planeOf, wholePair, windowOver } from './window.ts';

export interface PoolOptions {
  /** Steps between windows; the window's size unless said. */
  readonly stride?: number | Pair;
  /** Narrower than the window. */
  readonly padding?: Padding;
}

/** A batch joins N. */
const joinImages = (op: Op<WindowParams>, { inputs: [x], size, params }: BatchCall<WindowParams>): Batched => ({
  outs: [splitBatch(bind1(op, [joinBatch(x!)], params), size)],
  batched: [true],
});

/** The place of each window's maximum in its plane, i32: the first in row-major order, the first NaN before all. */
export const maxPoolIndexOp: Op<WindowParams> = /* @__PURE__ */ defineOp<WindowParams>({
  name: 'maxPoolIndex',
  version: 1,
  infer: ([x], params) => pooled('maxPool', x!, params, 'i32'),
  batch: (call) => joinImages(maxPoolIndexOp, call),
  cost: (_, outs, params) => tapFlops(outs, params),
  js: ([x], [out], { ins, params }) => out!.set(maximumPlaces(x!, planesOf(ins[0]!), params)),
  wasm: lowerMaxPoolIndex,
});

/** The derivative keeps codes: a few bits for each window. */
export const maxPoolOp: Op<WindowParams> = /* @__PURE__ */ defineOp<WindowParams>({
  name: 'maxPool',
  version: 1,
  infer: ([x], params) => pooled('maxPool', x!, params),
  jvp: ({ primals: [x], tangents: [dx], params }) => [
    dx == null ? null : bind1(pickCodesOp, [dx, bind1(maxPoolCodesOp, [x!], params)], params),
  ],
  batch: (call) => joinImages(maxPoolOp, call),
  cost: (_, outs, params) => tapFlops(outs, params),
  js: ([x], [out], { ins, params }) => {
    out!.fill(Number.NEGATIVE_INFINITY);
    eachTap(planesOf(ins[0]!), params, (to, from) => {
      out![to] = Math.max(out![to]!, x![from]!);
    });
  },
  wasm: lowerMaxPool,
});

export const sumPoolOp: Op<WindowParams> = /* @__PURE__ */ linear<WindowParams>('sumPool', {
  infer: ([x], params) => pooled('sumPool', x!, params),
  transpose: (ct, _, params) => bind1(sumPoolTransposeOp, [ct], params),
  batch: (call) => joinImages(sumPoolOp, call),
  cost: (_, outs, params) => tapFlops(outs, params),
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
  cost: ([ct], _, params) => tapFlops([ct!], params),
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

/** The window over planes of a size; refuses borders as wide as the window. */
export function poolWindow(
  name: string,
  plane: Pair,
  shape: readonly number[],
  size: number | Pair,
  { stride = size, padding = 0 }: PoolOptions,
): WindowParams {
  planeOf(name, shape);
  const kernel = wholePair(name, 'size', size, 1);
  const window = windowOver(name, plane, kernel, { stride, padding });
  const isTooWide = window.padding.some((border, i) => border.some((b) => b >= kernel[i]!));
  if (isTooWide)
    throw new ConfigError(
      `${name}: padding ${JSON.stringify(window.padding)} is as wide as the window ${kernel[0]} × ${kernel[1]}, which would then see no element`,
      { padding: window.padding, size: kernel, help: 'the padding must be narrower than the window' },
    );
  return window;
}

const windowOn = (name: string, x: Tensor, size: number | Pair, options: PoolOptions): WindowParams =>
  poolWindow(name, x.shape.slice(2) as unknown as Pair, x.shape, size, options);

/** The largest element of each window; the derivative goes to the first of equals in row-major order. x N×C×H×W. */
export function maxPool(x: TensorLike, size: number | Pair, options: PoolOptions = {}): Tensor {
  const t = asTensor(x);
  return bind1(maxPoolOp, [t], windowOn('maxPool', t, size, options));
}

/** The sum of each window. x N×C×H×W. */
export function sumPool(x: TensorLike, size: number | Pair, options: PoolOptions = {}): Tensor {
  const t = asTensor(x);
  return bind1(sumPoolOp, [t], windowOn('sumPool', t, size, options));
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
  const window = windowOn('avgPool', t, size, options);
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
