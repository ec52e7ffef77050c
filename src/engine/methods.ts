/** The chainable methods of `Tensor`: `x.mul(2).sum()` is `sum(mul(x, 2))`. Importing this file installs them; the engine's index does. */
import type { Dtype } from './dtype.ts';
import { add, div, mul, neg, sub } from './ops/arithmetic.ts';
import { cast } from './ops/cast.ts';
import type { TensorLike } from './ops/constant.ts';
import { exp, log, logistic, tanh } from './ops/exponential.ts';
import { argmax, argmin, max, min } from './ops/extrema.ts';
import { take } from './ops/gather.ts';
import { type MatmulParams, matmul } from './ops/matmul.ts';
import { mean } from './ops/moments.ts';
import { broadcastTo, expandDims, flip, moveAxis, reshape, slice, squeeze, transpose } from './ops/movement.ts';
import { abs, maximum, minimum, relu } from './ops/piecewise.ts';
import { pow, sqrt, square } from './ops/power.ts';
import { type ReduceOptions, type SumOptions, sum } from './ops/reduce.ts';
import { softmax } from './ops/softmax.ts';
import type { Shape } from './shape.ts';
import { Tensor } from './tensor.ts';

type Axes = number | readonly number[];

/** Each method does what the function of its name does, with the tensor as first operand. */
export interface TensorMethods {
  abs(): Tensor;
  add(y: TensorLike): Tensor;
  argmax(axis?: number, options?: ReduceOptions): Tensor;
  argmin(axis?: number, options?: ReduceOptions): Tensor;
  broadcastTo(shape: Shape): Tensor;
  cast(dtype: Dtype): Tensor;
  div(y: TensorLike): Tensor;
  exp(): Tensor;
  expandDims(axis: number): Tensor;
  flip(axes: Axes): Tensor;
  log(): Tensor;
  logistic(): Tensor;
  matmul(y: TensorLike, options?: Partial<MatmulParams>): Tensor;
  max(axes?: Axes, options?: ReduceOptions): Tensor;
  maximum(y: TensorLike): Tensor;
  mean(axes?: Axes, options?: SumOptions): Tensor;
  min(axes?: Axes, options?: ReduceOptions): Tensor;
  minimum(y: TensorLike): Tensor;
  moveAxis(from: number, to: number): Tensor;
  mul(y: TensorLike): Tensor;
  neg(): Tensor;
  pow(y: TensorLike): Tensor;
  relu(): Tensor;
  reshape(shape: Shape): Tensor;
  slice(start: readonly number[], stop: readonly number[], step?: readonly number[]): Tensor;
  softmax(axis?: Axes): Tensor;
  sqrt(): Tensor;
  square(): Tensor;
  squeeze(axes?: Axes): Tensor;
  sub(y: TensorLike): Tensor;
  sum(axes?: Axes, options?: SumOptions): Tensor;
  take(indices: TensorLike, axis?: number): Tensor;
  tanh(): Tensor;
  transpose(perm?: readonly number[]): Tensor;
}

/** The functions behind the methods. */
export const methods: {
  readonly [K in keyof TensorMethods]: (x: Tensor, ...rest: Parameters<TensorMethods[K]>) => Tensor;
} = {
  abs,
  add,
  argmax,
  argmin,
  broadcastTo,
  cast,
  div,
  exp,
  expandDims,
  flip,
  log,
  logistic,
  matmul,
  max,
  maximum,
  mean,
  min,
  minimum,
  moveAxis,
  mul,
  neg,
  pow,
  relu,
  reshape,
  slice,
  softmax,
  sqrt,
  square,
  squeeze,
  sub,
  sum,
  take,
  tanh,
  transpose,
};

for (const [name, f] of Object.entries(methods) as [string, (x: Tensor, ...rest: unknown[]) => Tensor][]) {
  const value = function (this: Tensor, ...rest: unknown[]): Tensor {
    return f(this, ...rest);
  };
  Object.defineProperty(Tensor.prototype, name, { value, writable: true, configurable: true });
}
