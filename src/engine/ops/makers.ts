/** Makers: the algebraic families of ops (elementwise, linear, bilinear), so that a block says only what is its own. */

import type { Emit } from '../backends/wasm/elementwise.ts';
import { type EmitterName, emitters } from '../backends/wasm/emitters.ts';
import type { WasmLowering } from '../backends/wasm/lower.ts';
import { type ElementwiseLowering, lowerElementwise } from '../backends/wasm/lowerings.ts';
import type { Dtype, TypedArray } from '../dtype.ts';
import { isFloat } from '../dtype.ts';
import { DtypeError } from '../errors.ts';
import type { BatchCall, Batched, JsKernel, LinearInput, MaybeTensor, Op, Params, TransposeCall } from '../op.ts';
import { defineOp, isLinear } from '../op.ts';
import { broadcastShapes, broadcastStrides, sameShape, sizeOf } from '../shape.ts';
import type { Aval, Tensor } from '../tensor.ts';
import { bind1 } from '../trace.ts';
import { add } from './arithmetic.ts';
import { broadcastTo, reshape } from './movement.ts';
import { sumTo } from './reduce.ts';

export type None = Record<never, never>;
export const NONE: None = Object.freeze({});

export type ScalarFunction = (...x: number[]) => number;

export interface ElementwiseSpec {
  readonly arity: 1 | 2 | 3;
  /** Dtypes the op takes; all operands share one. */
  readonly dtypes: readonly Dtype[];
  /** The result's dtype, when it is not the operands'. */
  readonly result?: (ins: readonly Dtype[]) => Dtype;
  /** Checks operand dtypes when they need not be equal. */
  readonly check?: (ins: readonly Dtype[]) => void;
  /** dz of each operand's tangent: (dx, operands, z) → contribution; null where z does not vary with the operand. */
  readonly partials?: readonly (((dx: Tensor, x: readonly Tensor[], z: Tensor) => Tensor) | null)[];
  /** Positions in which the op is linear, each with its transpose: (ct, operands) → cotangent, summed to the operand's shape by the maker. */
  readonly linearIn?: Readonly<Record<number, (ct: Tensor, x: readonly Tensor[]) => Tensor>>;
  /** The oracle: f64 arithmetic on one element, for the first operand's dtype. */
  readonly js: (dtype: Dtype) => ScalarFunction;
  /** How lanes are computed: the name of a plain emitter, one of our functions, or an emitter of the op's own. */
  readonly wasm: EmitterName | Emit;
  readonly lowering?: ElementwiseLowering;
  /** FLOPs per element; 1 unless said. */
  readonly flops?: number;
  /** Whether the planner may compute it again; ops of one FLOP may unless said. */
  readonly isCheap?: boolean;
  readonly keeps?: NonNullable<Op['keeps']>;
}

const emitOf = (wasm: ElementwiseSpec['wasm']): Emit => (typeof wasm === 'string' ? emitters[wasm] : wasm);

/** An op that acts on each element, with NumPy broadcasting of its operands. */
export function elementwise(name: string, spec: ElementwiseSpec): Op<None> {
  const op: Op<None> = defineOp<None>({
    name,
    version: 1,
    infer: (ins) => [inferElementwise(name, spec, ins)],
    ...(spec.partials === undefined
      ? {}
      : { jvp: ({ primals, outs, tangents }) => [sumPartials(spec.partials!, primals, outs[0]!, tangents)] }),
    ...(spec.linearIn === undefined ? {} : { transpose: (call) => transposeElementwise(spec, call) }),
    batch: (call) => batchElementwise(op, call),
    cost: (_, outs) => ({ flops: (spec.flops ?? 1) * sizeOf(outs[0]!.shape) }),
    js: jsElementwise(spec),
    wasm: lowerElementwise(name, emitOf(spec.wasm), spec.lowering) as WasmLowering<None>,
    lanes: (ins) => ({
      key: name,
      emit: emitOf(spec.wasm),
      ...(typeof spec.wasm === 'string' ? { plain: spec.wasm } : {}),
      dtype: spec.lowering?.dtypeOf?.(ins) ?? ins.at(-1)!.dtype,
      isWide: spec.lowering?.hasWideInterior ?? false,
    }),
    isCheap: spec.isCheap ?? (spec.flops ?? 1) <= 1,
    isInPlace: true,
    ...(spec.keeps === undefined ? {} : { keeps: spec.keeps }),
  });
  return op;
}

function inferElementwise(name: string, spec: ElementwiseSpec, ins: readonly Aval[]): Aval {
  const dtypes = ins.map((x) => x.dtype);
  if (spec.check !== undefined) spec.check(dtypes);
  else checkDtypes(name, spec.dtypes, dtypes);
  const shape = ins.length === 1 ? ins[0]!.shape : broadcastShapes(name, ...ins.map((x) => x.shape));
  return { shape, dtype: spec.result?.(dtypes) ?? dtypes[0]! };
}

/** Refuses dtypes that an op does not take, or that differ from one another. */
export function checkDtypes(name: string, allowed: readonly Dtype[], found: readonly Dtype[]): void {
  for (const d of found) {
    if (d !== found[0])
      throw new DtypeError(`${name}: operands have dtypes ${found.join(' and ')}`, {
        dtypes: found,
        help: `cast one of them, for example cast(y, '${found[0]}')`,
      });
    if (!allowed.includes(d)) {
      throw new DtypeError(`${name}: takes ${allowed.join(', ')}, not ${d}`, {
        dtype: d,
        help: isFloat(d) ? `cast to ${allowed[0]} first` : "cast(x, 'f32') makes it a float",
      });
    }
  }
}

function sumPartials(
  partials: NonNullable<ElementwiseSpec['partials']>,
  x: readonly Tensor[],
  z: Tensor,
  tangents: readonly MaybeTensor[],
): MaybeTensor {
  let total: MaybeTensor = null;
  tangents.forEach((dx, i) => {
    const partial = partials[i];
    if (dx === null || partial === null || partial === undefined) return;
    const part = partial(dx, x, z);
    total = total === null ? part : add(total, part);
  });
  const sum = total as MaybeTensor;
  return sum === null || sameShape(sum.shape, z.shape) ? sum : broadcastTo(sum, z.shape);
}

function transposeElementwise(spec: ElementwiseSpec, { cts, inputs }: TransposeCall<None>): readonly MaybeTensor[] {
  const ct = cts[0]!;
  return inputs.map((x, i) => {
    if (!isLinear(x) || ct === null) return null;
    return sumTo(spec.linearIn![i]!(ct, inputs as readonly Tensor[]), x.shape);
  });
}

function batchElementwise(op: Op<None>, { inputs, batched, params }: BatchCall<None>): Batched {
  const rank = Math.max(...inputs.map((x, i) => x.rank - (batched[i] ? 1 : 0)));
  const aligned = inputs.map((x, i) => (batched[i] ? padRank(x, rank + 1) : x));
  return { outs: [bind1(op, aligned, params)], batched: [true] };
}

/** Inserts axes of length 1 behind the batch axis until the rank fits. */
function padRank(x: Tensor, rank: number): Tensor {
  if (x.rank === rank) return x;
  const [b, ...rest] = x.shape;
  return reshape(x, [b!, ...new Array<number>(rank - x.rank).fill(1), ...rest]);
}

function jsElementwise(spec: ElementwiseSpec): JsKernel<None> {
  return (inputs, [out], { ins, outs }) => {
    const { shape } = outs[0]!;
    const strides = ins.map((x) => broadcastStrides(x.shape, shape));
    mapBroadcast(spec.js(ins[0]!.dtype), inputs, strides, out!, shape);
  };
}

/** out[i…] = f(inputs at i…), inputs read through strides. */
function mapBroadcast(
  f: ScalarFunction,
  inputs: readonly TypedArray[],
  strides: readonly (readonly number[])[],
  out: TypedArray,
  shape: readonly number[],
): void {
  const index = new Array<number>(shape.length).fill(0);
  const at = inputs.map(() => 0);
  const args = inputs.map(() => 0);
  for (let n = 0; n < out.length; n++) {
    for (let k = 0; k < inputs.length; k++) args[k] = inputs[k]![at[k]!]!;
    out[n] = f(...args);
    advance(index, shape, at, strides);
  }
}

/** Moves a row-major index on by one and the offsets with it. */
export function advance(
  index: number[],
  shape: readonly number[],
  at: number[],
  strides: readonly (readonly number[])[],
): void {
  for (let d = shape.length - 1; d >= 0; d--) {
    index[d]!++;
    for (let k = 0; k < at.length; k++) at[k]! += strides[k]![d]!;
    if (index[d]! < shape[d]!) return;
    for (let k = 0; k < at.length; k++) at[k]! -= strides[k]![d]! * shape[d]!;
    index[d] = 0;
  }
}

export interface LinearSpec<P extends Params> extends Pick<Op<P>, 'infer' | 'batch' | 'js'> {
  /** ct → cotangent of the only operand, whose shape is given. */
  readonly transpose: (ct: Tensor, x: Aval, params: P) => Tensor;
  readonly wasm: WasmLowering<P>;
  readonly cost?: Op<P>['cost'];
  readonly lanes?: Op<P>['lanes'];
  readonly isView?: boolean;
  readonly isCheap?: boolean;
}

/** An op that is linear in its only operand: the tangent goes through the op itself. */
export function linear<P extends Params>(name: string, spec: LinearSpec<P>): Op<P> {
  const op: Op<P> = defineOp<P>({
    name,
    version: 1,
    infer: spec.infer,
    jvp: ({ tangents, params }) => [
      tangents[0] === null || tangents[0] === undefined ? null : bind1(op, [tangents[0]], params),
    ],
    transpose: ({ cts, inputs, params }) => [
      cts[0] === null || cts[0] === undefined ? null : spec.transpose(cts[0], inputs[0]!, params),
    ],
    batch: spec.batch,
    cost: spec.cost ?? (() => ({ flops: 0 })),
    js: spec.js,
    wasm: spec.wasm,
    ...(spec.lanes === undefined ? {} : { lanes: spec.lanes }),
    ...(spec.isView === undefined ? {} : { isView: spec.isView }),
    ...(spec.isCheap === undefined ? {} : { isCheap: spec.isCheap }),
  });
  return op;
}

export interface BilinearSpec<P extends Params> extends Pick<Op<P>, 'infer' | 'batch' | 'cost' | 'js'> {
  /** Cotangent of the left operand, whose shape is given, with the right one known. */
  readonly transposeX: (ct: Tensor, x: Aval, y: Tensor, params: P) => Tensor;
  readonly transposeY: (ct: Tensor, x: Tensor, y: Aval, params: P) => Tensor;
  readonly wasm?: WasmLowering<P>;
  readonly finishing?: NonNullable<Op['finishing']>;
}

/** An op that is linear in each of two operands: dz = op(dx, y) + op(x, dy). */
export function bilinear<P extends Params>(name: string, spec: BilinearSpec<P>): Op<P> {
  const op: Op<P> = defineOp<P>({
    name,
    version: 1,
    infer: spec.infer,
    jvp({ primals: [x, y], tangents: [dx, dy], params }) {
      const left = dx == null ? null : bind1(op, [dx, y!], params);
      const right = dy == null ? null : bind1(op, [x!, dy], params);
      return [left === null ? right : right === null ? left : add(left, right)];
    },
    transpose({ cts, inputs, params }) {
      const [x, y] = inputs as [Tensor | LinearInput, Tensor | LinearInput];
      const ct = cts[0];
      if (ct == null) return [null, null];
      return isLinear(x)
        ? [spec.transposeX(ct, x, y as Tensor, params), null]
        : [null, spec.transposeY(ct, x, y, params)];
    },
    batch: spec.batch,
    cost: spec.cost,
    js: spec.js,
    ...(spec.wasm === undefined ? {} : { wasm: spec.wasm }),
    ...(spec.finishing === undefined ? {} : { finishing: spec.finishing }),
  });
  return op;
}

/** Batching for ops that treat leading axes alike once the batch axis is in front. */
export const allBatched = (outs: readonly Tensor[]): Batched => ({ outs, batched: outs.map(() => true) });
