/** What kernel tests share: a memory with a bump allocator, both profiles, and repeatable odd numbers. */
import { BYTES, type Dtype, type TypedArray, viewOf } from '../../../dtype.ts';
import { KernelLibrary, type KernelSpec } from '../library.ts';
import { detectProfile, type Profile } from '../profile.ts';

/** The profiles this engine can run. */
export const profiles: readonly Profile[] = detectProfile() === 'fma' ? ['strict', 'fma'] : ['strict'];

export interface Placed {
  readonly pointer: number;
  /** A fresh copy of the elements as they are now. */
  read(): number[];
}

/** A library on a memory of its own with arrays placed one after another. */
export class Bench {
  readonly library: KernelLibrary;
  readonly #base: number;
  #next: number;

  constructor(profile: Profile = 'strict', { pages = 64, base = 64 } = {}) {
    const initial = pages + Math.ceil(base / 65_536);
    this.library = new KernelLibrary(new WebAssembly.Memory({ initial, maximum: 65_536 }), profile);
    this.#base = base;
    this.#next = base;
  }

  /** Forgets the arrays and keeps the compiled kernels. */
  clear(): this {
    this.#next = this.#base;
    return this;
  }

  /** Places values; the elements around them are filled with junk, so that reading or writing outside shows. */
  place(dtype: Dtype, values: ArrayLike<number>): Placed {
    const guard = 64;
    const pointer = this.#next + guard;
    const bytes = values.length * BYTES[dtype];
    this.#next = Math.ceil((pointer + bytes + guard) / 64) * 64;
    new Uint8Array(this.library.memory.buffer, pointer - guard, bytes + 2 * guard).fill(0xa5);
    const view = (): TypedArray => viewOf(dtype, this.library.memory.buffer, pointer, values.length);
    view().set(values);
    return { pointer, read: () => Array.from(view()) };
  }

  /** Room for `length` results, and a check that nothing beside it was written. */
  room(dtype: Dtype, length: number): Placed {
    return this.place(dtype, new Array<number>(length).fill(77));
  }

  run(spec: KernelSpec, ...args: (number | Placed)[]): void {
    this.library.get(spec)(...args.map((arg) => (typeof arg === 'number' ? arg : arg.pointer)));
  }

  /** Whether the bytes before and after an array are still junk. */
  isIntactAround({ pointer }: Placed, bytes: number): boolean {
    const junk = (from: number) => new Uint8Array(this.library.memory.buffer, from, 64).every((b) => b === 0xa5);
    return junk(pointer - 64) && junk(pointer + bytes);
  }
}

/** A small linear congruential generator: the same numbers everywhere, in [0, 1). */
export function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** `length` numbers in (−scale, scale), rounded to f32. */
export function numbers(length: number, seed = 1, scale = 2): number[] {
  const next = uniform(seed);
  return Array.from({ length }, () => Math.fround((2 * next() - 1) * scale));
}

/** `length` integers in [0, below). */
export function integers(length: number, below: number, seed = 1): number[] {
  const next = uniform(seed);
  return Array.from({ length }, () => Math.floor(next() * below));
}
