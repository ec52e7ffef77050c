/**
 * The tensor: shape, dtype and either a stored value or a place in a trace.
 *
 * One class is public, `Tensor`. A `Concrete` holds storage of a backend; a `Tracer` stands for a value while a function is being differentiated, batched or compiled.
 */
import type { Dtype, TypedArray } from './dtype.ts';
import { BYTES } from './dtype.ts';
import { DisposedError, DonatedError, ShapeError, TracerError, UnsupportedError } from './errors.ts';
import type { TensorMethods } from './methods.ts';
import type { Shape } from './shape.ts';
import { showShape, sizeOf } from './shape.ts';

/** What tracing knows of a value: shape, dtype, and whether it is a number that takes the dtype of the tensor beside it. */
export interface Aval {
  readonly shape: Shape;
  readonly dtype: Dtype;
  readonly weak?: boolean;
}

export const aval = (x: Aval): Aval => ({ shape: x.shape, dtype: x.dtype });
export const showAval = (x: Aval): string => `${x.dtype}${showShape(x.shape)}`;
export const bytesOf = (x: Aval): number => sizeOf(x.shape) * BYTES[x.dtype];

/** Nested plain numbers, as `toArray` returns them. */
export type Nested = number | Nested[];

/** The chainable methods, which `methods.ts` installs; types only, so that the class knows no op. */
export interface Tensor extends TensorMethods {}

/** An n-dimensional array of numbers, immutable; see `zeros`, `tensor` and the random functions for making one. */
// biome-ignore lint/suspicious/noUnsafeDeclarationMerging: `methods.ts` installs what the interface promises, and a test checks it
export abstract class Tensor implements Aval {
  readonly shape: Shape;
  readonly dtype: Dtype;
  readonly weak: boolean;

  constructor(shape: Shape, dtype: Dtype, weak = false) {
    this.shape = shape;
    this.dtype = dtype;
    this.weak = weak;
  }

  get size(): number {
    return sizeOf(this.shape);
  }

  get rank(): number {
    return this.shape.length;
  }

  /** Returns a private copy of the elements in row-major order; works on every backend. */
  async read(): Promise<TypedArray> {
    return this.readSync();
  }

  /** Returns a private copy of the elements now; backends that cannot block refuse. */
  abstract readSync(): TypedArray;

  /** The only element as a number; throws a ShapeError for any other size. */
  item(): number {
    if (this.size !== 1)
      throw new ShapeError(`item(): a tensor of shape ${showShape(this.shape)} has ${this.size} elements, not one`, {
        shape: this.shape,
        help: 'use readSync() or toArray()',
      });
    return this.readSync()[0]!;
  }

  /** The elements as nested arrays of numbers; a scalar gives a number. */
  toArray(): Nested {
    return nest(this.readSync(), this.shape, 0, { at: 0 });
  }

  /** JavaScript's own operators would turn a tensor into NaN or text; all but text are refused. */
  [Symbol.toPrimitive](hint: string): string {
    if (hint === 'string') return this.toString();
    throw this.refuseOperator();
  }

  /** The error of `x * 2` or `x > 0`. */
  protected refuseOperator(): Error {
    return new UnsupportedError(`a JavaScript operator was applied to the tensor ${showAval(this)}`, {
      shape: this.shape,
      dtype: this.dtype,
      help: 'use the functions add, sub, mul, div, pow, less, greater …; item() gives a scalar as a number',
    });
  }

  /** JSON shows the elements. */
  toJSON(): Nested {
    return this.toArray();
  }
}

function nest(data: TypedArray, shape: Shape, axis: number, cursor: { at: number }): Nested {
  if (axis === shape.length) return data[cursor.at++]!;
  return Array.from({ length: shape[axis]! }, () => nest(data, shape, axis + 1, cursor));
}

/** Where the elements of one or more tensors live; made and read by one backend only. */
export interface Storage {
  readonly backend: StorageBackend;
  readonly byteLength: number;
  state: 'live' | 'donated' | 'disposed';
  /** Shared by the whole process, such as interned numbers: never donated or freed. */
  isPinned?: boolean;
}

export interface StorageBackend {
  readonly name: string;
  read(storage: Storage, dtype: Dtype, length: number): TypedArray;
  release(storage: Storage): void;
}

/** A tensor with a value. */
export class Concrete extends Tensor {
  readonly storage: Storage;

  constructor(shape: Shape, dtype: Dtype, storage: Storage) {
    super(shape, dtype);
    this.storage = storage;
  }

  override readSync(): TypedArray {
    checkLive(this);
    return this.storage.backend.read(this.storage, this.dtype, this.size);
  }

  override toString(): string {
    if (this.storage.state !== 'live') return `Tensor ${showAval(this)} (${this.storage.state})`;
    const shown = this.size <= 64 ? JSON.stringify(this.toArray()) : `${this.size} elements`;
    return `Tensor ${showAval(this)} ${shown}`;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return this.toString();
  }
}

/** Refuses a tensor whose storage was donated or disposed. */
export function checkLive(x: Concrete): void {
  const state = x.storage.state;
  if (state === 'live') return;
  if (state === 'donated') {
    throw new DonatedError(
      `this tensor ${showAval(x)} was donated to a jitted call and its memory now holds a result`,
      {
        shape: x.shape,
        dtype: x.dtype,
        help: 'use the value that the call returned, or drop the argument from `donate`',
      },
    );
  }
  throw new DisposedError(`this tensor ${showAval(x)} was freed when its scope ended`, {
    shape: x.shape,
    dtype: x.dtype,
    help: 'return it from the scope, or keep it with scope.keep(x)',
  });
}

/** A value inside a transformation. */
export abstract class Tracer extends Tensor {
  abstract readonly trace: { readonly level: number; readonly closed: boolean; readonly name: string };

  override readSync(): TypedArray {
    throw new TracerError(
      `the value of ${showAval(this)} was asked for inside ${this.trace.name}, where it is not known yet`,
      {
        shape: this.shape,
        dtype: this.dtype,
        help: 'choose with where(condition, a, b) instead of if; pass numbers that are used as shapes under `static`; return the value and read it outside',
      },
    );
  }

  protected override refuseOperator(): Error {
    return new TracerError(
      `a JavaScript operator was applied to ${showAval(this)} inside ${this.trace.name}, where its value is not known yet`,
      {
        shape: this.shape,
        dtype: this.dtype,
        help: 'use the functions add, sub, mul, div, pow, less, greater … and where(condition, a, b) instead of if; pass numbers that are used as shapes under `static`',
      },
    );
  }

  override toString(): string {
    return `Tracer(${this.trace.name}) ${showAval(this)}`;
  }
}
