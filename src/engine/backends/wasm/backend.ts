/** The default backend: generated kernels on one WebAssembly memory, in Node and in browsers. */
import type { Dtype, TypedArray } from '../../dtype.ts';
import { viewOf } from '../../dtype.ts';
import type { Graph } from '../../graph.ts';
import { closeGraph } from '../../graph.ts';
import type { Op, Params } from '../../op.ts';
import type { Storage } from '../../tensor.ts';
import { bytesOf, Concrete, checkLive } from '../../tensor.ts';
import type { Backend, CompileOptions, Program } from '../backend.ts';
import type { Arena } from './arena.ts';
import { loweringOf } from './host.ts';
import { KernelLibrary } from './library.ts';
import type { Operand } from './lower.ts';
import { detectProfile, type Profile } from './profile.ts';
import { WasmProgram } from './program.ts';
import { Recorder } from './recorder.ts';
import { StoragePool, type WasmStorage } from './storage.ts';

export interface WasmBackendOptions {
  readonly profile?: Profile;
  /** Bytes of tensors kept in the arena before the oldest move out; 256 MiB unless said. */
  readonly budget?: number;
  readonly arena?: Arena;
}

export class WasmBackend implements Backend {
  readonly name = 'wasm';
  readonly profile: Profile;
  readonly pool: StoragePool;
  readonly library: KernelLibrary;

  constructor({ profile = detectProfile(), budget = 256 * 2 ** 20, arena }: WasmBackendOptions = {}) {
    this.profile = profile;
    this.pool = arena === undefined ? new StoragePool(this, budget) : new StoragePool(this, budget, arena);
    this.library = new KernelLibrary(this.pool.arena.memory, profile);
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
    const avals = op.infer(inputs, params);
    if (op.isView === true) return [new Concrete(avals[0]!.shape, avals[0]!.dtype, inputs[0]!.storage)];
    this.pool.begin();
    const ins = inputs.map((x) => this.pool.locate(x.storage as WasmStorage));
    const made = avals.map((x) => this.pool.create(bytesOf(x)));
    this.#runNow(
      op,
      [...inputs, ...avals].map((x, block): Operand => ({ block, offset: 0, shape: x.shape, dtype: x.dtype })),
      inputs.length,
      [...ins, ...made.map((s) => s.at)],
      params,
    );
    return avals.map((x, i) => new Concrete(x.shape, x.dtype, made[i]!));
  }

  #runNow(op: Op, operands: readonly Operand[], arity: number, addresses: number[], params: Params): void {
    let next = operands.length;
    const recorder = new Recorder(this.profile, () => next++);
    loweringOf(op)(recorder, operands.slice(0, arity), operands.slice(arity), params);
    const { arena } = this.pool;
    for (const temp of recorder.temps) addresses[temp.block] = arena.allocate(temp.bytes);
    for (const { spec, args, share } of recorder.calls) {
      this.library.get(spec)(
        ...args.map((a) => (typeof a === 'number' ? a : addresses[a.block]! + a.offset)),
        0,
        share,
      );
    }
    for (const temp of recorder.temps) arena.free(addresses[temp.block]!, temp.bytes);
  }

  compile(graph: Graph, options: CompileOptions): Program {
    return new WasmProgram(closeGraph(graph), this.library, this.pool, options);
  }
}
