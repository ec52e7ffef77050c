/** A compiled graph on WASM: interpreted call by call (tier 0) or as a plan module; both run the same calls on the same plan. */
import type { Graph } from '../../graph.ts';
import { Concrete } from '../../tensor.ts';
import type { CompileOptions, Program } from '../backend.ts';
import { type CompiledProgram, probe } from '../probe.ts';
import { fuse } from './fuse.ts';
import type { KernelLibrary } from './library.ts';
import type { Operand } from './lower.ts';
import { compilePlan } from './module.ts';
import { baseOf, type MemoryPlan, planMemory } from './plan.ts';
import type { Profile } from './profile.ts';
import { prepareCalls, type RelocatableCall, type Relocation, runCalls, timeCalls } from './relocation.ts';
import type { StoragePool, WasmStorage } from './storage.ts';

/** Several threads that can run a plan together. */
export interface TeamRunner {
  /** Runs the plan on these base addresses; false where one thread should. */
  enter(plan: MemoryPlan, bases: readonly number[]): boolean;
}

/** Who has threads, once they were asked for. */
export interface TeamHolder {
  readonly team: TeamRunner | null;
}

/** Calls after which an `auto` program is compiled. */
const WARM_CALLS = 2;

let runs = 0;

export class WasmProgram implements Program, CompiledProgram {
  readonly plan: MemoryPlan;
  /** As it was planned, with its chains fused. */
  readonly graph: Graph;
  readonly #library: KernelLibrary;
  readonly #pool: StoragePool;
  readonly #donate: readonly number[];
  readonly #tier: NonNullable<CompileOptions['tier']>;
  /** The address of the segment, then of every input, then of every fresh result. */
  readonly #bases: number[];
  #runs = 0;
  #interpreted: RelocatableCall[] | null = null;
  #compiled: ((table: number) => void) | null = null;
  readonly #holder: TeamHolder;

  constructor(graph: Graph, library: KernelLibrary, pool: StoragePool, holder: TeamHolder, options: CompileOptions) {
    this.graph = fuse(graph);
    this.#library = library;
    this.#pool = pool;
    this.#donate = options.donate ?? [];
    this.#tier = options.tier ?? 'auto';
    this.plan = planMemory(this.graph, library.profile, this.#donate);
    this.#holder = holder;
    this.#bases = new Array<number>(1 + this.plan.inputs + this.plan.fresh.length).fill(0);
    library.warm(this.plan.calls.map((c) => c.spec));
    probe()?.compiled(this);
  }

  get profile(): Profile {
    return this.#library.profile;
  }

  get peakBytes(): number {
    return this.plan.peakBytes;
  }

  run(inputs: readonly Concrete[]): readonly Concrete[] {
    const pool = this.#pool;
    pool.begin();
    const given = inputs.map((x) => x.storage as WasmStorage);
    for (const s of given) pool.locate(s);
    const used = this.#donate.length === 0 ? given : this.#unshared(given);
    let at = 1;
    for (const s of used) this.#bases[at++] = s.at;
    const fresh = this.plan.fresh.map(({ bytes, takesOver }) =>
      takesOver === null ? pool.create(bytes) : pool.takeOver(used[takesOver]!),
    );
    for (const s of fresh) this.#bases[at++] = s.at;
    try {
      this.#executeOnSegment();
    } catch (error) {
      for (const s of fresh) pool.release(s);
      throw error;
    }
    for (const i of this.#donate) pool.release(used[i]!, 'donated');
    return this.#results(given, fresh);
  }

  /** Donated memory that somebody else shows too is copied, and stays alive: another input, a captured value, an interned number. */
  #unshared(given: readonly WasmStorage[]): readonly WasmStorage[] {
    runs++;
    let isDistinct = true;
    for (const s of given) {
      if (s.seenBy === runs || s.isPinned) isDistinct = false;
      s.seenBy = runs;
    }
    if (isDistinct) return given;
    const used = [...given];
    for (const i of this.#donate) {
      const isShared = given[i]!.isPinned || used.some((s, k) => k !== i && s === given[i]);
      if (isShared) used[i] = this.#pool.copy(given[i]!);
    }
    return used;
  }

  #results(given: readonly WasmStorage[], fresh: readonly WasmStorage[]): readonly Concrete[] {
    return this.plan.outputs.map((o, k) => {
      const x = this.graph.avals[this.graph.outputs[k]!]!;
      return new Concrete(x.shape, x.dtype, o.from === 'input' ? given[o.index]! : fresh[o.index]!);
    });
  }

  #executeOnSegment(): void {
    const { segmentBytes } = this.plan;
    if (segmentBytes === 0) {
      this.#execute();
      return;
    }
    const { arena } = this.#pool;
    this.#bases[0] = arena.allocate(segmentBytes);
    try {
      this.#execute();
    } finally {
      arena.free(this.#bases[0], segmentBytes);
    }
  }

  #execute(): void {
    const wantsModule = this.#tier === 'module' || (this.#tier === 'auto' && this.#runs >= WARM_CALLS);
    this.#runs++;
    const ran = probe()?.ran;
    if (ran) ran(this, timeCalls(this.#prepared(), this.#bases));
    else if (wantsModule) this.#runModule();
    else this.#interpret();
  }

  #interpret(): void {
    runCalls(this.#prepared(), this.#bases);
  }

  #prepared(): RelocatableCall[] {
    this.#interpreted ??= prepareCalls(this.plan.calls, this.#library, (x) => this.#relocate(x));
    return this.#interpreted;
  }

  #relocate({ block, offset }: Operand): Relocation {
    const { place } = this.plan.blocks[block]!;
    return { base: baseOf(place, this.plan.inputs), offset: place.offset + offset };
  }

  #runModule(): void {
    this.#interpreted = null;
    if (this.#holder.team?.enter(this.plan, this.#bases)) return;
    this.#compiled ??= compilePlan(this.plan, this.#library);
    const { arena } = this.#pool;
    const bytes = 4 * this.#bases.length;
    const table = arena.allocate(bytes);
    new Uint32Array(arena.memory.buffer, table, this.#bases.length).set(this.#bases);
    try {
      this.#compiled(table);
    } finally {
      arena.free(table, bytes);
    }
  }
}
