/** How numbers and tensors meet: numbers take the dtype of the tensor beside them; tensors of two dtypes do not mix. */
import type { FloatDtype } from '../dtype.ts';
import { defaultDtype, isFloat } from '../dtype.ts';
import { TreeError } from '../errors.ts';
import { Tensor } from '../tensor.ts';
import { cast } from './cast.ts';
import type { TensorLike } from './constant.ts';
import { scalar } from './constant.ts';

/** An operand as a tensor; a number becomes a scalar of the default float dtype. */
export function asTensor(x: TensorLike): Tensor {
  if (typeof x === 'number') return scalar(x);
  if (!(x instanceof Tensor)) throw notATensor(x);
  return x.weak ? cast(x, defaultDtype()) : x;
}

/** Two or more operands brought to one dtype; only numbers adapt. */
export function promote(...xs: readonly TensorLike[]): Tensor[] {
  let dtype: Tensor['dtype'] | null = null;
  for (const x of xs) {
    if (x instanceof Tensor) {
      if (!x.weak) dtype ??= x.dtype;
    } else if (typeof x !== 'number') throw notATensor(x);
  }
  const target = dtype ?? defaultDtype();
  return xs.map((x) => (typeof x === 'number' ? scalar(x, target) : x.weak ? cast(x, target) : x));
}

/** An operand as a floating tensor: integers and bools are refused by the op itself, numbers take the default dtype. */
export const floatDtypeOf = (x: Tensor): FloatDtype => (isFloat(x.dtype) ? x.dtype : defaultDtype());

function notATensor(x: unknown): TreeError {
  const what =
    x === null
      ? 'null'
      : Array.isArray(x)
        ? 'an array'
        : typeof x === 'object'
          ? (x as object).constructor?.name
          : typeof x;
  return new TreeError(`an operand is ${what}, not a tensor or a number`, {
    help: Array.isArray(x) ? 'make a tensor of it: tensor([[1, 2], [3, 4]])' : 'pass a Tensor or a number',
  });
}
