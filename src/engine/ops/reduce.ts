/** Reductions; the order of summation is fixed by the reduced length alone (docs/notes: numerics contract). */

import { lowerReduce } from '../backends/wasm/lowerings.ts';
import type { CheckRow } from '../check-row.ts';
import type { TypedArray } from '../dtype.ts';
import type { Op } from '../op.ts';
import type { Shape } from '../shape.ts';
import { normalizeAxes, range, reducedShape, sameShape, sizeOf, stridesOf } from '../shape.ts';
import type { Aval, Tensor } from '../tensor.ts';
import { bind1 } from '../trace.ts';
import { NUMERIC } from './arithmetic.ts';
import type { TensorLike } from './constant.ts';
import { checkDtypes, linear } from './makers.ts';
import { broadcastTo, reshape } from './movement.ts';
import { asTensor } from './promote.ts';

export interface ReduceParams {
  /** Sorted. */
  readonly axes: readonly number[];
}

export interface ReduceOptions {
  /** Keeps reduced axes with length 1. */
  readonly keepDims?: boolean;
}

export interface SumParams extends ReduceParams {
  /** f32 elements are added up in f64 and rounded once. */
  readonly accumulate?: 'f64';
}

export interface SumOptions extends ReduceOptions {
  /** `f64` adds f32 elements up in f64 and rounds the result once. */
  readonly accumulate?: 'f64';
}

export const sumOp: Op<SumParams> = /* @__PURE__ */ linear<SumParams>('sum', {
  infer: ([x], { axes }) => {
    checkDtypes('sum', NUMERIC, [x!.dtype]);
    return [{ shape: reducedShape(x!.shape, axes, false), dtype: x!.dtype }];
  },
  transpose: (ct, x, { axes }) => broadcastTo(reshape(ct, reducedShape(x.shape, axes, true)), x.shape),
  batch: ({ inputs, params }) => ({
    outs: [bind1(sumOp, inputs, { ...params, axes: params.axes.map((a) => a + 1) })],
    batched: [true],
  }),
  cost: ([x]) => ({ flops: sizeOf(x!.shape) }),
  js: ([x], [out], { ins, params: { axes } }) => reduceAxes(x!, ins[0]!, axes, out!, 0, (a, b) => a + b),
  wasm: lowerReduce('sum'),
});

/** The sum over the given axes, or over all. */
export function sum(
  x: TensorLike,
  axes?: number | readonly number[],
  { accumulate, ...options }: SumOptions = {},
): Tensor {
  const t = asTensor(x);
  return reduceWith(sumOp, 'sum', t, axes, options, accumulate === 'f64' && t.dtype === 'f32' ? { accumulate } : {});
}

/** Applies a reduction op to normalised axes; nothing happens where there is nothing to reduce. */
export function reduceWith<P extends ReduceParams>(
  op: Op<P>,
  name: string,
  x: TensorLike,
  axes: number | readonly number[] | undefined,
  { keepDims = false }: ReduceOptions,
  extra: Omit<P, 'axes'> = {} as Omit<P, 'axes'>,
): Tensor {
  const t = asTensor(x);
  const list = normalizeAxes(name, axes, t.rank);
  if (list.length === 0) return t;
  const out = bind1(op, [t], { ...extra, axes: list } as unknown as P);
  return keepDims ? reshape(out, reducedShape(t.shape, list, true)) : out;
}

/** Reference reduction: visits x in row-major order and folds into the output in f64. */
export function reduceAxes(
  x: TypedArray,
  { shape }: Aval,
  axes: readonly number[],
  out: TypedArray,
  start: number,
  fold: (a: number, b: number) => number,
): void {
  const acc = new Float64Array(out.length).fill(start);
  const own = stridesOf(reducedShape(shape, axes, true));
  const strides = own.map((s, i) => (axes.includes(i) ? 0 : s));
  const full = stridesOf(shape);
  for (let n = 0; n < x.length; n++) {
    let to = 0;
    for (let d = 0; d < shape.length; d++) to += (Math.floor(n / full[d]!) % shape[d]!) * strides[d]!;
    acc[to] = fold(acc[to]!, x[n]!);
  }
  out.set(acc);
}

/** Sums x down to a shape that broadcasts to its own: the transpose of broadcasting. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const lead = x.rank - shape.length;
  const axes = range(x.rank).filter((i) => i < lead || (shape[i - lead] === 1 && x.shape[i] !== 1));
  return reshape(sum(x, axes), shape);
}

export const sumChecks: readonly CheckRow[] = [
  { name: 'sum', f: (x) => sum(x!), args: [{ shape: [3, 5] }] },
  { name: 'sum.middle', f: (x) => sum(x!, 1), args: [{ shape: [2, 9, 3] }] },
  { name: 'sum.outer', f: (x) => sum(x!, [0, 2]), args: [{ shape: [4, 3, 5] }] },
  { name: 'sum.long', f: (x) => sum(x!, -1, { keepDims: true }), args: [{ shape: [2, 300] }], tol: { f32: 2e-5 } },
  { name: 'sum.empty', f: (x) => sum(x!, 0), args: [{ shape: [0, 3] }] },
  { name: 'sum.i32', f: (x) => sum(x!, 0), args: [{ shape: [9, 3], kind: 'i32', domain: [-9, 9] }] },
];
