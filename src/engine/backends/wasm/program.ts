/** A compiled graph on WASM: interpreted call by call (tier 0) or as a plan module; both run the same calls on the same plan. */
import type { Graph } from '../../graph.ts';
import { Concrete } from '../../tensor.ts';
import type { CompileOptions, Program } from '../backend.ts';
import type { KernelLibrary } from './library.ts';
import { compilePlan } from './module.ts';
import { type MemoryPlan, planMemory } from './plan.ts';
import type { StoragePool, WasmStorage } from './storage.ts';

/** Calls after which an `auto` program is compiled. */
const WARM_CALLS = 2;

export class WasmProgram implements Program {
  readonly plan: MemoryPlan;
  readonly #graph: Graph;
  readonly #library: KernelLibrary;
  readonly #pool: StoragePool;
  readonly #options: CompileOptions;
  /** Blocks outside of the segment, in the order of the address table after the segment. */
  readonly #external: readonly number[];
  readonly #slotOf: ReadonlyMap<number, number>;
  #calls = 0;
  #compiled: ((table: number) => void) | null = null;

  constructor(graph: Graph, library: KernelLibrary, pool: StoragePool, options: CompileOptions) {
    this.#graph = graph;
    this.#library = library;
    this.#pool = pool;
    this.#options = options;
    this.plan = planMemory(this.#graph, library.profile, options.donate ?? []);
    this.#external = this.plan.places.flatMap((p, block) => (p.kind === 'segment' ? [] : [block]));
    this.#slotOf = new Map(this.#external.map((block, i) => [block, i + 1]));
    library.warm(this.plan.calls.map((c) => c.spec));
  }

  get peakBytes(): number {
    return this.plan.peakBytes;
  }

  run(inputs: readonly Concrete[]): readonly Concrete[] {
    const pool = this.#pool;
    pool.begin();
    const storages = inputs.map((x) => x.storage as WasmStorage);
    const inputAt = storages.map((s) => pool.locate(s));
    const fresh = this.plan.fresh.map((f) =>
      f.takesOver === null ? pool.create(f.bytes) : pool.takeOver(storages[f.takesOver]!),
    );
    const { segmentBytes } = this.plan;
    const segment = segmentBytes > 0 ? pool.arena.allocate(segmentBytes) : 0;
    this.#execute(segment, inputAt, fresh);
    if (segmentBytes > 0) pool.arena.free(segment, segmentBytes);
    for (const i of this.#options.donate ?? []) pool.release(storages[i]!, 'donated');
    return this.plan.outputs.map((o, k) => {
      const x = this.#graph.avals[this.#graph.outputs[k]!]!;
      return new Concrete(x.shape, x.dtype, o.from === 'input' ? storages[o.index]! : fresh[o.index]!);
    });
  }

  #execute(segment: number, inputAt: readonly number[], fresh: readonly WasmStorage[]): void {
    const addressOf = (block: number): number => {
      const place = this.plan.places[block]!;
      return place.kind === 'segment'
        ? segment + place.offset
        : place.kind === 'input'
          ? inputAt[place.index]!
          : fresh[place.index]!.at;
    };
    const tier = this.#options.tier ?? 'auto';
    const wantsModule = tier === 'module' || (tier === 'auto' && this.#calls >= WARM_CALLS);
    this.#calls++;
    if (wantsModule) this.#runModule(segment, addressOf);
    else this.#interpret(addressOf);
  }

  #interpret(addressOf: (block: number) => number): void {
    for (const { spec, args, share } of this.plan.calls) {
      this.#library.get(spec)(
        ...args.map((a) => (typeof a === 'number' ? a : addressOf(a.block) + a.offset)),
        0,
        share,
      );
    }
  }

  #runModule(segment: number, addressOf: (block: number) => number): void {
    this.#compiled ??= compilePlan(this.plan, this.#library, this.#slotOf);
    const bytes = 4 * (this.#external.length + 1);
    const table = this.#pool.arena.allocate(bytes);
    const view = new Uint32Array(this.#pool.arena.memory.buffer, table, this.#external.length + 1);
    view[0] = segment;
    this.#external.forEach((block, i) => {
      view[i + 1] = addressOf(block);
    });
    this.#compiled(table);
    this.#pool.arena.free(table, bytes);
  }
}
