/** What an op is: one block of data that holds its shape rule, derivative, transpose, batching, cost and lowerings. */

import type { Emit } from './backends/wasm/elementwise.ts';
import type { EmitterName } from './backends/wasm/emitters.ts';
import type { WasmLowering } from './backends/wasm/lower.ts';
import type { Dtype, TypedArray } from './dtype.ts';
import { BYTES } from './dtype.ts';
import type { Shape } from './shape.ts';
import { sizeOf } from './shape.ts';
import type { Aval, Tensor } from './tensor.ts';

/** Parameters of a node: plain data, or graphs in ops that hold a body. */
export type Params = object;

/** A tangent or cotangent; null is a symbolic zero. */
export type MaybeTensor = Tensor | null;

/** Stands for an input in which the op is being transposed. */
export class LinearInput implements Aval {
  readonly shape: Shape;
  readonly dtype: Aval['dtype'];
  constructor(x: Aval) {
    this.shape = x.shape;
    this.dtype = x.dtype;
  }
}

export interface JvpCall<P> {
  readonly primals: readonly Tensor[];
  readonly outs: readonly Tensor[];
  readonly tangents: readonly MaybeTensor[];
  readonly params: P;
}

export interface TransposeCall<P> {
  readonly cts: readonly MaybeTensor[];
  readonly inputs: readonly (Tensor | LinearInput)[];
  readonly params: P;
}

export interface BatchCall<P> {
  readonly inputs: readonly Tensor[];
  /** Which inputs carry the batch axis, always as axis 0. */
  readonly batched: readonly boolean[];
  readonly size: number;
  readonly params: P;
}

export interface Batched {
  readonly outs: readonly Tensor[];
  readonly batched: readonly boolean[];
}

export interface Cost {
  readonly flops: number;
  /** Multiply-adds, for ops made of them; flops counts each as 2. */
  readonly macs?: number;
}

/** Reference loops: contiguous row-major arrays in, arrays to fill out. */
export type JsKernel<P> = (
  inputs: readonly TypedArray[],
  outputs: readonly TypedArray[],
  call: { readonly ins: readonly Aval[]; readonly outs: readonly Aval[]; readonly params: P },
) => void;

/** How one vector of elements is computed: what fused chains are made of. */
export interface LaneCode {
  /** Different for different code. */
  readonly key: string;
  readonly emit: Emit;
  /** The name of the emitter where it is a plain one: some have shorter forms in chains. */
  readonly plain?: EmitterName;
  /** The dtype that the emitter is told. */
  readonly dtype: Dtype;
  /** Whether the code uses f64 although no operand and no result does. */
  readonly isWide: boolean;
}

export interface Op<P extends Params = Params> {
  readonly name: string;
  readonly version: number;
  /** Shapes and dtypes of the outputs; throws a typed error for operands that do not fit. */
  readonly infer: (ins: readonly Aval[], params: P) => readonly Aval[];
  /** Tangents of the outputs; absent where the outputs do not vary (integers, comparisons). */
  readonly jvp?: (call: JvpCall<P>) => readonly MaybeTensor[];
  /** Cotangents of the linear inputs, null for the others. */
  readonly transpose?: (call: TransposeCall<P>) => readonly MaybeTensor[];
  readonly batch: (call: BatchCall<P>) => Batched;
  readonly cost: (ins: readonly Aval[], outs: readonly Aval[], params: P) => Cost;
  readonly js: JsKernel<P>;
  readonly wasm?: WasmLowering<P>;
  /** The only output is the first input's elements under another shape: backends share the storage. */
  readonly isView?: boolean;
  /** Element i of the result depends on element i of each operand of the same shape: the result may overwrite one that dies. */
  readonly isInPlace?: boolean;
  /** How many of the first inputs are read until the node ends; a result cannot take over their memory. */
  readonly readsThroughout?: (params: P) => number;
  /** One pass of cheap arithmetic: the planner may compute it again instead of keeping it. */
  readonly isCheap?: boolean;
  /** The only output's element i is computed from element i of the broadcast operands alone, by this code. */
  readonly lanes?: (ins: readonly Aval[], params: P) => LaneCode;
  /** How elementwise code that alone reads the result is joined with the op. */
  readonly finishing?: import('./backends/wasm/lower-finished.ts').Finishing;
  /** The node holds graphs: `inline` opens it before planning. */
  readonly inline?: (params: P) => import('./graph.ts').Graph;
  /** The derivative is that of the graphs in the parameters: the same parameters with each graph replaced. */
  readonly mapGraphs?: (params: P, map: (graph: import('./graph.ts').Graph) => import('./graph.ts').Graph) => Params;
  /** Ops that compute the same and keep something else for their derivative, by what they keep. */
  readonly keeps?: () => Readonly<Record<string, Op>>;
  /** Splits a node with some linear inputs into a part that runs now and a linear part (ops that hold graphs). */
  readonly linearize?: (
    inputs: readonly Tensor[],
    tangents: readonly MaybeTensor[],
    params: P,
  ) => { readonly outs: readonly Tensor[]; readonly tangents: readonly MaybeTensor[] };
}

/** Types an op's block; nothing is registered anywhere. */
export const defineOp = <P extends Params>(op: Op<P>): Op<P> => op;

/** Bytes that a node reads and writes when nothing is fused. */
export const trafficOf = (ins: readonly Aval[], outs: readonly Aval[]): number =>
  [...ins, ...outs].reduce((sum, x) => sum + sizeOf(x.shape) * BYTES[x.dtype], 0);

export const isLinear = (x: Tensor | LinearInput): x is LinearInput => x instanceof LinearInput;
