/** Arrays as files hold them: element types, byte order, and what they become here. */
import { type Dtype, storageFor, type TypedArray } from '../engine/dtype.ts';
import { DataError } from '../engine/errors.ts';

export type StoredType =
  | 'bool'
  | 'u8'
  | 'i8'
  | 'u16'
  | 'i16'
  | 'u32'
  | 'i32'
  | 'u64'
  | 'i64'
  | 'f16'
  | 'bf16'
  | 'f32'
  | 'f64';

export type StoredData =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array;

export interface StoredArray {
  readonly shape: readonly number[];
  /** The element type in the file. */
  readonly stored: StoredType;
  /** The element type of a tensor of these values: `fromArray(storageOf(array), shape, dtype)`. */
  readonly dtype: Dtype;
  /** Row-major. Halves become f32, bool 0 or 1 in u32, 64-bit integers what `wide` says. */
  readonly data: StoredData;
}

/** The values in the storage of their dtype; a copy where bytes or 16-bit integers become wider. */
export function storageOf({ dtype, data }: Pick<StoredArray, 'dtype' | 'data'>): TypedArray {
  const storage = storageFor(dtype, data.length);
  if (data.constructor === storage.constructor) return data as TypedArray;
  storage.set(data);
  return storage;
}

export interface WideOptions {
  /** What 64-bit integers become; a value that does not fit exactly is refused. Default i32. */
  readonly wide?: 'i32' | 'f64';
}

/** Bytes of one element in a file. */
export const STORED_BYTES: Readonly<Record<StoredType, number>> = {
  bool: 1,
  u8: 1,
  i8: 1,
  u16: 2,
  i16: 2,
  u32: 4,
  i32: 4,
  u64: 8,
  i64: 8,
  f16: 2,
  bf16: 2,
  f32: 4,
  f64: 8,
};

export interface DecodeCall extends WideOptions {
  /** Stands in error messages: file and array. */
  readonly what: string;
  readonly type: StoredType;
  readonly shape: readonly number[];
  readonly isBigEndian?: boolean;
}

/** Makes an array of its bytes, which are copied. */
export function decodeArray(
  bytes: Uint8Array,
  { what, type, shape, isBigEndian = false, wide = 'i32' }: DecodeCall,
): StoredArray {
  const size = STORED_BYTES[type];
  const own = bytes.slice();
  if (isBigEndian && size > 1) for (let i = 0; i < own.length; i += size) own.subarray(i, i + size).reverse();
  const made = (dtype: Dtype, data: StoredData): StoredArray => ({ shape, stored: type, dtype, data });
  switch (type) {
    case 'bool':
      return made(
        'bool',
        Uint32Array.from(own, (b, i) => requireBit(what, b, i)),
      );
    case 'u8':
      return made('u32', own);
    case 'i8':
      return made('i32', new Int8Array(own.buffer));
    case 'u16':
      return made('u32', new Uint16Array(own.buffer));
    case 'i16':
      return made('i32', new Int16Array(own.buffer));
    case 'u32':
      return made('u32', new Uint32Array(own.buffer));
    case 'i32':
      return made('i32', new Int32Array(own.buffer));
    case 'u64':
    case 'i64':
      return made(wide, narrow(what, new Uint32Array(own.buffer), type === 'i64', wide));
    case 'f16':
      return made('f32', Float32Array.from(new Uint16Array(own.buffer), halfOf));
    case 'bf16':
      return made('f32', brainFloats(new Uint16Array(own.buffer)));
    case 'f32':
      return made('f32', new Float32Array(own.buffer));
    case 'f64':
      return made('f64', new Float64Array(own.buffer));
  }
}

function requireBit(what: string, byte: number, at: number): number {
  if (byte <= 1) return byte;
  throw new DataError(`${what}: element ${at} is a bool of ${byte}, not 0 or 1`, { at: String(at), found: byte });
}

/** 64-bit integers, low word first, as i32 or as f64; every value must come out exactly. */
function narrow(what: string, words: Uint32Array, isSigned: boolean, wide: 'i32' | 'f64'): Int32Array | Float64Array {
  const out = wide === 'i32' ? new Int32Array(words.length / 2) : new Float64Array(words.length / 2);
  for (let i = 0; i < out.length; i++) {
    const high = isSigned ? words[2 * i + 1]! | 0 : words[2 * i + 1]!;
    const value = high * 2 ** 32 + words[2 * i]!;
    out[i] = value;
    if (out[i] === value && Number.isSafeInteger(value)) continue;
    const exact = (BigInt(high) << 32n) + BigInt(words[2 * i]!);
    throw new DataError(`${what}: element ${i} is ${exact}, which ${wide} does not hold`, {
      at: String(i),
      found: String(exact),
      help: wide === 'i32' ? "read it with wide: 'f64'" : 'store it as f64, or split it into two words',
    });
  }
  return out;
}

/** An IEEE half: 1 sign, 5 exponent and 10 fraction bits. */
export function halfOf(word: number): number {
  const sign = word & 0x8000 ? -1 : 1;
  const exponent = (word >> 10) & 31;
  const fraction = word & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** The upper halves of f32 numbers. */
function brainFloats(words: Uint16Array): Float32Array {
  const out = new Uint32Array(words.length);
  for (let i = 0; i < words.length; i++) out[i] = words[i]! << 16;
  return new Float32Array(out.buffer);
}

/** Number of elements of a shape; throws DataError where an axis is not a whole number. */
export function countOf(what: string, shape: readonly unknown[]): number {
  let count = 1;
  for (const n of shape) {
    if (!(Number.isSafeInteger(n) && (n as number) >= 0)) {
      throw new DataError(`${what}: ${JSON.stringify(n)} in its shape is not a whole number`, { shape });
    }
    count *= n as number;
  }
  if (Number.isSafeInteger(count)) return count;
  throw new DataError(`${what}: a shape of [${shape}] has too many elements`, { shape });
}
