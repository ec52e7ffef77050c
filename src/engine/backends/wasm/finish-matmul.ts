/** Matrix products finished row by row, in the tile that made them. */
import { BYTES } from '../../dtype.ts';
import type { MatmulParams } from '../../ops/matmul.ts';
import { broadcastStrides, sizeOf, stridesOf } from '../../shape.ts';
import type { Aval } from '../../tensor.ts';
import { coalesce } from './kernels/copy-plan.ts';
import { finishedMatmulKernel, finishedTileBytes, isOneBlock, isSwapped } from './kernels/matmul.ts';
import type { LowerContext, Operand, WasmLowering } from './lower.ts';
import { type FinishedParams, type Finishing, finishOf, freeRoom } from './lower-finished.ts';
import { storedValue } from './lower-fused.ts';
import { flatProduct, kernelDtype, productScratch } from './lower-matmul.ts';

/** How an operand lies along the rows of a product; null where its rows are not evenly spaced. */
function alongProduct(x: Aval, shape: readonly number[]): { readonly mode: 'v' | 's'; readonly step: number } | null {
  const strides = broadcastStrides(x.shape, shape);
  const { dims, strides: joined } = coalesce(shape.slice(0, -1), stridesOf(shape).slice(0, -1), strides.slice(0, -1));
  if (dims.length > 1) return null;
  return { mode: strides.at(-1) === 0 ? 's' : 'v', step: dims.length === 0 ? 0 : joined[1]![0]! };
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

const tileRoom = (context: LowerContext, dtype: 'f32' | 'f64'): Operand =>
  context.temp({ shape: [finishedTileBytes(dtype) / BYTES[dtype]], dtype }, { per: 'thread' });

/** Products that are one flat product, by code whose operands lie evenly along its rows. */
export const matmulFinishing: Finishing = {
  can(product, made, ins, others) {
    if ((made.dtype !== 'f32' && made.dtype !== 'f64') || sizeOf(made.shape) === 0) return false;
    const flat = flatProduct(ins as [Aval, Aval], product.params as unknown as MatmulParams);
    if (flat === null || flat.k === 0 || isSwapped(flat, flat.stridesY)) return false;
    return others.every((x) => alongProduct(x, made.shape) !== null);
  },
  lower: lowerFinishedMatmul,
};
