/** The five element types, their storage, and the rules by which they meet. */
import { DtypeError } from './errors.ts';

export type Dtype = 'f32' | 'f64' | 'i32' | 'u32' | 'bool';
export type FloatDtype = 'f32' | 'f64';
export type TypedArray = Float32Array | Float64Array | Int32Array | Uint32Array;

/** Bytes of one stored element; bool is stored as a u32 that is 0 or 1. */
export const BYTES: Readonly<Record<Dtype, number>> = { f32: 4, f64: 8, i32: 4, u32: 4, bool: 4 };

export const isFloat = (dtype: Dtype): dtype is FloatDtype => dtype === 'f32' || dtype === 'f64';
export const isInteger = (dtype: Dtype): boolean => dtype === 'i32' || dtype === 'u32';

/** Allocates the typed array that stores `length` elements of a dtype, or views `buffer` from `byteOffset`. */
export function storageFor(dtype: Dtype, length: number): TypedArray {
  switch (dtype) {
    case 'f32':
      return new Float32Array(length);
    case 'f64':
      return new Float64Array(length);
    case 'i32':
      return new Int32Array(length);
    case 'u32':
    case 'bool':
      return new Uint32Array(length);
  }
}

export function viewOf(dtype: Dtype, buffer: ArrayBufferLike, byteOffset: number, length: number): TypedArray {
  switch (dtype) {
    case 'f32':
      return new Float32Array(buffer, byteOffset, length);
    case 'f64':
      return new Float64Array(buffer, byteOffset, length);
    case 'i32':
      return new Int32Array(buffer, byteOffset, length);
    case 'u32':
    case 'bool':
      return new Uint32Array(buffer, byteOffset, length);
  }
}

let defaultFloat: FloatDtype = 'f32';

/** The float dtype that numbers take when no tensor stands beside them. */
export const defaultDtype = (): FloatDtype => defaultFloat;

/** Sets the float dtype that numbers, initialisers, loaders and random numbers take; one switch for a whole f64 run. */
export function setDefaultDtype(dtype: FloatDtype): void {
  if (!isFloat(dtype)) throw new DtypeError(`the default dtype must be f32 or f64, not ${String(dtype)}`);
  defaultFloat = dtype;
}
