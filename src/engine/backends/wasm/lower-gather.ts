/** Gathers and scatters on WASM: one kernel call, repeated where x and the indices share leading axes. */
import { BYTES, type Dtype, isFloat } from '../../dtype.ts';
import type { AlongParams, TakeParams } from '../../ops/gather.ts';
import { alongExtents, takeExtents } from '../../ops/gather.ts';
import { sizeOf } from '../../shape.ts';
import { elementwiseKernel } from './elementwise.ts';
import { scatterAddAlongKernel, scatterAddKernel, takeAlongKernel, takeKernel } from './kernels/gather.ts';
import { maxPoolGradKernel } from './kernels/pool.ts';
import type { LowerContext, Operand } from './lower.ts';
import { numberType } from './lower-axis.ts';
import { repeatCalls } from './lower-repeat.ts';
import { fill } from './lowerings.ts';

const widthOf = (dtype: Dtype): 4 | 8 => BYTES[dtype] as 4 | 8;

export function lowerTake(
  context: LowerContext,
  [x, indices]: readonly Operand[],
  [out]: readonly Operand[],
  params: TakeParams,
): void {
  const { groups, outer, length, count, inner } = takeExtents(x!.shape, indices!.shape, params);
  const width = widthOf(x!.dtype);
  repeatCalls(context, {
    spec: takeKernel(width),
    pointers: [out!, x!, indices!],
    steps: [[outer * count * inner * width], [outer * length * inner * width], [count * 4]],
    dims: [groups],
    args: [outer, length, inner, count],
    share: sizeOf(out!.shape) === 0 ? 0 : outer * count,
  });
}

export function lowerTakeAlong(
  context: LowerContext,
  [x, indices]: readonly Operand[],
  [out]: readonly Operand[],
  { axis }: AlongParams,
): void {
  const { outer, length, count, inner } = alongExtents(x!.shape, indices!.shape, axis);
  context.call(
    takeAlongKernel(widthOf(x!.dtype)),
    [out!, x!, indices!, outer, length, inner, count],
    sizeOf(out!.shape) === 0 ? 0 : outer * count,
  );
}

export function lowerScatterAdd(
  context: LowerContext,
  [indices, updates]: readonly Operand[],
  [out]: readonly Operand[],
  params: TakeParams,
): void {
  const { groups, outer, length, count, inner } = takeExtents(out!.shape, indices!.shape, params);
  const width = widthOf(out!.dtype);
  fill(context, out!, 0);
  repeatCalls(context, {
    spec: scatterAddKernel(numberType(out!.dtype)),
    pointers: [out!, updates!, clamped(context, indices!, length)],
    steps: [[outer * length * inner * width], [outer * count * inner * width], [count * 4]],
    dims: [groups],
    args: [outer, length, inner, count],
    share: outer * inner,
  });
}

export function lowerScatterAddAlong(
  context: LowerContext,
  [indices, updates]: readonly Operand[],
  [out]: readonly Operand[],
  { axis }: AlongParams,
): void {
  const { outer, length, count, inner } = alongExtents(out!.shape, indices!.shape, axis);
  const dtype = numberType(out!.dtype);
  const places = clamped(context, indices!, length);
  if (inner === 1 && isFloat(dtype)) {
    context.call(maxPoolGradKernel(dtype), [out!, updates!, places, length, count], outer);
    return;
  }
  fill(context, out!, 0);
  context.call(scatterAddAlongKernel(dtype), [out!, updates!, places, outer, length, inner, count], outer * inner);
}

/** The kernels drop what is out of range; a transpose of a clamped gather adds it at the border. */
function clamped(context: LowerContext, indices: Operand, length: number): Operand {
  const out = context.temp(indices);
  const last = context.temp({ shape: [], dtype: 'i32' });
  fill(context, last, length - 1);
  const spec = elementwiseKernel({
    key: 'clampIndex',
    inputs: [
      { dtype: 'i32', mode: 'v' },
      { dtype: 'i32', mode: 's' },
    ],
    out: 'i32',
    body: (w, [index, limit]) => w.get(index!).i32x4.const(0).i32x4.max_s().get(limit!).i32x4.min_s(),
  });
  context.call(spec, [out, indices, last, sizeOf(indices.shape), 0, 0], Math.min(1, sizeOf(indices.shape)));
  return out;
}
