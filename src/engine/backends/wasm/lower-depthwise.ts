/** Convolutions whose groups have one channel and few filters: plane by plane, with kernels made for the window. */
import { BYTES, type FloatDtype } from '../../dtype.ts';
import type { ConvParams } from '../../ops/conv.ts';
import { sizeOf } from '../../shape.ts';
import { depthPlanesKernel, type PlaneWindow } from './kernels/depthwise.ts';
import { frameElements } from './kernels/depthwise-frame.ts';
import { depthTapsKernel, depthTapsRoom, type PlaneTaps } from './kernels/depthwise-taps.ts';
import type { LowerContext, Operand } from './lower.ts';
import { backwardView, type ConvExtents, fillsVectors, type View, viewOf } from './lower-conv-direct.ts';

/** Filters of a channel, and taps, up to which the code of a tile stays small. */
const MOST_FILTERS = 4;
const MOST_TAPS = 49;

const isDepthwise = (e: ConvExtents): boolean =>
  e.groups > 1 && e.inputs === 1 && e.outputs <= MOST_FILTERS && e.taps <= MOST_TAPS;

/** Whether planes of y are made one by one. */
export const makesPlanes = (y: Operand, e: ConvExtents, p: ConvParams): boolean =>
  isDepthwise(e) && p.stride[1] <= 2 && fillsVectors(y, p.out);

/** Whether planes of the images' gradient are. */
export const makesInputPlanes = (x: Operand, e: ConvExtents, p: ConvParams): boolean =>
  isDepthwise(e) && fillsVectors(x, p.input);

/** Whether the kernels' gradient reads planes: taps of a row must be neighbours. */
export const readsPlanes = (e: ConvExtents, p: ConvParams): boolean =>
  isDepthwise(e) && (p.dilation[1] === 1 || p.kernel[1] === 1);

type Rest = Pick<PlaneWindow, 'strideRows' | 'out' | 'isFlipped' | 'depth' | 'fan' | 'channels'>;

function callPlanes(
  context: LowerContext,
  [out, image, weights]: readonly [Operand, Operand, Operand],
  { frame, isFramed }: View,
  p: ConvParams,
  rest: Rest,
): void {
  const { dtype } = out;
  const window: PlaneWindow = { frame, isFramed, kernel: p.kernel, dilation: p.dilation, ...rest };
  const elements = isFramed ? rest.depth * frameElements(frame) : 1;
  const room = context.temp({ shape: [elements], dtype }, { per: 'thread' });
  const planes = sizeOf(out.shape.slice(0, 2));
  context.call(depthPlanesKernel(dtype as FloatDtype, window), [out, image, weights, room], planes);
}

/** y from images and kernels. */
export function depthForward(
  context: LowerContext,
  [x, kernels, y]: readonly [Operand, Operand, Operand],
  e: ConvExtents,
  p: ConvParams,
): void {
  callPlanes(context, [y, x, kernels], viewOf(1, p), p, {
    strideRows: p.stride[0],
    out: p.out,
    isFlipped: false,
    depth: 1,
    fan: e.outputs,
    channels: e.groups * e.outputs,
  });
}

/** The gradient of the images from that of y: each plane sums over the filters of its channel. */
export function depthBackward(
  context: LowerContext,
  [y, kernels, x]: readonly [Operand, Operand, Operand],
  e: ConvExtents,
  p: ConvParams,
): void {
  callPlanes(context, [x, y, kernels], backwardView(1, p), p, {
    strideRows: 1,
    out: p.input,
    isFlipped: true,
    depth: e.outputs,
    fan: 1,
    channels: e.groups,
  });
}

/** The gradient of the kernels. */
export function depthKernels(
  context: LowerContext,
  [x, y, kernels]: readonly [Operand, Operand, Operand],
  e: ConvExtents,
  p: ConvParams,
): void {
  const { dtype } = x;
  const view = viewOf(1, { ...p, stride: [1, 1], out: [spanOf(p, 0), spanOf(p, 1)] });
  const window: PlaneTaps = {
    frame: view.frame,
    kernel: p.kernel,
    stride: p.stride,
    dilationRows: p.dilation[0],
    out: p.out,
    fan: e.outputs,
    channels: e.groups * e.outputs,
  };
  const lanes = (16 / BYTES[dtype]) as 2 | 4;
  const room = context.temp({ shape: [depthTapsRoom(window, lanes)], dtype }, { per: 'thread' });
  const spec = depthTapsKernel(dtype as FloatDtype, window);
  context.call(spec, [kernels, x, y, room, e.images], e.groups * e.outputs);
}

/** Places of a window that moves by one over what windows `stride` apart reach. */
const spanOf = (p: ConvParams, i: 0 | 1): number => (p.out[i] - 1) * p.stride[i] + 1;
