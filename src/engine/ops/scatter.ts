/** Adding by index: the transposes of `take` and `takeAlong`. Contributions to one place are added in the order of the indices. */
import { lowerScatterAdd, lowerScatterAddAlong } from '../backends/wasm/lower-gather.ts';
import type { CheckRow } from '../check-row.ts';
import { ShapeError } from '../errors.ts';
import type { BatchCall, Batched, MaybeTensor, Op } from '../op.ts';
import { defineOp } from '../op.ts';
import type { Shape } from '../shape.ts';
import { normalizeAxis, sameShape, showShape, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { bind1 } from '../trace.ts';
import { add, NUMERIC } from './arithmetic.ts';
import type { TensorLike } from './constant.ts';
import type { AlongParams, TakeParams } from './gather.ts';
import {
  alignAlong,
  alongExtents,
  asIndices,
  checkIndices,
  clampIndex,
  takeAlongOp,
  takeExtents,
  takeOp,
} from './gather.ts';
import { checkDtypes } from './makers.ts';
import { broadcastTo } from './movement.ts';
import { asTensor, promote } from './promote.ts';

export interface ScatterParams extends TakeParams {
  /** Extent of the axis in the result. */
  readonly length: number;
}

/** Inputs: indices, updates. Linear in the updates. */
export const scatterAddOp: Op<ScatterParams> = /* @__PURE__ */ defineOp<ScatterParams>({
  name: 'scatterAdd',
  version: 1,
  infer: ([indices, updates], params) => {
    checkDtypes('scatterAdd', NUMERIC, [updates!.dtype]);
    const shape = scatteredShape(indices!.shape, updates!.shape, params);
    checkIndices('scatterAdd', indices!, { shape, dtype: updates!.dtype }, params.axis);
    return [{ shape, dtype: updates!.dtype }];
  },
  jvp: ({ primals: [indices], tangents: [, dy], params }) => [
    dy == null ? null : bind1(scatterAddOp, [indices!, dy], params),
  ],
  transpose: ({ cts: [ct], inputs: [indices], params: { axis, batch } }): MaybeTensor[] => [
    null,
    ct == null ? null : bind1(takeOp, [ct, indices as Tensor], { axis, batch }),
  ],
  batch: batchScatter,
  cost: ([, updates]) => ({ flops: sizeOf(updates!.shape) }),
  js: ([indices, updates], [out], { ins, outs, params }) => {
    const { groups, outer, length, count, inner } = takeExtents(outs[0]!.shape, ins[0]!.shape, params);
    const sums = new Float64Array(out!.length);
    let from = 0;
    for (let row = 0; row < groups * outer; row++) {
      const list = Math.floor(row / outer) * count;
      for (let i = 0; i < count; i++) {
        const to = (row * length + clampIndex(indices![list + i]!, length)) * inner;
        for (let j = 0; j < inner; j++) sums[to + j]! += updates![from++]!;
      }
    }
    out!.set(sums);
  },
  wasm: lowerScatterAdd,
});

/** The axes of the indices in the updates give way to one axis of the result. */
function scatteredShape(indices: Shape, updates: Shape, { axis, batch, length }: ScatterParams): Shape {
  return [...updates.slice(0, axis), length, ...updates.slice(axis + indices.length - batch)];
}

function batchScatter({ inputs, batched: [hasIndices, hasUpdates], size, params }: BatchCall<ScatterParams>): Batched {
  const [indices, updates] = inputs as [Tensor, Tensor];
  const moved = { ...params, axis: params.axis + 1 };
  if (!hasIndices && params.batch === 0)
    return { outs: [bind1(scatterAddOp, [indices, updates], moved)], batched: [true] };
  const full = (x: Tensor, isBatched: boolean | undefined) => (isBatched ? x : broadcastTo(x, [size, ...x.shape]));
  return {
    outs: [
      bind1(scatterAddOp, [full(indices, hasIndices), full(updates, hasUpdates)], {
        ...moved,
        batch: params.batch + 1,
      }),
    ],
    batched: [true],
  };
}

/**
 * Adds `updates` to `target` at the i32 indices along an axis: target[…, indices[i], …] += updates[…, i, …]; a whole number as target stands for zeros with that many places along the axis.
 *
 * Updates have the shape of take(target, indices, axis). Indices out of range are clamped.
 */
export function scatterAdd(target: TensorLike, indices: TensorLike, updates: TensorLike, axis = 0): Tensor {
  const list = asIndices(indices);
  if (typeof target === 'number') {
    const y = asTensor(updates);
    return bind1(scatterAddOp, [list, y], {
      axis: normalizeAxis('scatterAdd', axis, y.rank - list.rank + 1),
      batch: 0,
      length: target,
    });
  }
  const [x, y] = promote(target, updates) as [Tensor, Tensor];
  const a = normalizeAxis('scatterAdd', axis, x.rank);
  const expected = [...x.shape.slice(0, a), ...list.shape, ...x.shape.slice(a + 1)];
  if (y.rank > 0 && !sameShape(y.shape, expected)) {
    throw new ShapeError(
      `scatterAdd: updates ${showShape(y.shape)} for indices ${showShape(list.shape)} along axis ${a} of ${showShape(x.shape)} must have the shape ${showShape(expected)}`,
      { shape: x.shape, indices: list.shape, updates: y.shape, axis: a },
    );
  }
  return add(x, bind1(scatterAddOp, [list, broadcastTo(y, expected)], { axis: a, batch: 0, length: x.shape[a]! }));
}

export interface ScatterAlongParams extends AlongParams {
  readonly length: number;
}

/** Inputs: indices, updates of one shape. Linear in the updates. */
export const scatterAddAlongOp: Op<ScatterAlongParams> = /* @__PURE__ */ defineOp<ScatterAlongParams>({
  name: 'scatterAddAlong',
  version: 1,
  infer: ([indices, updates], { axis, length }) => {
    checkDtypes('scatterAddAlong', NUMERIC, [updates!.dtype]);
    const shape = updates!.shape.map((d, i) => (i === axis ? length : d));
    checkIndices('scatterAddAlong', indices!, { shape, dtype: updates!.dtype }, axis);
    return [{ shape, dtype: updates!.dtype }];
  },
  jvp: ({ primals: [indices], tangents: [, dy], params }) => [
    dy == null ? null : bind1(scatterAddAlongOp, [indices!, dy], params),
  ],
  transpose: ({ cts: [ct], inputs: [indices], params: { axis } }): MaybeTensor[] => [
    null,
    ct == null ? null : bind1(takeAlongOp, [ct, indices as Tensor], { axis }),
  ],
  batch: ({ inputs, batched, size, params }) => {
    const full = inputs.map((x, i) => (batched[i] ? x : broadcastTo(x, [size, ...x.shape])));
    return { outs: [bind1(scatterAddAlongOp, full, { ...params, axis: params.axis + 1 })], batched: [true] };
  },
  cost: ([, updates]) => ({ flops: sizeOf(updates!.shape) }),
  js: ([indices, updates], [out], { ins, outs, params: { axis } }) => {
    const { outer, length, count, inner } = alongExtents(outs[0]!.shape, ins[0]!.shape, axis);
    const sums = new Float64Array(out!.length);
    let from = 0;
    for (let row = 0; row < outer; row++) {
      for (let i = 0; i < count; i++) {
        for (let j = 0; j < inner; j++, from++)
          sums[(row * length + clampIndex(indices![from]!, length)) * inner + j]! += updates![from]!;
      }
    }
    out!.set(sums);
  },
  wasm: lowerScatterAddAlong,
});

/** Adds each update to the element of `target` at its i32 index along the axis; a whole number as target stands for zeros with that many places along the axis. Indices out of range are clamped. */
export function scatterAddAlong(target: TensorLike, indices: TensorLike, updates: TensorLike, axis: number): Tensor {
  const y = asTensor(updates);
  const a = normalizeAxis('scatterAddAlong', axis, y.rank);
  const [full, list] = alignAlong('scatterAddAlong', y, asIndices(indices), a);
  if (full.shape[a] !== list.shape[a])
    throw new ShapeError(`scatterAddAlong: ${full.shape[a]} updates for ${list.shape[a]} indices along axis ${a}`, {
      updates: y.shape,
      indices: list.shape,
      axis: a,
    });
  if (typeof target === 'number') return bind1(scatterAddAlongOp, [list, full], { axis: a, length: target });
  return add(target, bind1(scatterAddAlongOp, [list, full], { axis: a, length: target.shape[a]! }));
}

const places = (shape: Shape, last: number) => ({ shape, kind: 'i32' as const, domain: [0, last] as const });

export const scatterChecks: readonly CheckRow[] = /* @__PURE__ */ scatterRows();

function scatterRows(): CheckRow[] {
  return [
    {
      name: 'scatterAdd',
      f: (i, y) => scatterAdd(5, i!, y!, 1),
      args: [places([2, 3], 4), { shape: [2, 2, 3, 2] }],
    },
    {
      name: 'scatterAdd.into',
      f: (x, i, y) => scatterAdd(x!, i!, y!),
      args: [{ shape: [4, 3] }, { shape: [6], kind: 'i32', domain: [-1, 5] }, { shape: [6, 3] }],
    },
    {
      name: 'scatterAddAlong',
      f: (i, y) => scatterAddAlong(5, i!, y!, 1),
      args: [places([2, 4, 3], 4), { shape: [2, 4, 3] }],
    },
    {
      name: 'scatterAddAlong.into',
      f: (x, i, y) => scatterAddAlong(x!, i!, y!, 0),
      args: [{ shape: [5, 3] }, places([4, 3], 4), { shape: [4, 3] }],
    },
  ];
}
