/** The default backend: generated kernels on one WebAssembly memory, in Node and in browsers. */
import type { Dtype, TypedArray } from '../../dtype.ts';
import { viewOf } from '../../dtype.ts';
import type { Graph } from '../../graph.ts';
import { closeGraph } from '../../graph.ts';
import type { Op, Params } from '../../op.ts';
import type { Storage } from '../../tensor.ts';
import { Concrete, checkLive } from '../../tensor.ts';
import type { Backend, CompileOptions, Program } from '../backend.ts';
import { Arena, reserveMemory } from './arena.ts';
import { KernelLibrary } from './library.ts';
import { detectProfile, type Profile } from './profile.ts';
import { type TeamRunner, WasmProgram } from './program.ts';
import { type Recipe, RecipeBook } from './recipe.ts';
import { runCalls } from './relocation.ts';
import { StoragePool, type WasmStorage } from './storage.ts';

export interface WasmBackendOptions {
  readonly profile?: Profile;
  /** Bytes of tensors kept in the arena before the oldest move out; 256 MiB unless said. */
  readonly budget?: number;
  readonly arena?: Arena;
  /** Whether the memory can be shared with further threads. */
  readonly shared?: boolean;
}

export class WasmBackend implements Backend {
  readonly name = 'wasm';
  readonly profile: Profile;
  readonly pool: StoragePool;
  readonly library: KernelLibrary;
  /** Threads over this memory, if it is shared and somebody asked for them. */
  team: TeamRunner | null = null;
  readonly #recipes: RecipeBook;

  constructor({ profile = detectProfile(), budget = 256 * 2 ** 20, arena, shared = false }: WasmBackendOptions = {}) {
    this.profile = profile;
    this.pool = new StoragePool(this, budget, arena ?? new Arena(reserveMemory(shared)));
    this.library = new KernelLibrary(this.pool.arena.memory, profile);
    this.#recipes = new RecipeBook(this.library);
  }

  fromHost(data: TypedArray, _dtype: Dtype): Storage {
    this.pool.begin();
    return this.pool.fromHost(data);
  }

  read(storage: Storage, dtype: Dtype, length: number): TypedArray {
    return viewOf(dtype, this.pool.read(storage as WasmStorage), 0, length);
  }

  release(storage: Storage): void {
    this.pool.release(storage as WasmStorage);
  }

  liveBytes(): number {
    return this.pool.residentBytes;
  }

  execute(op: Op, inputs: readonly Concrete[], params: Params): readonly Concrete[] {
    for (const x of inputs) checkLive(x);
    const recipe = this.#recipes.find(op, inputs, params);
    const { outs } = recipe;
    if (op.isView === true) return [new Concrete(outs[0]!.shape, outs[0]!.dtype, inputs[0]!.storage)];
    const made = this.#follow(recipe, inputs);
    return outs.map((x, i) => new Concrete(x.shape, x.dtype, made[i]!));
  }

  #follow({ bases, outBytes, tempBytes, calls }: Recipe, inputs: readonly Concrete[]): WasmStorage[] {
    const { pool } = this;
    const { arena } = pool;
    pool.begin();
    let at = 0;
    for (const x of inputs) bases[at++] = pool.locate(x.storage as WasmStorage);
    const made: WasmStorage[] = [];
    for (const bytes of outBytes) {
      const storage = pool.create(bytes);
      made.push(storage);
      bases[at++] = storage.at;
    }
    for (let t = 0; t < tempBytes.length; t++) bases[at + t] = arena.allocate(tempBytes[t]!);
    try {
      runCalls(calls, bases);
    } catch (error) {
      for (const storage of made) pool.release(storage);
      throw error;
    } finally {
      for (let t = 0; t < tempBytes.length; t++) arena.free(bases[at + t]!, tempBytes[t]!);
    }
    return made;
  }

  compile(graph: Graph, options: CompileOptions): Program {
    return new WasmProgram(closeGraph(graph), this.library, this.pool, this, options);
  }
}
