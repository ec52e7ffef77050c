/** A product and the elementwise code that alone reads it, as one node: the product's rows are finished while they are in the cache, and never rest in memory where one tile can hold them. */
import { BYTES } from '../../dtype.ts';
import { ConfigError } from '../../errors.ts';
import type { GraphNode } from '../../graph.ts';
import type { Op } from '../../op.ts';
import { defineOp } from '../../op.ts';
import { type ConvParams, convOp } from '../../ops/conv.ts';
import { type MatmulParams, matmulOp } from '../../ops/matmul.ts';
import { broadcastStrides, sameShape, sizeOf, stridesOf } from '../../shape.ts';
import type { Aval } from '../../tensor.ts';
import type { ElementwiseInput } from './elementwise.ts';
import { coalesce } from './kernels/copy-plan.ts';
import { finishedMatmulKernel, finishedTileBytes, isOneBlock, isSwapped } from './kernels/matmul.ts';
import type { Finish } from './kernels/matmul-finish.ts';
import type { LowerContext, Operand, WasmLowering } from './lower.ts';
import { lowerConv, lowerConvInput, readsFrames } from './lower-conv.ts';
import type { ConvFinish } from './lower-conv-direct.ts';
import { bodyOf, codeKeyOf, type FusedParams, lanesOf, storedValue, unrollOf } from './lower-fused.ts';
import { flatProduct, kernelDtype, productScratch } from './lower-matmul.ts';
import { keyOf } from './lowerings.ts';

export interface FinishedParams {
  /** The matmul or convolution; its operands are the first two inputs. */
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

/** Whether the code can run on the rows of this product, or on the images of this convolution. */
export function canFinish(product: GraphNode, made: Aval, ins: readonly Aval[], others: readonly Aval[]): boolean {
  if ((made.dtype !== 'f32' && made.dtype !== 'f64') || sizeOf(made.shape) === 0) return false;
  if (product.op.name !== matmulOp.name) {
    const params = product.params as unknown as ConvParams;
    if (params.groups !== 1 || !readsFrames(made, params, made.shape.slice(2) as [number, number])) return false;
    return others.every((x) => alongImages(x, made.shape) !== null);
  }
  const flat = flatProduct(ins as [Aval, Aval], product.params as unknown as MatmulParams);
  if (flat === null || flat.k === 0 || isSwapped(flat, flat.stridesY)) return false;
  return others.every((x) => alongProduct(x, made.shape) !== null);
}

/** How an operand lies along the images and channels of a convolution; null where its planes are not evenly spaced. */
function alongImages(
  x: Aval,
  shape: readonly number[],
): { readonly mode: 'v' | 's'; readonly step: number; readonly perImage: number } | null {
  const strides = broadcastStrides(x.shape, shape);
  const { dims, strides: joined } = coalesce(shape.slice(2), stridesOf(shape).slice(2), strides.slice(2));
  if (dims.length > 1) return null;
  return { mode: dims.length === 1 && joined[1]![0] === 1 ? 'v' : 's', step: strides[1]!, perImage: strides[0]! };
}

const lowerFinished: WasmLowering<FinishedParams> = (context, ins, outs, params) =>
  (params.product.op.name === matmulOp.name ? lowerFinishedMatmul : lowerFinishedConv)(context, ins, outs, params);

/** The code as the kernels take it; `modes` are those of the other operands. */
function finishOf(
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

const lowerFinishedMatmul: WasmLowering<FinishedParams> = (context, [x, y, ...others], outs, params) => {
  const { product, made, code } = params;
  const dtype = kernelDtype(made.dtype) as 'f32' | 'f64';
  const flat = flatProduct([x!, y!], product.params as unknown as MatmulParams)!;
  const lying = others.map((o) => alongProduct(o, made.shape)!);
  const staysInTile = isOneBlock(flat.k);
  const modes = lying.map((l) => l.mode);
  const spec = finishedMatmulKernel(dtype, finishOf(params, others, outs, modes, staysInTile));
  const c = staysInTile ? tileRoom(context, dtype) : (freeRoom(made, others, outs) ?? context.temp(made));
  const scratch = productScratch(context, made.dtype, flat);
  const { m, n, k, stridesX, stridesY } = flat;
  const steps = lying.map((l) => l.step);
  const args = [c, x!, y!, m, n, k, ...stridesX, ...stridesY, scratch, ...outs, ...others, ...steps];
  context.call(spec, [...args, ...code.numbers.map(storedValue)], m);
};

/** An image of the result rests in the output or, where that may hold an operand still to be read, in scratch. */
const lowerFinishedConv: WasmLowering<FinishedParams> = (context, [x, kernels, ...others], outs, params) => {
  const { product, made, code } = params;
  const lying = others.map((o) => alongImages(o, made.shape)!);
  const free = freeRoom(made, others, outs);
  const modes = lying.map((l) => l.mode);
  const after: ConvFinish = {
    finish: finishOf(params, others, outs, modes, free === null),
    outs,
    others,
    channelSteps: lying.map((l) => l.step),
    imageSteps: lying.map((l) => l.perImage),
    numbers: code.numbers.map(storedValue),
  };
  const room = free ?? {
    ...context.temp({ ...made, shape: made.shape.slice(1) }, { per: 'thread' }),
    shape: made.shape,
  };
  const lower = product.op.name === convOp.name ? lowerConv : lowerConvInput;
  lower(context, [x!, kernels!], [room], product.params as unknown as ConvParams, after);
};

const tileRoom = (context: LowerContext, dtype: 'f32' | 'f64'): Operand =>
  context.temp({ shape: [finishedTileBytes(dtype) / BYTES[dtype]], dtype }, { per: 'thread' });

/** The first output, where the product may rest in it: it must not hold an operand that is still to be read. */
function freeRoom(made: Aval, others: readonly Operand[], [out]: readonly Operand[]): Operand | null {
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
  wasm: lowerFinished,
  isInPlace: true,
  readsThroughout: () => 2,
});
