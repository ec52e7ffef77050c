/**
 * Safetensors files, read and written: a length, a JSON header with type, shape and byte range of each tensor, then the bytes.
 *
 * Refused, as the format asks: ranges that overlap, leave holes, lie outside or do not fit the shape; a header of more than 100 MB.
 */
import type { Dtype, TypedArray } from '../engine/dtype.ts';
import { ConfigError, DataError } from '../engine/errors.ts';
import type { NamedBytes } from './bytes.ts';
import {
  countOf,
  decodeArray,
  STORED_BYTES,
  type StoredArray,
  type StoredType,
  type WideOptions,
} from './stored-array.ts';

const MAX_HEADER = 100_000_000;

const NAMES: Readonly<Record<StoredType, string>> = {
  bool: 'BOOL',
  u8: 'U8',
  i8: 'I8',
  u16: 'U16',
  i16: 'I16',
  u32: 'U32',
  i32: 'I32',
  u64: 'U64',
  i64: 'I64',
  f16: 'F16',
  bf16: 'BF16',
  f32: 'F32',
  f64: 'F64',
};
const TYPES = new Map(Object.entries(NAMES).map(([type, name]) => [name, type as StoredType]));

export interface SafetensorsFile {
  readonly tensors: ReadonlyMap<string, StoredArray>;
  /** The free texts under `__metadata__`. */
  readonly metadata: Readonly<Record<string, string>>;
}

interface Entry {
  readonly name: string;
  readonly type: StoredType;
  readonly shape: readonly number[];
  readonly from: number;
  readonly to: number;
}

/** Reads all tensors of a file, in the order of their bytes. */
export function readSafetensors(file: NamedBytes, options: WideOptions = {}): SafetensorsFile {
  const { entries, metadata, start } = readHeader(file);
  const tensors = new Map<string, StoredArray>();
  for (const { name, type, shape, from, to } of entries) {
    const bytes = file.bytes.subarray(start + from, start + to);
    tensors.set(name, decodeArray(bytes, { what: `${file.name}: ${name}`, type, shape, ...options }));
  }
  return { tensors, metadata };
}

function readHeader(file: NamedBytes): { entries: Entry[]; metadata: Record<string, string>; start: number } {
  const { bytes, name } = file;
  if (bytes.length < 8) throw bad(name, `${bytes.length} bytes in all`);
  const said = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  const length = Number(said);
  if (!(length >= 2 && length <= MAX_HEADER && 8 + length <= bytes.length)) {
    throw bad(name, `a header of ${said} bytes in a file of ${bytes.length}`);
  }
  const start = 8 + length;
  const { __metadata__: metadata = {}, ...rest } = parseObject(name, bytes.subarray(8, start));
  const entries = Object.entries(rest).map(([tensor, entry]) => readEntry(name, tensor, entry));
  entries.sort((a, b) => a.from - b.from || a.to - b.to);
  requireNoHoles(name, entries, bytes.length - start);
  if (!isObject(metadata) || Object.values(metadata).some((text) => typeof text !== 'string'))
    throw bad(name, '__metadata__ that does not map texts to texts');
  return { entries, metadata: metadata as Record<string, string>, start };
}

function parseObject(name: string, bytes: Uint8Array): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw bad(name, `a header that is not JSON (${cause instanceof Error ? cause.message : String(cause)})`);
  }
  if (isObject(value)) return value;
  throw bad(name, 'a header that is not a JSON object');
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function readEntry(file: string, name: string, entry: unknown): Entry {
  const { dtype, shape, data_offsets: range } = isObject(entry) ? entry : {};
  const type = TYPES.get(String(dtype));
  if (type === undefined)
    throw bad(file, `tensor "${name}" of type ${JSON.stringify(dtype)}`, `types are ${[...TYPES.keys()].join(', ')}`);
  if (!Array.isArray(shape)) throw bad(file, `tensor "${name}" without a shape`);
  const bytes = countOf(`${file}: ${name}`, shape) * STORED_BYTES[type];
  const [from, to] = Array.isArray(range) && range.length === 2 ? (range as [unknown, unknown]) : [];
  if (Number.isSafeInteger(from) && (from as number) >= 0 && (to as number) - (from as number) === bytes)
    return { name, type, shape, from: from as number, to: to as number };
  throw bad(file, `tensor "${name}" at ${JSON.stringify(range)}, where [${shape}] of ${dtype} takes ${bytes} bytes`);
}

function requireNoHoles(file: string, entries: readonly Entry[], size: number): void {
  let at = 0;
  for (const { name, from, to } of entries) {
    if (from < at) throw bad(file, `tensor "${name}" from byte ${from}, which overlaps the one before it, up to ${at}`);
    if (from > at) throw bad(file, `a hole from byte ${at} to ${from}, before tensor "${name}"`);
    if (to > size) throw bad(file, `tensor "${name}" up to byte ${to} of ${size}`);
    at = to;
  }
  if (at !== size) throw bad(file, `${size - at} bytes behind the last tensor`);
}

const bad = (
  file: string,
  found: string,
  help = 'the file is damaged or was written wrongly: fetch or save it again',
): DataError => new DataError(`${file}: not a valid safetensors file: found ${found}`, { file, found, help });

/** A tensor to be written: row-major values of one of our element types; bool is 0 or 1. */
export interface TensorToWrite {
  readonly shape: readonly number[];
  readonly dtype: Dtype;
  readonly data: TypedArray;
}

/** Writes tensors and texts as a safetensors file; wide elements come first, then by name, so that every tensor is aligned. */
export function writeSafetensors(
  tensors: Readonly<Record<string, TensorToWrite>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const order = Object.entries(tensors).sort(
    ([a, x], [b, y]) => STORED_BYTES[y.dtype] - STORED_BYTES[x.dtype] || (a < b ? -1 : 1),
  );
  const header: Record<string, unknown> = Object.keys(metadata).length === 0 ? {} : { __metadata__: metadata };
  let at = 0;
  for (const [name, { shape, dtype, data }] of order) {
    requireTensor(name, shape, data);
    const from = at;
    at += data.length * STORED_BYTES[dtype];
    header[name] = { dtype: NAMES[dtype], shape, data_offsets: [from, at] };
  }
  const text = new TextEncoder().encode(JSON.stringify(header));
  const length = Math.ceil(text.length / 8) * 8;
  const out = new Uint8Array(8 + length + at).fill(0x20, 8, 8 + length);
  new DataView(out.buffer).setBigUint64(0, BigInt(length), true);
  out.set(text, 8);
  let to = 8 + length;
  for (const [, { dtype, data }] of order) {
    const bytes =
      dtype === 'bool' ? Uint8Array.from(data) : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    out.set(bytes, to);
    to += bytes.length;
  }
  return out;
}

function requireTensor(name: string, shape: readonly number[], data: TypedArray): void {
  const count = shape.reduce((a, b) => a * b, 1);
  if (name !== '__metadata__' && count === data.length) return;
  throw new ConfigError(
    name === '__metadata__'
      ? 'no tensor can have the name __metadata__'
      : `tensor "${name}" of [${shape}] has ${data.length} values, not ${count}`,
    { name, shape, values: data.length },
  );
}
