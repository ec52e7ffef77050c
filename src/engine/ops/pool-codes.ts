/**
 * Pool codes: which tap of its window each maximum came from, ⌈log₂ taps⌉ bits each, packed into u32 words.
 *
 * Code      row·kw + column of the tap in its kh × kw window; the first maximum in row-major order, the first NaN before all.
 * Packing   the windows of one image, in row-major order over C×oh×ow, ⌊32 / bits⌋ to a word from the low bits up: no code lies across two words.
 */
import { lowerMaxPoolCodes, lowerPickCodes, lowerUnpool } from '../backends/wasm/lower-pool-codes.ts';
import type { CheckRow } from '../check-row.ts';
import type { TypedArray } from '../dtype.ts';
import { DtypeError, ShapeError } from '../errors.ts';
import type { BatchCall, Batched, MaybeTensor, Op } from '../op.ts';
import { defineOp, isLinear } from '../op.ts';
import { sameShape, showShape, sizeOf } from '../shape.ts';
import type { Aval, Tensor } from '../tensor.ts';
import { showAval } from '../tensor.ts';
import { bind1 } from '../trace.ts';
import { FLOATS } from './arithmetic.ts';
import type { TensorLike } from './constant.ts';
import { checkDtypes } from './makers.ts';
import { broadcastTo } from './movement.ts';
import { maxPoolOp, type PoolOptions, poolWindow } from './pool.ts';
import { eachTap, joinBatch, planesOf, splitBatch } from './pool-window.ts';
import { asTensor } from './promote.ts';
import type { Pair, WindowParams } from './window.ts';
import { windowOver } from './window.ts';

/** How codes are packed for a window. */
export interface CodePacking {
  readonly bits: number;
  readonly perWord: number;
  /** Words of an image with this many windows. */
  readonly words: (windows: number) => number;
}

/** Bits and words of codes: 2 × 2 windows take 2 bits, 16 to a word; 3 × 3 windows 4 bits, 8 to a word. */
export function codePacking({ kernel }: Pick<WindowParams, 'kernel'>): CodePacking {
  const bits = Math.max(1, Math.ceil(Math.log2(sizeOf(kernel))));
  const perWord = Math.floor(32 / bits);
  return { bits, perWord, words: (windows) => Math.ceil(windows / perWord) };
}

const windowsOf = (channels: number, { out }: WindowParams): number => channels * sizeOf(out);

const codesAval = (x: Aval, params: WindowParams): Aval => ({
  shape: [x.shape[0]!, codePacking(params).words(windowsOf(x.shape[1]!, params))],
  dtype: 'u32',
});

/** The place of each window's maximum in its plane. */
export function maximumPlaces(x: TypedArray, planes: number, params: WindowParams): Int32Array {
  const places = new Int32Array(planes * sizeOf(params.out)).fill(-1);
  const best = new Float64Array(places.length).fill(Number.NEGATIVE_INFINITY);
  eachTap(planes, params, (to, from, place) => {
    const value = x[from]!;
    const wins = places[to] === -1 || value > best[to]! || (Number.isNaN(value) && !Number.isNaN(best[to]!));
    if (!wins) return;
    best[to] = value;
    places[to] = place;
  });
  return places;
}

/** Visits every window of every image: its number over all, and the word and shift of its code. */
function eachCode(
  images: number,
  channels: number,
  params: WindowParams,
  visit: (to: number, word: number, shift: number) => void,
): void {
  const { bits, perWord, words } = codePacking(params);
  const windows = windowsOf(channels, params);
  for (let n = 0; n < images; n++)
    for (let k = 0; k < windows; k++)
      visit(n * windows + k, n * words(windows) + Math.floor(k / perWord), (k % perWord) * bits);
}

/** Row and column of a window's first tap, which may lie in the padding. */
function cornerOf(to: number, { out: [oh, ow], stride, padding }: WindowParams): Pair {
  return [(Math.floor(to / ow) % oh) * stride[0] - padding[0][0], (to % ow) * stride[1] - padding[1][0]];
}

export const maxPoolCodesOp: Op<WindowParams> = /* @__PURE__ */ defineOp<WindowParams>({
  name: 'maxPoolCodes',
  version: 1,
  infer: ([x], params) => {
    checkDtypes('maxPoolWithCodes', FLOATS, [x!.dtype]);
    return [codesAval(x!, params)];
  },
  batch: ({ inputs: [x], size, params }) => ({
    outs: [splitBatch(bind1(maxPoolCodesOp, [joinBatch(x!)], params), size)],
    batched: [true],
  }),
  cost: ([x], _, params) => ({ flops: planesOf(x!) * sizeOf(params.out) * sizeOf(params.kernel) }),
  js: ([x], [out], { ins, params }) => {
    const [n, channels] = ins[0]!.shape as [number, number];
    const places = maximumPlaces(x!, planesOf(ins[0]!), params);
    out!.fill(0);
    eachCode(n, channels, params, (to, word, shift) => {
      const [top, left] = cornerOf(to, params);
      const place = places[to]!;
      const width = params.input[1];
      const code = (Math.floor(place / width) - top) * params.kernel[1] + (place % width) - left;
      out![word] = (out![word]! | (code << shift)) >>> 0;
    });
  },
  wasm: lowerMaxPoolCodes,
});

/** Visits the flat place in x of each window's coded tap; codes that point outside the plane, which maxPoolWithCodes never makes, mean the nearest place in it. */
function eachPlace(codes: TypedArray, x: Aval, params: WindowParams, visit: (to: number, place: number) => void): void {
  const { bits } = codePacking(params);
  const {
    input: [H, W],
    kernel: [, kw],
    out,
  } = params;
  eachCode(x.shape[0]!, x.shape[1]!, params, (to, word, shift) => {
    const code = (codes[word]! >>> shift) & (2 ** bits - 1);
    const [top, left] = cornerOf(to, params);
    const h = Math.min(Math.max(top + Math.floor(code / kw), 0), H - 1);
    const w = Math.min(Math.max(left + (code % kw), 0), W - 1);
    visit(to, (Math.floor(to / sizeOf(out)) * H + h) * W + w);
  });
}

function checkCodes(name: string, values: Aval, codes: Aval, params: WindowParams, plane: Pair): void {
  checkDtypes(name, FLOATS, [values.dtype]);
  if (codes.dtype !== 'u32')
    throw new DtypeError(`${name}: codes are u32 words, not ${showAval(codes)}`, {
      dtype: codes.dtype,
      help: 'pass the codes of maxPoolWithCodes',
    });
  const expected = codesAval(values, params).shape;
  if (values.shape.length === 4 && sameShape(values.shape.slice(2), plane) && sameShape(codes.shape, expected)) return;
  throw new ShapeError(`${name}: ${showAval(values)} and codes ${showShape(codes.shape)} do not belong together`, {
    values: values.shape,
    codes: codes.shape,
    expected,
    help: `for this window values are N×C×${plane.join('×')} and codes ${showShape(expected)}`,
  });
}

/** Both operands with the batch in N. */
function batchCoded(op: Op<WindowParams>, { inputs, batched, size, params }: BatchCall<WindowParams>): Batched {
  const all = inputs.map((x, i) => joinBatch(batched[i] ? x : broadcastTo(x, [size, ...x.shape])));
  return { outs: [splitBatch(bind1(op, all, params), size)], batched: [true] };
}

/** x (N, C, H, W) at the coded tap of each window: (N, C, oh, ow); linear in x. */
export const pickCodesOp: Op<WindowParams> = /* @__PURE__ */ defineOp<WindowParams>({
  name: 'pickCodes',
  version: 1,
  infer: ([x, codes], params) => {
    checkCodes('maxPool', x!, codes!, params, params.input);
    return [{ shape: [...x!.shape.slice(0, 2), ...params.out], dtype: x!.dtype }];
  },
  jvp: ({ primals: [, codes], tangents: [dx], params }) => [
    dx == null ? null : bind1(pickCodesOp, [dx, codes!], params),
  ],
  transpose: ({ cts: [ct], inputs: [x, codes], params }): MaybeTensor[] => [
    ct == null || !isLinear(x!) ? null : bind1(unpoolOp, [ct, codes as Tensor], params),
    null,
  ],
  batch: (call) => batchCoded(pickCodesOp, call),
  cost: () => ({ flops: 0 }),
  js: ([x, codes], [out], { ins, params }) => {
    eachPlace(codes!, ins[0]!, params, (to, place) => {
      out![to] = x![place]!;
    });
  },
  wasm: lowerPickCodes,
});

/** Each value of y (N, C, oh, ow) at the coded tap of its window, 0 elsewhere: (N, C, H, W); what meets is added in row-major order. */
export const unpoolOp: Op<WindowParams> = /* @__PURE__ */ defineOp<WindowParams>({
  name: 'unpool',
  version: 1,
  infer: ([y, codes], params) => {
    checkCodes('unpool', y!, codes!, params, params.out);
    return [{ shape: [...y!.shape.slice(0, 2), ...params.input], dtype: y!.dtype }];
  },
  jvp: ({ primals: [, codes], tangents: [dy], params }) => [dy == null ? null : bind1(unpoolOp, [dy, codes!], params)],
  transpose: ({ cts: [ct], inputs: [y, codes], params }): MaybeTensor[] => [
    ct == null || !isLinear(y!) ? null : bind1(pickCodesOp, [ct, codes as Tensor], params),
    null,
  ],
  batch: (call) => batchCoded(unpoolOp, call),
  cost: ([y]) => ({ flops: sizeOf(y!.shape) }),
  js: ([y, codes], [out], { ins, params }) => {
    out!.fill(0);
    eachPlace(codes!, ins[0]!, params, (to, place) => {
      out![place]! += y![to]!;
    });
  },
  wasm: lowerUnpool,
});

/** `maxPool` and where each maximum came from: [y, codes], the codes as packed u32 words that `unpool` reads. x N×C×H×W. */
export function maxPoolWithCodes(
  x: TensorLike,
  size: number | Pair,
  options: PoolOptions = {},
): [y: Tensor, codes: Tensor] {
  const t = asTensor(x);
  const window = poolWindow('maxPoolWithCodes', t.shape.slice(2) as unknown as Pair, t.shape, size, options);
  return [bind1(maxPoolOp, [t], window), bind1(maxPoolCodesOp, [t], window)];
}

export interface UnpoolOptions extends PoolOptions {
  /** Height and width of the planes that were pooled; the smallest that fit unless said. */
  readonly input?: Pair;
}

/** Puts pooled values back where they came from, 0 elsewhere: N×C×oh×ow → N×C×H×W; size, stride and padding are those of `maxPoolWithCodes`. */
export function unpool(y: TensorLike, codes: Tensor, size: number | Pair, options: UnpoolOptions = {}): Tensor {
  const t = asTensor(y);
  const { input, ...rest } = options;
  return bind1(unpoolOp, [t, codes], poolWindow('unpool', input ?? smallestPlane(t, size, rest), t.shape, size, rest));
}

/** The plane whose last window ends where the plane ends. */
function smallestPlane(y: Tensor, size: number | Pair, { stride = size, padding = 0 }: PoolOptions): Pair {
  if (typeof padding !== 'number')
    throw new ShapeError('unpool: with a padding that is no number the plane must be given', {
      padding,
      help: 'pass { input: [height, width] }',
    });
  const of = (v: number | Pair, i: 0 | 1): number => (typeof v === 'number' ? v : v[i]);
  const along = (i: 0 | 1): number => (y.shape[2 + i]! - 1) * of(stride, i) + of(size, i) - 2 * padding;
  return [along(0), along(1)];
}

export const poolCodesChecks: readonly CheckRow[] = /* @__PURE__ */ codeRows();

function codeRows(): CheckRow[] {
  const images = { shape: [2, 3, 5, 6], domain: [-8, 8], apart: 1e-3 } as const;
  const window = windowOver('pool', [5, 6], [3, 2], { stride: [2, 1], padding: 1 });
  const values = { shape: [2, 3, ...window.out] };
  const fixed = { ...images, isFixed: true } as const;
  return [
    { name: 'maxPoolCodes', f: (x) => maxPoolWithCodes(x!, 2)[1], args: [images], order: 0 },
    { name: 'maxPoolCodes.overlapping', f: (x) => bind1(maxPoolCodesOp, [x!], window), args: [images], order: 0 },
    {
      name: 'pickCodes',
      f: (x, like) => bind1(pickCodesOp, [x!, bind1(maxPoolCodesOp, [like!], window)], window),
      args: [images, fixed],
    },
    {
      name: 'unpool',
      f: (y, like) => unpool(y!, maxPoolWithCodes(like!, 2)[1], 2, { input: [5, 6] }),
      args: [{ shape: [2, 3, 2, 3] }, fixed],
    },
    {
      name: 'unpool.overlapping',
      f: (y, like) => bind1(unpoolOp, [y!, bind1(maxPoolCodesOp, [like!], window)], window),
      args: [values, fixed],
    },
  ];
}
