import { crc32, inflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { ShapeError } from '../engine/errors.ts';
import { encodePng, pngDataUrl } from './png.ts';

/** Reads a PNG by the letter of RFC 2083, with zlib for the checksums and the compressed data. */
function decode(file: Uint8Array) {
  const bytes = Buffer.from(file);
  expect(bytes.subarray(0, 8).toString('latin1')).toBe('\x89PNG\r\n\x1a\n');
  const chunks: Record<string, Buffer> = {};
  for (let at = 8; at < bytes.length; ) {
    const size = bytes.readUInt32BE(at);
    const body = bytes.subarray(at + 4, at + 8 + size);
    expect(bytes.readUInt32BE(at + 8 + size)).toBe(crc32(body));
    chunks[body.subarray(0, 4).toString('latin1')] = body.subarray(4);
    at += 12 + size;
  }
  const header = chunks.IHDR!;
  return {
    width: header.readUInt32BE(0),
    height: header.readUInt32BE(4),
    depth: header[8],
    color: header[9],
    raw: inflateSync(chunks.IDAT!),
  };
}

describe('encodePng', () => {
  it.each([
    [1, 0],
    [3, 2],
    [4, 6],
  ] as const)('writes %d channels so that every pixel comes back', (channels, color) => {
    const [width, height] = [37, 5];
    const data = Uint8Array.from({ length: width * height * channels }, (_, i) => (i * 89) % 256);
    const png = decode(encodePng({ width, height, channels, data }));
    expect(png).toMatchObject({ width, height, depth: 8, color });
    const rows = Array.from({ length: height }, (_, r) =>
      png.raw.subarray(r * (width * channels + 1), (r + 1) * (width * channels + 1)),
    );
    expect(rows.every((row) => row[0] === 0)).toBe(true);
    expect(Buffer.concat(rows.map((row) => row.subarray(1)))).toEqual(Buffer.from(data));
  });

  it('splits images of more than 64 KiB into blocks', () => {
    const data = Uint8Array.from({ length: 300 * 300 }, (_, i) => i % 251);
    const { raw } = decode(encodePng({ width: 300, height: 300, channels: 1, data }));
    expect(raw.length).toBe(300 * 301);
    expect(raw[300 * 301 - 1]).toBe((300 * 300 - 1) % 251);
  });

  it('refuses data that do not fill the image, naming both', () => {
    const wrong = () => encodePng({ width: 4, height: 3, channels: 3, data: new Uint8Array(12) });
    expect(wrong).toThrow(ShapeError);
    expect(wrong).toThrow(/12 values for an image of 3 × 4 × 3/);
  });

  it('becomes a data address of the same bytes', () => {
    const pixels = { width: 2, height: 1, channels: 1, data: [7, 250] } as const;
    const [kind, base64] = pngDataUrl(pixels).split(',');
    expect(kind).toBe('data:image/png;base64');
    expect(Buffer.from(base64!, 'base64')).toEqual(Buffer.from(encodePng(pixels)));
  });
});
