/** Making tensors from numbers. */
import { backend } from '../backends/current.ts';
import type { Dtype, TypedArray } from '../dtype.ts';
import { defaultDtype, storageFor } from '../dtype.ts';
import { DtypeError, ShapeError } from '../errors.ts';
import { trackResults } from '../memory.ts';
import type { Shape } from '../shape.ts';
import { checkShape, showShape, sizeOf } from '../shape.ts';
import type { Nested, Tensor } from '../tensor.ts';
import { Concrete } from '../tensor.ts';
import { bind1 } from '../trace.ts';
import { constantOp } from './constant.ts';

const DTYPE_OF = new Map<unknown, Dtype>([
  [Float32Array, 'f32'],
  [Float64Array, 'f64'],
  [Int32Array, 'i32'],
  [Uint32Array, 'u32'],
]);

/** A tensor of the given elements: nested arrays of numbers (default float dtype) or a typed array with a shape; the data are copied. */
export function tensor(
  data: Nested | TypedArray | readonly number[],
  options: { readonly shape?: Shape; readonly dtype?: Dtype } = {},
): Tensor {
  const isTyped = ArrayBuffer.isView(data);
  const flat = isTyped ? (data as TypedArray) : flattenNested(data as Nested);
  const dtype = options.dtype ?? (isTyped ? DTYPE_OF.get(data.constructor) : undefined) ?? defaultDtype();
  const shape = checkShape('tensor', options.shape ?? (isTyped ? [flat.length] : nestedShape(data as Nested)));
  if (sizeOf(shape) !== flat.length)
    throw new ShapeError(`tensor: ${flat.length} numbers do not fill the shape ${showShape(shape)}`, {
      shape,
      count: flat.length,
      help: `that shape holds ${sizeOf(shape)}`,
    });
  return fromArray(convert(flat, dtype), shape, dtype);
}

/** A tensor over a copy of a typed array that already has the dtype's layout. */
export function fromArray(data: TypedArray, shape: Shape, dtype: Dtype): Tensor {
  const x = new Concrete(shape, dtype, backend().fromHost(data, dtype));
  trackResults([x]);
  return x;
}

function convert(flat: ArrayLike<number>, dtype: Dtype): TypedArray {
  const out = storageFor(dtype, flat.length);
  if (dtype === 'bool') for (let i = 0; i < flat.length; i++) out[i] = Number(flat[i] !== 0);
  else out.set(flat);
  return out;
}

function nestedShape(data: Nested): number[] {
  const shape: number[] = [];
  for (let x: Nested = data; Array.isArray(x); x = x[0]!) {
    shape.push(x.length);
    if (x.length === 0) break;
  }
  return shape;
}

function flattenNested(data: Nested): number[] {
  const shape = nestedShape(data);
  const out: number[] = [];
  const visit = (x: Nested, depth: number): void => {
    if (!Array.isArray(x)) {
      if (depth !== shape.length) throw ragged(shape, depth);
      if (typeof x !== 'number' && typeof x !== 'boolean')
        throw new DtypeError(`tensor: found ${typeof x} among the numbers`, {
          help: 'only numbers and booleans become elements',
        });
      out.push(Number(x));
      return;
    }
    if (x.length !== shape[depth]) throw ragged(shape, depth);
    for (const y of x) visit(y, depth + 1);
  };
  visit(data, 0);
  return out;
}

const ragged = (shape: Shape, depth: number): ShapeError =>
  new ShapeError(
    `tensor: the nested arrays are ragged at depth ${depth}; the first ones have shape ${showShape(shape)}`,
    { shape, axis: depth, help: 'all arrays of one depth must be equally long' },
  );

/** A tensor of one number everywhere. */
export const full = (shape: Shape, value: number, dtype: Dtype = defaultDtype()): Tensor =>
  bind1(constantOp, [], { value, dtype, shape: checkShape('full', shape) });
export const zeros = (shape: Shape, dtype?: Dtype): Tensor => full(shape, 0, dtype);
export const ones = (shape: Shape, dtype?: Dtype): Tensor => full(shape, 1, dtype);
