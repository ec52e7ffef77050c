/** The public face of elementwise ops: operands become tensors of one dtype, then the op is bound. */
import type { Op } from '../op.ts';
import type { Tensor } from '../tensor.ts';
import { bind1 } from '../trace.ts';
import type { TensorLike } from './constant.ts';
import { NONE, type None } from './makers.ts';
import { asTensor, promote } from './promote.ts';

export type Unary = (x: TensorLike) => Tensor;
export type Binary = (x: TensorLike, y: TensorLike) => Tensor;

/** A function of one operand; a number counts as a scalar of the default dtype. */
export function unary(op: Op<None>): Unary {
  return (x) => bind1(op, [asTensor(x)], NONE);
}

/** A function of two operands with broadcasting; a number takes the dtype of the tensor beside it. */
export function binary(op: Op<None>): Binary {
  return (x, y) => bind1(op, promote(x, y), NONE);
}
