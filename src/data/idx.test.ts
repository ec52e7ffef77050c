import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataError } from '../engine/errors.ts';
import { gunzip } from './bytes.ts';
import { readIdx } from './idx.ts';
import { formatOf, readAs } from './readers.ts';

/** An independent writer on Node's Buffer. */
function writeIdx(type: number, shape: number[], values: number[]): Uint8Array {
  const head = Buffer.alloc(4 + 4 * shape.length);
  head.writeUInt8(type, 2);
  head.writeUInt8(shape.length, 3);
  shape.forEach((size, i) => {
    head.writeUInt32BE(size, 4 + 4 * i);
  });
  const write: Record<number, (b: Buffer, v: number, at: number) => number> = {
    8: (b, v, at) => b.writeUInt8(v, at),
    9: (b, v, at) => b.writeInt8(v, at),
    11: (b, v, at) => b.writeInt16BE(v, at),
    12: (b, v, at) => b.writeInt32BE(v, at),
    13: (b, v, at) => b.writeFloatBE(v, at),
    14: (b, v, at) => b.writeDoubleBE(v, at),
  };
  const width = { 8: 1, 9: 1, 11: 2, 12: 4, 13: 4, 14: 8 }[type]!;
  const body = Buffer.alloc(values.length * width);
  values.forEach((v, i) => {
    write[type]!(body, v, i * width);
  });
  return new Uint8Array(Buffer.concat([head, body]));
}

const file = (bytes: Uint8Array, name = 'train-images-idx3-ubyte') => ({ name, bytes });

describe('readIdx', () => {
  it.each([
    [8, [0, 255, 7, 9, 1, 128]],
    [9, [-128, 127, 0, 1, 2, 3]],
    [11, [-32768, 32767, 258, -2, 5, 6]],
    [12, [-(2 ** 31), 2 ** 31 - 1, 66051, 0, 1, -1]],
    [13, [0.5, -1.25, 3, 1e10, 0, 2 ** -20]],
    [14, [Math.PI, -1e300, 5e-324, 0, 1, 2]],
  ])('reads element type %i', (type, values) => {
    const { shape, data } = readIdx(file(writeIdx(type, [2, 3], values)));
    expect(shape).toEqual([2, 3]);
    expect([...data]).toEqual(values.map((v) => (type === 13 ? Math.fround(v) : v)));
  });

  it('reads any shape of bytes, from any offset in a larger buffer', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(4), { minLength: 1, maxLength: 4 }), fc.nat(5), (shape, offset) => {
        const values = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => (i * 37) % 256);
        const written = writeIdx(8, shape, values);
        const shifted = new Uint8Array(offset + written.length);
        shifted.set(written, offset);
        const read = readIdx(file(shifted.subarray(offset)));
        expect(read.shape).toEqual(shape);
        expect([...read.data]).toEqual(values);
      }),
    );
  });

  it('names the file, the expected and the found bytes of a cut or lengthened file', () => {
    const whole = writeIdx(8, [2, 2], [1, 2, 3, 4]);
    expect(() => readIdx(file(whole.subarray(0, 15)))).toThrow(
      /train-images-idx3-ubyte: truncated: expected 16 bytes for an IDX array of \[2,2\], found 15/,
    );
    expect(() => readIdx(file(new Uint8Array([...whole, 0])))).toThrow(/too long: expected 16 bytes.* found 17/);
    expect(() => readIdx(file(whole.subarray(0, 9)))).toThrow(/expected 12 bytes for the IDX header, found 9/);
    expect(() => readIdx(file(new Uint8Array(2)))).toThrow(/expected 4 bytes for the IDX magic number, found 2/);
  });

  it('refuses a wrong magic number and a wrong rank', () => {
    const page = new TextEncoder().encode('<!doctype html>');
    expect(() => readIdx(file(page))).toThrow(/expected an IDX magic number.* found 3c21646f/);
    expect(() => readIdx(file(writeIdx(8, [2], [1, 2])), { rank: 3 })).toThrow(/of 3 dimensions, found 1/);
  });
});

describe('readAs', () => {
  it('unpacks gzip', async () => {
    const packed = new Uint8Array(gzipSync(writeIdx(8, [3], [4, 5, 6])));
    const read = await readAs('idx', file(packed, 'labels-idx1-ubyte.gz'));
    expect([...read.data]).toEqual([4, 5, 6]);
  });

  it('refuses gzip that is cut or corrupt', async () => {
    const packed = new Uint8Array(
      gzipSync(
        writeIdx(
          8,
          [3000],
          new Array(3000).fill(0).map((_, i) => (i * i) % 251),
        ),
      ),
    );
    const corrupt = packed.slice();
    corrupt[packed.length >> 1]! ^= 0xff;
    for (const bad of [packed.subarray(0, packed.length - 9), corrupt]) {
      await expect(gunzip(file(bad, 'x.gz'))).rejects.toThrow(DataError);
      await expect(gunzip(file(bad, 'x.gz'))).rejects.toThrow(/x\.gz: not a complete gzip file/);
    }
  });

  it('goes by the extension, and refuses an unknown one', () => {
    expect(formatOf('t10k-images-idx3-ubyte.gz')).toBe('idx');
    expect(formatOf('data_batch_1.bin')).toBe('cifar');
    expect(formatOf('a/b.tsv.gz')).toBe('tsv');
    expect(formatOf('optdigits.tes')).toBe('csv');
    expect(() => formatOf('weights.h5')).toThrow(/belongs to no reader/);
  });
});
