/** Bytes with the name of where they come from, and the unpacking of gzip. */
import { DataError } from '../engine/errors.ts';

/** Contents of a file; the name stands in every error message. */
export interface NamedBytes {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** Unpacks gzip, recognised by its first two bytes; other bytes pass through unchanged. */
export async function gunzip(file: NamedBytes): Promise<NamedBytes> {
  if (!isGzip(file.bytes)) return file;
  return { name: file.name.replace(/\.gz$/i, ''), bytes: await inflate(file, 'gzip') };
}

const WRAPPERS = { gzip: 'gzip file', deflate: 'zlib stream', 'deflate-raw': 'deflated stream' } as const;

/** Unpacks deflated bytes, wrapped as gzip, as zlib (`deflate`) or not at all (`deflate-raw`). */
export async function inflate(file: NamedBytes, wrapper: keyof typeof WRAPPERS): Promise<Uint8Array> {
  try {
    const stream = new Blob([file.bytes as Uint8Array<ArrayBuffer>])
      .stream()
      .pipeThrough(new DecompressionStream(wrapper));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch (cause) {
    throw new DataError(
      `${file.name}: not a complete ${WRAPPERS[wrapper]} (${file.bytes.length} bytes found): ${reasonOf(cause)}`,
      {
        file: file.name,
        found: file.bytes.length,
        help: 'fetch the file again',
      },
    );
  }
}

/** The CRC-32 of zip and PNG: reflected, polynomial 0xedb88320. */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (let i = 0; i < bytes.length; i++) crc = CRC[(crc ^ bytes[i]!) & 255]! ^ (crc >>> 8);
  return ~crc >>> 0;
}

const CRC = /* @__PURE__ */ Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  return crc;
});

/** Decodes UTF-8; a byte order mark is dropped, other bytes are refused. */
export function decodeUtf8(file: NamedBytes): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(file.bytes);
  } catch {
    throw new DataError(`${file.name}: expected UTF-8 text, found other bytes`, {
      file: file.name,
      help: 'convert the file to UTF-8, or name the format it really has',
    });
  }
}

/** Refuses a file whose length is not what its format implies. */
export function requireBytes(file: NamedBytes, expected: number, what: string): void {
  const found = file.bytes.length;
  if (found === expected) return;
  const kind = found < expected ? 'truncated' : 'too long';
  throw new DataError(`${file.name}: ${kind}: expected ${expected} bytes for ${what}, found ${found}`, {
    file: file.name,
    expected,
    found,
    help: 'fetch the file again, or check that it has the format you named',
  });
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return cause.cause instanceof Error ? cause.cause.message : cause.message;
}
