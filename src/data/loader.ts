/** Batches as a pure function of data, key and position, so that a run resumes at the exact batch. */
import { defaultDtype, type FloatDtype } from '../engine/dtype.ts';
import { ConfigError } from '../engine/errors.ts';
import { foldIn, HostRandom, type KeyWords } from '../engine/threefry.ts';
import { type Normaliser, normalisedWriter, type RowWriter } from './normalise.ts';
import { featureSize, type Part, targetSize } from './part.ts';

/** Plain data: save it and hand it back to go on with the batch that comes next. */
export interface Position {
  readonly epoch: number;
  readonly step: number;
}

export interface Batch {
  readonly position: Position;
  /** [batch, …featureShape], divided by the part's unit, normalised where a normaliser was given; ids as they are. */
  readonly x: Int32Array | Float32Array | Float64Array;
  readonly xShape: readonly number[];
  readonly y: Int32Array | Float32Array | Float64Array;
  readonly yShape: readonly number[];
  /** 1 for a row of the part, 0 for padding. */
  readonly mask: Float32Array | Float64Array;
  /** Rows that are not padding. */
  readonly rows: number;
  /** Row numbers in the part; padding repeats the first row. */
  readonly indices: Int32Array;
}

export interface LoaderOptions {
  readonly set: Part;
  readonly batch: number;
  /** Shuffles each epoch anew by foldIn(key, epoch); without a key rows come in their own order. */
  readonly key?: KeyWords;
  /** Leaves the last partial batch out (default, for training); false pads it under a mask (for evaluation). */
  readonly drop?: boolean;
  readonly normaliser?: Normaliser;
  /** Default: the engine's default float dtype. */
  readonly dtype?: FloatDtype;
}

export interface Loader {
  readonly batchSize: number;
  readonly stepsPerEpoch: number;
  /** The batch at a position, whatever was asked before. */
  batchAt(position: Position): Batch;
  /** The position after this one; the last step leads to the next epoch. */
  next(position: Position): Position;
  /** The batches of one epoch, from a step on. */
  epoch(epoch: number, fromStep?: number): Generator<Batch>;
}

type MakeFloats = (n: number) => Float32Array | Float64Array;

/** Makes a loader of a part's batches; every call of the result is a pure function of its arguments. */
export function loader({ set, batch, key, drop = true, normaliser, dtype = defaultDtype() }: LoaderOptions): Loader {
  requireBatch(set, batch, drop);
  const write = normalisedWriter(set, normaliser);
  const floats: MakeFloats = dtype === 'f64' ? (n) => new Float64Array(n) : (n) => new Float32Array(n);
  const stepsPerEpoch = drop ? Math.floor(set.n / batch) : Math.ceil(set.n / batch);
  const orderOf = rememberLast((epoch) => epochOrder(set.n, key, epoch));
  const batchAt = (position: Position): Batch => {
    requirePosition(position, stepsPerEpoch);
    const indices = padded(orderOf(position.epoch), position.step * batch, batch);
    const rows = Math.min(batch, set.n - position.step * batch);
    return {
      position,
      rows,
      indices,
      mask: floats(batch).fill(1, 0, rows),
      ...gather(set, indices, write, floats),
    };
  };
  return {
    batchSize: batch,
    stepsPerEpoch,
    batchAt,
    next: ({ epoch, step }) => (step + 1 < stepsPerEpoch ? { epoch, step: step + 1 } : { epoch: epoch + 1, step: 0 }),
    *epoch(epoch, fromStep = 0) {
      for (let step = fromStep; step < stepsPerEpoch; step++) yield batchAt({ epoch, step });
    },
  };
}

function epochOrder(n: number, key: KeyWords | undefined, epoch: number): Int32Array {
  if (key === undefined) return Int32Array.from({ length: n }, (_, i) => i);
  return new HostRandom(foldIn(key, epoch)).permutation(n);
}

function padded(order: Int32Array, from: number, batch: number): Int32Array {
  const indices = new Int32Array(batch).fill(order[0]!);
  indices.set(order.subarray(from, from + batch));
  return indices;
}

function gather(set: Part, indices: Int32Array, write: RowWriter, floats: MakeFloats) {
  const width = featureSize(set);
  const depth = targetSize(set);
  const x = set.x instanceof Int32Array ? new Int32Array(indices.length * width) : floats(indices.length * width);
  const y = set.y instanceof Int32Array ? new Int32Array(indices.length * depth) : floats(indices.length * depth);
  for (let i = 0; i < indices.length; i++) {
    const row = indices[i]!;
    write(x, i * width, set.x.subarray(row * width, (row + 1) * width));
    y.set(set.y.subarray(row * depth, (row + 1) * depth), i * depth);
  }
  const n = indices.length;
  return { x, xShape: [n, ...set.shape.slice(1)], y, yShape: [n, ...set.yShape.slice(1)] };
}

// Only a shortcut: the order of an epoch is the same whenever it is asked for.
function rememberLast<T>(make: (epoch: number) => T): (epoch: number) => T {
  let last: { epoch: number; value: T } | undefined;
  return (epoch) => {
    if (last?.epoch !== epoch) last = { epoch, value: make(epoch) };
    return last.value;
  };
}

function requireBatch(set: Part, batch: number, drop: boolean): void {
  if (Number.isInteger(batch) && batch >= 1 && set.n > 0 && (!drop || batch <= set.n)) return;
  throw new ConfigError(`a batch of ${batch} cannot be taken from ${set.n} rows`, {
    batch,
    rows: set.n,
    help: drop
      ? `use a batch of 1 to ${set.n}, or drop: false to pad`
      : 'use a batch of 1 or more and a part with rows',
  });
}

function requirePosition({ epoch, step }: Position, steps: number): void {
  if (Number.isInteger(epoch) && epoch >= 0 && Number.isInteger(step) && step >= 0 && step < steps) return;
  throw new ConfigError(`position { epoch: ${epoch}, step: ${step} } does not exist: an epoch has ${steps} steps`, {
    epoch,
    step,
    steps,
    help: 'was the run saved with another batch size or data set?',
  });
}
