/** npy, npz, safetensors, PNG and JSON Lines against files that NumPy and the standard library of Python made (test/fixtures/readers/make.py). */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataError } from '../engine/errors.ts';
import { fromArray } from '../engine/index.ts';
import { encodePng } from '../plot/png.ts';
import type { NamedBytes } from './bytes.ts';
import { readJsonl } from './jsonl.ts';
import { readNpy, readNpz } from './npy.ts';
import { readPng } from './png.ts';
import { formatOf, readAs } from './readers.ts';
import { readSafetensors, writeSafetensors } from './safetensors.ts';
import { halfOf, storageOf } from './stored-array.ts';

const fixture = (name: string): NamedBytes => ({
  name,
  bytes: new Uint8Array(readFileSync(new URL(`../../test/fixtures/readers/${name}`, import.meta.url))),
});
const changed = ({ name, bytes }: NamedBytes, change: (bytes: Uint8Array) => void): NamedBytes => {
  const copy = bytes.slice();
  change(copy);
  return { name, bytes: copy };
};
const cut = ({ name, bytes }: NamedBytes, to: number): NamedBytes => ({ name, bytes: bytes.subarray(0, to) });
const grid = Array.from({ length: 12 }, (_, i) => i);

describe('npz', () => {
  it.each(['stored.npz', 'deflated.npz'])('reads every type, order and shape of %s', async (name) => {
    const arrays = await readNpz(fixture(name));
    const expected: Record<string, [dtype: string, values: number[]]> = {
      f4: ['f32', grid.map((i) => i / 8)],
      f8: ['f64', grid.map((i) => i / 3)],
      f2: ['f32', grid.map((i) => i / 16)],
      big: ['f64', grid.map((i) => i / 8)],
      fortran: ['i32', Array.from({ length: 24 }, (_, i) => i)],
      i1: ['i32', grid.map((i) => i - 6)],
      i2: ['i32', grid.map((i) => i * -1000 || 0)],
      i4: ['i32', grid.map((i) => i * 100_000)],
      i8: ['i32', grid.map((i) => i - 2 ** 31)],
      u1: ['u32', grid.map((i) => i * 20)],
      u2: ['u32', grid.map((i) => i * 5000)],
      u4: ['u32', grid.map((i) => i * 300_000_000)],
      u8: ['i32', grid],
      b1: ['bool', grid.map((i) => Number(i % 3 === 0))],
      scalar: ['f64', [0.1]],
      none: ['f32', []],
    };
    expect([...arrays.keys()]).toEqual(Object.keys(expected));
    for (const [key, [dtype, values]] of Object.entries(expected)) {
      const array = arrays.get(key)!;
      expect([key, array.dtype, [...array.data]]).toEqual([key, dtype, values]);
      if (values.length > 0)
        expect([...fromArray(storageOf(array), array.shape, array.dtype).readSync()]).toEqual(values);
    }
    const shapes = ['f4', 'fortran', 'scalar', 'none'].map((key) => arrays.get(key)!.shape);
    expect(shapes).toEqual([[3, 4], [2, 3, 4], [], [0, 5]]);
    expect(arrays.get('u1')!.data).toBeInstanceOf(Uint8Array);
  });

  it('reads the three versions of npy', () => {
    for (const version of [1, 2, 3]) {
      const { shape, data } = readNpy(fixture(`version-${version}.npy`));
      expect([shape, [...data]]).toEqual([[3, 4], grid.map((i) => i / 8)]);
    }
  });

  it('gives 64-bit integers as asked, exactly or not at all', async () => {
    await expect(readNpz(fixture('wide.npz'))).rejects.toThrow(
      /element 0 is 1099511627776, which i32 does not hold[\s\S]*wide: 'f64'/,
    );
    expect([...(await readNpz(fixture('wide.npz'), { wide: 'f64' })).get('wide')!.data]).toEqual([2 ** 40, -1]);
  });

  it('refuses other types, cut and damaged files', async () => {
    await expect(readNpz(fixture('texts.npz'))).rejects.toThrow(/elements of type <U2 are not read/);
    const npy = fixture('version-1.npy');
    expect(() => readNpy(cut(npy, npy.bytes.length - 1))).toThrow(/truncated: expected 176 bytes .*found 175/);
    expect(() => readNpy(cut(npy, 20))).toThrow(/truncated/);
    expect(() => readNpy(cut(npy, 3))).toThrow(/not an npy file/);
    expect(() => readNpy(changed(npy, (b) => b.set([57], 6)))).toThrow(/format 1 to 3/);
    expect(() => readNpy(changed(npy, (b) => b.set([120], 12)))).toThrow(/lacks descr/);
    const npz = fixture('deflated.npz');
    await expect(readNpz(cut(npz, npz.bytes.length - 30))).rejects.toThrow(/not a complete zip archive/);
    await expect(readNpz(changed(npz, (b) => b.fill(0, 60, 90)))).rejects.toThrow(DataError);
    const stored = fixture('stored.npz');
    await expect(readNpz(changed(stored, (b) => b.set([99], 200)))).rejects.toThrow(
      /f4\.npy is damaged: expected 176 bytes with CRC/,
    );
  });
});

describe('safetensors', () => {
  it('reads every type, converts halves and wide integers, and keeps the metadata', () => {
    const { tensors, metadata } = readSafetensors(fixture('mixed.safetensors'));
    expect(metadata).toEqual({ 'made by': 'make.py' });
    const values = Object.fromEntries(
      [...tensors].map(([name, { dtype, shape, data }]) => [name, [dtype, shape, [...data]]]),
    );
    expect(values).toEqual({
      double: ['f64', [2], [0.1, -2.5]],
      brain: ['f32', [3], [1.5, -3, new Float32Array(new Uint32Array([0x7149 << 16]).buffer)[0]]],
      half: ['f32', [4], [1.5, -2, 1023 * 2 ** -24, 65504]],
      bytes: ['u32', [2, 2], [1, 2, 3, 255]],
      flags: ['bool', [3], [1, 0, 1]],
      long: ['i32', [2], [-5, 2 ** 31 - 1]],
      empty: ['f32', [0, 3], []],
      scalar: ['i32', [], [-7]],
    });
  });

  it('writes what it reads: all types, aligned, with metadata', () => {
    const number = fc.double({ noNaN: true });
    const tensor = fc.oneof(
      fc.array(number).map((x) => ({ dtype: 'f64' as const, data: Float64Array.from(x) })),
      fc.array(number).map((x) => ({ dtype: 'f32' as const, data: Float32Array.from(x) })),
      fc.array(fc.integer()).map((x) => ({ dtype: 'i32' as const, data: Int32Array.from(x) })),
      fc.array(fc.nat()).map((x) => ({ dtype: 'u32' as const, data: Uint32Array.from(x) })),
      fc.array(fc.nat(1)).map((x) => ({ dtype: 'bool' as const, data: Uint32Array.from(x) })),
    );
    const name = fc.string({ unit: 'grapheme' }).filter((s) => s !== '__metadata__' && s !== '__proto__');
    fc.assert(
      fc.property(
        fc.dictionary(name, tensor, { noNullPrototype: true }),
        fc.dictionary(fc.constantFrom('a', 'é'), fc.string(), { noNullPrototype: true }),
        (made, metadata) => {
          const tensors = Object.fromEntries(
            Object.entries(made).map(([key, t]) => [key, { ...t, shape: [t.data.length] }]),
          );
          const bytes = writeSafetensors(tensors, metadata);
          const header = Number(new DataView(bytes.buffer).getBigUint64(0, true));
          expect(header % 8).toBe(0);
          const back = readSafetensors({ name: 'memory', bytes });
          expect(back.metadata).toEqual(metadata);
          expect(back.tensors.size).toBe(Object.keys(tensors).length);
          for (const [key, { dtype, data, shape }] of Object.entries(tensors))
            expect(back.tensors.get(key)).toEqual({ shape, dtype, stored: dtype, data });
        },
      ),
      { numRuns: 60 },
    );
    expect(() => writeSafetensors({ a: { shape: [3], dtype: 'f32', data: new Float32Array(2) } })).toThrow(
      /\[3\] has 2 values, not 3/,
    );
  });

  it('refuses ranges that overlap, leave holes, lie outside or do not fit', () => {
    const file = (header: unknown, size: number): NamedBytes => {
      const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
      const bytes = new Uint8Array(8 + text.length + size);
      new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
      bytes.set(text, 8);
      return { name: 'bad', bytes };
    };
    const f32 = (from: number, to: number, shape: unknown = [(to - from) / 4], dtype = 'F32') => ({
      dtype,
      shape,
      data_offsets: [from, to],
    });
    const cases: [unknown, number, RegExp][] = [
      [{ a: f32(0, 8), b: f32(4, 12) }, 12, /"b" from byte 4, which overlaps the one before it, up to 8/],
      [{ a: f32(0, 8), b: f32(12, 16) }, 16, /a hole from byte 8 to 12/],
      [{ a: f32(0, 8) }, 4, /"a" up to byte 8 of 4/],
      [{ a: f32(0, 4) }, 8, /4 bytes behind the last tensor/],
      [{ a: f32(0, 8, [3]) }, 8, /\[0,8\], where \[3\] of F32 takes 12 bytes/],
      [{ a: f32(-4, 4, [2]) }, 8, /"a" at \[-4,4\]/],
      [{ a: f32(0, 4, [-1]) }, 4, /-1 in its shape is not a whole number/],
      [{ a: f32(0, 4, [1], 'F8_E4M3') }, 4, /type "F8_E4M3"[\s\S]*types are BOOL/],
      [{ a: f32(0, 1e300, [1e300]) }, 4, /1e\+300 in its shape/],
      [{ __metadata__: { a: 1 } }, 0, /does not map texts to texts/],
      ['[1]', 0, /not a JSON object/],
      ['{"a":', 0, /not JSON/],
    ];
    for (const [header, size, message] of cases) expect(() => readSafetensors(file(header, size))).toThrow(message);
    const long = file({}, 0);
    new DataView(long.bytes.buffer).setBigUint64(0, 2n ** 60n, true);
    expect(() => readSafetensors(long)).toThrow(/a header of 1152921504606846976 bytes in a file of 10/);
    expect(() => readSafetensors(cut(long, 5))).toThrow(DataError);
    expect(() => readSafetensors(file({ a: f32(0, 1, [1], 'BOOL') }, 1))).not.toThrow();
    expect(() =>
      readSafetensors(changed(file({ a: f32(0, 1, [1], 'BOOL') }, 1), (b) => b.set([7], b.length - 1))),
    ).toThrow(/a bool of 7/);
  });

  it('knows the halves: smallest, largest, subnormal, infinite', () => {
    const words = [0x3c00, 0xc000, 0x7bff, 0x0001, 0x0400, 0x7c00, 0xfc00, 0x8000, 0x3555];
    const values = [1, -2, 65504, 2 ** -24, 2 ** -14, Infinity, -Infinity, -0, 0.333251953125];
    expect(words.map(halfOf)).toEqual(values);
    expect(halfOf(0x7e00)).toBeNaN();
  });
});

describe('PNG', () => {
  const [width, height] = [11, 9];
  const sample = (x: number, y: number, c: number, bits: number): number =>
    (x * 7 + y * 13 + c * 29 + ((x * y) % 5) * 1021) % 2 ** bits;
  const pixels = (channels: number, value: (x: number, y: number, c: number) => number): number[] =>
    Array.from({ length: width * height * channels }, (_, i) => {
      const pixel = Math.floor(i / channels);
      return value(pixel % width, Math.floor(pixel / width), i % channels);
    });
  const paletteColour = (i: number, c: number): number => [i, 255 - i, (i * 3) % 256][c]!;

  const kinds = [
    [0, 1, [1, 2, 4, 8, 16]],
    [2, 3, [8, 16]],
    [3, 3, [1, 2, 4, 8]],
    [4, 2, [8, 16]],
    [6, 4, [8, 16]],
  ] as const;
  const cases = kinds.flatMap(([colour, channels, depths]) =>
    depths.flatMap((bits) =>
      ['', '-interlaced'].map((end) => ({ name: `png-${colour}-${bits}${end}.png`, colour, channels, bits })),
    ),
  );
  it.each(cases)('reads $name, all filters', async ({ name, colour, channels, bits }) => {
    const image = await readPng(fixture(name));
    expect([image.width, image.height, image.channels, image.bits]).toEqual([width, height, channels, bits]);
    expect(image.data).toBeInstanceOf(bits === 16 ? Uint16Array : Uint8Array);
    const stretch = bits < 8 ? 255 / (2 ** bits - 1) : 1;
    const expected = pixels(channels, (x, y, c) =>
      colour === 3 ? paletteColour(sample(x, y, 0, bits), c) : sample(x, y, c, bits) * stretch,
    );
    expect([...image.data]).toEqual(expected);
  });

  it('makes alpha of a transparent colour and of a palette with transparency', async () => {
    const clear = sample(2, 3, 0, 4);
    const grey = await readPng(fixture('png-grey-clear.png'));
    expect([...grey.data]).toEqual(
      pixels(2, (x, y, c) => (c === 0 ? sample(x, y, 0, 4) * 17 : sample(x, y, 0, 4) === clear ? 0 : 255)),
    );
    const colours = await readPng(fixture('png-palette-clear.png'));
    expect([...colours.data]).toEqual(
      pixels(4, (x, y, c) => (c < 3 ? paletteColour(sample(x, y, 0, 2), c) : ([0, 128][sample(x, y, 0, 2)] ?? 255))),
    );
  });

  it('reads what plot writes', async () => {
    const data = Array.from({ length: 5 * 3 * 4 }, (_, i) => (i * 37) % 256);
    const bytes = encodePng({ width: 5, height: 3, channels: 4, data });
    expect([...(await readPng({ name: 'plot', bytes })).data]).toEqual(data);
  });

  it('refuses damaged, cut and foreign files', async () => {
    const file = fixture('png-2-8.png');
    await expect(readPng(changed(file, (b) => b.set([1], 50)))).rejects.toThrow(/the chunk \w+ with CRC/);
    await expect(readPng(cut(file, file.bytes.length - 5))).rejects.toThrow(/an end after \d+ bytes/);
    await expect(readPng(cut(file, 30))).rejects.toThrow(/in a chunk of 13|before IEND/);
    await expect(readPng(fixture('stored.npz'))).rejects.toThrow(/does not begin like a PNG/);
  });
});

describe('JSON Lines', () => {
  const bytes = (text: string): NamedBytes => ({ name: 'a.jsonl', bytes: new TextEncoder().encode(text) });

  it('reads values with their lines, empty ones left out', () => {
    expect(readJsonl(bytes('{"a":1}\r\n\n[2,"é"]\nnull'))).toEqual([
      { line: 1, value: { a: 1 } },
      { line: 3, value: [2, 'é'] },
      { line: 4, value: null },
    ]);
  });

  it('names the line that is not JSON', () => {
    expect(() => readJsonl(bytes('1\n{"a":}\n'))).toThrow(/a\.jsonl: line 2: expected JSON, found "\{\\"a\\":\}"/);
  });
});

describe('the registry', () => {
  it('finds each format by its name and reads it', async () => {
    const names = ['a.jsonl.gz', 'b.NPZ', 'c.npy', 'd.safetensors', 'e.png', 'f.txt'];
    expect(names.map(formatOf)).toEqual(['jsonl', 'npz', 'npy', 'safetensors', 'png', 'text']);
    expect((await readAs('png', fixture('png-0-1.png'))).width).toBe(11);
    expect((await readAs('npz', fixture('stored.npz'))).get('scalar')!.data[0]).toBe(0.1);
    expect(await readAs('text', { name: 'f.txt', bytes: Uint8Array.of(0xc3, 0xa9) })).toBe('é');
  });
});
