/** What a data set is here: plain typed arrays with shapes, split into a training and a test part. */
import { ConfigError, ShapeError } from '../engine/errors.ts';

/** Int32 features are ids (of characters, words): they are never scaled and reach the model as i32. */
export type Features = Uint8Array | Int32Array | Float32Array | Float64Array;
export type Targets = Int32Array | Float32Array | Float64Array;

/** Rows with their targets. Int32 targets are class labels, float targets are values. */
export interface Part {
  /** Number of rows. */
  readonly n: number;
  /** Row-major, as stored; images stay bytes until a batch is made. */
  readonly x: Features;
  /** [n, …featureShape]; images are [n, channels, height, width], sequences [n, time, features], windows of text [n, context]. */
  readonly shape: readonly number[];
  readonly y: Targets;
  /** [n] for labels, [n, …] for values, [n, context] for the next character at each place. */
  readonly yShape: readonly number[];
  /** The stored value that means 1: 255 for bytes of an image, 16 for optdigits, 1 otherwise. */
  readonly unit: number;
}

export interface Dataset {
  readonly name: string;
  /** One line for tables and reports; names the subset where only a part of the official set is used. */
  readonly title: string;
  readonly task: 'classification' | 'regression';
  readonly train: Part;
  readonly test: Part;
  /** Class names in label order; empty for regression. */
  readonly classes: readonly string[];
  readonly featureShape: readonly number[];
  /** Names of the columns of a table. */
  readonly features?: readonly string[];
  /** Nats per target below which no prediction can go, where the source is known. */
  readonly entropy?: number;
  readonly licence: string;
}

const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Number of stored values of one row. */
export const featureSize = (part: Part): number => product(part.shape.slice(1));
export const targetSize = (part: Part): number => product(part.yShape.slice(1));

export interface PartInit {
  readonly x: Features;
  readonly featureShape: readonly number[];
  readonly y: Targets;
  readonly targetShape?: readonly number[];
  readonly unit?: number;
}

/** Makes a part from arrays; the number of rows follows from the features, and the targets must agree. */
export function makePart({ x, featureShape, y, targetShape = [], unit = 1 }: PartInit): Part {
  const n = x.length / product(featureShape);
  const targets = y.length / product(targetShape);
  if (!Number.isInteger(n) || n !== targets) {
    throw new ShapeError(
      `features hold ${n} rows of [${featureShape}] but targets hold ${targets} rows of [${targetShape}]`,
      { features: x.length, featureShape, targets: y.length, targetShape, help: 'give one target per row' },
    );
  }
  return { n, x, shape: [n, ...featureShape], y, yShape: [n, ...targetShape], unit };
}

/** Copies the named rows, in the order given. */
export function takeRows(part: Part, rows: ArrayLike<number>): Part {
  const width = featureSize(part);
  const depth = targetSize(part);
  const x = emptyLike(part.x, rows.length * width);
  const y = emptyLike(part.y, rows.length * depth);
  for (let i = 0; i < rows.length; i++) {
    const row = requireRow(rows[i]!, part.n);
    x.set(part.x.subarray(row * width, (row + 1) * width), i * width);
    y.set(part.y.subarray(row * depth, (row + 1) * depth), i * depth);
  }
  return {
    ...part,
    n: rows.length,
    x,
    shape: [rows.length, ...part.shape.slice(1)],
    y,
    yShape: [rows.length, ...part.yShape.slice(1)],
  };
}

/** Views rows from … to − 1 without copying. */
export function sliceRows(part: Part, from: number, to: number): Part {
  if (!(Number.isInteger(from) && Number.isInteger(to) && 0 <= from && from <= to && to <= part.n)) {
    throw new ConfigError(`rows ${from} … ${to} do not lie in a part of ${part.n} rows`, { from, to, n: part.n });
  }
  const n = to - from;
  const width = featureSize(part);
  const depth = targetSize(part);
  return {
    ...part,
    n,
    x: part.x.subarray(from * width, to * width),
    shape: [n, ...part.shape.slice(1)],
    y: part.y.subarray(from * depth, to * depth),
    yShape: [n, ...part.yShape.slice(1)],
  };
}

/** Replaces both parts of a data set, for example by smaller or reduced ones. */
export function mapParts(set: Dataset, change: (part: Part) => Part): Dataset {
  const train = change(set.train);
  return { ...set, train, test: change(set.test), featureShape: train.shape.slice(1) };
}

/** Counts how often each of `classes` labels occurs. */
export function labelCounts(labels: ArrayLike<number>, classes: number): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (let i = 0; i < labels.length; i++) counts[labels[i]!]!++;
  return counts;
}

function requireRow(row: number, n: number): number {
  if (Number.isInteger(row) && row >= 0 && row < n) return row;
  throw new ConfigError(`row ${row} does not exist in a part of ${n} rows`, { row, n });
}

function emptyLike<A extends Features | Targets>(array: A, length: number): A {
  return new (array.constructor as new (length: number) => A)(length);
}
