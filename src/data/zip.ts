/** Reader of zip archives: stored and deflated members, found through the directory at the end. */
import { DataError } from '../engine/errors.ts';
import { crc32, inflate, type NamedBytes } from './bytes.ts';

export interface ZipMember {
  readonly name: string;
  /** Unpacks the member and checks its length and CRC. */
  readonly read: () => Promise<Uint8Array>;
}

interface Entry {
  readonly method: number;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
  readonly at: number;
}

const END = 0x06054b50;
const DIRECTORY = 0x02014b50;
const LOCAL = 0x04034b50;
const END_BYTES = 22;
/** Marks numbers that stand elsewhere, in archives of 4 GiB or more. */
const ELSEWHERE = 0xffff_ffff;

/** Lists the members of an archive; folders are left out. */
export function readZip(file: NamedBytes): ZipMember[] {
  const view = new DataView(file.bytes.buffer, file.bytes.byteOffset, file.bytes.byteLength);
  const end = findEnd(file, view);
  const count = view.getUint16(end + 10, true);
  const members: ZipMember[] = [];
  let at = view.getUint32(end + 16, true);
  for (let i = 0; i < count; i++) {
    if (at + 46 > end || view.getUint32(at, true) !== DIRECTORY) throw broken(file, `entry ${i} of its directory`, at);
    const nameLength = view.getUint16(at + 28, true);
    const name = new TextDecoder().decode(file.bytes.subarray(at + 46, at + 46 + nameLength));
    const entry: Entry = {
      method: view.getUint16(at + 10, true),
      crc: view.getUint32(at + 16, true),
      packed: view.getUint32(at + 20, true),
      size: view.getUint32(at + 24, true),
      at: view.getUint32(at + 42, true),
    };
    if (!name.endsWith('/')) members.push({ name, read: () => readMember(file, view, name, entry) });
    at += 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return members;
}

/** The end record stands last, before a comment of up to 64 KiB. */
function findEnd(file: NamedBytes, view: DataView): number {
  for (let at = view.byteLength - END_BYTES; at >= Math.max(0, view.byteLength - END_BYTES - 0xffff); at--)
    if (view.getUint32(at, true) === END) return at;
  throw new DataError(`${file.name}: not a complete zip archive (${view.byteLength} bytes, no directory at its end)`, {
    file: file.name,
    found: view.byteLength,
    help: 'fetch or save the file again',
  });
}

async function readMember(file: NamedBytes, view: DataView, name: string, entry: Entry): Promise<Uint8Array> {
  const { method, crc, packed, size, at } = entry;
  if ([packed, size, at].includes(ELSEWHERE))
    throw new DataError(`${file.name}: ${name} has 4 GiB or more, which is not read`, {
      file: file.name,
      member: name,
    });
  if (at + 30 > view.byteLength || view.getUint32(at, true) !== LOCAL) throw broken(file, name, at);
  const from = at + 30 + view.getUint16(at + 26, true) + view.getUint16(at + 28, true);
  if (from + packed > view.byteLength) throw broken(file, name, from);
  const bytes = await unpack(`${file.name}/${name}`, file.bytes.subarray(from, from + packed), method);
  const found = crc32(bytes);
  if (bytes.length === size && found === crc) return bytes;
  throw new DataError(
    `${file.name}: ${name} is damaged: expected ${size} bytes with CRC ${crc.toString(16)}, found ${bytes.length} with ${found.toString(16)}`,
    { file: file.name, member: name, help: 'fetch or save the file again' },
  );
}

function unpack(name: string, bytes: Uint8Array, method: number): Promise<Uint8Array> | Uint8Array {
  if (method === 0) return bytes;
  if (method === 8) return inflate({ name, bytes }, 'deflate-raw');
  throw new DataError(`${name}: compression method ${method} is not read`, {
    method,
    help: 'save it stored (0) or deflated (8)',
  });
}

const broken = (file: NamedBytes, what: string, at: number): DataError =>
  new DataError(`${file.name}: ${what} is not where the archive says, at byte ${at}`, {
    file: file.name,
    at: String(at),
    help: 'fetch or save the file again',
  });
