/** Reader of IDX files, the format of MNIST: a magic number, big-endian sizes, then the values row by row. */
import { DataError } from '../engine/errors.ts';
import { type NamedBytes, requireBytes } from './bytes.ts';

export type IdxArray = Uint8Array | Int8Array | Int16Array | Int32Array | Float32Array | Float64Array;

export interface IdxFile {
  readonly shape: readonly number[];
  readonly data: IdxArray;
}

interface ElementType {
  readonly bytes: number;
  readonly make: (n: number) => IdxArray;
  readonly get: (view: DataView, at: number) => number;
}

const TYPES: Readonly<Record<number, ElementType>> = {
  8: { bytes: 1, make: (n) => new Uint8Array(n), get: (view, at) => view.getUint8(at) },
  9: { bytes: 1, make: (n) => new Int8Array(n), get: (view, at) => view.getInt8(at) },
  11: { bytes: 2, make: (n) => new Int16Array(n), get: (view, at) => view.getInt16(at) },
  12: { bytes: 4, make: (n) => new Int32Array(n), get: (view, at) => view.getInt32(at) },
  13: { bytes: 4, make: (n) => new Float32Array(n), get: (view, at) => view.getFloat32(at) },
  14: { bytes: 8, make: (n) => new Float64Array(n), get: (view, at) => view.getFloat64(at) },
};

/** Reads an unpacked IDX file of any element type and rank; `rank` refuses files of another one. */
export function readIdx(file: NamedBytes, { rank }: { readonly rank?: number } = {}): IdxFile {
  const view = new DataView(file.bytes.buffer, file.bytes.byteOffset, file.bytes.byteLength);
  const { type, dims } = readMagic(file, view);
  if (rank !== undefined && dims !== rank) {
    throw new DataError(`${file.name}: expected an IDX file of ${rank} dimensions, found ${dims}`, {
      file: file.name,
      expected: rank,
      found: dims,
      help: 'check that images and labels are not swapped',
    });
  }
  const header = 4 + 4 * dims;
  if (file.bytes.length < header) requireBytes(file, header, 'the IDX header');
  const shape = Array.from({ length: dims }, (_, i) => view.getUint32(4 + 4 * i));
  const size = shape.reduce((a, b) => a * b, 1);
  requireBytes(file, header + size * type.bytes, `an IDX array of [${shape}]`);
  return { shape, data: readValues(file.bytes, view, type, header, size) };
}

function readMagic(file: NamedBytes, view: DataView): { type: ElementType; dims: number } {
  if (file.bytes.length < 4) requireBytes(file, 4, 'the IDX magic number');
  const magic = view.getUint32(0);
  const type = TYPES[(magic >>> 8) & 0xff];
  if (magic >>> 16 === 0 && type !== undefined && (magic & 0xff) > 0) return { type, dims: magic & 0xff };
  const found = magic.toString(16).padStart(8, '0');
  throw new DataError(`${file.name}: expected an IDX magic number 0000ttdd (such as 00000803), found ${found}`, {
    file: file.name,
    expected: '0000ttdd',
    found,
    help: 'this is not an IDX file; a download may have saved an error page in its place',
  });
}

function readValues(bytes: Uint8Array, view: DataView, type: ElementType, from: number, size: number): IdxArray {
  const data = type.make(size);
  if (data instanceof Uint8Array) {
    data.set(bytes.subarray(from, from + size));
    return data;
  }
  for (let i = 0; i < size; i++) data[i] = type.get(view, from + i * type.bytes);
  return data;
}
