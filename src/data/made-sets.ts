/** The data sets that the project makes itself: procedural digits and toy tasks; no file, no network. */
import { foldIn, type KeyWords, keyFrom } from '../engine/threefry.ts';
import type { DatasetEntry, LoadOptions } from './dataset.ts';
import { drawDigits } from './digits/digits.ts';
import { type Dataset, makePart, type Part } from './part.ts';
import { LETTERS, letters } from './toy/letters.ts';
import { delayedXor, parity, xor } from './toy/logic.ts';
import { blobs, circles, spirals, twoMoons } from './toy/points.ts';
import { teacherPart } from './toy/teacher.ts';

const BITS = ['0', '1'];
/** Index of the first test digit: far beyond any training set, so that the test digits do not depend on its size. */
const TEST_DIGITS = 2 ** 31;

export const madeSets = {
  digits: { title: 'Procedural digits', takes: ['key', 'train', 'test', 'size'], load: loadDigits },
  'two-moons': drawn('Two moons', ['noise'], BITS, (o) => twoMoons(o)),
  circles: drawn('Circles', ['noise'], BITS, (o) => circles(o)),
  spirals: drawn(
    'Spirals',
    ['noise', 'classes'],
    (o) => numbers(o.classes ?? 2),
    (o) => spirals(o),
  ),
  blobs: drawn(
    'Blobs',
    ['noise', 'classes', 'features'],
    (o) => numbers(o.classes ?? 3),
    (o) => blobs({ ...o, centreKey: o.shared }),
  ),
  letters: drawn('NIST7x7 (procedural)', ['noise'], LETTERS, (o) => letters(o)),
  'delayed-xor': drawn('Delayed XOR', ['cue', 'delay', 'noise'], BITS, (o) => delayedXor(o)),
  teacher: drawn('Teacher network', ['features', 'hidden', 'outputs', 'noise'], [], (o) =>
    teacherPart({ ...o, teacherKey: o.shared }),
  ),
  xor: table('XOR', ['encoding'], (o) => xor(o.encoding)),
  parity: table('Parity', ['bits', 'encoding'], (o) => parity(o.bits ?? 4, o.encoding)),
} as const satisfies Record<string, DatasetEntry>;

type DrawOptions = Omit<LoadOptions, 'train' | 'test' | 'key'> & {
  readonly key: KeyWords;
  readonly n: number;
  readonly shared: KeyWords;
};

/** A set whose parts are drawn under two keys folded from one; `shared` is what both have in common. */
function drawn(
  title: string,
  takes: readonly (keyof LoadOptions)[],
  classes: readonly string[] | ((options: LoadOptions) => readonly string[]),
  draw: (options: DrawOptions) => Part,
): DatasetEntry {
  return {
    title,
    takes: ['key', 'train', 'test', ...takes],
    load: ({ key = keyFrom(0), train = 1000, test = 1000, ...options }, _source, name) => {
      const part = (n: number, which: number) =>
        draw({ ...options, n, key: foldIn(key, which), shared: foldIn(key, 2) });
      const names = typeof classes === 'function' ? classes(options) : classes;
      return describe(name, title, part(train, 0), part(test, 1), names);
    },
  };
}

/** A set that is its whole truth table, for training and for testing. */
function table(
  title: string,
  takes: readonly (keyof LoadOptions)[],
  make: (options: LoadOptions) => Part,
): DatasetEntry {
  return {
    title,
    takes,
    load: (options, _source, name) => {
      const part = make(options);
      return describe(name, title, part, part, BITS);
    },
  };
}

function loadDigits({ key = keyFrom(0), train = 8000, test = 2000, size = 28 }: LoadOptions): Dataset {
  const part = (from: number, n: number): Part => {
    const { images, labels } = drawDigits({ key, from, n, size });
    return makePart({ x: images, featureShape: [1, size, size], y: labels, unit: 255 });
  };
  return describe('digits', `Procedural digits ${size}×${size}`, part(0, train), part(TEST_DIGITS, test), numbers(10));
}

function describe(name: string, title: string, train: Part, test: Part, classes: readonly string[]): Dataset {
  const task = train.y instanceof Int32Array ? 'classification' : 'regression';
  return {
    name,
    title,
    task,
    train,
    test,
    classes,
    featureShape: train.shape.slice(1),
    licence: 'MIT (made by this package)',
  };
}

const numbers = (n: number): string[] => Array.from({ length: n }, (_, i) => String(i));
