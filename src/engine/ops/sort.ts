/** Sorting along an axis, stable, NaN last; derivatives go through the permutation. */
import type { CheckRow } from '../check-row.ts';
import type { TypedArray } from '../dtype.ts';
import { DtypeError, ShapeError } from '../errors.ts';
import type { Op } from '../op.ts';
import { defineOp } from '../op.ts';
import { broadcastShapes, normalizeAxis, sameShape, showShape, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { bind1 } from '../trace.ts';
import { NUMERIC } from './arithmetic.ts';
import type { TensorLike } from './constant.ts';
import { takeAlongOp } from './gather.ts';
import { checkDtypes } from './makers.ts';
import { broadcastTo, sliceAxis } from './movement.ts';
import { asTensor, promote } from './promote.ts';
import { LineSorter } from './radix.ts';

interface SortParams {
  readonly axis: number;
  readonly descending: boolean;
}

export interface SortOptions {
  /** Largest first; NaN stays last. */
  readonly descending?: boolean;
}

/** The index of the element that comes to each place, i32. */
export const argsortOp: Op<SortParams> = /* @__PURE__ */ defineOp<SortParams>({
  name: 'argsort',
  version: 1,
  infer: ([x]) => {
    checkDtypes('argsort', NUMERIC, [x!.dtype]);
    return [{ shape: x!.shape, dtype: 'i32' }];
  },
  batch: ({ inputs, params: { axis, descending } }) => ({
    outs: [bind1(argsortOp, inputs, { axis: axis + 1, descending })],
    batched: [true],
  }),
  cost: ([x], _, { axis }) => ({ flops: sizeOf(x!.shape) * Math.ceil(Math.log2(Math.max(2, x!.shape[axis]!))) }),
  js: ([x], [out], { ins, params: { axis, descending } }) => {
    const { shape } = ins[0]!;
    const length = shape[axis]!;
    const inner = sizeOf(shape.slice(axis + 1));
    const line = x!.slice(0, length);
    const sorter = new LineSorter(line, descending);
    for (let n = 0; n < sizeOf(shape) / Math.max(length, 1); n++) {
      const at = Math.floor(n / inner) * length * inner + (n % inner);
      for (let i = 0; i < length; i++) line[i] = x![at + i * inner]!;
      const order = sorter.orderOf(line);
      for (let i = 0; i < length; i++) out![at + i * inner] = order[i]!;
    }
  },
});

/** The i32 indices that put x in order along an axis, the last unless said; equal elements keep their order, NaN comes last. */
export function argsort(x: TensorLike, axis = -1, { descending = false }: SortOptions = {}): Tensor {
  const t = asTensor(x);
  return bind1(argsortOp, [t], { axis: normalizeAxis('argsort', axis, t.rank), descending });
}

/** x in order along an axis, the last unless said; NaN comes last. */
export function sort(x: TensorLike, axis = -1, options: SortOptions = {}): Tensor {
  const t = asTensor(x);
  const a = normalizeAxis('sort', axis, t.rank);
  return t.shape[a] === 0 ? t : bind1(takeAlongOp, [t, argsort(t, a, options)], { axis: a });
}

/** The k largest elements along an axis, largest first, and their i32 indices; among equals the first come first. NaN counts as smallest. */
export function topK(x: TensorLike, k: number, axis = -1): { readonly values: Tensor; readonly indices: Tensor } {
  const t = asTensor(x);
  const a = normalizeAxis('topK', axis, t.rank);
  if (!Number.isInteger(k) || k < 0 || k > t.shape[a]!)
    throw new ShapeError(`topK: axis ${a} of ${showShape(t.shape)} has no ${k} elements`, {
      shape: t.shape,
      axis: a,
      k,
      help: `k is a whole number from 0 to ${t.shape[a]}`,
    });
  const indices = sliceAxis(argsort(t, a, { descending: true }), a, 0, k);
  return { values: k === 0 ? sliceAxis(t, a, 0, 0) : bind1(takeAlongOp, [t, indices], { axis: a }), indices };
}

interface SearchParams {
  /** Behind equal elements. */
  readonly right: boolean;
}

/** Inputs: sorted (…, n), values (…, m) → places (…, m), i32. */
export const searchsortedOp: Op<SearchParams> = /* @__PURE__ */ defineOp<SearchParams>({
  name: 'searchsorted',
  version: 1,
  infer: ([sorted, values]) => {
    checkDtypes('searchsorted', NUMERIC, [sorted!.dtype, values!.dtype]);
    if (!sameShape(sorted!.shape.slice(0, -1), values!.shape.slice(0, -1)))
      throw new ShapeError(
        `searchsorted: ${showShape(sorted!.shape)} and ${showShape(values!.shape)} differ in front of the last axis`,
        { sorted: sorted!.shape, values: values!.shape },
      );
    return [{ shape: values!.shape, dtype: 'i32' }];
  },
  batch: ({ inputs, batched, size, params }) => {
    const all = inputs.map((x, i) => (batched[i] ? x : broadcastTo(x, [size, ...x.shape])));
    return { outs: [bind1(searchsortedOp, all, params)], batched: [true] };
  },
  cost: ([sorted], [out]) => ({ flops: sizeOf(out!.shape) * Math.ceil(Math.log2(sorted!.shape.at(-1)! + 2)) }),
  js: ([sorted, values], [out], { ins, params: { right } }) => {
    const [n, m] = [ins[0]!.shape.at(-1)!, ins[1]!.shape.at(-1)!];
    for (let i = 0; i < out!.length; i++) {
      const row = Math.floor(i / m) * n;
      out![i] = placeOf(sorted!.subarray(row, row + n), values![i]!, right);
    }
  },
});

/** The first place whose element does not come before the value; NaN comes after all numbers. */
function placeOf(sorted: TypedArray, value: number, right: boolean): number {
  const isBefore = (x: number) => (Number.isNaN(value) ? right || !Number.isNaN(x) : right ? x <= value : x < value);
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBefore(sorted[middle]!)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Where each value would go into ascending `sorted` (…, n) to keep it in order, i32: in front of equal elements, or behind them with side 'right'. Leading axes broadcast. */
export function searchsorted(
  sorted: TensorLike,
  values: TensorLike,
  { side = 'left' }: { readonly side?: 'left' | 'right' } = {},
): Tensor {
  const [x, y] = promote(sorted, values) as [Tensor, Tensor];
  if (x.rank === 0 || y.rank === 0)
    throw new ShapeError(`searchsorted: ${showShape(x.shape)} and ${showShape(y.shape)} each need an axis`, {
      sorted: x.shape,
      values: y.shape,
      help: 'expandDims(value, 0) makes a list of one',
    });
  if (x.dtype !== y.dtype)
    throw new DtypeError(`searchsorted: operands have dtypes ${x.dtype} and ${y.dtype}`, {
      dtypes: [x.dtype, y.dtype],
      help: `cast one of them, for example cast(values, '${x.dtype}')`,
    });
  const lead = broadcastShapes('searchsorted', x.shape.slice(0, -1), y.shape.slice(0, -1));
  const full = (t: Tensor) => broadcastTo(t, [...lead, t.shape.at(-1)!]);
  return bind1(searchsortedOp, [full(x), full(y)], { right: side === 'right' });
}

const apart = { shape: [2, 5, 3], apart: 0.01 };

export const sortChecks: readonly CheckRow[] = [
  { name: 'argsort', f: (x) => argsort(x!, 1), args: [apart] },
  { name: 'argsort.ties', f: (x) => argsort(x!, -1, { descending: true }), args: [{ shape: [3, 9], kind: 'i32' }] },
  { name: 'argsort.words', f: (x) => argsort(x!), args: [{ shape: [9], kind: 'u32', domain: [0, 4294967295] }] },
  { name: 'sort', f: (x) => sort(x!, 1), args: [apart] },
  { name: 'sort.descending', f: (x) => sort(x!, 0, { descending: true }), args: [apart] },
  { name: 'topK', f: (x) => topK(x!, 2, 1).values, args: [apart] },
  {
    name: 'searchsorted',
    f: (x, y) => searchsorted(sort(x!), y!),
    args: [
      { shape: [2, 9], kind: 'i32' },
      { shape: [4], kind: 'i32' },
    ],
  },
  {
    name: 'searchsorted.right',
    f: (x, y) => searchsorted(sort(x!), y!, { side: 'right' }),
    args: [
      { shape: [9], kind: 'i32' },
      { shape: [2, 4], kind: 'i32' },
    ],
  },
];
