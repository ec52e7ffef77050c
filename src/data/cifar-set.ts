/** CIFAR-10 in three forms: the first 4,000 / 1,000 images, the 12k JPEG subset, or the whole official archive. */
import { DataError } from '../engine/errors.ts';
import { gunzip } from './bytes.ts';
import { storedSet } from './catalogue.ts';
import { type CifarRecords, readCifar } from './cifar.ts';
import { makePart, type Part } from './part.ts';
import { readAs } from './readers.ts';
import { type DataSource, missingFile } from './source.ts';
import { readTar } from './tar.ts';

export const CIFAR_CLASSES = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'];

export type CifarSubset = 'exact' | 'jpeg' | 'full';

interface Halves<T> {
  readonly train: T;
  readonly test: T;
}

/** Reads a subset from its own files, or from the archive where that holds the same rows. */
export async function loadCifarParts(
  source: DataSource,
  subset: CifarSubset,
): Promise<Halves<Part> & { readonly stored: string }> {
  const stored = subset === 'full' ? 'cifar10' : `cifar10/${subset}`;
  const { train, test } = (await readCifarFiles(source, stored)) ?? (await readCifarArchive(source, subset));
  return { stored, train: cifarPart(train), test: cifarPart(test) };
}

async function readCifarFiles(source: DataSource, stored: string): Promise<Halves<CifarRecords> | undefined> {
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
async function readCifarArchive(source: DataSource, subset: CifarSubset): Promise<Halves<CifarRecords>> {
  const { path } = storedSet('cifar10').files[0]!;
  if (subset === 'jpeg') throw missingFile(source, 'cifar10/jpeg', storedSet('cifar10/jpeg').files[0]!.path);
  const packed = await source.read(path);
  if (packed === undefined) throw missingFile(source, 'cifar10', path);
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
