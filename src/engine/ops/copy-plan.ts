/** Ops that only move elements, described once as strided copies; both backends carry out the same description. */
import type { LowerContext, Operand } from '../backends/wasm/lower.ts';
import { lowerCopies } from '../backends/wasm/lowerings.ts';
import type { TypedArray } from '../dtype.ts';
import type { JsKernel, Params } from '../op.ts';
import { sizeOf } from '../shape.ts';
import type { Aval } from '../tensor.ts';

/** One strided copy: for every index of `dims`, out[outOffset + i·outStrides] = in[inOffset + i·inStrides], in elements. */
export interface Copy {
  readonly input: number;
  readonly dims: readonly number[];
  readonly outOffset: number;
  readonly outStrides: readonly number[];
  readonly inOffset: number;
  readonly inStrides: readonly number[];
}

export interface CopyPlan {
  /** Written everywhere first, when the copies do not cover the output. */
  readonly fill?: number;
  readonly copies: readonly Copy[];
}

export type Planner<P extends Params> = (ins: readonly Aval[], out: Aval, params: P) => CopyPlan;

/** Both lowerings of an op that only moves elements. */
export function copying<P extends Params>(
  plan: Planner<P>,
): {
  js: JsKernel<P>;
  wasm: (context: LowerContext, ins: readonly Operand[], outs: readonly Operand[], params: P) => void;
} {
  return {
    js: (inputs, [out], { ins, outs, params }) => runCopies(plan(ins, outs[0]!, params), inputs, out!),
    wasm: (context, ins, outs, params) => lowerCopies(context, plan(ins, outs[0]!, params), ins, outs[0]!),
  };
}

function runCopies({ fill, copies }: CopyPlan, inputs: readonly TypedArray[], out: TypedArray): void {
  if (fill !== undefined) out.fill(fill);
  for (const copy of copies)
    if (sizeOf(copy.dims) > 0) copyAxis(copy, inputs[copy.input]!, out, 0, copy.inOffset, copy.outOffset);
}

function copyAxis(copy: Copy, x: TypedArray, out: TypedArray, axis: number, from: number, to: number): void {
  if (axis === copy.dims.length) {
    out[to] = x[from]!;
    return;
  }
  const [is, os] = [copy.inStrides[axis]!, copy.outStrides[axis]!];
  for (let i = 0; i < copy.dims[axis]!; i++) copyAxis(copy, x, out, axis + 1, from + i * is, to + i * os);
}
