/** Sums, means, maxima and log-sum-exps of rows that share an id; writing by index. Ids and indices out of range are clamped. */
import type { CheckRow } from '../check-row.ts';
import { ShapeError } from '../errors.ts';
import type { BatchCall, Batched, Op, Params } from '../op.ts';
import { defineOp } from '../op.ts';
import { checkShape, normalizeAxis, sameShape, showShape, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { bind1 } from '../trace.ts';
import { add, div, FLOATS, sub } from './arithmetic.ts';
import { eq, ge, gt, lt } from './compare.ts';
import type { TensorLike } from './constant.ts';
import { full } from './create.ts';
import { exp, log } from './exponential.ts';
import { asIndices, checkIndices, clampIndex, take, takeAlongOp } from './gather.ts';
import { where } from './logic.ts';
import { checkDtypes } from './makers.ts';
import { broadcastTo, moveAxis, reshape } from './movement.ts';
import { abs, maximum } from './piecewise.ts';
import { asTensor, promote } from './promote.ts';
import { scatterAdd } from './scatter.ts';
import { stopGradient } from './tap.ts';

interface SegmentParams {
  readonly count: number;
  /** Leading axes that the ids share with the rows. */
  readonly batch: number;
}

function batchSegments<P extends Params & { readonly batch: number }>(
  op: Op<P>,
  { inputs, batched, size, params }: BatchCall<P>,
): Batched {
  const all = inputs.map((x, i) => (batched[i] ? x : broadcastTo(x, [size, ...x.shape])));
  return { outs: [bind1(op, all, { ...params, batch: params.batch + 1 })], batched: [true] };
}

/** Inputs: rows (…, n, inner…), ids (…, n) → index of the first largest row of each segment (…, count, inner…), i32; 0 where there is none. */
export const segmentArgmaxOp: Op<SegmentParams> = /* @__PURE__ */ defineOp<SegmentParams>({
  name: 'segmentArgmax',
  version: 1,
  infer: ([x, ids], { count, batch }) => {
    checkDtypes('segmentArgmax', FLOATS, [x!.dtype]);
    checkIndices('segmentArgmax', ids!, { shape: [count], dtype: 'i32' }, 0);
    return [{ shape: [...x!.shape.slice(0, batch), count, ...x!.shape.slice(batch + 1)], dtype: 'i32' }];
  },
  batch: (call) => batchSegments(segmentArgmaxOp, call),
  cost: ([x]) => ({ flops: sizeOf(x!.shape) }),
  js: ([x, ids], [out], { ins, params: { count, batch } }) => {
    const n = ins[0]!.shape[batch]!;
    const inner = sizeOf(ins[0]!.shape.slice(batch + 1));
    const best = new Int32Array(out!.length).fill(-1);
    for (let e = 0; e < x!.length; e++) {
      const row = Math.floor(e / inner);
      const group = Math.floor(row / n);
      const to = (group * count + clampIndex(ids![row]!, count)) * inner + (e % inner);
      const held = best[to]! < 0 ? Number.NEGATIVE_INFINITY : x![(group * n + best[to]!) * inner + (e % inner)]!;
      const isNew = best[to]! < 0 || (!Number.isNaN(held) && (Number.isNaN(x![e]!) || x![e]! > held));
      if (isNew) best[to] = row % n;
    }
    for (let i = 0; i < best.length; i++) out![i] = Math.max(0, best[i]!);
  },
});

/** Ids (…, n) → the last position of each of `count` ids (…, count), i32; −1 where there is none. */
export const lastIndexOp: Op<SegmentParams> = /* @__PURE__ */ defineOp<SegmentParams>({
  name: 'lastIndex',
  version: 1,
  infer: ([ids], { count }) => {
    checkIndices('lastIndex', ids!, { shape: [count], dtype: 'i32' }, 0);
    return [{ shape: [...ids!.shape.slice(0, -1), count], dtype: 'i32' }];
  },
  batch: (call) => batchSegments(lastIndexOp, call),
  cost: () => ({ flops: 0 }),
  js: ([ids], [out], { ins, params: { count } }) => {
    const n = ins[0]!.shape.at(-1)!;
    out!.fill(-1);
    for (let i = 0; i < ids!.length; i++) out![Math.floor(i / n) * count + clampIndex(ids![i]!, count)] = i % n;
  },
});

function rowsAndIds(name: string, x: TensorLike, ids: TensorLike, count: number): [rows: Tensor, ids: Tensor] {
  const [rows, list] = [asTensor(x), asIndices(ids)];
  checkShape(name, [count]);
  if (rows.rank === 0 || list.rank !== 1 || list.shape[0] !== rows.shape[0])
    throw new ShapeError(`${name}: ids ${showShape(list.shape)} do not name the rows of ${showShape(rows.shape)}`, {
      shape: rows.shape,
      ids: list.shape,
      help: 'ids are one i32 for each place of the first axis',
    });
  return [rows, list];
}

/** Flags of segments with rows, shaped to meet (count, …) of some rank. */
function filled(ids: Tensor, count: number, rank: number): Tensor {
  const hits = scatterAdd(count, ids, full(ids.shape, 1, 'i32'));
  return reshape(gt(hits, 0), [count, ...new Array<number>(rank - 1).fill(1)]);
}

/** Sums of the rows with the same id: (n, …) and i32 ids (n) → (count, …). */
export function segmentSum(x: TensorLike, ids: TensorLike, count: number): Tensor {
  const [rows, list] = rowsAndIds('segmentSum', x, ids, count);
  return scatterAdd(count, list, rows);
}

/** Means of the rows with the same id: (n, …) and i32 ids (n) → (count, …); 0 for ids without rows. */
export function segmentMean(x: TensorLike, ids: TensorLike, count: number): Tensor {
  const [rows, list] = rowsAndIds('segmentMean', x, ids, count);
  const hits = scatterAdd(count, list, full(list.shape, 1, rows.dtype));
  const divisor = reshape(maximum(hits, 1), [count, ...rows.shape.slice(1).map(() => 1)]);
  return div(scatterAdd(count, list, rows), divisor);
}

/** Largest elements over the rows with the same id: (n, …) and i32 ids (n) → (count, …); −∞ for ids without rows. The derivative goes to the first of equals. */
export function segmentMax(x: TensorLike, ids: TensorLike, count: number): Tensor {
  const [rows, list] = rowsAndIds('segmentMax', x, ids, count);
  const shape = [count, ...rows.shape.slice(1)];
  if (sizeOf(rows.shape) === 0 || count === 0) return full(shape, Number.NEGATIVE_INFINITY, rows.dtype);
  const index = bind1(segmentArgmaxOp, [rows, list], { count, batch: 0 });
  const values = bind1(takeAlongOp, [rows, index], { axis: 0 });
  return where(filled(list, count, rows.rank), values, Number.NEGATIVE_INFINITY);
}

/** log Σ exp over the rows with the same id: (n, …) and i32 ids (n) → (count, …); −∞ for ids without rows. */
export function segmentLogsumexp(x: TensorLike, ids: TensorLike, count: number): Tensor {
  const [rows, list] = rowsAndIds('segmentLogsumexp', x, ids, count);
  if (sizeOf(rows.shape) === 0 || count === 0) return segmentMax(rows, list, count);
  const largest = stopGradient(segmentMax(rows, list, count));
  const shift = where(lt(abs(largest), Number.POSITIVE_INFINITY), largest, 0);
  const total = scatterAdd(count, list, exp(sub(rows, take(shift, list))));
  const isEmpty = eq(total, 0);
  return where(isEmpty, Number.NEGATIVE_INFINITY, add(log(where(isEmpty, 1, total)), shift));
}

/** Target, indices as one list, updates with that list in the place of the axis. */
function scatterOperands(
  name: string,
  target: TensorLike,
  indices: TensorLike,
  updates: TensorLike,
  axis: number,
): { x: Tensor; list: Tensor; y: Tensor; a: number } {
  const [x, y] = promote(target, updates) as [Tensor, Tensor];
  const places = asIndices(indices);
  const a = normalizeAxis(name, axis, x.rank);
  const around = (middle: readonly number[]) => [...x.shape.slice(0, a), ...middle, ...x.shape.slice(a + 1)];
  const expected = around(places.shape);
  if (y.rank > 0 && !sameShape(y.shape, expected))
    throw new ShapeError(
      `${name}: updates ${showShape(y.shape)} for indices ${showShape(places.shape)} along axis ${a} of ${showShape(x.shape)} must have the shape ${showShape(expected)}`,
      { shape: x.shape, indices: places.shape, updates: y.shape, axis: a },
    );
  const n = places.size;
  return { x, list: reshape(places, [n]), y: reshape(broadcastTo(y, expected), around([n])), a };
}

/**
 * Writes `updates` into `target` at the i32 indices along an axis: target[…, indices[i], …] = updates[…, i, …]; the last update of a place stays.
 *
 * Updates have the shape of take(target, indices, axis). Indices out of range are clamped.
 */
export function scatterSet(target: TensorLike, indices: TensorLike, updates: TensorLike, axis = 0): Tensor {
  const { x, list, y, a } = scatterOperands('scatterSet', target, indices, updates, axis);
  const length = x.shape[a]!;
  if (list.size === 0) return x;
  const last = bind1(lastIndexOp, [list], { count: length, batch: 0 });
  const isHit = reshape(ge(last, 0), [length, ...x.shape.slice(a + 1).map(() => 1)]);
  return where(isHit, take(y, last, a), x);
}

/** The larger of `target` and `updates` at the i32 indices along an axis; operands as in `scatterSet`. Between equal updates the derivative goes to the first. */
export function scatterMax(target: TensorLike, indices: TensorLike, updates: TensorLike, axis = 0): Tensor {
  const { x, list, y, a } = scatterOperands('scatterMax', target, indices, updates, axis);
  return maximum(x, moveAxis(segmentMax(moveAxis(y, a, 0), list, x.shape[a]!), 0, a));
}

const rows = { shape: [7, 2], apart: 0.01 };
const ids = { shape: [7], kind: 'i32', domain: [0, 3] } as const;
const target = { shape: [2, 4], apart: 0.01 };
const places = { shape: [3], kind: 'i32', domain: [-1, 4] } as const;
const updates = { shape: [2, 3], domain: [2.1, 5], apart: 0.01 } as const;

export const segmentChecks: readonly CheckRow[] = [
  {
    name: 'segmentArgmax',
    f: (x, i) => bind1(segmentArgmaxOp, [x!, i!], { count: 5, batch: 0 }),
    args: [rows, ids],
  },
  { name: 'lastIndex', f: (i) => bind1(lastIndexOp, [i!], { count: 5, batch: 0 }), args: [ids] },
  { name: 'segmentSum', f: (x, i) => segmentSum(x!, i!, 5), args: [rows, ids] },
  { name: 'segmentMean', f: (x, i) => segmentMean(x!, i!, 5), args: [rows, ids] },
  { name: 'segmentMax', f: (x, i) => maximum(segmentMax(x!, i!, 5), -9), args: [rows, ids] },
  { name: 'segmentLogsumexp', f: (x, i) => exp(segmentLogsumexp(x!, i!, 5)), args: [rows, ids] },
  { name: 'scatterSet', f: (x, i, y) => scatterSet(x!, i!, y!, 1), args: [target, places, updates] },
  { name: 'scatterMax', f: (x, i, y) => scatterMax(x!, i!, y!, -1), args: [target, places, updates] },
];
