/** What a backend offers: storage, eager execution, compilation. */
import type { Dtype, TypedArray } from '../dtype.ts';
import type { Graph } from '../graph.ts';
import type { Op, Params } from '../op.ts';
import type { Concrete, Storage, StorageBackend } from '../tensor.ts';

export interface CompileOptions {
  /** Positions of inputs whose memory results may take over. */
  readonly donate?: readonly number[];
  /** `auto` interprets the first calls and then compiles; the others are for tests and oracles. */
  readonly tier?: 'auto' | 'interpret' | 'module';
}

/** A compiled graph. */
export interface Program {
  run(inputs: readonly Concrete[]): readonly Concrete[];
  /** Bytes of the program's own memory at its highest point, predicted before running; inputs and constants not counted. */
  readonly peakBytes: number;
}

export interface Backend extends StorageBackend {
  readonly name: 'js' | 'wasm';
  /** Rounding profile: part of every checkpoint and run. */
  readonly profile: 'fma' | 'strict' | 'oracle';
  fromHost(data: TypedArray, dtype: Dtype): Storage;
  execute(op: Op, inputs: readonly Concrete[], params: Params): readonly Concrete[];
  compile(graph: Graph, options: CompileOptions): Program;
  /** Bytes of arena that tensors hold now. */
  liveBytes(): number;
}
