/** A product and the elementwise code that alone reads it, as one node: the product's rows are finished while they are in the cache, and never rest in memory where one tile can hold them. */
import { BYTES } from '../../dtype.ts';
import { ConfigError } from '../../errors.ts';
import type { GraphNode } from '../../graph.ts';
import type { Op } from '../../op.ts';
import { defineOp } from '../../op.ts';
import type { MatmulParams } from '../../ops/matmul.ts';
import { broadcastStrides, sameShape, sizeOf, stridesOf } from '../../shape.ts';
import type { Aval } from '../../tensor.ts';
import type { ElementwiseInput } from './elementwise.ts';
import { coalesce } from './kernels/copy-plan.ts';
import { finishedMatmulKernel, finishedTileBytes, isOneBlock, isSwapped } from './kernels/matmul.ts';
import type { LowerContext, Operand, WasmLowering } from './lower.ts';
import { bodyOf, codeKeyOf, type FusedParams, lanesOf, storedValue, unrollOf } from './lower-fused.ts';
import { flatProduct, kernelDtype, productScratch } from './lower-matmul.ts';
import { keyOf } from './lowerings.ts';

export interface FinishedParams {
  /** The matmul; its operands are the first two inputs. */
  readonly product: GraphNode;
  readonly made: Aval;
  /** The code that reads it, and which of its operands it is; the others follow in order. */
  readonly code: FusedParams;
  readonly place: number;
}

/** How an operand lies along the rows of a product; null where its rows are not evenly spaced. */
function alongProduct(x: Aval, shape: readonly number[]): { readonly mode: 'v' | 's'; readonly step: number } | null {
  const strides = broadcastStrides(x.shape, shape);
  const { dims, strides: joined } = coalesce(shape.slice(0, -1), stridesOf(shape).slice(0, -1), strides.slice(0, -1));
  if (dims.length > 1) return null;
  return { mode: strides.at(-1) === 0 ? 's' : 'v', step: dims.length === 0 ? 0 : joined[1]![0]! };
}

/** Whether the code can run on the rows of this product. */
export function canFinish(product: GraphNode, made: Aval, ins: readonly Aval[], others: readonly Aval[]): boolean {
  if (made.dtype !== 'f32' && made.dtype !== 'f64') return false;
  const flat = flatProduct(ins as [Aval, Aval], product.params as unknown as MatmulParams);
  if (flat === null || flat.k === 0 || sizeOf(made.shape) === 0 || isSwapped(flat, flat.stridesY)) return false;
  return others.every((x) => alongProduct(x, made.shape) !== null);
}

const lowerFinished: WasmLowering<FinishedParams> = (context, [x, y, ...others], outs, params) => {
  const { product, made, code, place } = params;
  const dtype = kernelDtype(made.dtype);
  const flat = flatProduct([x!, y!], product.params as unknown as MatmulParams)!;
  const lying = others.map((o) => alongProduct(o, made.shape)!);
  const own: ElementwiseInput = { dtype: made.dtype, mode: 'v' };
  const inputs = others
    .map((o, k): ElementwiseInput => ({ dtype: o.dtype, mode: lying[k]!.mode }))
    .toSpliced(place, 0, own);
  const staysInTile = isOneBlock(flat.k);
  const spec = finishedMatmulKernel(dtype as 'f32' | 'f64', {
    key: `${place} ${keyOf(inputs)} ${codeKeyOf(code, inputs.length, outs)}`,
    outs: outs.map((o) => o.dtype),
    inputs,
    product: place,
    numbers: code.numbers.map((n) => n.dtype),
    body: bodyOf(code, inputs.length),
    unroll: unrollOf(code.steps),
    lanes: lanesOf(code, [...inputs, ...outs]),
    staysInTile,
  });
  const c = staysInTile ? tileRoom(context, dtype as 'f32' | 'f64') : roomFor(context, made, others, outs);
  const scratch = productScratch(context, made.dtype, flat);
  const { m, n, k, stridesX, stridesY } = flat;
  const steps = lying.map((l) => l.step);
  const args = [c, x!, y!, m, n, k, ...stridesX, ...stridesY, scratch, ...outs, ...others, ...steps];
  context.call(spec, [...args, ...code.numbers.map(storedValue)], m);
};

const tileRoom = (context: LowerContext, dtype: 'f32' | 'f64'): Operand =>
  context.temp({ shape: [finishedTileBytes(dtype) / BYTES[dtype]], dtype }, { per: 'thread' });

/** Partial sums rest in the first output, unless it may hold an operand that is still to be read. */
function roomFor(context: LowerContext, made: Aval, others: readonly Operand[], [out]: readonly Operand[]): Operand {
  const isFree = out!.dtype === made.dtype && !others.some((o) => sameShape(o.shape, made.shape));
  return isFree ? out! : context.temp(made);
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
  wasm: lowerFinished,
  isInPlace: true,
  readsThroughout: () => 2,
});
