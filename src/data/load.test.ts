import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { CotangentError } from '../engine/errors.ts';
import { keyFrom } from '../engine/threefry.ts';
import { catalogue } from './catalogue.ts';
import { areaMean } from './images.ts';
import { datasets, loadDataset } from './load.ts';
import { fitNormaliser } from './normalise.ts';
import { labelCounts } from './part.ts';
import { type DataSource, dataFolder, urlSource } from './source.ts';

const folder = mkdtempSync(join(tmpdir(), 'data-'));
afterAll(() => rmSync(folder, { recursive: true }));

const idx = (shape: number[], values: Uint8Array): Buffer => {
  const head = Buffer.from([
    0,
    0,
    8,
    shape.length,
    ...shape.flatMap((n) => [n >>> 24, n >>> 16, n >>> 8, n].map((b) => b & 255)),
  ]);
  return gzipSync(Buffer.concat([head, values]), { level: 1 });
};

/** A source that holds the given files only. */
const holding = (files: Record<string, Uint8Array>): DataSource => ({
  where: '/nowhere',
  read: async (path) => files[path],
});

function fakeMnist(): Record<string, Uint8Array> {
  const images = new Uint8Array(60_000 * 784);
  images[784 * 59_999 + 28 * 3 + 4] = 200;
  const labels = Uint8Array.from({ length: 60_000 }, (_, i) => i % 10);
  return {
    'mnist/train-images-idx3-ubyte.gz': idx([60_000, 28, 28], images),
    'mnist/train-labels-idx1-ubyte.gz': idx([60_000], labels),
    'mnist/t10k-images-idx3-ubyte.gz': idx([10_000, 28, 28], images.subarray(0, 10_000 * 784)),
    'mnist/t10k-labels-idx1-ubyte.gz': idx([10_000], labels.subarray(0, 10_000)),
  };
}

describe('loadDataset', () => {
  const mnist = fakeMnist();

  it('reads MNIST from a source and keeps the pixels as bytes', async () => {
    const set = await loadDataset('mnist', { source: holding(mnist), test: 500 });
    expect([set.train.n, set.test.n, set.featureShape, set.classes.length]).toEqual([60_000, 500, [1, 28, 28], 10]);
    expect(set.train.x).toBeInstanceOf(Uint8Array);
    expect([set.train.x[784 * 59_999 + 28 * 3 + 4], set.train.y[59_999], set.train.unit]).toEqual([200, 9, 255]);
  });

  it('says which file is missing, where it looked, and what fetches it', async () => {
    await expect(loadDataset('mnist', { source: folder })).rejects.toMatchObject({
      code: 'DataError',
      details: { folder, file: 'mnist/train-images-idx3-ubyte.gz' },
      message: expect.stringMatching(/is not in .*data-[\s\S]*run "cotangent data fetch mnist"/),
    });
    await expect(loadDataset('cifar10', { source: folder })).rejects.toThrow(/data fetch cifar10"/);
    await expect(loadDataset('cifar10', { source: folder, subset: 'jpeg' })).rejects.toThrow(
      /no official download in this form/,
    );
    await expect(loadDataset('wine', { source: folder })).rejects.toThrow(/pmlb\/wine-recognition\.tsv\.gz is not in/);
  });

  it('refuses files with fewer rows than the set has', async () => {
    const short = { ...mnist, 'mnist/train-images-idx3-ubyte.gz': idx([59_000, 28, 28], new Uint8Array(59_000 * 784)) };
    await expect(loadDataset('mnist', { source: holding(short) })).rejects.toThrow(
      /train-images-idx3-ubyte\.gz: expected 60000 images, found 59000/,
    );
  });

  it('refuses unknown names and options that would be ignored', async () => {
    await expect(loadDataset('mnits')).rejects.toThrow(/there is no data set "mnits"[\s\S]*mnist/);
    await expect(loadDataset('toString')).rejects.toThrow(CotangentError);
    await expect(loadDataset('xor', { noise: 1 })).rejects.toThrow(
      /xor takes no option "noise"[\s\S]*it takes: encoding/,
    );
  });

  it('reads optdigits and tables from a folder', async () => {
    mkdirSync(join(folder, 'optdigits'));
    const row = (label: number) => [...Array.from({ length: 64 }, (_, i) => (i * label) % 17), label].join(',');
    writeFileSync(join(folder, 'optdigits/optdigits.tra'), [0, 1, 2, 3].map(row).join('\n'));
    writeFileSync(join(folder, 'optdigits/optdigits.tes'), [2, 1].map(row).join('\n'));
    const digits = await loadDataset('optdigits', { source: folder });
    expect([digits.train.shape, [...digits.train.y], digits.train.unit]).toEqual([[4, 1, 8, 8], [0, 1, 2, 3], 16]);
    expect(digits.train.x[3 * 64 + 5]).toBe(15);

    mkdirSync(join(folder, 'pmlb'));
    const lines = Array.from({ length: 30 }, (_, i) => `${i}\t${i * i}\t${i % 3}`);
    writeFileSync(join(folder, 'pmlb/iris.tsv.gz'), gzipSync(`a\tb\ttarget\n${lines.join('\n')}\n`));
    const iris = await loadDataset('iris', { source: folder, share: 0.8 });
    expect([iris.train.n, iris.test.n, iris.features, iris.classes]).toEqual([
      24,
      6,
      ['a', 'b'],
      ['setosa', 'versicolor', 'virginica'],
    ]);
    expect(labelCounts(iris.test.y, 3)).toEqual([2, 2, 2]);
    for (let i = 0; i < 24; i++) expect(iris.train.x[2 * i]! % 3).toBe(iris.train.y[i]);
    const other = await loadDataset('iris', { source: folder, share: 0.8, key: keyFrom(9) });
    expect([...other.train.x]).not.toEqual([...iris.train.x]);
  });

  it('takes the exact CIFAR-10 rows out of the official archive', async () => {
    const record = (i: number) => Buffer.concat([Buffer.of(i % 10), Buffer.alloc(3072, i % 256)]);
    const batch = Buffer.concat(Array.from({ length: 4100 }, (_, i) => record(i)));
    const member = (name: string, data: Buffer): Buffer[] => {
      const head = Buffer.alloc(512);
      head.write(`cifar-10-batches-bin/${name}`);
      head.write(data.length.toString(8).padStart(11, '0'), 124);
      head.write('        0', 148);
      const sum = head.reduce((a, b) => a + b, 0);
      head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
      return [head, data, Buffer.alloc((512 - (data.length % 512)) % 512)];
    };
    const tar = Buffer.concat([
      ...member('data_batch_1.bin', batch),
      ...member('test_batch.bin', batch),
      Buffer.alloc(1024),
    ]);
    const source = holding({ 'cifar10/cifar-10-binary.tar.gz': gzipSync(tar, { level: 1 }) });
    const set = await loadDataset('cifar10', { source });
    expect([set.title, set.train.n, set.test.n]).toEqual(['CIFAR-10 (exact, 4,000 / 1,000)', 4000, 1000]);
    expect([set.train.x[3999 * 3072], set.train.y[3999]]).toEqual([3999 % 256, 9]);
    await expect(loadDataset('cifar10', { source, subset: 'full' })).rejects.toThrow(
      /expected a member data_batch_2\.bin/,
    );
  });

  it('makes every set of the package without a source', async () => {
    const sizes = { train: 30, test: 20 };
    for (const [name, { takes }] of Object.entries(datasets)) {
      if (takes.includes('share') || catalogue.has(name)) continue;
      const set = await loadDataset(name, takes.includes('train') ? sizes : {});
      expect([set.name, set.train.shape.slice(1)]).toEqual([name, set.featureShape]);
      if (takes.includes('train')) expect([set.train.n, set.test.n]).toEqual([30, 20]);
      if (set.task === 'classification') expect(Math.max(...set.train.y)).toBe(set.classes.length - 1);
      if (takes.includes('key')) expect([...set.test.x.slice(0, 40)]).not.toEqual([...set.train.x.slice(0, 40)]);
    }
  });
});

describe('sources', () => {
  it('go by COTANGENT_DATA, else the cache folder of the platform', () => {
    const saved = { ...process.env };
    process.env.COTANGENT_DATA = '/somewhere/data';
    expect(dataFolder()).toBe('/somewhere/data');
    delete process.env.COTANGENT_DATA;
    process.env.XDG_CACHE_HOME = '/caches';
    if (process.platform === 'linux') expect(dataFolder()).toBe('/caches/cotangent');
    Object.assign(process.env, saved);
    if (saved.XDG_CACHE_HOME === undefined) delete process.env.XDG_CACHE_HOME;
  });

  it('name the URL of a file that a server does not have', async () => {
    const answer = globalThis.fetch;
    globalThis.fetch = async () => new Response('no', { status: 404 });
    await expect(loadDataset('iris', { source: urlSource('https://example.org/data') })).rejects.toThrow(
      /pmlb\/iris\.tsv\.gz is not in https:\/\/example\.org\/data\//,
    );
    globalThis.fetch = answer;
  });
});

const real = process.env.COTANGENT_DATA;
const has = (path: string): boolean => real !== undefined && existsSync(join(real, path));

describe.skipIf(!has('mnist'))('real data (needs COTANGENT_DATA)', () => {
  it('MNIST has the published histogram, mean and deviation', async () => {
    const { train, test } = await loadDataset('mnist');
    expect(labelCounts(train.y, 10)).toEqual([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
    expect(labelCounts(test.y, 10)).toEqual([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
    const { mean, std } = fitNormaliser(train, 'scalar');
    expect(mean[0]).toBeCloseTo(0.1307, 4);
    expect(std[0]).toBeCloseTo(0.3081, 4);
    expect(fitNormaliser(areaMean(train, 14), 'scalar').mean[0]).toBeCloseTo(0.1307, 4);
  });

  it('CIFAR-10 exact begins with the published frog and has the stored histogram', async () => {
    const { train, test } = await loadDataset('cifar10');
    expect([train.n, test.n, train.y[0]]).toEqual([4000, 1000, 6]);
    expect([0, 1, 1024, 1025, 2048, 2049].map((i) => train.x[i])).toEqual([59, 43, 62, 46, 63, 45]);
    expect(labelCounts(train.y, 10)).toEqual([396, 366, 420, 384, 422, 393, 414, 385, 407, 413]);
  });

  it('tables have their published rows and classes', async () => {
    const digits = await loadDataset('optdigits');
    expect(labelCounts(digits.train.y, 10)).toEqual([376, 389, 380, 389, 387, 376, 377, 387, 380, 382]);
    expect(labelCounts(digits.test.y, 10)).toEqual([178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
    const iris = await loadDataset('iris');
    expect([labelCounts(iris.train.y, 3), labelCounts(iris.test.y, 3)]).toEqual([
      [35, 35, 35],
      [15, 15, 15],
    ]);
    const rice = await loadDataset('rice');
    expect([rice.train.n + rice.test.n, rice.classes, rice.featureShape]).toEqual([3810, ['Cammeo', 'Osmancik'], [7]]);
    const beans = await loadDataset('dry-bean');
    expect([beans.train.n + beans.test.n, beans.classes.length, beans.featureShape]).toEqual([13_611, 7, [16]]);
  });
});
