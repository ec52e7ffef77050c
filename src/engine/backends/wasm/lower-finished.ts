import { ConfigError } from '../../errors.ts';
import type { GraphNode } from '../../graph.ts';
import type { Op } from '../../op.ts';
import { defineOp } from '../../op.ts';
import { sameShape } from '../../shape.ts';
import type { Aval } from '../../tensor.ts';
import type { ElementwiseInput } from './elementwise.ts';
import type { Finish } from './kernels/matmul-finish.ts';
import type { Operand, WasmLowering } from './lower.ts';
import { bodyOf, codeKeyOf, type FusedParams, lanesOf, unrollOf } from './lower-fused.ts';
import { keyOf } from './lowerings.ts';

export interface FinishedParams {
  /** The matmul or convolution; its operands are the first two inputs. */
  readonly product: GraphNode;
  readonly made: Aval;
  /** The code that reads it, and which of its operands it is; the others follow in order. */
  readonly code: FusedParams;
  readonly place: number;
}

/** What an op offers whose result can be finished where it is made. */
export interface Finishing {
  /** Whether code that also reads the `others` can run on the result. */
  can(product: GraphNode, made: Aval, ins: readonly Aval[], others: readonly Aval[]): boolean;
  readonly lower: WasmLowering<FinishedParams>;
}

/** The code as the kernels take it; `modes` are those of the other operands. */
export function finishOf(
  { made, code, place }: FinishedParams,
  others: readonly Operand[],
  outs: readonly Operand[],
  modes: readonly ('v' | 's')[],
  staysInTile: boolean,
): Finish {
  const own: ElementwiseInput = { dtype: made.dtype, mode: 'v' };
  const inputs = others.map((o, k): ElementwiseInput => ({ dtype: o.dtype, mode: modes[k]! })).toSpliced(place, 0, own);
  return {
    key: `${place} ${keyOf(inputs)} ${codeKeyOf(code, outs)}`,
    outs: outs.map((o) => o.dtype),
    inputs,
    product: place,
    numbers: code.numbers.map((n) => n.dtype),
    body: bodyOf(code),
    unroll: unrollOf(code.steps),
    lanes: lanesOf(code, [...inputs, ...outs]),
    staysInTile,
  };
}

/** The first output, where the product may rest in it: it must not hold an operand that is still to be read. */
export function freeRoom(made: Aval, others: readonly Operand[], [out]: readonly Operand[]): Operand | null {
  return out!.dtype === made.dtype && !others.some((o) => sameShape(o.shape, made.shape)) ? out! : null;
}

function refuse(): never {
  throw new ConfigError('a finished product exists in plans only', {
    help: 'transform the graph before it is planned',
  });
}

export const finishedOp: Op<FinishedParams> = /* @__PURE__ */ defineOp<FinishedParams>({
  name: 'finished',
  version: 1,
  infer: refuse,
  batch: refuse,
  cost: (ins, _, { product, made, code }) => {
    const { flops, macs } = product.op.cost(ins.slice(0, 2), [made], product.params);
    const more = code.steps.reduce((sum, s) => sum + s.node.op.cost(s.ins, [s.out], s.node.params).flops, 0);
    return { flops: flops + more, ...(macs === undefined ? {} : { macs }) };
  },
  js: refuse,
  wasm: (context, ins, outs, params) => params.product.op.finishing!.lower(context, ins, outs, params),
  isInPlace: true,
  readsThroughout: () => 2,
});
