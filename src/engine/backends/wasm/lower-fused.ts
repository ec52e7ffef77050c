/** The op of a fused group: its steps, one after another, on vectors that never leave the registers. */
import { BYTES, type Dtype } from '../../dtype.ts';
import { ConfigError } from '../../errors.ts';
import type { GraphNode } from '../../graph.ts';
import type { LaneCode, Op } from '../../op.ts';
import { defineOp } from '../../op.ts';
import type { ConstantParams } from '../../ops/constant.ts';
import { sizeOf } from '../../shape.ts';
import type { Aval } from '../../tensor.ts';
import { type ElementwiseBody, elementwiseKernel } from './elementwise.ts';
import { bounds } from './emitters.ts';
import { FusedBody } from './fused-body.ts';
import type { WasmLowering } from './lower.ts';
import { alongRows, callAlong, keyOf } from './lowerings.ts';

/** One elementwise node of a group; places count the inputs, then the numbers, then the steps. */
export interface FusedStep {
  readonly node: GraphNode;
  readonly ins: readonly Aval[];
  readonly out: Aval;
  readonly code: LaneCode;
  readonly args: readonly number[];
}

export interface FusedParams {
  /** How many operands are arrays. */
  readonly inputs: number;
  readonly numbers: readonly ConstantParams[];
  readonly steps: readonly FusedStep[];
  /** Places of the results. */
  readonly outs: readonly number[];
}

const lowerFused: WasmLowering<FusedParams> = (context, ins, outs, params) => {
  const { numbers, steps } = params;
  if (sizeOf(outs[0]!.shape) === 0) return;
  const along = alongRows(context, ins, outs[0]!);
  const { inputs, layout } = along;
  const dtypes = numbers.map((n) => n.dtype);
  const spec = elementwiseKernel({
    key: `fused ${keyOf(inputs)} | ${codeKeyOf(params, outs)}`,
    inputs,
    numbers: dtypes,
    out: outs.map((x) => x.dtype),
    body: bodyOf(params),
    layout,
    unroll: unrollOf(steps),
    hasWideInterior: steps.some((s) => s.code.isWide || BYTES[s.out.dtype] === 8),
  });
  callAlong(context, spec, outs, along, numbers.map(storedValue));
};

/** Different for different code and results. */
export function codeKeyOf(params: FusedParams, results: readonly Aval[]): string {
  const { numbers, steps, outs } = params;
  const bounded = boundsOf(params);
  const code = steps.map((s, k) => `${s.code.key}:${s.code.dtype}${bounded[k] === null ? '' : '!'}(${s.args})`);
  return `${numbers.map((n) => n.dtype)} | ${code.join(' ')} | ${results.map((x, k) => x.dtype + outs[k]!)}`;
}

/** The steps as the body of a kernel. */
export const bodyOf =
  (params: FusedParams): ElementwiseBody =>
  (w, values, profile) =>
    new FusedBody(w, profile, values).write(params.steps, boundsOf(params), params.outs);

/** Lanes of a vector: two where anything has 8 bytes. */
export const lanesOf = ({ numbers, steps }: FusedParams, arrays: readonly { readonly dtype: Dtype }[]): 2 | 4 =>
  steps.some((s) => s.code.isWide || BYTES[s.out.dtype] === 8) ||
  [...numbers, ...arrays].some((x) => BYTES[x.dtype] === 8)
    ? 2
    : 4;

export const storedValue = ({ value, dtype }: ConstantParams): number =>
  dtype === 'bool' ? Number(value !== 0) : value;

/** For each step, the place of its bound that is a number other than 0 and NaN. */
function boundsOf({ numbers, steps, inputs }: FusedParams): (number | null)[] {
  return steps.map(({ code, args }) => {
    if (code.plain === undefined || bounds[code.plain] === undefined) return null;
    const stored = (x: number) => (code.dtype === 'f32' ? Math.fround(x) : x);
    return args.find((place) => Math.abs(stored(numbers[place - inputs]?.value ?? 0)) > 0) ?? null;
  });
}

/** Short bodies share the turn of the loop among several vectors. */
export const unrollOf = (steps: readonly FusedStep[]): number => (steps.length <= 4 ? 4 : steps.length <= 16 ? 2 : 1);

function refuse(): never {
  throw new ConfigError('a fused node exists in plans only', { help: 'transform the graph before it is planned' });
}

export const fusedOp: Op<FusedParams> = /* @__PURE__ */ defineOp<FusedParams>({
  name: 'fused',
  version: 1,
  infer: refuse,
  batch: refuse,
  cost: (_, __, { steps }) => ({
    flops: steps.reduce((sum, { node, ins, out }) => sum + node.op.cost(ins, [out], node.params).flops, 0),
  }),
  js: refuse,
  wasm: lowerFused,
  isInPlace: true,
});
