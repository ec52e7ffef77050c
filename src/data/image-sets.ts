/** The image sets that are read from files: MNIST, Fashion-MNIST, CIFAR-10 and the UCI optical digits. */
import { DataError } from '../engine/errors.ts';
import { gunzip } from './bytes.ts';
import { storedSet } from './catalogue.ts';
import { type CifarRecords, readCifar } from './cifar.ts';
import { type DatasetEntry, type LoadOptions, limitRows } from './dataset.ts';
import { readIdx } from './idx.ts';
import { type Dataset, makePart, type Part } from './part.ts';
import { readAs } from './readers.ts';
import { type DataSource, missingFile, readFrom } from './source.ts';
import { tablePart } from './table.ts';
import { readTar } from './tar.ts';

const DIGITS = Array.from({ length: 10 }, (_, i) => String(i));
const FASHION = [
  'T-shirt/top',
  'trouser',
  'pullover',
  'dress',
  'coat',
  'sandal',
  'shirt',
  'sneaker',
  'bag',
  'ankle boot',
];
const CIFAR = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'];

export const imageSets = {
  mnist: idxEntry('mnist', DIGITS),
  'fashion-mnist': idxEntry('fashion-mnist', FASHION),
  cifar10: {
    title: 'CIFAR-10',
    takes: ['subset', 'train', 'test'],
    load: (options, source) => loadCifar(options, source()),
  },
  optdigits: {
    title: storedSet('optdigits').title,
    takes: ['train', 'test'],
    load: async (options, source) => {
      const [train, test] = await Promise.all(storedSet('optdigits').files.map((f) => readOptdigits(source(), f.path)));
      return limitRows(imageSet('optdigits', storedSet('optdigits').title, train!, test!, DIGITS), options);
    },
  },
} as const satisfies Record<string, DatasetEntry>;

function imageSet(stored: string, title: string, train: Part, test: Part, classes: readonly string[]): Dataset {
  const { licence } = storedSet(stored);
  const name = stored.replace(/\/.*/, '');
  return { name, title, task: 'classification', train, test, classes, featureShape: train.shape.slice(1), licence };
}

function idxEntry(name: string, classes: readonly string[]): DatasetEntry {
  const { title, files } = storedSet(name);
  const [trainImages, trainLabels, testImages, testLabels] = files.map((f) => f.path);
  return {
    title,
    takes: ['train', 'test'],
    load: async (options, source) => {
      const [train, test] = await Promise.all([
        readLabelledImages(source(), name, trainImages!, trainLabels!, 60_000),
        readLabelledImages(source(), name, testImages!, testLabels!, 10_000),
      ]);
      return limitRows(imageSet(name, title, train, test, classes), options);
    },
  };
}

async function readLabelledImages(
  source: DataSource,
  set: string,
  imagePath: string,
  labelPath: string,
  expected: number,
): Promise<Part> {
  const [imageFile, labelFile] = await Promise.all([
    readFrom(source, set, imagePath),
    readFrom(source, set, labelPath),
  ]);
  const images = readIdx(await gunzip(imageFile), { rank: 3 });
  const labels = readIdx(await gunzip(labelFile), { rank: 1 });
  requireCount(imagePath, expected, images.shape[0]!, 'images');
  requireCount(labelPath, expected, labels.shape[0]!, 'labels');
  const [, height, width] = images.shape;
  return makePart({
    x: requireBytesOf(imagePath, images.data),
    featureShape: [1, height!, width!],
    y: Int32Array.from(requireLabels(labelPath, requireBytesOf(labelPath, labels.data), 10)),
    unit: 255,
  });
}

async function readOptdigits(source: DataSource, path: string): Promise<Part> {
  const table = await readAs('csv', await readFrom(source, 'optdigits', path), { header: false });
  if (table.columns.length !== 65) {
    throw new DataError(`${path}: expected 65 columns, found ${table.columns.length}`, {
      file: path,
      expected: 65,
      found: table.columns.length,
    });
  }
  const { part } = tablePart(table, { label: 'c64' });
  return makePart({ x: Uint8Array.from(part.x), featureShape: [1, 8, 8], y: part.y, unit: 16 });
}

async function loadCifar(options: LoadOptions, source: DataSource): Promise<Dataset> {
  const { subset = 'exact' } = options;
  const stored = subset === 'full' ? 'cifar10' : `cifar10/${subset}`;
  const { train, test } = (await readCifarFiles(source, stored)) ?? (await readCifarArchive(source, subset));
  return limitRows(imageSet(stored, storedSet(stored).title, cifarPart(train), cifarPart(test), CIFAR), options);
}

async function readCifarFiles(
  source: DataSource,
  stored: string,
): Promise<{ train: CifarRecords; test: CifarRecords } | undefined> {
  if (stored === 'cifar10') return undefined;
  const [trainPath, testPath] = storedSet(stored).files.map((f) => f.path);
  const [train, test] = await Promise.all([source.read(trainPath!), source.read(testPath!)]);
  if (train === undefined && test === undefined) return undefined;
  if (train === undefined || test === undefined)
    throw missingFile(source, 'cifar10', train === undefined ? trainPath! : testPath!);
  return {
    train: await readAs('cifar', { name: trainPath!, bytes: train }),
    test: await readAs('cifar', { name: testPath!, bytes: test }),
  };
}

/** Takes the rows out of the official archive; the exact subset is its first 4,000 and 1,000. */
async function readCifarArchive(
  source: DataSource,
  subset: string,
): Promise<{ train: CifarRecords; test: CifarRecords }> {
  const { path } = storedSet('cifar10').files[0]!;
  const packed = subset === 'jpeg' ? undefined : await source.read(path);
  if (packed === undefined) {
    const [first] = storedSet(subset === 'full' ? 'cifar10' : `cifar10/${subset}`).files;
    throw missingFile(source, subset === 'jpeg' ? 'cifar10/jpeg' : 'cifar10', first!.path);
  }
  const files = readTar(await gunzip({ name: path, bytes: packed }));
  const member = (name: string) => {
    const found = files.find((f) => f.name.endsWith(`/${name}`));
    if (found !== undefined) return found;
    throw new DataError(`${path}: expected a member ${name}, found ${files.map((f) => f.name).join(', ')}`, {
      file: path,
    });
  };
  const batches = [1, 2, 3, 4, 5].slice(0, subset === 'exact' ? 1 : 5);
  const train = joinRecords(batches.map((i) => readCifar(member(`data_batch_${i}.bin`))));
  const test = readCifar(member('test_batch.bin'));
  return subset === 'exact' ? { train: firstRecords(train, 4000), test: firstRecords(test, 1000) } : { train, test };
}

function joinRecords(all: readonly CifarRecords[]): CifarRecords {
  const n = all.reduce((sum, r) => sum + r.labels.length, 0);
  const images = new Uint8Array(n * 3072);
  const labels = new Int32Array(n);
  let at = 0;
  for (const records of all) {
    images.set(records.images, at * 3072);
    labels.set(records.labels, at);
    at += records.labels.length;
  }
  return { images, labels };
}

const firstRecords = ({ images, labels }: CifarRecords, n: number): CifarRecords => ({
  images: images.slice(0, n * 3072),
  labels: labels.slice(0, n),
});

const cifarPart = ({ images, labels }: CifarRecords): Part =>
  makePart({ x: images, featureShape: [3, 32, 32], y: labels, unit: 255 });

function requireCount(path: string, expected: number, found: number, what: string): void {
  if (found === expected) return;
  throw new DataError(`${path}: expected ${expected} ${what}, found ${found}`, {
    file: path,
    expected,
    found,
    help: 'fetch the file again',
  });
}

function requireBytesOf(path: string, data: object): Uint8Array {
  if (data instanceof Uint8Array) return data;
  throw new DataError(`${path}: expected unsigned bytes, found another element type`, { file: path });
}

function requireLabels(path: string, labels: Uint8Array, classes: number): Uint8Array {
  const row = labels.findIndex((label) => label >= classes);
  if (row < 0) return labels;
  throw new DataError(`${path}: row ${row} has label ${labels[row]}, expected 0 … ${classes - 1}`, {
    file: path,
    row,
    found: labels[row],
  });
}
