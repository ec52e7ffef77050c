/** Lowerings shared by families of ops: which kernels to call with which strides. */
import { BYTES, type Dtype } from '../../dtype.ts';
import type { ConstantParams } from '../../ops/constant.ts';
import type { CopyPlan } from '../../ops/copy-plan.ts';
import { broadcastStrides, sameShape, sizeOf, stridesOf } from '../../shape.ts';
import type { Aval } from '../../tensor.ts';
import type { ElementwiseInput, Emit } from './elementwise.ts';
import { applying, elementwiseKernel } from './elementwise.ts';
import { stridedCopyKernel } from './kernels/copy.ts';
import { coalesce, planCopy } from './kernels/copy-plan.ts';
import { fillKernel } from './kernels/fill.ts';
import { type ReduceOp, reduceKernel } from './kernels/reduce.ts';
import type { KernelSpec } from './library.ts';
import type { LowerContext, Operand, WasmLowering } from './lower.ts';
import { shifted } from './lower.ts';
import { repeatCalls } from './lower-repeat.ts';

export interface ElementwiseLowering {
  /** Vectors per turn of the loop. */
  readonly unroll?: number;
  /** The dtype that the emitter is told; the last operand's unless said. */
  readonly dtypeOf?: (ins: readonly Aval[]) => Dtype;
  readonly hasWideInterior?: boolean;
}

/** An elementwise op over rows: trailing axes are joined, at most two row axes are left, anything more is spread out first. */
export function lowerElementwise(
  name: string,
  emit: Emit,
  { unroll = 1, dtypeOf, hasWideInterior = false }: ElementwiseLowering = {},
): WasmLowering<unknown> {
  return (context, ins, [out]) => {
    if (sizeOf(out!.shape) === 0) return;
    const dtype = dtypeOf?.(ins) ?? ins.at(-1)!.dtype;
    const along = alongRows(context, ins, out!);
    const { inputs, layout } = along;
    const key = `${name} ${keyOf(inputs)} ${out!.dtype}`;
    const body = applying(emit, dtype);
    const spec = elementwiseKernel({ key, inputs, out: out!.dtype, body, layout, unroll, hasWideInterior });
    callAlong(context, spec, [out!], along);
  };
}

/** Dtypes and modes of a kernel's inputs as a part of its key. */
export const keyOf = (inputs: readonly ElementwiseInput[]): string => inputs.map((x) => x.dtype + x.mode).join(' ');

export interface AlongRows {
  readonly operands: readonly Operand[];
  readonly inputs: readonly ElementwiseInput[];
  readonly layout: 'rows' | 'flat';
  /** The length of a row and the elements from one row of an operand to the next; nothing where there is one row. */
  readonly places: readonly number[];
  /** The number of rows, or of elements. */
  readonly share: number;
  /** Several such blocks of rows, and the elements from one of each operand to the next. */
  readonly blocks: { readonly count: number; readonly steps: readonly number[] } | null;
}

/** Calls an elementwise kernel on operands that lie along rows. */
export function callAlong(
  context: LowerContext,
  spec: KernelSpec,
  outs: readonly Operand[],
  { operands, places, share, blocks }: AlongRows,
  numbers: readonly number[] = [],
): void {
  if (blocks === null) {
    context.call(spec, [...outs, ...operands, ...numbers, ...places], share);
    return;
  }
  const pointers = [...outs, ...operands];
  const elements = [...outs.map(() => share * places[0]!), ...blocks.steps];
  const steps = pointers.map((x, k) => [elements[k]! * BYTES[x.dtype]]);
  repeatCalls(context, { spec, pointers, steps, dims: [blocks.count], args: [...numbers, ...places], share });
}

/** How an elementwise kernel reads its operands: trailing axes joined, at most two row axes left, anything more spread out first. */
export function alongRows(context: LowerContext, ins: readonly Operand[], out: Operand): AlongRows {
  const joined = coalesce(out.shape, stridesOf(out.shape), ...ins.map((x) => broadcastStrides(x.shape, out.shape)));
  const { dims, strides } = joined;
  if (dims.length > 3)
    return alongRows(
      context,
      ins.map((x) => spread(context, x, out.shape)),
      out,
    );
  const own = strides.slice(1);
  const inputs = ins.map(({ dtype }, k) => {
    const isSpread = dims.length === 0 || own[k]!.at(-1) === 0;
    return { dtype, mode: isSpread ? ('s' as const) : ('v' as const) };
  });
  if (dims.length < 2) return { operands: ins, inputs, layout: 'flat', places: [], share: dims[0] ?? 1, blocks: null };
  const [rows, inner] = dims.slice(-2) as [number, number];
  const places = [inner, ...own.map((s) => s.at(-2)!)];
  const blocks = dims.length === 2 ? null : { count: dims[0]!, steps: own.map((s) => s[0]!) };
  return { operands: ins, inputs, layout: 'rows', places, share: rows, blocks };
}

/** An operand written out at its full broadcast shape. */
function spread(context: LowerContext, x: Operand, shape: readonly number[]): Operand {
  if (sameShape(x.shape, shape) || x.shape.every((d) => d === 1)) return x;
  const full = context.temp({ shape, dtype: x.dtype });
  copyStrided(context, full, x, shape, stridesOf(shape), broadcastStrides(x.shape, shape));
  return full;
}

/** out[i·outStrides] = x[i·inStrides] for every index of `dims`. */
export function copyStrided(
  context: LowerContext,
  out: Operand,
  x: Operand,
  dims: readonly number[],
  outStrides: readonly number[],
  inStrides: readonly number[],
): void {
  if (sizeOf(dims) === 0) return;
  const bytes = BYTES[x.dtype] as 4 | 8;
  const plan = planCopy(dims, outStrides, inStrides);
  for (const [o, i] of plan.calls)
    context.call(stridedCopyKernel(bytes), [shifted(out, o * bytes), shifted(x, i * bytes), ...plan.args], plan.extent);
}

/** Writes one number everywhere. */
export function fill(context: LowerContext, out: Operand, value: number): void {
  context.call(fillKernel(out.dtype), [out, value], sizeOf(out.shape));
}

export const lowerFill: WasmLowering<ConstantParams> = (context, _, [out], { value }) =>
  fill(context, out!, out!.dtype === 'bool' ? Number(value !== 0) : value);

export const lowerIdentity: WasmLowering<unknown> = (context, [x], [out]) =>
  copyStrided(context, out!, x!, [sizeOf(x!.shape)], [1], [1]);

/** Carries out a copy plan. */
export function lowerCopies(context: LowerContext, plan: CopyPlan, ins: readonly Operand[], out: Operand): void {
  if (plan.fill !== undefined) fill(context, out, plan.fill);
  const bytes = BYTES[out.dtype];
  for (const copy of plan.copies) {
    copyStrided(
      context,
      shifted(out, copy.outOffset * bytes),
      shifted(ins[copy.input]!, copy.inOffset * bytes),
      copy.dims,
      copy.outStrides,
      copy.inStrides,
    );
  }
}

/** A reduction over `axes`: adjacent axes are read in place, others are first moved to the end; the order of summation is the same. */
export function lowerReduce(
  op: ReduceOp,
): WasmLowering<{ readonly axes: readonly number[]; readonly accumulate?: 'f64' }> {
  return (context, [x], [out], { axes, accumulate }) => {
    const { source, outer, len, inner } = reducible(context, x!, axes);
    context.call(
      reduceKernel({ op, dtype: x!.dtype, ...(accumulate === undefined ? {} : { accumulate }) }),
      [out!, source, outer, len, inner],
      outer * inner,
    );
  };
}

/** x seen as (outer, len, inner) with the reduced axes in the middle. */
export function reducible(
  context: LowerContext,
  x: Operand,
  axes: readonly number[],
): { source: Operand; outer: number; len: number; inner: number } {
  const { shape } = x;
  const isBlock = axes.every((a, i) => i === 0 || a === axes[i - 1]! + 1);
  const len = sizeOf(axes.map((a) => shape[a]!));
  if (isBlock)
    return { source: x, outer: sizeOf(shape.slice(0, axes[0])), len, inner: sizeOf(shape.slice(axes.at(-1)! + 1)) };
  const order = [...shape.keys()].sort((a, b) => Number(axes.includes(a)) - Number(axes.includes(b)) || a - b);
  const moved = context.temp({ shape: order.map((a) => shape[a]!), dtype: x.dtype });
  const own = stridesOf(shape);
  copyStrided(
    context,
    moved,
    x,
    moved.shape,
    stridesOf(moved.shape),
    order.map((a) => own[a]!),
  );
  return { source: moved, outer: sizeOf(shape) / Math.max(len, 1), len, inner: 1 };
}
