/** PNG files from raw pixels, uncompressed, so that small images can be embedded anywhere without a library. */
import { ShapeError } from '../engine/errors.ts';

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const colorTypes = { 1: 0, 3: 2, 4: 6 } as const;

export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** 1 grey, 3 red green blue, 4 with alpha. */
  readonly channels: 1 | 3 | 4;
  /** Height × width × channels bytes, 0 to 255. */
  readonly data: ArrayLike<number>;
}

/** Encodes 8-bit pixels as a PNG file (RFC 2083, with stored blocks of RFC 1951). Throws ShapeError where the data do not fill the image. */
export function encodePng({ width, height, channels, data }: Pixels): Uint8Array<ArrayBuffer> {
  if (data.length !== width * height * channels) {
    throw new ShapeError(`${data.length} values for an image of ${height} × ${width} × ${channels}`, {
      help: 'pass height × width × channels values, channel last',
      shape: [height, width, channels],
    });
  }
  const row = width * channels;
  const raw = new Uint8Array(height * (row + 1)); // every row starts with filter 0
  for (let r = 0; r < height; r++) for (let i = 0; i < row; i++) raw[r * (row + 1) + 1 + i] = data[r * row + i]!;
  const header = [...bigEndian(width), ...bigEndian(height), 8, colorTypes[channels], 0, 0, 0];
  return Uint8Array.from([
    ...signature,
    ...chunk('IHDR', header),
    ...chunk('IDAT', zlibStored(raw)),
    ...chunk('IEND', []),
  ]);
}

/** The same as a data address, for an image element. */
export function pngDataUrl(pixels: Pixels): string {
  let binary = '';
  for (const byte of encodePng(pixels)) binary += String.fromCharCode(byte);
  return `data:image/png;base64,${btoa(binary)}`;
}

const bigEndian = (n: number): number[] => [n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255];

function chunk(type: string, data: readonly number[]): number[] {
  const body = [...type].map((c) => c.charCodeAt(0)).concat(data);
  return [...bigEndian(data.length), ...body, ...bigEndian(crc32(body))];
}

function zlibStored(raw: Uint8Array): number[] {
  const out = [0x78, 0x01];
  for (let from = 0; from === 0 || from < raw.length; from += 0xffff) {
    const part = raw.subarray(from, from + 0xffff);
    const size = part.length;
    const isLast = from + 0xffff >= raw.length ? 1 : 0;
    out.push(isLast, size & 255, size >> 8, ~size & 255, (~size >> 8) & 255);
    for (const byte of part) out.push(byte);
  }
  return [...out, ...bigEndian(adler32(raw))];
}

function crc32(bytes: readonly number[]): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

function adler32(bytes: Uint8Array): number {
  let [a, b] = [1, 0];
  for (const byte of bytes) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return b * 65536 + a;
}
