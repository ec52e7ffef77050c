/** Products and logical reductions; the derivative of a product goes over prefix and suffix products, so that zeros are right. */
import { lowerReduce } from '../backends/wasm/lowerings.ts';
import type { CheckRow } from '../check-row.ts';
import type { Dtype } from '../dtype.ts';
import type { MaybeTensor, Op } from '../op.ts';
import { defineOp } from '../op.ts';
import { reducedShape, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { bind1 } from '../trace.ts';
import { mul, NUMERIC } from './arithmetic.ts';
import { cast } from './cast.ts';
import type { TensorLike } from './constant.ts';
import { cumprod } from './cumulative.ts';
import { checkDtypes } from './makers.ts';
import { reshape, transpose } from './movement.ts';
import { asTensor } from './promote.ts';
import type { ReduceOptions, ReduceParams } from './reduce.ts';
import { reduceAxes, reduceWith, sum } from './reduce.ts';

interface ReductionSpec {
  readonly dtypes: readonly Dtype[];
  readonly start: number;
  readonly fold: (a: number, b: number) => number;
  readonly wasmName: 'prod' | 'max' | 'min' | 'any' | 'all';
  /** (dx, x, axes) → tangent; absent where the result does not vary. */
  readonly tangent?: (dx: Tensor, x: Tensor, axes: readonly number[]) => Tensor;
  readonly check?: (shape: readonly number[], axes: readonly number[]) => void;
}

/** A reduction over sorted axes whose order of combination is fixed by the reduced length. */
export function reduction(
  name: string,
  { dtypes, start, fold, wasmName, tangent, check }: ReductionSpec,
): Op<ReduceParams> {
  const op: Op<ReduceParams> = defineOp<ReduceParams>({
    name,
    version: 1,
    infer: ([x], { axes }) => {
      checkDtypes(name, dtypes, [x!.dtype]);
      check?.(x!.shape, axes);
      return [{ shape: reducedShape(x!.shape, axes, false), dtype: x!.dtype }];
    },
    ...(tangent === undefined
      ? {}
      : {
          jvp: ({ primals: [x], tangents: [dx], params }): MaybeTensor[] => [
            dx == null ? null : tangent(dx, x!, params.axes),
          ],
        }),
    batch: ({ inputs, params: { axes } }) => ({
      outs: [bind1(op, inputs, { axes: axes.map((a) => a + 1) })],
      batched: [true],
    }),
    cost: ([x]) => ({ flops: sizeOf(x!.shape) }),
    js: ([x], [out], { ins, params: { axes } }) => reduceAxes(x!, ins[0]!, axes, out!, start, fold),
    wasm: lowerReduce(wasmName),
  });
  return op;
}

/** x with the given axes moved to the end, in their order, and joined into one. */
export function joinAxes(x: Tensor, axes: readonly number[]): Tensor {
  const kept = x.shape.map((_, i) => i).filter((i) => !axes.includes(i));
  const moved = transpose(x, [...kept, ...axes]);
  return reshape(moved, [...kept.map((i) => x.shape[i]!), sizeOf(axes.map((a) => x.shape[a]!))]);
}

export const prodOp: Op<ReduceParams> = /* @__PURE__ */ reduction('prod', {
  dtypes: NUMERIC,
  start: 1,
  fold: (a, b) => a * b,
  wasmName: 'prod',
  tangent: (dx, x, axes) => {
    const flat = joinAxes(x, axes); // (…, n)
    const others = mul(cumprod(flat, -1, { exclusive: true }), cumprod(flat, -1, { exclusive: true, reverse: true }));
    return sum(mul(joinAxes(dx, axes), others), -1);
  },
});

/** The product over the given axes, or over all. */
export const prod = (x: TensorLike, axes?: number | readonly number[], options: ReduceOptions = {}): Tensor =>
  reduceWith(prodOp, 'prod', x, axes, options);

export const anyOp: Op<ReduceParams> = /* @__PURE__ */ reduction('any', {
  dtypes: ['bool'],
  start: 0,
  fold: (a, b) => a | b,
  wasmName: 'any',
});
export const allOp: Op<ReduceParams> = /* @__PURE__ */ reduction('all', {
  dtypes: ['bool'],
  start: 1,
  fold: (a, b) => a & b,
  wasmName: 'all',
});

const asBool = (x: TensorLike): Tensor => cast(asTensor(x), 'bool');

/** Whether some element along the axes is true (numbers: not 0). */
export const any = (x: TensorLike, axes?: number | readonly number[], options: ReduceOptions = {}): Tensor =>
  reduceWith(anyOp, 'any', asBool(x), axes, options);
/** Whether every element along the axes is true (numbers: not 0). */
export const all = (x: TensorLike, axes?: number | readonly number[], options: ReduceOptions = {}): Tensor =>
  reduceWith(allOp, 'all', asBool(x), axes, options);

const logical = { kind: 'bool', shape: [2, 3, 4] } as const;

export const reductionChecks: readonly CheckRow[] = [
  { name: 'prod', f: (x) => prod(x!), args: [{ shape: [2, 3] }] },
  { name: 'prod.axes', f: (x) => prod(x!, [0, 2], { keepDims: true }), args: [{ shape: [2, 3, 2] }] },
  { name: 'any', f: (x) => any(x!, 1), args: [logical], order: 0 },
  { name: 'all', f: (x) => all(x!, [0, 2]), args: [logical], order: 0 },
  { name: 'sum.f64', f: (x) => sum(x!, 1, { accumulate: 'f64' }), args: [{ shape: [3, 7, 2] }] },
];
