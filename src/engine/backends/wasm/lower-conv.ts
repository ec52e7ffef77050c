/** Convolutions on WASM: frames read through offsets (lower-conv-direct.ts); image by image gathered into columns where planes or channels are too small; kernels of one tap multiply the image itself. */
import { BYTES } from '../../dtype.ts';
import type { ConvParams } from '../../ops/conv.ts';
import { sizeOf } from '../../shape.ts';
import type { Aval } from '../../tensor.ts';
import { matmulKernel } from './kernels/matmul.ts';
import { col2imGatherKernel, im2colKernel } from './kernels/patches.ts';
import { windowArgs } from './kernels/window.ts';
import type { LowerContext, Operand } from './lower.ts';
import { shifted } from './lower.ts';
import {
  type ConvExtents,
  type ConvFinish,
  convBackward,
  convForward,
  convKernels,
  fillsTiles,
  fillsVectors,
} from './lower-conv-direct.ts';
import { kernelDtype, productScratch } from './lower-matmul.ts';
import { repeatStages, type Stage } from './lower-repeat.ts';
import { copyStrided, fill } from './lowerings.ts';

interface PatchExtents extends ConvExtents {
  readonly window: readonly number[];
  /** One tap, stride 1, no border: the columns are the plane. */
  readonly isPointwise: boolean;
}

function extentsOf(images: number, [outputs, inputs]: readonly number[], p: ConvParams): PatchExtents {
  const pad = [p.padding[0][0], p.padding[1][0]] as const;
  return {
    images,
    groups: p.groups,
    inputs: inputs!,
    outputs: outputs! / p.groups,
    taps: sizeOf(p.kernel),
    plane: sizeOf(p.input),
    places: sizeOf(p.out),
    window: windowArgs({ ...p, pad }),
    isPointwise: isPointwise(p),
  };
}

/** An operand and the elements from one image to the next and from one group to the next. */
interface Walk {
  readonly x: Operand;
  readonly perImage: number;
  readonly perGroup: number;
}

interface Sequence {
  /** What is gathered into columns, by which kernel, and how many rows of how many columns that makes. */
  readonly gathered: Walk;
  readonly gather: 'im2col' | 'col2im';
  readonly rows: number;
  readonly columns: number;
  /** out, and the factor that is read as it lies. */
  readonly out: Walk;
  readonly factor: Walk;
  readonly product: { readonly m: number; readonly n: number; readonly k: number };
  readonly factorStrides: readonly [number, number];
  readonly columnStrides: readonly [number, number];
  /** The products of all images are added up. */
  readonly isSum: boolean;
}

/** For every image and group: gather columns, multiply. One call runs along the longer of the two. */
function eachImage(context: LowerContext, e: PatchExtents, s: Sequence): void {
  const { dtype } = s.out.x;
  const bytes = BYTES[dtype] as 4 | 8;
  const { m, n, k } = s.product;
  const scratch = productScratch(context, dtype, s.product);
  const alongImages = e.images >= e.groups;
  const isIndependent = !(s.isSum && alongImages);
  const columns = e.isPointwise
    ? null
    : context.temp({ shape: [s.rows, s.columns], dtype }, { per: isIndependent ? 'thread' : 'op' });
  const step = (walk: Walk) => (alongImages ? walk.perImage : walk.perGroup) * bytes;
  const place = (walk: Walk, i: number) => shifted(walk.x, i * (alongImages ? walk.perGroup : walk.perImage) * bytes);
  if (s.isSum) fill(context, s.out.x, 0);
  for (let i = 0; i < (alongImages ? e.groups : e.images); i++) {
    const gather: Stage = {
      spec: (s.gather === 'im2col' ? im2colKernel : col2imGatherKernel)(bytes),
      pointers: [columns ?? s.out.x, place(s.gathered, i)],
      steps: [0, step(s.gathered)],
      args: e.window,
      share: s.rows,
    };
    const multiply: Stage = {
      spec: matmulKernel({ dtype: kernelDtype(dtype), accumulate: s.isSum }),
      pointers: [place(s.out, i), place(s.factor, i), columns ?? place(s.gathered, i)],
      steps: [step(s.out), step(s.factor), columns === null ? step(s.gathered) : 0],
      args: [m, n, k, ...s.factorStrides, ...s.columnStrides, scratch],
      share: m,
    };
    repeatStages(
      context,
      columns === null ? [multiply] : [gather, multiply],
      alongImages ? e.images : e.groups,
      isIndependent,
    );
  }
}

/** One tap, stride 1, no border: the columns are the plane. */
const isPointwise = (p: ConvParams): boolean =>
  sizeOf(p.kernel) === 1 && sizeOf(p.stride) === 1 && p.padding.flat().every((b) => b === 0);

/** Whether the convolution that makes a plane of this size reads frames (and may be finished) or gathers columns. */
export const readsFrames = (x: Aval, p: ConvParams, plane: readonly [number, number]): boolean =>
  !isPointwise(p) && fillsVectors(x, plane);

const imagesOf = (x: Operand, channels: number, plane: number, groups: number): Walk => ({
  x,
  perImage: groups * channels * plane,
  perGroup: channels * plane,
});
const kernelsOf = (x: Operand, e: PatchExtents): Walk => ({ x, perImage: 0, perGroup: e.outputs * e.inputs * e.taps });

export function lowerConv(
  context: LowerContext,
  [x, kernels]: readonly Operand[],
  [y]: readonly Operand[],
  params: ConvParams,
  after?: ConvFinish,
): void {
  if (sizeOf(y!.shape) === 0) return;
  const e = extentsOf(x!.shape[0]!, kernels!.shape, params);
  if (readsFrames(x!, params, params.out)) {
    convForward(context, [x!, kernels!, y!], e, params, after);
    return;
  }
  const k = e.inputs * e.taps;
  eachImage(context, e, {
    gathered: imagesOf(x!, e.inputs, e.plane, e.groups),
    gather: 'im2col',
    rows: k,
    columns: e.places,
    out: imagesOf(y!, e.outputs, e.places, e.groups),
    factor: kernelsOf(kernels!, e),
    product: { m: e.outputs, n: e.places, k },
    factorStrides: [k, 1],
    columnStrides: [e.places, 1],
    isSum: false,
  });
}

export function lowerConvInput(
  context: LowerContext,
  [y, kernels]: readonly Operand[],
  [x]: readonly Operand[],
  params: ConvParams,
  after?: ConvFinish,
): void {
  if (sizeOf(x!.shape) === 0) return;
  const e = extentsOf(y!.shape[0]!, kernels!.shape, params);
  const k = e.outputs * e.taps;
  const turned = context.temp(kernels!); // (g, c, o, kh·kw)
  const group = e.outputs * e.inputs * e.taps;
  copyStrided(
    context,
    turned,
    kernels!,
    [e.groups, e.inputs, e.outputs, e.taps],
    [group, k, e.taps, 1],
    [group, e.taps, e.inputs * e.taps, 1],
  );
  if (readsFrames(y!, params, params.input)) {
    convBackward(context, [y!, turned, x!], e, params, after);
    return;
  }
  eachImage(context, e, {
    gathered: imagesOf(y!, e.outputs, e.places, e.groups),
    gather: 'col2im',
    rows: k,
    columns: e.plane,
    out: imagesOf(x!, e.inputs, e.plane, e.groups),
    factor: kernelsOf(turned, e),
    product: { m: e.inputs, n: e.plane, k },
    factorStrides: [k, 1],
    columnStrides: [e.plane, 1],
    isSum: false,
  });
}

export function lowerConvKernel(
  context: LowerContext,
  [x, y]: readonly Operand[],
  [kernels]: readonly Operand[],
  params: ConvParams,
): void {
  if (sizeOf(kernels!.shape) === 0) return;
  const e = extentsOf(x!.shape[0]!, kernels!.shape, params);
  if (!e.isPointwise && fillsTiles(x!, e)) {
    convKernels(context, [x!, y!, kernels!], e, params);
    return;
  }
  const n = e.inputs * e.taps;
  eachImage(context, e, {
    gathered: imagesOf(x!, e.inputs, e.plane, e.groups),
    gather: 'im2col',
    rows: n,
    columns: e.places,
    out: kernelsOf(kernels!, e),
    factor: imagesOf(y!, e.outputs, e.places, e.groups),
    product: { m: e.outputs, n, k: e.places },
    factorStrides: [e.places, 1],
    columnStrides: [1, e.places],
    isSum: true,
  });
}
