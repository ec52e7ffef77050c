/** The kernels of one memory: assembled, compiled and cached on first use, or many at once in one module. */
import { ConfigError } from '../../errors.ts';
import { type FunctionWriter, type Local, type MemoryLimits, ModuleBuilder, type ValType } from './assembler.ts';
import type { MemoryPlan } from './plan.ts';
import type { Profile } from './profile.ts';
import type { TeamWriting } from './team/write.ts';

/** A kernel as data: a key that is unique among all kernels, its parameters, and the code. */
export interface KernelSpec {
  readonly key: string;
  readonly params: readonly ValType[];
  /** Writes the body; the parameters arrive as locals. */
  emit(w: FunctionWriter, profile: Profile, ...params: Local[]): unknown;
  /** Stands in for the code: a JavaScript function over the memory, for ops without an emitter; it may call kernels of the library. */
  readonly host?: (memory: WebAssembly.Memory, library: KernelLibrary) => KernelFunction;
  /** Other kernels that the code calls, as imports of its module. */
  readonly uses?: readonly KernelSpec[];
  /** Ranges of the share begin at multiples of it, so that tiles stay whole; 1 unless said. */
  readonly grain?: number;
  /** The same work for a team, for kernels that contain the steps of a plan. */
  readonly team?: TeamVariant;
}

/** A kernel that every thread of a team enters, with (thread, threads) in place of the share. */
export interface TeamVariant {
  /** What the kernel makes in each of its turns. */
  readonly plan: MemoryPlan;
  make(writing: TeamWriting): KernelSpec;
}

/** A compiled kernel; pointers and sizes are integers, read modulo 2³², so pointers above 2 GiB are plain numbers. */
export type KernelFunction = (...args: number[]) => void;

/** Assembles kernels into one module that imports `env.memory` and exports each kernel under its key. */
export function assembleKernels(
  specs: readonly KernelSpec[],
  profile: Profile,
  limits: MemoryLimits,
): Uint8Array<ArrayBuffer> {
  const m = new ModuleBuilder();
  m.importMemory('env', 'memory', limits);
  for (const used of usesOf(specs)) m.importFunction('env', used.key, used.params);
  for (const spec of specs)
    m.func(spec.key, spec.params, [], (w, ...params) => spec.emit(w, profile, ...params), { export: spec.key });
  return m.bytes();
}

/** The kernels that others call, once each. */
const usesOf = (specs: readonly KernelSpec[]): KernelSpec[] => [
  ...new Map(specs.flatMap((s) => s.uses ?? []).map((s) => [s.key, s])).values(),
];

/** A module of kernels that has been compiled, and the kernels it imports. */
export interface LoadedModule {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly uses: readonly string[];
}

/** Compiles kernels for one memory, private or shared, and hands them out by key. */
export class KernelLibrary {
  readonly memory: WebAssembly.Memory;
  readonly profile: Profile;
  /** How a module imports this memory. */
  readonly limits: MemoryLimits;
  #kernels = new Map<string, KernelFunction>();
  /** Where each kernel comes from, kept for threads, which compile the same bytes. */
  #modules = new Map<string, LoadedModule>();

  constructor(memory: WebAssembly.Memory, profile: Profile) {
    this.memory = memory;
    this.profile = profile;
    this.limits = isShared(memory) ? { shared: true, maximum: MAX_PAGES } : {};
  }

  /** The kernel of this spec, compiled now if it is new. */
  get(spec: KernelSpec): KernelFunction {
    const known = this.#kernels.get(spec.key);
    if (known !== undefined) return known;
    this.warm([spec]);
    return this.#kernels.get(spec.key)!;
  }

  /** Compiles the kernels that are missing into one module. */
  warm(specs: readonly KernelSpec[]): void {
    const uses = usesOf(specs.filter(({ key }) => !this.#kernels.has(key)));
    if (uses.length > 0) this.warm(uses);
    const missing = new Map(specs.filter(({ key }) => !this.#kernels.has(key)).map((spec) => [spec.key, spec]));
    for (const [key, { host }] of missing) {
      if (host === undefined) continue;
      this.#kernels.set(key, host(this.memory, this));
      missing.delete(key);
    }
    if (missing.size === 0) return;
    const bytes = assembleKernels([...missing.values()], this.profile, this.limits);
    const keys = usesOf([...missing.values()]).map((s) => s.key);
    this.adopt(new WebAssembly.Module(bytes), keys);
    if (this.limits.shared !== true) return;
    const loaded = { bytes, uses: keys };
    for (const key of missing.keys()) this.#modules.set(key, loaded);
  }

  /** The modules that hold these kernels and all that they call, in an order in which they can be instantiated. */
  modulesOf(keys: readonly string[]): LoadedModule[] {
    const found = new Set<LoadedModule>();
    const visit = (key: string): void => {
      const module = this.#modules.get(key);
      if (module === undefined || found.has(module)) return;
      module.uses.forEach(visit);
      found.add(module);
    };
    keys.forEach(visit);
    return [...found];
  }

  /** Instantiates a module of `assembleKernels` on this memory and takes all its kernels. */
  adopt(module: WebAssembly.Module, uses: readonly string[] = []): void {
    const env: Record<string, WebAssembly.ImportValue> = { memory: this.memory };
    for (const key of uses) env[key] = this.exportOf(key) as unknown as WebAssembly.ImportValue;
    const { exports } = new WebAssembly.Instance(module, { env });
    for (const key of Object.keys(exports)) this.#kernels.set(key, exports[key] as KernelFunction);
  }

  /** The exported function of a compiled kernel, which another module may import. */
  exportOf(key: string): KernelFunction {
    const kernel = this.#kernels.get(key);
    if (kernel !== undefined) return kernel;
    throw new ConfigError(`no kernel "${key}" is compiled`, { help: 'call get or warm with its spec first', key });
  }
}

const MAX_PAGES = 65_536;

function isShared(memory: WebAssembly.Memory): boolean {
  return typeof SharedArrayBuffer !== 'undefined' && memory.buffer instanceof SharedArrayBuffer;
}
