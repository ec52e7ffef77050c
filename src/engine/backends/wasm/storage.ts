/** Storage in the arena, bounded: the oldest blocks move to ordinary memory, which is collected when nobody holds it, and come back on use. */
import type { TypedArray } from '../../dtype.ts';
import type { Storage, StorageBackend } from '../../tensor.ts';
import { Arena } from './arena.ts';

export class WasmStorage implements Storage {
  readonly backend: StorageBackend;
  readonly byteLength: number;
  state: Storage['state'] = 'live';
  /** Address in the arena, or −1 while the elements are in `host`. */
  at: number;
  host: Uint8Array | null = null;
  isPinned = false;
  /** The program run that saw it last, by which a run notices that two of its inputs are one. */
  seenBy = 0;
  constructor(backend: StorageBackend, at: number, byteLength: number) {
    this.backend = backend;
    this.at = at;
    this.byteLength = byteLength;
  }
}

/** Live blocks in the order of their birth; beyond `budget` bytes the oldest are evicted. */
export class StoragePool {
  readonly arena: Arena;
  /** Entries in the queue, those that are gone included. */
  get queued(): number {
    return this.#queue.length - this.#head;
  }

  readonly #backend: StorageBackend;
  readonly #budget: number;
  #queue: WasmStorage[] = [];
  #head = 0;
  #resident = 0;
  /** Entries at which the queue is looked through for those that are gone. */
  #sweepAt = 1024;

  constructor(backend: StorageBackend, budget: number, arena: Arena = new Arena()) {
    this.#backend = backend;
    this.#budget = budget;
    this.arena = arena;
  }

  /** Bytes of tensors in the arena. */
  get residentBytes(): number {
    return this.#resident;
  }

  /** Starts an operation. Only here are blocks evicted, so operands that have been located stay where they are until the next one. */
  begin(): void {
    if (this.#resident > this.#budget) this.#evict();
  }

  create(byteLength: number): WasmStorage {
    const storage = new WasmStorage(this.#backend, this.arena.allocate(byteLength), byteLength);
    this.#enter(storage);
    return storage;
  }

  fromHost(data: TypedArray): WasmStorage {
    const storage = this.create(data.byteLength);
    this.#bytes(storage.at, data.byteLength).set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    return storage;
  }

  /** The address of a live storage, brought back if it was evicted. */
  locate(storage: WasmStorage): number {
    if (storage.at < 0) {
      storage.at = this.arena.allocate(storage.byteLength);
      this.#bytes(storage.at, storage.byteLength).set(storage.host!);
      storage.host = null;
      this.#enter(storage);
    }
    return storage.at;
  }

  /** A private copy of the bytes. */
  read(storage: WasmStorage): ArrayBuffer {
    const source = storage.host ?? this.#bytes(storage.at, storage.byteLength);
    return source.slice().buffer as ArrayBuffer;
  }

  release(storage: WasmStorage, state: 'disposed' | 'donated' = 'disposed'): void {
    if (storage.state !== 'live') return;
    storage.state = state;
    storage.host = null;
    if (storage.at >= 0) this.#leave(storage);
  }

  /** Hands a donated block to a result without moving it. */
  takeOver(storage: WasmStorage): WasmStorage {
    const next = new WasmStorage(this.#backend, storage.at, storage.byteLength);
    storage.state = 'donated';
    storage.at = -1;
    this.#push(next);
    return next;
  }

  /** A storage of the same bytes. */
  copy(storage: WasmStorage): WasmStorage {
    const next = this.create(storage.byteLength);
    this.#bytes(next.at, next.byteLength).set(this.#bytes(this.locate(storage), storage.byteLength));
    return next;
  }

  #bytes(at: number, length: number): Uint8Array {
    return new Uint8Array(this.arena.memory.buffer, at, length);
  }

  #enter(storage: WasmStorage): void {
    this.#resident += storage.byteLength;
    this.#push(storage);
  }

  /** Entries that are gone leave the queue when it has doubled since the last look: constant work per entry. */
  #push(storage: WasmStorage): void {
    this.#queue.push(storage);
    if (this.#queue.length < this.#sweepAt) return;
    this.#queue = this.#queue.slice(this.#head).filter((s) => s.at >= 0);
    this.#head = 0;
    this.#sweepAt = 2 * this.#queue.length + 1024;
  }

  #leave(storage: WasmStorage): void {
    this.arena.free(storage.at, storage.byteLength);
    this.#resident -= storage.byteLength;
    storage.at = -1;
  }

  #evict(): void {
    const target = this.#budget / 2;
    while (this.#resident > target && this.#head < this.#queue.length) {
      const storage = this.#queue[this.#head++]!;
      if (storage.at < 0) continue;
      storage.host = this.#bytes(storage.at, storage.byteLength).slice();
      this.#leave(storage);
    }
  }
}
