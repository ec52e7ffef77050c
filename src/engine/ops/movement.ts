/** Movement: ops that change shape or place and compute nothing. */
import type { CheckRow } from '../check-row.ts';
import { ShapeError } from '../errors.ts';
import type { BatchCall, Batched, MaybeTensor, Op } from '../op.ts';
import { defineOp, isLinear } from '../op.ts';
import type { Shape } from '../shape.ts';
import {
  broadcastShapes,
  broadcastStrides,
  checkShape,
  normalizeAxis,
  range,
  sameShape,
  showShape,
  sizeOf,
  stridesOf,
} from '../shape.ts';
import type { Aval, Tensor } from '../tensor.ts';
import { bind1 } from '../trace.ts';
import type { TensorLike } from './constant.ts';
import { constantOp } from './constant.ts';
import { copying } from './copy-plan.ts';
import { linear } from './makers.ts';
import { asTensor, promote } from './promote.ts';
import { sumTo } from './reduce.ts';

interface ShapeParams {
  readonly shape: Shape;
}

const first = (op: Op<never>, call: BatchCall<never>, params: object): Batched => ({
  outs: [bind1(op, call.inputs, params as never)],
  batched: [true],
});

export const reshapeOp: Op<ShapeParams> = /* @__PURE__ */ linear<ShapeParams>('reshape', {
  infer: ([x], { shape }) => [{ shape, dtype: x!.dtype }],
  transpose: (ct, x) => reshape(ct, x.shape),
  batch: (call) =>
    first(reshapeOp as Op<never>, call as BatchCall<never>, { shape: [call.size, ...call.params.shape] }),
  ...copying<ShapeParams>(([x]) => ({
    copies: [{ input: 0, dims: [sizeOf(x!.shape)], outOffset: 0, outStrides: [1], inOffset: 0, inStrides: [1] }],
  })),
  isView: true,
  isCheap: true,
});

/** x with the same elements under another shape; one extent may be −1. */
export function reshape(x: TensorLike, shape: Shape): Tensor {
  const t = asTensor(x);
  const known = fillExtent(t.shape, shape);
  return sameShape(known, t.shape) ? t : bind1(reshapeOp, [t], { shape: known });
}

function fillExtent(from: Shape, to: Shape): Shape {
  const holes = to.filter((d) => d === -1).length;
  const rest = to.reduce((p, d) => (d === -1 ? p : p * d), 1);
  const size = sizeOf(from);
  const filled = holes === 1 && rest > 0 ? to.map((d) => (d === -1 ? size / rest : d)) : to;
  if (holes > 1 || sizeOf(filled) !== size || filled.some((d) => !Number.isInteger(d) || d < 0)) {
    throw new ShapeError(
      `reshape: ${showShape(from)} has ${size} elements and cannot take the shape ${showShape(to)}`,
      { from, to, help: 'the products of the extents must agree; one extent may be -1' },
    );
  }
  return filled;
}

interface PermParams {
  readonly perm: readonly number[];
}

export const transposeOp: Op<PermParams> = /* @__PURE__ */ linear<PermParams>('transpose', {
  infer: ([x], { perm }) => [{ shape: perm.map((p) => x!.shape[p]!), dtype: x!.dtype }],
  transpose: (ct, _, { perm }) => transpose(ct, invert(perm)),
  batch: (call) =>
    first(transposeOp as Op<never>, call as BatchCall<never>, { perm: [0, ...call.params.perm.map((p) => p + 1)] }),
  ...copying<PermParams>(([x], out, { perm }) => {
    const own = stridesOf(x!.shape);
    return {
      copies: [
        {
          input: 0,
          dims: out.shape,
          outOffset: 0,
          outStrides: stridesOf(out.shape),
          inOffset: 0,
          inStrides: perm.map((p) => own[p]!),
        },
      ],
    };
  }),
  isCheap: true,
});

const invert = (perm: readonly number[]): number[] => {
  const out = new Array<number>(perm.length);
  perm.forEach((p, i) => {
    out[p] = i;
  });
  return out;
};

/** Permutes the axes: axis i of the result is axis perm[i] of x; without `perm` the order is reversed. */
export function transpose(x: TensorLike, perm?: readonly number[]): Tensor {
  const t = asTensor(x);
  const p = (perm ?? range(t.rank).reverse()).map((a) => normalizeAxis('transpose', a, t.rank));
  if (p.length !== t.rank || new Set(p).size !== t.rank) {
    throw new ShapeError(
      `transpose: ${showShape(perm ?? [])} is no permutation of the ${t.rank} axes of ${showShape(t.shape)}`,
      { shape: t.shape, perm, help: `name each of 0 … ${t.rank - 1} once` },
    );
  }
  return p.every((a, i) => a === i) ? t : bind1(transposeOp, [t], { perm: p });
}

/** Exchanges the last two axes. */
export const swapLast = (x: Tensor): Tensor => transpose(x, [...range(x.rank - 2), x.rank - 1, x.rank - 2]);

/** Moves one axis to another place. */
export function moveAxis(x: Tensor, from: number, to: number): Tensor {
  const f = normalizeAxis('moveAxis', from, x.rank);
  const order = range(x.rank).filter((a) => a !== f);
  order.splice(normalizeAxis('moveAxis', to, x.rank), 0, f);
  return transpose(x, order);
}

export const broadcastToOp: Op<ShapeParams> = /* @__PURE__ */ linear<ShapeParams>('broadcastTo', {
  infer: ([x], { shape }) => {
    if (!sameShape(broadcastShapes('broadcastTo', x!.shape, shape), shape)) {
      throw new ShapeError(`broadcastTo: ${showShape(x!.shape)} does not broadcast to ${showShape(shape)}`, {
        from: x!.shape,
        to: shape,
        help: 'only axes of length 1 are repeated',
      });
    }
    return [{ shape, dtype: x!.dtype }];
  },
  transpose: (ct, x) => sumTo(ct, x.shape),
  batch: ({ inputs: [x], size, params: { shape } }) => {
    const [, ...own] = x!.shape;
    const aligned = reshape(x!, [size, ...new Array<number>(shape.length - own.length).fill(1), ...own]);
    return { outs: [bind1(broadcastToOp, [aligned], { shape: [size, ...shape] })], batched: [true] };
  },
  ...copying<ShapeParams>(([x], out) => ({
    copies: [
      {
        input: 0,
        dims: out.shape,
        outOffset: 0,
        outStrides: stridesOf(out.shape),
        inOffset: 0,
        inStrides: broadcastStrides(x!.shape, out.shape),
      },
    ],
  })),
  lanes: ([x]) => ({ key: 'copy', emit: (w) => w, dtype: x!.dtype, isWide: false }),
  isCheap: true,
});

/** x repeated along axes of length 1, and along new leading axes. */
export function broadcastTo(x: TensorLike, shape: Shape): Tensor {
  const t = asTensor(x);
  return sameShape(t.shape, shape) ? t : bind1(broadcastToOp, [t], { shape: checkShape('broadcastTo', shape) });
}

interface SliceParams {
  readonly start: readonly number[];
  readonly stop: readonly number[];
  readonly step: readonly number[];
}

export const sliceOp: Op<SliceParams> = /* @__PURE__ */ linear<SliceParams>('slice', {
  infer: ([x], { start, stop, step }) => [
    { shape: start.map((s, i) => Math.max(0, Math.ceil((stop[i]! - s) / step[i]!))), dtype: x!.dtype },
  ],
  transpose: (ct, x, { start, step }) => {
    const covered = ct.shape.map((d, i) => (d === 0 ? 0 : (d - 1) * step[i]! + 1));
    return bind1(padOp, [ct], {
      low: start,
      high: x.shape.map((d, i) => d - start[i]! - covered[i]!),
      interior: step.map((s) => s - 1),
      value: 0,
    });
  },
  batch: (call) => {
    const { start, stop, step } = call.params;
    return first(sliceOp as Op<never>, call as BatchCall<never>, {
      start: [0, ...start],
      stop: [call.size, ...stop],
      step: [1, ...step],
    });
  },
  ...copying<SliceParams>(([x], out, { start, step }) => {
    const own = stridesOf(x!.shape);
    return {
      copies: [
        {
          input: 0,
          dims: out.shape,
          outOffset: 0,
          outStrides: stridesOf(out.shape),
          inOffset: start.reduce((sum, s, i) => sum + s * own[i]!, 0),
          inStrides: own.map((s, i) => s * step[i]!),
        },
      ],
    };
  }),
  isCheap: true,
});

/** The part of x from `start` to before `stop`, every `step`-th element, axis by axis; negative positions count from the end. */
export function slice(
  x: TensorLike,
  start: readonly number[],
  stop: readonly number[],
  step?: readonly number[],
): Tensor {
  const t = asTensor(x);
  if (start.length !== t.rank || stop.length !== t.rank || (step !== undefined && step.length !== t.rank)) {
    throw new ShapeError(
      `slice: start ${showShape(start)} and stop ${showShape(stop)} must name each of the ${t.rank} axes of ${showShape(t.shape)}`,
      { shape: t.shape, start, stop, help: 'sliceAxis(x, axis, start, stop) cuts one axis' },
    );
  }
  const place = (p: number, d: number) => Math.min(Math.max(p < 0 ? p + d : p, 0), d);
  const steps = step ?? start.map(() => 1);
  if (steps.some((s) => !Number.isInteger(s) || s < 1))
    throw new ShapeError(`slice: steps ${showShape(steps)} must be whole numbers ≥ 1`, {
      step: steps,
      help: 'flip(x, axis) reverses an axis',
    });
  const params = {
    start: start.map((s, i) => place(s, t.shape[i]!)),
    stop: stop.map((s, i) => place(s, t.shape[i]!)),
    step: steps,
  };
  const isWhole = t.shape.every((d, i) => params.start[i] === 0 && params.stop[i] === d && steps[i] === 1);
  return isWhole ? t : bind1(sliceOp, [t], params);
}

/** `slice` along one axis. */
export function sliceAxis(
  x: Tensor,
  axis: number,
  start: number,
  stop: number = x.shape[normalizeAxis('sliceAxis', axis, x.rank)]!,
  step = 1,
): Tensor {
  const a = normalizeAxis('sliceAxis', axis, x.rank);
  const put = (rest: (d: number) => number, value: number) => x.shape.map((d, i) => (i === a ? value : rest(d)));
  return slice(
    x,
    put(() => 0, start),
    put((d) => d, stop),
    put(() => 1, step),
  );
}

interface PadParams {
  readonly low: readonly number[];
  readonly high: readonly number[];
  /** Elements put between neighbours. */
  readonly interior: readonly number[];
  readonly value: number;
}

/** Linear when the padding value is 0; otherwise the tangent is padded with 0. */
export const padOp: Op<PadParams> = /* @__PURE__ */ defineOp<PadParams>({
  name: 'pad',
  version: 1,
  infer: ([x], { low, high, interior }) => [
    { shape: x!.shape.map((d, i) => low[i]! + high[i]! + d + Math.max(0, d - 1) * interior[i]!), dtype: x!.dtype },
  ],
  jvp: ({ tangents: [dx], params }) => [dx == null ? null : bind1(padOp, [dx], { ...params, value: 0 })],
  transpose: ({ cts: [ct], inputs: [x], params: { low, interior } }) => {
    if (ct == null) return [null];
    const step = interior.map((k) => k + 1);
    const stop = x!.shape.map((d, i) => (d === 0 ? low[i]! : low[i]! + (d - 1) * step[i]! + 1));
    return [bind1(sliceOp, [ct], { start: low, stop, step })];
  },
  batch: (call) => {
    const { low, high, interior, value } = call.params;
    return first(padOp as Op<never>, call as BatchCall<never>, {
      low: [0, ...low],
      high: [0, ...high],
      interior: [0, ...interior],
      value,
    });
  },
  cost: () => ({ flops: 0 }),
  ...copying<PadParams>(([x], out, { low, interior, value }) => {
    const own = stridesOf(out.shape);
    return {
      fill: value,
      copies: [
        {
          input: 0,
          dims: x!.shape,
          outOffset: low.reduce((sum, p, i) => sum + p * own[i]!, 0),
          outStrides: own.map((s, i) => s * (interior[i]! + 1)),
          inOffset: 0,
          inStrides: stridesOf(x!.shape),
        },
      ],
    };
  }),
});

export interface PadOptions {
  readonly value?: number;
  /** Elements put between neighbours, per axis. */
  readonly interior?: readonly number[];
}

/** x surrounded by a constant: `widths` gives [before, after] for each axis. */
export function pad(
  x: TensorLike,
  widths: readonly (readonly [number, number])[],
  { value = 0, interior }: PadOptions = {},
): Tensor {
  const t = asTensor(x);
  if (widths.length !== t.rank || widths.some(([a, b]) => a < 0 || b < 0)) {
    throw new ShapeError(
      `pad: ${JSON.stringify(widths)} does not give a [before, after] ≥ 0 for each of the ${t.rank} axes of ${showShape(t.shape)}`,
      { shape: t.shape, widths, help: 'cut with slice instead of padding by a negative width' },
    );
  }
  return bind1(padOp, [t], {
    low: widths.map((w) => w[0]),
    high: widths.map((w) => w[1]),
    interior: interior ?? widths.map(() => 0),
    value,
  });
}

interface AxisParams {
  readonly axis: number;
}

export const concatOp: Op<AxisParams> = /* @__PURE__ */ defineOp<AxisParams>({
  name: 'concat',
  version: 1,
  infer: (ins, { axis }) => [inferConcat(ins, axis)],
  jvp: ({ primals, tangents, params }) => [
    tangents.every((t) => t === null)
      ? null
      : bind1(
          concatOp,
          tangents.map((t, i) => t ?? zerosLike(primals[i]!)),
          params,
        ),
  ],
  transpose: ({ cts: [ct], inputs, params: { axis } }) => {
    let at = 0;
    return inputs.map((x): MaybeTensor => {
      const from = at;
      at += x.shape[axis]!;
      return ct == null || !isLinear(x) ? null : sliceAxis(ct, axis, from, at);
    });
  },
  batch: ({ inputs, batched, size, params: { axis } }) => {
    const all = inputs.map((x, i) => (batched[i] ? x : broadcastTo(x, [size, ...x.shape])));
    return { outs: [bind1(concatOp, all, { axis: axis + 1 })], batched: [true] };
  },
  cost: () => ({ flops: 0 }),
  ...copying<AxisParams>((ins, out, { axis }) => {
    const own = stridesOf(out.shape);
    let at = 0;
    const copies = ins.map((x, input) => {
      const copy = {
        input,
        dims: x.shape,
        outOffset: at * own[axis]!,
        outStrides: own,
        inOffset: 0,
        inStrides: stridesOf(x.shape),
      };
      at += x.shape[axis]!;
      return copy;
    });
    return { copies };
  }),
});

function inferConcat(ins: readonly Aval[], axis: number): Aval {
  const [head] = ins;
  let total = 0;
  for (const x of ins) {
    if (x.shape.length !== head!.shape.length || x.shape.some((d, i) => i !== axis && d !== head!.shape[i])) {
      throw new ShapeError(
        `concat: shapes ${ins.map((y) => showShape(y.shape)).join(', ')} differ outside axis ${axis}`,
        { shapes: ins.map((y) => y.shape), axis, help: 'all other extents must be equal' },
      );
    }
    total += x.shape[axis]!;
  }
  return { shape: head!.shape.map((d, i) => (i === axis ? total : d)), dtype: head!.dtype };
}

/** Joins tensors along an existing axis. */
export function concat(xs: readonly TensorLike[], axis = 0): Tensor {
  if (xs.length === 0) throw new ShapeError('concat: there is nothing to join', { help: 'pass at least one tensor' });
  const ts = promote(...xs);
  const a = normalizeAxis('concat', axis, ts[0]!.rank);
  return ts.length === 1 ? ts[0]! : bind1(concatOp, ts, { axis: a });
}

/** Joins tensors of one shape along a new axis. */
export function stack(xs: readonly TensorLike[], axis = 0): Tensor {
  return concat(
    promote(...xs).map((x) => expandDims(x, axis)),
    axis,
  );
}

export const flipOp: Op<{ readonly axes: readonly number[] }> = /* @__PURE__ */ linear<{
  readonly axes: readonly number[];
}>('flip', {
  infer: ([x]) => [x!],
  transpose: (ct, _, { axes }) => bind1(flipOp, [ct], { axes }),
  batch: (call) => first(flipOp as Op<never>, call as BatchCall<never>, { axes: call.params.axes.map((a) => a + 1) }),
  ...copying<{ readonly axes: readonly number[] }>(([x], out, { axes }) => {
    const own = stridesOf(x!.shape);
    const inOffset = axes.reduce((sum, a) => sum + Math.max(0, x!.shape[a]! - 1) * own[a]!, 0);
    return {
      copies: [
        {
          input: 0,
          dims: out.shape,
          outOffset: 0,
          outStrides: own,
          inOffset,
          inStrides: own.map((s, i) => (axes.includes(i) ? -s : s)),
        },
      ],
    };
  }),
});

/** Reverses the order along one or more axes. */
export function flip(x: TensorLike, axes: number | readonly number[]): Tensor {
  const t = asTensor(x);
  return bind1(flipOp, [t], {
    axes: (typeof axes === 'number' ? [axes] : axes).map((a) => normalizeAxis('flip', a, t.rank)),
  });
}

/** Shifts elements along an axis; those that leave at one end come back at the other. */
export function roll(x: TensorLike, shift: number, axis = -1): Tensor {
  const t = asTensor(x);
  const a = normalizeAxis('roll', axis, t.rank);
  const n = t.shape[a]!;
  const k = n === 0 ? 0 : ((shift % n) + n) % n;
  return k === 0 ? t : concat([sliceAxis(t, a, n - k, n), sliceAxis(t, a, 0, n - k)], a);
}

/** Inserts an axis of length 1 so that it becomes axis `axis` of the result. */
export function expandDims(x: TensorLike, axis: number): Tensor {
  const t = asTensor(x);
  const a = normalizeAxis('expandDims', axis, t.rank + 1);
  return reshape(t, [...t.shape.slice(0, a), 1, ...t.shape.slice(a)]);
}

/** Drops axes of length 1: the given ones, or all. */
export function squeeze(x: TensorLike, axes?: number | readonly number[]): Tensor {
  const t = asTensor(x);
  const list =
    axes === undefined
      ? range(t.rank).filter((i) => t.shape[i] === 1)
      : (typeof axes === 'number' ? [axes] : axes).map((a) => normalizeAxis('squeeze', a, t.rank));
  for (const a of list)
    if (t.shape[a] !== 1)
      throw new ShapeError(`squeeze: axis ${a} of ${showShape(t.shape)} has length ${t.shape[a]}, not 1`, {
        shape: t.shape,
        axis: a,
      });
  return reshape(
    t,
    t.shape.filter((_, i) => !list.includes(i)),
  );
}

/** Zeros of the shape and dtype of x. */
export const zerosLike = (x: Aval): Tensor => bind1(constantOp, [], { value: 0, dtype: x.dtype, shape: x.shape });

const image = { shape: [2, 3, 4] };
const words = { shape: [3, 4], kind: 'i32' } as const;

export const movementChecks: readonly CheckRow[] = [
  { name: 'reshape', f: (x) => reshape(x!, [4, -1]), args: [image] },
  { name: 'transpose', f: (x) => transpose(x!, [2, 0, 1]), args: [image] },
  { name: 'transpose.i32', f: (x) => transpose(x!), args: [words] },
  { name: 'broadcastTo', f: (x) => broadcastTo(x!, [2, 3, 4]), args: [{ shape: [3, 1] }] },
  { name: 'broadcastTo.scalar', f: (x) => broadcastTo(x!, [2, 3]), args: [{ shape: [] }] },
  { name: 'slice', f: (x) => slice(x!, [0, 1, -3], [2, 3, 4]), args: [image] },
  { name: 'slice.steps', f: (x) => slice(x!, [1, 0], [9, 4], [3, 2]), args: [{ shape: [9, 4] }] },
  { name: 'slice.empty', f: (x) => slice(x!, [2, 0], [2, 4]), args: [{ shape: [3, 4] }] },
  {
    name: 'pad',
    f: (x) =>
      pad(
        x!,
        [
          [1, 0],
          [0, 2],
        ],
        { value: 5, interior: [0, 1] },
      ),
    args: [{ shape: [3, 4] }],
  },
  {
    name: 'pad.i32',
    f: (x) =>
      pad(
        x!,
        [
          [1, 0],
          [0, 2],
        ],
        { value: -5 },
      ),
    args: [words],
  },
  {
    name: 'concat',
    f: (x, y, z) => concat([x!, y!, z!], 1),
    args: [{ shape: [2, 3] }, { shape: [2, 1] }, { shape: [2, 4] }],
  },
  { name: 'concat.same', f: (x) => concat([x!, x!], 0), args: [{ shape: [2, 3] }] },
  {
    name: 'concat.bool',
    f: (x, y) => stack([x!, y!]),
    args: [
      { shape: [5], kind: 'bool' },
      { shape: [5], kind: 'bool' },
    ],
  },
  { name: 'flip', f: (x) => flip(x!, [0, 2]), args: [image] },
  { name: 'flip.roll', f: (x) => roll(flip(x!, 1), 2, 1), args: [image] },
];
