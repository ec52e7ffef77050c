/** The op of a fused group: its steps, one after another, on vectors that never leave the registers. */
import { BYTES } from '../../dtype.ts';
import { ConfigError } from '../../errors.ts';
import type { GraphNode } from '../../graph.ts';
import type { LaneCode, Op } from '../../op.ts';
import { defineOp } from '../../op.ts';
import type { ConstantParams } from '../../ops/constant.ts';
import { sizeOf } from '../../shape.ts';
import type { Aval } from '../../tensor.ts';
import { elementwiseKernel } from './elementwise.ts';
import { bounds } from './emitters.ts';
import { FusedBody } from './fused-body.ts';
import type { WasmLowering } from './lower.ts';
import { alongRows, keyOf } from './lowerings.ts';

/** One elementwise node of a group; places count the inputs, then the numbers, then the steps. */
export interface FusedStep {
  readonly node: GraphNode;
  readonly ins: readonly Aval[];
  readonly out: Aval;
  readonly code: LaneCode;
  readonly args: readonly number[];
}

export interface FusedParams {
  readonly numbers: readonly ConstantParams[];
  readonly steps: readonly FusedStep[];
  /** Places of the results. */
  readonly outs: readonly number[];
}

const lowerFused: WasmLowering<FusedParams> = (context, ins, outs, { numbers, steps, outs: places }) => {
  if (sizeOf(outs[0]!.shape) === 0) return;
  const { operands, inputs, layout, places: extents, share } = alongRows(context, ins, outs[0]!);
  const dtypes = numbers.map((n) => n.dtype);
  const bounded = steps.map((step) => boundOf(step, inputs.length, numbers));
  const code = steps
    .map((s, k) => `${s.code.key}:${s.code.dtype}${bounded[k] === null ? '' : '!'}(${s.args})`)
    .join(' ');
  const spec = elementwiseKernel({
    key: `fused ${keyOf(inputs)} | ${dtypes} | ${code} | ${outs.map((x, k) => x.dtype + places[k]!)}`,
    inputs,
    numbers: dtypes,
    out: outs.map((x) => x.dtype),
    body: (w, values, profile) => new FusedBody(w, profile, values).write(steps, bounded, places),
    layout,
    unroll: unrollOf(steps),
    hasWideInterior: steps.some((s) => s.code.isWide || BYTES[s.out.dtype] === 8),
  });
  context.call(spec, [...outs, ...operands, ...numbers.map(storedValue), ...extents], share);
};

const storedValue = ({ value, dtype }: ConstantParams): number => (dtype === 'bool' ? Number(value !== 0) : value);

/** The place of a step's bound that is a number other than 0 and NaN. */
function boundOf({ code, args }: FusedStep, inputs: number, numbers: readonly ConstantParams[]): number | null {
  if (code.plain === undefined || bounds[code.plain] === undefined) return null;
  const stored = (x: number) => (code.dtype === 'f32' ? Math.fround(x) : x);
  return args.find((place) => Math.abs(stored(numbers[place - inputs]?.value ?? 0)) > 0) ?? null;
}

/** Short bodies share the turn of the loop among several vectors. */
const unrollOf = (steps: readonly FusedStep[]): number => (steps.length <= 4 ? 4 : steps.length <= 16 ? 2 : 1);

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
