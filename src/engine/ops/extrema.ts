/** Largest and smallest elements and where they are. NaN counts as both; among equals the first in row-major order counts. */
import { argReduceKernel } from '../backends/wasm/kernels/arg-reduce.ts';
import { lowerAlongAxis } from '../backends/wasm/lower-axis.ts';
import type { CheckRow } from '../check-row.ts';
import type { Dtype } from '../dtype.ts';
import { ShapeError } from '../errors.ts';
import type { Op } from '../op.ts';
import { defineOp } from '../op.ts';
import type { Shape } from '../shape.ts';
import { normalizeAxis, reducedShape, showShape, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { bind1 } from '../trace.ts';
import { NUMERIC } from './arithmetic.ts';
import type { TensorLike } from './constant.ts';
import { takeAlongOp } from './gather.ts';
import { checkDtypes } from './makers.ts';
import { expandDims, reshape, squeeze } from './movement.ts';
import { asTensor } from './promote.ts';
import type { ReduceOptions, ReduceParams } from './reduce.ts';
import { reduceWith } from './reduce.ts';
import { joinAxes, reduction } from './reduce-more.ts';

interface ArgParams {
  readonly axis: number;
}

const refuseEmpty =
  (name: string) =>
  (shape: Shape, axes: readonly number[]): void => {
    if (axes.some((a) => shape[a] === 0))
      throw new ShapeError(
        `${name}: there is no ${name} of the 0 elements of ${showShape(shape)} along axis ${axes.find((a) => shape[a] === 0)}`,
        { shape, axes, help: 'check the length first' },
      );
  };

/** The index of the first extreme element along one axis, i32. */
function argExtremum(name: 'argmax' | 'argmin', isBefore: (candidate: number, best: number) => boolean): Op<ArgParams> {
  const refuse = refuseEmpty(name);
  const op: Op<ArgParams> = defineOp<ArgParams>({
    name,
    version: 1,
    infer: ([x], { axis }) => {
      checkDtypes(name, NUMERIC, [x!.dtype]);
      refuse(x!.shape, [axis]);
      return [{ shape: reducedShape(x!.shape, [axis], false), dtype: 'i32' }];
    },
    batch: ({ inputs, params: { axis } }) => ({ outs: [bind1(op, inputs, { axis: axis + 1 })], batched: [true] }),
    cost: ([x]) => ({ flops: sizeOf(x!.shape) }),
    js: ([x], [out], { ins, params: { axis } }) => {
      const length = ins[0]!.shape[axis]!;
      const inner = sizeOf(ins[0]!.shape.slice(axis + 1));
      for (let line = 0; line < out!.length; line++) {
        const at = Math.floor(line / inner) * length * inner + (line % inner);
        let best = 0;
        for (let i = 1; i < length && !Number.isNaN(x![at + best * inner]!); i++) {
          const candidate = x![at + i * inner]!;
          if (Number.isNaN(candidate) || isBefore(candidate, x![at + best * inner]!)) best = i;
        }
        out![line] = best;
      }
    },
    wasm: (context, [x], [out], params) =>
      lowerAlongAxis(argReduceKernel(name, x!.dtype))(context, [x!], [out!], params),
  });
  return op;
}

export const argmaxOp: Op<ArgParams> = /* @__PURE__ */ argExtremum('argmax', (a, b) => a > b);
export const argminOp: Op<ArgParams> = /* @__PURE__ */ argExtremum('argmin', (a, b) => a < b);

/** The tangent of the element that was chosen. */
const chosen =
  (argOp: Op<ArgParams>) =>
  (dx: Tensor, x: Tensor, axes: readonly number[]): Tensor => {
    const flat = joinAxes(x, axes); // (…, n)
    const last = flat.rank - 1;
    const index = expandDims(bind1(argOp, [flat], { axis: last }), last); // (…, 1)
    return squeeze(bind1(takeAlongOp, [joinAxes(dx, axes), index], { axis: last }), last);
  };

const extremum = (name: 'max' | 'min', argOp: Op<ArgParams>, start: number): Op<ReduceParams> =>
  reduction(name, {
    dtypes: NUMERIC as readonly Dtype[],
    start,
    fold: Math[name],
    wasmName: name,
    tangent: chosen(argOp),
    check: refuseEmpty(name),
  });

export const maxOp: Op<ReduceParams> = /* @__PURE__ */ extremum('max', argmaxOp, Number.NEGATIVE_INFINITY);
export const minOp: Op<ReduceParams> = /* @__PURE__ */ extremum('min', argminOp, Number.POSITIVE_INFINITY);

/** The largest element along the given axes, or of all; NaN if there is one. The derivative goes to the first of equals in row-major order. */
export const max = (x: TensorLike, axes?: number | readonly number[], options: ReduceOptions = {}): Tensor =>
  reduceWith(maxOp, 'max', x, axes, options);
/** The smallest element along the given axes, or of all; NaN if there is one. The derivative goes to the first of equals in row-major order. */
export const min = (x: TensorLike, axes?: number | readonly number[], options: ReduceOptions = {}): Tensor =>
  reduceWith(minOp, 'min', x, axes, options);

const arg =
  (op: Op<ArgParams>) =>
  (x: TensorLike, axis?: number, { keepDims = false }: ReduceOptions = {}): Tensor => {
    const t = asTensor(x);
    const flat = axis === undefined ? reshape(t, [t.size]) : t;
    const a = axis === undefined ? 0 : normalizeAxis(op.name, axis, t.rank);
    const index = bind1(op, [flat], { axis: a });
    if (!keepDims) return index;
    return axis === undefined
      ? reshape(
          index,
          t.shape.map(() => 1),
        )
      : expandDims(index, a);
  };

/** The i32 index of the first largest element along an axis, or in row-major order over all; the first NaN wins. */
export const argmax: (x: TensorLike, axis?: number, options?: ReduceOptions) => Tensor = /* @__PURE__ */ arg(argmaxOp);
/** The i32 index of the first smallest element along an axis, or in row-major order over all; the first NaN wins. */
export const argmin: (x: TensorLike, axis?: number, options?: ReduceOptions) => Tensor = /* @__PURE__ */ arg(argminOp);

const spaced = { shape: [3, 4, 2], domain: [-3, 3], apart: 1e-3 } as const;

export const extremaChecks: readonly CheckRow[] = [
  { name: 'max', f: (x) => max(x!), args: [spaced] },
  { name: 'max.axes', f: (x) => max(x!, [0, 2]), args: [spaced] },
  { name: 'min', f: (x) => min(x!, 1, { keepDims: true }), args: [spaced] },
  { name: 'argmax', f: (x) => argmax(x!, 1), args: [spaced], order: 0 },
  { name: 'argmin', f: (x) => argmin(x!), args: [spaced], order: 0 },
];
