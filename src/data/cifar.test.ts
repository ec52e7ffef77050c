import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readCifar } from './cifar.ts';
import { readTar } from './tar.ts';

const pixel = (row: number, i: number): number => (row * 91 + i * 7) % 256;

function writeRecords(heads: number[][]): Uint8Array {
  return new Uint8Array(
    heads.flatMap((head, row) => [...head, ...Array.from({ length: 3072 }, (_, i) => pixel(row, i))]),
  );
}

const file = (bytes: Uint8Array) => ({ name: 'data_batch_1.bin', bytes });

describe('readCifar', () => {
  it('reads CIFAR-10 records', () => {
    const { images, labels, coarse } = readCifar(file(writeRecords([[6], [9], [0]])));
    expect([...labels]).toEqual([6, 9, 0]);
    expect(coarse).toBeUndefined();
    expect(images.length).toBe(3 * 3072);
    // Row 2, blue plane, row 5, column 11.
    expect(images[2 * 3072 + 2 * 1024 + 5 * 32 + 11]).toBe(pixel(2, 2 * 1024 + 5 * 32 + 11));
  });

  it('reads coarse and fine labels of CIFAR-100', () => {
    const bytes = writeRecords([
      [19, 99],
      [3, 42],
    ]);
    const { images, labels, coarse } = readCifar(file(bytes), { classes: 100 });
    expect([...labels]).toEqual([99, 42]);
    expect([...coarse!]).toEqual([19, 3]);
    expect(images[3072]).toBe(pixel(1, 0));
  });

  it('refuses cut files and impossible labels', () => {
    const whole = writeRecords([[1], [2]]);
    expect(() => readCifar(file(whole.subarray(0, 6000)))).toThrow(
      /data_batch_1\.bin: truncated: expected a multiple of 3073 bytes .* found 6000/,
    );
    expect(() => readCifar(file(new Uint8Array(0)))).toThrow(/found 0/);
    expect(() => readCifar(file(writeRecords([[1], [10]])))).toThrow(/record 1 has label 10, expected 0 … 9/);
  });
});

describe('readTar', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tar-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const archive = (): Uint8Array => {
    writeFileSync(join(folder, 'a.bin'), 'hello');
    writeFileSync(join(folder, 'b.bin'), Buffer.alloc(1500, 7));
    execFileSync('tar', ['-cf', join(folder, 'x.tar'), '-C', folder, 'a.bin', 'b.bin']);
    return new Uint8Array(readFileSync(join(folder, 'x.tar')));
  };

  it('lists what the system tar has packed', () => {
    const files = readTar({ name: 'x.tar', bytes: archive() });
    expect(files.map((f) => [f.name, f.bytes.length])).toEqual([
      ['a.bin', 5],
      ['b.bin', 1500],
    ]);
    expect(new TextDecoder().decode(files[0]!.bytes)).toBe('hello');
  });

  it('refuses a cut archive and other bytes', () => {
    expect(() => readTar({ name: 'x.tar', bytes: archive().subarray(0, 2000) })).toThrow(/x\.tar: truncated/);
    expect(() => readTar({ name: 'x.tar', bytes: new Uint8Array(1024).fill(65) })).toThrow(
      /not a tar header at byte 0/,
    );
  });
});
