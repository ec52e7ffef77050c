/** Reading by index: `take` picks whole slices along an axis, `takeAlong` one element for each place. Indices out of range are clamped. */
import { lowerTake, lowerTakeAlong } from '../backends/wasm/lower-gather.ts';
import type { CheckRow } from '../check-row.ts';
import { DtypeError, ShapeError } from '../errors.ts';
import type { BatchCall, Batched, MaybeTensor, Op } from '../op.ts';
import { defineOp } from '../op.ts';
import type { Shape } from '../shape.ts';
import { broadcastShapes, normalizeAxis, showShape, sizeOf } from '../shape.ts';
import type { Aval, Tensor } from '../tensor.ts';
import { bind1 } from '../trace.ts';
import { cast } from './cast.ts';
import type { TensorLike } from './constant.ts';
import { scalar } from './constant.ts';
import { broadcastTo, moveAxis, reshape } from './movement.ts';
import { asTensor } from './promote.ts';
import { scatterAddAlongOp, scatterAddOp } from './scatter.ts';

export interface TakeParams {
  /** The axis of x that is indexed. */
  readonly axis: number;
  /** Leading axes that x and the indices share; the axis lies behind them. */
  readonly batch: number;
}

/** How a gather or scatter walks: `groups` shared leading places, then (outer, length | count, inner). */
export interface GatherExtents {
  readonly groups: number;
  readonly outer: number;
  readonly length: number;
  readonly count: number;
  readonly inner: number;
}

export function takeExtents(x: Shape, indices: Shape, { axis, batch }: TakeParams): GatherExtents {
  return {
    groups: sizeOf(x.slice(0, batch)),
    outer: sizeOf(x.slice(batch, axis)),
    length: x[axis]!,
    count: sizeOf(indices.slice(batch)),
    inner: sizeOf(x.slice(axis + 1)),
  };
}

/** An index moved into [0, length). */
export const clampIndex = (i: number, length: number): number => Math.min(Math.max(i, 0), length - 1);

export const takeOp: Op<TakeParams> = /* @__PURE__ */ defineOp<TakeParams>({
  name: 'take',
  version: 1,
  infer: ([x, indices], { axis, batch }) => {
    checkIndices('take', indices!, x!, axis);
    return [
      {
        shape: [...x!.shape.slice(0, axis), ...indices!.shape.slice(batch), ...x!.shape.slice(axis + 1)],
        dtype: x!.dtype,
      },
    ];
  },
  jvp: ({ primals: [, indices], tangents: [dx], params }) => [
    dx == null ? null : bind1(takeOp, [dx, indices!], params),
  ],
  transpose: ({ cts: [ct], inputs: [x, indices], params }): MaybeTensor[] => [
    ct == null ? null : bind1(scatterAddOp, [indices as Tensor, ct], { ...params, length: x!.shape[params.axis]! }),
    null,
  ],
  batch: batchTake,
  cost: () => ({ flops: 0 }),
  js: ([x, indices], [out], { ins, params }) => {
    const { groups, outer, length, count, inner } = takeExtents(ins[0]!.shape, ins[1]!.shape, params);
    let to = 0;
    for (let row = 0; row < groups * outer; row++) {
      const list = Math.floor(row / outer) * count;
      for (let i = 0; i < count; i++) {
        const from = (row * length + clampIndex(indices![list + i]!, length)) * inner;
        for (let j = 0; j < inner; j++) out![to++] = x![from + j]!;
      }
    }
  },
  wasm: lowerTake,
});

function batchTake({
  inputs,
  batched: [hasX, hasIndices],
  size,
  params: { axis, batch },
}: BatchCall<TakeParams>): Batched {
  const [x, indices] = inputs as [Tensor, Tensor];
  if (hasX && hasIndices)
    return { outs: [bind1(takeOp, [x, indices], { axis: axis + 1, batch: batch + 1 })], batched: [true] };
  if (hasX) {
    const all = batch === 0 ? indices : broadcastTo(indices, [size, ...indices.shape]);
    return { outs: [bind1(takeOp, [x, all], { axis: axis + 1, batch: batch === 0 ? 0 : batch + 1 })], batched: [true] };
  }
  return {
    outs: [moveAxis(bind1(takeOp, [x, moveAxis(indices, 0, batch)], { axis, batch }), axis, 0)],
    batched: [true],
  };
}

/** Refuses indices that are not i32, and an axis without elements to pick from. */
export function checkIndices(name: string, indices: Aval, x: Aval, axis: number): void {
  if (indices.dtype !== 'i32')
    throw new DtypeError(`${name}: indices have dtype ${indices.dtype}, not i32`, {
      dtype: indices.dtype,
      help: "cast(indices, 'i32') truncates",
    });
  if (x.shape[axis] === 0 && sizeOf(indices.shape) > 0)
    throw new ShapeError(`${name}: axis ${axis} of ${showShape(x.shape)} has no elements to pick from`, {
      shape: x.shape,
      axis,
    });
}

/** Indices as an i32 tensor; u32 ones are taken over. */
export function asIndices(indices: TensorLike): Tensor {
  if (typeof indices === 'number') return scalar(indices, 'i32');
  const t = asTensor(indices);
  return t.dtype === 'u32' ? cast(t, 'i32') : t;
}

/** The slices of x at `indices` along an axis; the axes of the i32 indices stand in the place of that axis. Indices out of range are clamped. */
export function take(x: TensorLike, indices: TensorLike, axis = 0): Tensor {
  const t = asTensor(x);
  return bind1(takeOp, [t, asIndices(indices)], { axis: normalizeAxis('take', axis, t.rank), batch: 0 });
}

export interface AlongParams {
  readonly axis: number;
}

export function alongExtents(
  x: Shape,
  indices: Shape,
  axis: number,
): { outer: number; length: number; count: number; inner: number } {
  return { outer: sizeOf(x.slice(0, axis)), length: x[axis]!, count: indices[axis]!, inner: sizeOf(x.slice(axis + 1)) };
}

export const takeAlongOp: Op<AlongParams> = /* @__PURE__ */ defineOp<AlongParams>({
  name: 'takeAlong',
  version: 1,
  infer: ([x, indices], { axis }) => {
    checkIndices('takeAlong', indices!, x!, axis);
    return [{ shape: indices!.shape, dtype: x!.dtype }];
  },
  jvp: ({ primals: [, indices], tangents: [dx], params }) => [
    dx == null ? null : bind1(takeAlongOp, [dx, indices!], params),
  ],
  transpose: ({ cts: [ct], inputs: [x, indices], params: { axis } }): MaybeTensor[] => [
    ct == null ? null : bind1(scatterAddAlongOp, [indices as Tensor, ct], { axis, length: x!.shape[axis]! }),
    null,
  ],
  batch: batchTakeAlong,
  cost: () => ({ flops: 0 }),
  js: ([x, indices], [out], { ins, params: { axis } }) => {
    const { outer, length, count, inner } = alongExtents(ins[0]!.shape, ins[1]!.shape, axis);
    let to = 0;
    for (let row = 0; row < outer; row++) {
      for (let i = 0; i < count; i++)
        for (let j = 0; j < inner; j++, to++)
          out![to] = x![(row * length + clampIndex(indices![to]!, length)) * inner + j]!;
    }
  },
  wasm: lowerTakeAlong,
});

// Where only the indices are batched, the batch becomes part of the indexed axis, so that x is not repeated.
function batchTakeAlong({
  inputs,
  batched: [hasX, hasIndices],
  size,
  params: { axis },
}: BatchCall<AlongParams>): Batched {
  const [x, indices] = inputs as [Tensor, Tensor];
  if (hasX) {
    const all = hasIndices ? indices : broadcastTo(indices, [size, ...indices.shape]);
    return { outs: [bind1(takeAlongOp, [x, all], { axis: axis + 1 })], batched: [true] };
  }
  const own = indices.shape.slice(1);
  const behind = moveAxis(indices, 0, axis); // (outer…, b, count, inner…)
  const joined = reshape(
    behind,
    own.map((d, i) => (i === axis ? d * size : d)),
  );
  const picked = bind1(takeAlongOp, [x, joined], { axis });
  return { outs: [moveAxis(reshape(picked, behind.shape), axis, 0)], batched: [true] };
}

/** For each place of the i32 indices, the element of x at that index along the axis; the other axes of both are equal or broadcast. Indices out of range are clamped. */
export function takeAlong(x: TensorLike, indices: TensorLike, axis: number): Tensor {
  const t = asTensor(x);
  const a = normalizeAxis('takeAlong', axis, t.rank);
  const [own, list] = alignAlong('takeAlong', t, asIndices(indices), a);
  return bind1(takeAlongOp, [own, list], { axis: a });
}

/** Broadcasts both outside of the axis. */
export function alignAlong(name: string, x: Tensor, indices: Tensor, axis: number): [x: Tensor, indices: Tensor] {
  if (indices.rank !== x.rank) {
    throw new ShapeError(
      `${name}: indices ${showShape(indices.shape)} must have as many axes as x ${showShape(x.shape)}`,
      {
        shape: x.shape,
        indices: indices.shape,
        axis,
        help: 'use take(x, indices, axis) for indices that are shared by all places',
      },
    );
  }
  const rest = (t: Tensor) => t.shape.map((d, i) => (i === axis ? 1 : d));
  const common = broadcastShapes(name, rest(x), rest(indices));
  const full = (t: Tensor) =>
    broadcastTo(
      t,
      common.map((d, i) => (i === axis ? t.shape[axis]! : d)),
    );
  return [full(x), full(indices)];
}

const places = (shape: Shape, last: number) => ({ shape, kind: 'i32' as const, domain: [0, last] as const });

export const gatherChecks: readonly CheckRow[] = /* @__PURE__ */ gatherRows();

function gatherRows(): CheckRow[] {
  return [
    { name: 'take', f: (x, i) => take(x!, i!, 1), args: [{ shape: [2, 5, 3] }, places([2, 2], 4)] },
    {
      name: 'take.clamped',
      f: (x, i) => take(x!, i!, -1),
      args: [{ shape: [3, 4] }, { shape: [6], kind: 'i32', domain: [-2, 6] }],
    },
    { name: 'take.scalar', f: (x, i) => take(x!, i!), args: [{ shape: [4] }, places([], 3)] },
    {
      name: 'takeAlong',
      f: (x, i) => takeAlong(x!, i!, 1),
      args: [{ shape: [2, 5, 3] }, places([2, 4, 3], 4)],
    },
    {
      name: 'takeAlong.broadcast',
      f: (x, i) => takeAlong(x!, i!, 0),
      args: [{ shape: [5, 3] }, places([2, 1], 4)],
    },
  ];
}
