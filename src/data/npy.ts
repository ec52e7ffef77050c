/** Readers of npy and npz, the files of NumPy: one array, and a zip archive of them. */
import { DataError } from '../engine/errors.ts';
import { type NamedBytes, requireBytes } from './bytes.ts';
import {
  countOf,
  decodeArray,
  STORED_BYTES,
  type StoredArray,
  type StoredType,
  type WideOptions,
} from './stored-array.ts';
import { readZip } from './zip.ts';

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59]; // \x93NUMPY

const TYPES: Readonly<Record<string, StoredType>> = {
  b1: 'bool',
  u1: 'u8',
  i1: 'i8',
  u2: 'u16',
  i2: 'i16',
  u4: 'u32',
  i4: 'i32',
  u8: 'u64',
  i8: 'i64',
  f2: 'f16',
  f4: 'f32',
  f8: 'f64',
};

interface Header {
  readonly type: StoredType;
  readonly isBigEndian: boolean;
  readonly isFortran: boolean;
  readonly shape: readonly number[];
  /** Where the values begin. */
  readonly from: number;
}

/** Reads an npy file of format 1, 2 or 3 into row-major order. */
export function readNpy(file: NamedBytes, options: WideOptions = {}): StoredArray {
  const { type, isBigEndian, isFortran, shape, from } = readHeader(file);
  const size = countOf(file.name, shape) * STORED_BYTES[type];
  requireBytes(file, from + size, `an npy array of [${shape}]`);
  const array = decodeArray(file.bytes.subarray(from), { what: file.name, type, shape, isBigEndian, ...options });
  return isFortran && shape.length > 1 ? { ...array, data: rowMajor(array) } : array;
}

/** Reads the arrays of an npz archive, stored or deflated, by name. */
export async function readNpz(file: NamedBytes, options: WideOptions = {}): Promise<ReadonlyMap<string, StoredArray>> {
  const arrays = new Map<string, StoredArray>();
  for (const { name, read } of readZip(file)) {
    const inner = { name: `${file.name}/${name}`, bytes: await read() };
    arrays.set(name.replace(/\.npy$/, ''), readNpy(inner, options));
  }
  return arrays;
}

function readHeader(file: NamedBytes): Header {
  const { bytes, name } = file;
  const version = bytes[6]!;
  if (bytes.length < 10 || MAGIC.some((b, i) => bytes[i] !== b) || version < 1 || version > 3) {
    throw new DataError(`${name}: not an npy file of format 1 to 3 (${bytes.length} bytes)`, {
      file: name,
      help: 'save it with numpy.save or numpy.savez',
    });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = version === 1 ? 10 : 12;
  if (bytes.length < start) requireBytes(file, start, 'the npy header');
  const from = start + (version === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  if (bytes.length < from) requireBytes(file, from, 'the npy header');
  return { ...parseHeader(name, new TextDecoder().decode(bytes.subarray(start, from))), from };
}

/** The header is the text of a Python dict with three entries. */
function parseHeader(name: string, text: string): Omit<Header, 'from'> {
  const descr = /'descr':\s*'([^']*)'/.exec(text)?.[1];
  const order = /'fortran_order':\s*(True|False)/.exec(text)?.[1];
  const shape = /'shape':\s*\(([\d,\sL]*)\)/.exec(text)?.[1];
  const type = TYPES[descr?.slice(1) ?? ''];
  if (descr === undefined && /'descr':/.test(text)) throw unknownType(name, 'a record of several fields');
  if (descr !== undefined && type === undefined) throw unknownType(name, descr);
  if (type === undefined || order === undefined || shape === undefined) {
    throw new DataError(
      `${name}: the npy header ${JSON.stringify(text.trim().slice(0, 80))} lacks descr, fortran_order or shape`,
      {
        file: name,
        help: 'save it again with numpy.save',
      },
    );
  }
  const sizes = shape.split(',').map((part) => part.trim().replace(/L$/, ''));
  return {
    type,
    isBigEndian: descr![0] === '>',
    isFortran: order === 'True',
    shape: sizes.filter((part) => part !== '').map(Number),
  };
}

function unknownType(name: string, found: string): DataError {
  return new DataError(`${name}: elements of type ${found} are not read`, {
    file: name,
    found,
    help: `convert them with astype to one of ${Object.keys(TYPES).join(', ')}`,
  });
}

/** The elements in an order in which the last axis is fastest, from one in which the first is. */
function rowMajor({ shape, data }: StoredArray): StoredArray['data'] {
  const out = data.slice();
  const strides: number[] = [];
  let stride = 1;
  for (const n of shape) {
    strides.push(stride);
    stride *= n;
  }
  const index = new Array<number>(shape.length).fill(0);
  let from = 0;
  for (let to = 0; to < data.length; to++) {
    out[to] = data[from]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      from -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return out;
}
