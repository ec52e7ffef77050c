/** Convolutions that read frames of the images through tables of offsets: which frame, which tables, which kernel. */
import { BYTES, type FloatDtype } from '../../dtype.ts';
import type { ConvParams } from '../../ops/conv.ts';
import { sizeOf } from '../../shape.ts';
import type { Aval } from '../../tensor.ts';
import { convPlacesKernel, convTapsKernel } from './kernels/conv.ts';
import {
  convTablesKernel,
  type FrameShape,
  frameArgs,
  type TableShape,
  tableArgs,
  vectorsOf,
} from './kernels/conv-frame.ts';
import type { Finish } from './kernels/matmul-finish.ts';
import type { LowerContext, Operand } from './lower.ts';
import { shifted } from './lower.ts';
import { copyStrided, fill } from './lowerings.ts';

/** Extents in elements; channels are those of one group. */
export interface ConvExtents {
  readonly images: number;
  readonly groups: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly taps: number;
  /** Places of an input and of an output plane. */
  readonly plane: number;
  readonly places: number;
}

/** Places that a panel of output channels holds, about: it stays in the first-level cache. */
const PANEL_PLACES = 512;

const lanesOf = (x: Aval): number => 16 / BYTES[x.dtype];
/** Columns of a register tile. */
const tileColumns = (x: Operand): number => 2 * lanesOf(x);

/** Whether rows of this plane fill a vector. */
export const fillsVectors = (x: Aval, [, columns]: readonly [number, number]): boolean => columns >= lanesOf(x);

/** Whether there are output channels enough for the tiles of the kernels' gradient. */
export const fillsTiles = (x: Operand, e: ConvExtents): boolean => e.outputs > lanesOf(x);

interface View {
  readonly frame: FrameShape;
  readonly table: TableShape;
  /** Whether the frame differs from the image. */
  readonly isFramed: boolean;
}

/** How windows see an image of `channels` planes. */
function viewOf(channels: number, p: ConvParams): View {
  const reach = (i: 0 | 1) => (p.out[i] - 1) * p.stride[i] + (p.kernel[i] - 1) * p.dilation[i] + 1;
  const [height, width] = p.input;
  const [top, left] = [p.padding[0][0], p.padding[1][0]];
  const phases = p.stride[1];
  const isFramed = phases > 1 || top > 0 || left > 0 || reach(0) > height || reach(1) > width;
  const rows = isFramed ? reach(0) : height;
  const columns = isFramed ? Math.ceil(reach(1) / phases) : width;
  return {
    isFramed,
    frame: { channels, height, width, rows, columns, phases, top, left, spreadRows: 1, spreadColumns: 1 },
    table: { ...tapsOf(channels, p), frameRows: rows, phases, columns, strideRows: p.stride[0], isFlipped: false },
  };
}

/** How the pixels of the input see the cotangent of the output: as a window that runs backwards, over elements `stride` apart. */
function backwardView(channels: number, p: ConvParams): View {
  const reach = (i: 0 | 1) => (p.kernel[i] - 1) * p.dilation[i];
  const [height, width] = p.out;
  const [rows, columns] = [p.input[0] + reach(0), p.input[1] + reach(1)];
  const [top, left] = [reach(0) - p.padding[0][0], reach(1) - p.padding[1][0]];
  const [spreadRows, spreadColumns] = p.stride;
  const isSame = top === 0 && left === 0 && rows === height && columns === width && sizeOf(p.stride) === 1;
  return {
    isFramed: !isSame,
    frame: { channels, height, width, rows, columns, phases: 1, top, left, spreadRows, spreadColumns },
    table: {
      ...tapsOf(channels, { ...p, out: p.input }),
      frameRows: rows,
      phases: 1,
      columns,
      strideRows: 1,
      isFlipped: true,
    },
  };
}

const tapsOf = (channels: number, { kernel, dilation, out }: Pick<ConvParams, 'kernel' | 'dilation' | 'out'>) => ({
  channels,
  kernelRows: kernel[0],
  kernelColumns: kernel[1],
  dilationRows: dilation[0],
  dilationColumns: dilation[1],
  outRows: out[0],
  outColumns: out[1],
});

/** Tables and frame of a view, as temporaries. */
function tablesOf(
  context: LowerContext,
  { dtype }: Operand,
  { frame, table, isFramed }: View,
): { readonly offsets: Operand; readonly vectors: Operand; readonly room: Operand; readonly count: number } {
  const bytes = BYTES[dtype] as 4 | 8;
  const count = vectorsOf(table, 16 / bytes);
  const offsets = context.temp({ shape: [table.channels * table.kernelRows * table.kernelColumns], dtype: 'i32' });
  const vectors = context.temp({ shape: [count, 2], dtype: 'i32' });
  context.call(convTablesKernel(bytes), [offsets, vectors, ...tableArgs(table)], 1);
  const elements = isFramed ? frame.channels * frame.rows * frame.phases * frame.columns : 1;
  return { offsets, vectors, count, room: context.temp({ shape: [elements], dtype }, { per: 'thread' }) };
}

/** Elementwise code that follows a convolution: its results, its other operands, and how these lie along images and channels. */
export interface ConvFinish {
  readonly finish: Finish;
  readonly outs: readonly Operand[];
  readonly others: readonly Operand[];
  /** Elements from one channel and from one image of each operand to the next. */
  readonly channelSteps: readonly number[];
  readonly imageSteps: readonly number[];
  readonly numbers: readonly number[];
}

/** y from images and kernels (groups, m, k). */
export function convForward(
  context: LowerContext,
  [x, kernels, y]: readonly [Operand, Operand, Operand],
  e: ConvExtents,
  params: ConvParams,
  after?: ConvFinish,
): void {
  const view = viewOf(e.inputs, params);
  callPlaces(context, { image: x, a: kernels, out: y }, view, {
    m: e.outputs,
    k: e.inputs * e.taps,
    plane: e.places,
    groups: e.groups,
    turns: e.images * e.groups,
    imageStep: e.inputs * e.plane,
    after,
  });
}

/** The gradient of the images from that of y and the turned kernels (groups, inputs, outputs, taps). */
export function convBackward(
  context: LowerContext,
  [y, turned, x]: readonly [Operand, Operand, Operand],
  e: ConvExtents,
  params: ConvParams,
  after?: ConvFinish,
): void {
  const view = backwardView(e.outputs, params);
  callPlaces(context, { image: y, a: turned, out: x }, view, {
    m: e.inputs,
    k: e.outputs * e.taps,
    plane: e.plane,
    groups: e.groups,
    turns: e.images * e.groups,
    imageStep: e.outputs * e.places,
    after,
  });
}

interface PlacesCall {
  readonly m: number;
  readonly k: number;
  readonly plane: number;
  readonly groups: number;
  readonly turns: number;
  readonly imageStep: number;
  readonly after: ConvFinish | undefined;
}

function callPlaces(
  context: LowerContext,
  { image, a, out }: Readonly<Record<'image' | 'a' | 'out', Operand>>,
  view: View,
  { m, k, plane, groups, turns, imageStep, after }: PlacesCall,
): void {
  const { offsets, vectors, room, count } = tablesOf(context, image, view);
  const spec = convPlacesKernel(image.dtype as FloatDtype, view.isFramed, after?.finish);
  const args = [out, image, a, offsets, vectors, room, m, k, count, plane, groups, imageStep, m * plane];
  const more =
    after === undefined
      ? []
      : [...after.outs, ...after.others, ...after.channelSteps, ...after.numbers, ...after.imageSteps];
  context.call(spec, [...args, ...frameArgs(view.frame), ...more], turns);
}

/** The gradient of the kernels: sums over images and places, laid out by taps, then turned. */
export function convKernels(
  context: LowerContext,
  [x, y, kernels]: readonly [Operand, Operand, Operand],
  e: ConvExtents,
  params: ConvParams,
): void {
  const { dtype } = x;
  const view = viewOf(e.inputs, params);
  const { offsets, room } = tablesOf(context, x, view);
  const [width, taps, bytes] = [tileColumns(x), e.inputs * e.taps, BYTES[dtype]];
  const padded = Math.ceil(e.outputs / width) * width;
  const [rows, columns] = params.out;
  const block = Math.max(1, Math.min(rows, Math.floor(PANEL_PLACES / columns)));
  const panel = context.temp({ shape: [block * columns * width], dtype }, { per: 'thread' });
  const sums = context.temp({ shape: [e.groups, taps, padded], dtype });
  fill(context, sums, 0);
  const { frame } = view;
  const rowStep = params.stride[0] * frame.phases * frame.columns;
  for (let g = 0; g < e.groups; g++) {
    const [image, ct] = [shifted(x, g * e.inputs * e.plane * bytes), shifted(y, g * e.outputs * e.places * bytes)];
    const sum = shifted(sums, g * taps * padded * bytes);
    const steps = [e.images, e.groups * e.inputs * e.plane, e.groups * e.outputs * e.places];
    const args = [sum, image, ct, offsets, room, panel, e.outputs, rowStep, rows, columns, block, ...steps];
    context.call(convTapsKernel(dtype as FloatDtype, view.isFramed), [...args, ...frameArgs(frame)], taps);
    const target = shifted(kernels, g * e.outputs * taps * bytes);
    const whole = e.outputs < width ? e.outputs : Math.floor(e.outputs / width) * width;
    copyStrided(context, target, sum, [whole, taps], [taps, 1], [1, padded]);
    if (whole === e.outputs) continue;
    const last = e.outputs - width;
    copyStrided(
      context,
      shifted(target, last * taps * bytes),
      shifted(sum, whole * bytes),
      [width, taps],
      [taps, 1],
      [1, padded],
    );
  }
}
