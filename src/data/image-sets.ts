/** The image sets that are read from files: MNIST, Fashion-MNIST, CIFAR-10 and the UCI optical digits. */
import { DataError } from '../engine/errors.ts';
import { gunzip } from './bytes.ts';
import { storedSet } from './catalogue.ts';
import { CIFAR_CLASSES, loadCifarParts } from './cifar-set.ts';
import { type DatasetEntry, limitRows } from './dataset.ts';
import { readIdx } from './idx.ts';
import { type Dataset, makePart, type Part } from './part.ts';
import { readAs } from './readers.ts';
import { type DataSource, readFrom } from './source.ts';
import { tablePart } from './table.ts';

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

export const imageSets = {
  mnist: idxEntry('mnist', DIGITS),
  'fashion-mnist': idxEntry('fashion-mnist', FASHION),
  cifar10: {
    title: 'CIFAR-10',
    takes: ['subset', 'train', 'test'],
    load: async (options, source) => {
      const { stored, train, test } = await loadCifarParts(source(), options.subset ?? 'exact');
      return limitRows(imageSet(stored, storedSet(stored).title, train, test, CIFAR_CLASSES), options);
    },
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
