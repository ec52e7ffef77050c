/** The arena: one WebAssembly memory with 64-byte aligned blocks, exact-size bins for speed, and a coalescing free list for thrift. */
import { MemoryError } from '../../errors.ts';

const PAGE = 65536;
const ALIGN = 64;
/** Freed blocks wait in bins up to this many bytes before they are joined with their neighbours. */
const BIN_LIMIT = 32 * 2 ** 20;

interface Hole {
  at: number;
  size: number;
}

export const roundUp = (bytes: number): number => Math.max(ALIGN, Math.ceil(bytes / ALIGN) * ALIGN);

/** Reserves as large a maximum as the engine grants: 4, 2 or 1 GiB; a large maximum costs nothing until it is used. */
export function reserveMemory(shared = false): WebAssembly.Memory {
  for (const maximum of [65536, 32768, 16384]) {
    try {
      return new WebAssembly.Memory({ initial: 256, maximum, shared });
    } catch {
      // a smaller maximum may still be granted
    }
  }
  throw new MemoryError('this engine grants not even 1 GiB of WebAssembly memory', { help: "use setBackend('js')" });
}

export class Arena {
  readonly memory: WebAssembly.Memory;
  /** Bytes in blocks handed out now, as rounded. */
  used = 0;
  /** The highest `used` since the last `resetPeak`. */
  peak = 0;
  #top: number;
  #bins = new Map<number, number[]>();
  #binned = 0;
  #holes: Hole[] = [];

  /** `base` leaves the first bytes unused; tests put it above 2 GiB. */
  constructor(memory: WebAssembly.Memory = reserveMemory(), base = 1024) {
    this.memory = memory;
    this.#top = roundUp(base);
  }

  /** The address of a fresh block of at least `bytes`. */
  allocate(bytes: number): number {
    const size = roundUp(bytes);
    const at = this.#fromBin(size) ?? this.#fromHoles(size) ?? this.#fromTop(size);
    this.used += size;
    if (this.used > this.peak) this.peak = this.used;
    return at;
  }

  #fromBin(size: number): number | null {
    const at = this.#bins.get(size)?.pop();
    if (at === undefined) return null;
    this.#binned -= size;
    return at;
  }

  free(at: number, bytes: number): void {
    const size = roundUp(bytes);
    this.used -= size;
    const bin = this.#bins.get(size);
    if (bin === undefined) this.#bins.set(size, [at]);
    else bin.push(at);
    this.#binned += size;
    if (this.#binned > BIN_LIMIT) this.#join();
  }

  resetPeak(): void {
    this.peak = this.used;
  }

  #fromHoles(size: number): number | null {
    for (let i = 0; i < this.#holes.length; i++) {
      const hole = this.#holes[i]!;
      if (hole.size < size) continue;
      const { at } = hole;
      hole.at += size;
      hole.size -= size;
      if (hole.size === 0) this.#holes.splice(i, 1);
      return at;
    }
    return null;
  }

  #fromTop(size: number): number {
    if (this.#top + size > this.memory.buffer.byteLength && this.#binned > 0) {
      this.#join();
      const at = this.#fromHoles(size);
      if (at !== null) return at;
    }
    const at = this.#top;
    this.#grow(at + size, size);
    this.#top = at + size;
    return at;
  }

  #grow(end: number, size: number): void {
    const short = end - this.memory.buffer.byteLength;
    if (short <= 0) return;
    const pages = Math.ceil(short / PAGE);
    const spare = Math.min(1024, Math.ceil(this.memory.buffer.byteLength / PAGE / 4));
    for (const more of [pages + spare, pages]) {
      try {
        this.memory.grow(more);
        return;
      } catch {
        // growing by less may still be possible
      }
    }
    throw new MemoryError(`the arena cannot grow by ${size} bytes: ${this.used} are in use`, {
      requested: size,
      used: this.used,
      help: 'use smaller batches, jit with donation, or checkpointing',
    });
  }

  /** Empties the bins into the sorted list of holes and joins neighbours. */
  #join(): void {
    for (const [size, bin] of this.#bins) for (const at of bin) this.#holes.push({ at, size });
    this.#bins.clear();
    this.#binned = 0;
    this.#holes.sort((a, b) => a.at - b.at);
    const joined: Hole[] = [];
    for (const hole of this.#holes) {
      const last = joined.at(-1);
      if (last !== undefined && last.at + last.size === hole.at) last.size += hole.size;
      else joined.push({ ...hole });
    }
    const last = joined.at(-1);
    if (last !== undefined && last.at + last.size === this.#top) {
      this.#top = last.at;
      joined.pop();
    }
    this.#holes = joined;
  }
}
