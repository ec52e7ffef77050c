/**
 * Reader of PNG images: grey, colour and palette of any depth, transparency, interlaced or not.
 *
 * Source  W3C, Portable Network Graphics (PNG) Specification, third edition.
 */
import { DataError } from '../engine/errors.ts';
import { crc32, inflate, type NamedBytes } from './bytes.ts';

export interface PngImage {
  readonly width: number;
  readonly height: number;
  /** 1 grey, 2 grey and alpha, 3 red green blue, 4 with alpha. */
  readonly channels: 1 | 2 | 3 | 4;
  /** Bits of a stored sample. Grey of fewer than 8 is stretched to 0 … 255, palettes are looked up. */
  readonly bits: number;
  /** Height × width × channels, channel last; 0 … 255, or 0 … 65535 in an image of 16 bits. */
  readonly data: Uint8Array | Uint16Array;
}

interface Header {
  readonly width: number;
  readonly height: number;
  readonly bits: number;
  readonly colour: number;
  readonly isInterlaced: boolean;
}

interface Chunks {
  readonly header: Header;
  readonly palette: Uint8Array | null;
  readonly transparency: Uint8Array | null;
  readonly packed: Uint8Array;
}

const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** Samples of a pixel and allowed depths by colour type. */
const COLOURS: Readonly<Record<number, readonly [samples: number, depths: readonly number[]]>> = {
  0: [1, [1, 2, 4, 8, 16]],
  2: [3, [8, 16]],
  3: [1, [1, 2, 4, 8]],
  4: [2, [8, 16]],
  6: [4, [8, 16]],
};
const PALETTE = 3;
/** First column and row, and steps, of the seven passes of an interlaced image. */
const PASSES = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** Reads an image; colours are the stored ones (no gamma or profile is applied). */
export async function readPng(file: NamedBytes): Promise<PngImage> {
  const chunks = readChunks(file);
  const raw = await inflate({ name: file.name, bytes: chunks.packed }, 'deflate');
  const samples = readSamples(file.name, chunks.header, raw);
  return withColours(file.name, chunks, samples);
}

function readChunks(file: NamedBytes): Chunks {
  const { bytes, name } = file;
  if (SIGNATURE.some((b, i) => bytes[i] !== b)) throw bad(name, 'a file that does not begin like a PNG');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let header: Header | null = null;
  let palette: Uint8Array | null = null;
  let transparency: Uint8Array | null = null;
  const packed: Uint8Array[] = [];
  for (let at = 8; ; ) {
    const { type, data } = readChunk(name, view, bytes, at);
    if (header === null && type !== 'IHDR') throw bad(name, `${type} in front of IHDR`);
    if (type === 'IHDR') header = readHeader(name, data);
    else if (type === 'PLTE') palette = data;
    else if (type === 'tRNS') transparency = data;
    else if (type === 'IDAT') packed.push(data);
    else if (type === 'IEND') break;
    else if (type[0]! < 'a') throw bad(name, `the chunk ${type}, which must be understood and is not`);
    at += 12 + data.length;
  }
  if (header!.colour === PALETTE && palette === null) throw bad(name, 'colours from a palette that is not there');
  return { header: header!, palette, transparency, packed: concat(packed) };
}

function readChunk(name: string, view: DataView, bytes: Uint8Array, at: number): { type: string; data: Uint8Array } {
  if (at + 12 > bytes.length) throw bad(name, `an end after ${bytes.length} bytes, before IEND`);
  const length = view.getUint32(at);
  if (at + 12 + length > bytes.length) throw bad(name, `an end after ${bytes.length} bytes, in a chunk of ${length}`);
  const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
  const found = crc32(bytes.subarray(at + 4, at + 8 + length));
  const expected = view.getUint32(at + 8 + length);
  if (found !== expected)
    throw bad(name, `the chunk ${type} with CRC ${found.toString(16)}, not ${expected.toString(16)}`);
  return { type, data: bytes.subarray(at + 8, at + 8 + length) };
}

function readHeader(name: string, data: Uint8Array): Header {
  if (data.length !== 13) throw bad(name, `an IHDR of ${data.length} bytes`);
  const view = new DataView(data.buffer, data.byteOffset, 13);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [bits, colour, compression, filter, interlace] = [8, 9, 10, 11, 12].map((i) => data[i]!) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const isKnown = COLOURS[colour]?.[1].includes(bits) && compression === 0 && filter === 0 && interlace < 2;
  if (!isKnown || width === 0 || height === 0)
    throw bad(name, `an image of ${width} × ${height}, ${bits} bits, colour type ${colour}, interlace ${interlace}`);
  return { width, height, bits, colour, isInterlaced: interlace === 1 };
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** All samples in the order of the pixels, whatever the passes. */
function readSamples(name: string, header: Header, raw: Uint8Array): Uint16Array {
  const { width, height, bits, isInterlaced } = header;
  const perPixel = COLOURS[header.colour]![0];
  const out = new Uint16Array(width * height * perPixel);
  let from = 0;
  for (const [left, top, across, down] of isInterlaced ? PASSES : [[0, 0, 1, 1] as const]) {
    const columns = Math.ceil((width - left) / across);
    const rows = Math.ceil((height - top) / down);
    if (columns <= 0 || rows <= 0) continue;
    const rowBytes = Math.ceil((columns * perPixel * bits) / 8);
    if (from + rows * (rowBytes + 1) > raw.length)
      throw bad(name, `${raw.length} bytes of pixels, too few for ${width} × ${height}`);
    const lines = unfilter(
      name,
      raw.subarray(from, from + rows * (rowBytes + 1)),
      rowBytes,
      Math.max(1, (perPixel * bits) / 8),
    );
    for (let row = 0; row < rows; row++)
      for (let i = 0; i < columns * perPixel; i++) {
        const pixel = (top + row * down) * width + left + Math.floor(i / perPixel) * across;
        out[pixel * perPixel + (i % perPixel)] = sampleAt(lines, row * rowBytes, i, bits);
      }
    from += rows * (rowBytes + 1);
  }
  if (from !== raw.length) throw bad(name, `${raw.length} bytes of pixels, ${raw.length - from} too many`);
  return out;
}

function sampleAt(line: Uint8Array, start: number, i: number, bits: number): number {
  if (bits === 8) return line[start + i]!;
  if (bits === 16) return line[start + 2 * i]! * 256 + line[start + 2 * i + 1]!;
  const at = i * bits;
  return (line[start + (at >> 3)]! >> (8 - bits - (at & 7))) & ((1 << bits) - 1);
}

/** Undoes the five filters, which predict a byte from those to the left (a), above (b) and above left (c). */
function unfilter(name: string, raw: Uint8Array, rowBytes: number, pixelBytes: number): Uint8Array {
  const rows = raw.length / (rowBytes + 1);
  const out = new Uint8Array(rows * rowBytes);
  for (let row = 0; row < rows; row++) {
    const filter = raw[row * (rowBytes + 1)]!;
    if (filter > 4) throw bad(name, `filter ${filter} in row ${row}`);
    for (let i = 0; i < rowBytes; i++) {
      const at = row * rowBytes + i;
      const a = i < pixelBytes ? 0 : out[at - pixelBytes]!;
      const b = row === 0 ? 0 : out[at - rowBytes]!;
      const c = i < pixelBytes || row === 0 ? 0 : out[at - rowBytes - pixelBytes]!;
      out[at] = raw[row * (rowBytes + 1) + 1 + i]! + predicted(filter, a, b, c);
    }
  }
  return out;
}

function predicted(filter: number, a: number, b: number, c: number): number {
  if (filter < 3) return filter === 0 ? 0 : filter === 1 ? a : b;
  if (filter === 3) return (a + b) >> 1;
  const [da, db, dc] = [Math.abs(b - c), Math.abs(a - c), Math.abs(a + b - 2 * c)];
  return da <= db && da <= dc ? a : db <= dc ? b : c;
}

function withColours(name: string, { header, palette, transparency }: Chunks, samples: Uint16Array): PngImage {
  const { width, height, bits, colour } = header;
  const image = (channels: number, values: ArrayLike<number>): PngImage => {
    const data = bits === 16 ? Uint16Array.from(values) : Uint8Array.from(values);
    return { width, height, bits, channels: channels as PngImage['channels'], data };
  };
  if (colour === PALETTE) {
    const channels = transparency === null ? 3 : 4;
    return image(channels, lookUp(name, samples, palette!, transparency));
  }
  const [perPixel] = COLOURS[colour]!;
  const stretch = bits < 8 ? 255 / (2 ** bits - 1) : 1;
  if (transparency === null || colour > 2)
    return image(perPixel, stretch === 1 ? samples : samples.map((v) => v * stretch));
  // One colour, given by its samples, is transparent.
  const clear = Array.from({ length: perPixel }, (_, c) => transparency[2 * c]! * 256 + transparency[2 * c + 1]!);
  const opaque = bits === 16 ? 65535 : 255;
  const out = new Uint16Array(width * height * (perPixel + 1));
  for (let pixel = 0; pixel < width * height; pixel++) {
    const values = samples.subarray(pixel * perPixel, (pixel + 1) * perPixel);
    values.forEach((v, c) => {
      out[pixel * (perPixel + 1) + c] = v * stretch;
    });
    out[pixel * (perPixel + 1) + perPixel] = clear.every((v, c) => values[c] === v) ? 0 : opaque;
  }
  return image(perPixel + 1, out);
}

function lookUp(name: string, indices: Uint16Array, palette: Uint8Array, alpha: Uint8Array | null): Uint8Array {
  const channels = alpha === null ? 3 : 4;
  const out = new Uint8Array(indices.length * channels);
  indices.forEach((index, pixel) => {
    if (3 * index + 3 > palette.length) throw bad(name, `colour ${index} of a palette of ${palette.length / 3}`);
    out.set(palette.subarray(3 * index, 3 * index + 3), pixel * channels);
    if (alpha !== null) out[pixel * 4 + 3] = alpha[index] ?? 255;
  });
  return out;
}

const bad = (file: string, found: string): DataError =>
  new DataError(`${file}: not a PNG that can be read: found ${found}`, {
    file,
    found,
    help: 'the file is damaged or not a PNG: fetch or save it again',
  });
