/**
 * Two-dimensional convolution (correlation, as in every deep-learning library): three bilinear ops that are one another's transposes.
 *
 * With x N×C×H×W, kernels k (O, C/g, kh, kw) and y N×O×oh×ow, the trilinear form Σ x·k·y over all taps has three partial derivatives: `conv` → y, `convInput` → x, `convKernel` → k.
 * Order: outputs of conv are chains over (c, kh, kw), of convInput over (o, kh, kw), of convKernel over (n, oh, ow).
 */
import { convFinishing, convInputFinishing } from '../backends/wasm/finish-conv.ts';
import { lowerConv, lowerConvInput, lowerConvKernel } from '../backends/wasm/lower-conv.ts';
import type { CheckRow } from '../check-row.ts';
import type { TypedArray } from '../dtype.ts';
import { ConfigError, ShapeError } from '../errors.ts';
import type { Op } from '../op.ts';
import { showShape, sizeOf } from '../shape.ts';
import type { Aval, Tensor } from '../tensor.ts';
import { bind1 } from '../trace.ts';
import { FLOATS } from './arithmetic.ts';
import type { TensorLike } from './constant.ts';
import { batchConv, batchConvInput, batchConvKernel } from './conv-batch.ts';
import { bilinear, checkDtypes } from './makers.ts';
import { promote } from './promote.ts';
import type { Pair, WindowOptions, WindowParams } from './window.ts';
import { planeOf, span, wholePair, windowOver } from './window.ts';

export interface ConvParams extends WindowParams {
  readonly groups: number;
}

export interface ConvOptions extends WindowOptions {
  /** Input and output channels are split into this many groups that do not meet. */
  readonly groups?: number;
}

type Role = 'x' | 'kernels' | 'y';

/** Visits every product of the trilinear form: flat places in x, kernels and y. */
function eachProduct(
  batch: number,
  perGroup: Pair,
  p: ConvParams,
  visit: (x: number, kernel: number, y: number) => void,
): void {
  const [inputs, outputs] = perGroup;
  const [[H, W], [kh, kw], [oh, ow]] = [p.input, p.kernel, p.out];
  for (let image = 0; image < batch * p.groups; image++) {
    for (let o = 0; o < outputs; o++) {
      for (let c = 0; c < inputs; c++) {
        const kernel = (((image % p.groups) * outputs + o) * inputs + c) * kh * kw;
        for (let tap = 0; tap < kh * kw; tap++) {
          const [top, left] = [
            Math.floor(tap / kw) * p.dilation[0] - p.padding[0][0],
            (tap % kw) * p.dilation[1] - p.padding[1][0],
          ];
          for (let out = 0; out < oh * ow; out++) {
            const h = Math.floor(out / ow) * p.stride[0] + top;
            const w = (out % ow) * p.stride[1] + left;
            if (h < 0 || h >= H || w < 0 || w >= W) continue;
            visit(((image * inputs + c) * H + h) * W + w, kernel + tap, (image * outputs + o) * oh * ow + out);
          }
        }
      }
    }
  }
}

function accumulate(
  arrays: Readonly<Record<Role, TypedArray | null>>,
  avals: Readonly<Record<Role, Aval>>,
  out: TypedArray,
  params: ConvParams,
): void {
  const sums = new Float64Array(out.length);
  const { x, kernels, y } = arrays;
  const perGroup: Pair = [avals.kernels.shape[1]!, avals.kernels.shape[0]! / params.groups];
  eachProduct(avals.x.shape[0]!, perGroup, params, (i, k, o) => {
    if (y === null) sums[o]! += x![i]! * kernels![k]!;
    else if (x === null) sums[i]! += y[o]! * kernels![k]!;
    else sums[k]! += x[i]! * y[o]!;
  });
  out.set(sums);
}

const inferredDtype = (name: string, [a, b]: readonly Aval[]): Aval['dtype'] => {
  checkDtypes(name, FLOATS, [a!.dtype, b!.dtype]);
  return a!.dtype;
};

/** Multiply-adds of all three ops: every kernel element meets every output place of its group once. */
const convCost = (batch: number, kernels: Aval, { out }: ConvParams): { flops: number; macs: number } => {
  const macs = batch * sizeOf(kernels.shape) * sizeOf(out);
  return { flops: 2 * macs, macs };
};

export const convOp: Op<ConvParams> = /* @__PURE__ */ bilinear<ConvParams>('conv', {
  infer: ([x, k], p) => [{ shape: [x!.shape[0]!, k!.shape[0]!, ...p.out], dtype: inferredDtype('conv2d', [x!, k!]) }],
  transposeX: (ct, _, k, p) => bind1(convInputOp, [ct, k], p),
  transposeY: (ct, x, _, p) => bind1(convKernelOp, [x, ct], p),
  batch: (call) => batchConv(convOp, call),
  cost: ([x, k], _, p) => convCost(x!.shape[0]!, k!, p),
  js: ([x, kernels], [out], { ins, outs, params }) =>
    accumulate({ x: x!, kernels: kernels!, y: null }, { x: ins[0]!, kernels: ins[1]!, y: outs[0]! }, out!, params),
  wasm: lowerConv,
  finishing: convFinishing,
});

/** (y, kernels) → x. */
export const convInputOp: Op<ConvParams> = /* @__PURE__ */ bilinear<ConvParams>('convInput', {
  infer: ([y, k], p) => [
    { shape: [y!.shape[0]!, k!.shape[1]! * p.groups, ...p.input], dtype: inferredDtype('convTranspose2d', [y!, k!]) },
  ],
  transposeX: (ct, _, k, p) => bind1(convOp, [ct, k], p),
  transposeY: (ct, y, _, p) => bind1(convKernelOp, [ct, y], p),
  batch: (call) => batchConvInput(convInputOp, call),
  cost: ([y, k], _, p) => convCost(y!.shape[0]!, k!, p),
  js: ([y, kernels], [out], { ins, outs, params }) =>
    accumulate({ x: null, kernels: kernels!, y: y! }, { x: outs[0]!, kernels: ins[1]!, y: ins[0]! }, out!, params),
  wasm: lowerConvInput,
  finishing: convInputFinishing,
});

/** (x, y) → kernels. */
export const convKernelOp: Op<ConvParams> = /* @__PURE__ */ bilinear<ConvParams>('convKernel', {
  infer: ([x, y], p) => [
    { shape: [y!.shape[1]!, x!.shape[1]! / p.groups, ...p.kernel], dtype: inferredDtype('conv2d', [x!, y!]) },
  ],
  transposeX: (ct, _, y, p) => bind1(convInputOp, [y, ct], p),
  transposeY: (ct, x, _, p) => bind1(convOp, [x, ct], p),
  batch: (call) => batchConvKernel(convKernelOp, call),
  cost: ([x], [k], p) => convCost(x!.shape[0]!, k!, p),
  js: ([x, y], [out], { ins, outs, params }) =>
    accumulate({ x: x!, kernels: null, y: y! }, { x: ins[0]!, kernels: outs[0]!, y: ins[1]! }, out!, params),
  wasm: lowerConvKernel,
});

/**
 * The convolution of images with kernels: y[n, o, i, j] = Σ x[n, c, i·stride + a·dilation − top, j·stride + b·dilation − left]·k[o, c, a, b].
 *
 * x N×C×H×W, kernels (out, in/groups, kh, kw); returns N×out×oh×ow.
 */
export function conv2d(x: TensorLike, kernels: TensorLike, { groups = 1, ...options }: ConvOptions = {}): Tensor {
  const [images, k] = promote(x, kernels) as [Tensor, Tensor];
  const plane = planeOf('conv2d', images.shape);
  checkKernels('conv2d', k, groups, 0);
  if (k.shape[1]! * groups !== images.shape[1]) {
    throw new ShapeError(
      `conv2d: kernels ${showShape(k.shape)} in ${groups} group${groups === 1 ? '' : 's'} read ${k.shape[1]! * groups} channels and the images ${showShape(images.shape)} have ${images.shape[1]}`,
      {
        images: images.shape,
        kernels: k.shape,
        groups,
        axis: 'channels',
        help: 'images are N×C×H×W, kernels (out, in/groups, kh, kw)',
      },
    );
  }
  return bind1(convOp, [images, k], { ...windowOver('conv2d', plane, [k.shape[2]!, k.shape[3]!], options), groups });
}

function checkKernels(name: string, k: Tensor, groups: number, axis: 0 | 1): void {
  if (k.rank !== 4)
    throw new ShapeError(`${name}: kernels have four axes, not ${showShape(k.shape)}`, {
      kernels: k.shape,
      help: axis === 0 ? 'kernels are (out, in/groups, kh, kw)' : 'kernels are (in, out/groups, kh, kw)',
    });
  if (!Number.isInteger(groups) || groups < 1 || k.shape[0]! % groups !== 0)
    throw new ConfigError(`${name}: ${k.shape[0]} channels cannot be split into ${groups} groups`, {
      groups,
      kernels: k.shape,
      help: 'groups must divide the first extent of the kernels',
    });
}

export interface ConvTransposeOptions extends ConvOptions {
  /** Rows and columns added at the end of the result, which several input sizes would share. */
  readonly outputPadding?: number | Pair;
}

/**
 * The transpose of `conv2d` with the same options: images N×in×h×w become N×out×H×W with H = (h − 1)·stride − top − bottom + dilation·(kh − 1) + 1 + outputPadding.
 *
 * Kernels (in, out/groups, kh, kw): those of the convolution that is transposed. Padding `same` gives H = h·stride.
 */
export function convTranspose2d(
  x: TensorLike,
  kernels: TensorLike,
  { groups = 1, outputPadding = 0, ...options }: ConvTransposeOptions = {},
): Tensor {
  const name = 'convTranspose2d';
  const [images, k] = promote(x, kernels) as [Tensor, Tensor];
  const plane = planeOf(name, images.shape);
  checkKernels(name, k, groups, 1);
  if (k.shape[0] !== images.shape[1]) {
    throw new ShapeError(
      `${name}: kernels ${showShape(k.shape)} read ${k.shape[0]} channels and the images ${showShape(images.shape)} have ${images.shape[1]}`,
      {
        images: images.shape,
        kernels: k.shape,
        axis: 'channels',
        help: 'images are N×in×h×w, kernels (in, out/groups, kh, kw)',
      },
    );
  }
  const kernel: Pair = [k.shape[2]!, k.shape[3]!];
  const input = transposedPlane(name, plane, kernel, wholePair(name, 'outputPadding', outputPadding, 0), options);
  const window = windowOver(name, input, kernel, options);
  if (window.out[0] !== plane[0] || window.out[1] !== plane[1]) {
    throw new ShapeError(
      `${name}: a convolution of ${input[0]} × ${input[1]} gives ${window.out[0]} × ${window.out[1]}, not the ${plane[0]} × ${plane[1]} of the images`,
      { images: images.shape, outputPadding, help: 'outputPadding must be smaller than the stride' },
    );
  }
  return bind1(convInputOp, [images, k], { ...window, groups });
}

function transposedPlane(
  name: string,
  plane: Pair,
  kernel: Pair,
  extra: Pair,
  { stride = 1, padding = 0, dilation = 1 }: WindowOptions,
): Pair {
  const steps = wholePair(name, 'stride', stride, 1);
  const spread = { kernel, dilation: wholePair(name, 'dilation', dilation, 1) };
  const along = (i: 0 | 1): number => {
    if (padding === 'same') return plane[i] * steps[i];
    const border = typeof padding === 'number' ? 2 * padding : padding === 'valid' ? 0 : padding[i][0] + padding[i][1];
    return (plane[i] - 1) * steps[i] + span(spread, i) - border + extra[i];
  };
  return [along(0), along(1)];
}

const images = { shape: [2, 4, 5, 6] };

export const convChecks: readonly CheckRow[] = [
  { name: 'conv', f: (x, k) => conv2d(x!, k!, { padding: 1 }), args: [images, { shape: [3, 4, 3, 3] }] },
  {
    name: 'conv.strided',
    f: (x, k) =>
      conv2d(x!, k!, {
        stride: [2, 1],
        dilation: [1, 2],
        padding: [
          [1, 0],
          [2, 1],
        ],
        groups: 2,
      }),
    args: [images, { shape: [6, 2, 2, 3] }],
  },
  { name: 'conv.pointwise', f: (x, k) => conv2d(x!, k!), args: [images, { shape: [3, 4, 1, 1] }] },
  {
    name: 'conv.depthwise',
    f: (x, k) => conv2d(x!, k!, { groups: 4, padding: 'same', stride: 2 }),
    args: [images, { shape: [8, 1, 3, 2] }],
  },
  {
    name: 'convInput',
    f: (y, k) => convTranspose2d(y!, k!, { stride: 2, padding: 1, outputPadding: 1 }),
    args: [{ shape: [2, 3, 3, 2] }, { shape: [3, 2, 3, 3] }],
  },
  {
    name: 'convInput.grouped',
    f: (y, k) => convTranspose2d(y!, k!, { groups: 2, dilation: 2 }),
    args: [{ shape: [1, 4, 3, 3] }, { shape: [4, 2, 2, 2] }],
  },
  {
    name: 'convKernel',
    f: (x, y) =>
      bind1(convKernelOp, [x!, y!], { ...windowOver('conv2d', [5, 6], [2, 3], { stride: 2, padding: 1 }), groups: 2 }),
    args: [images, { shape: [2, 6, 3, 3] }],
  },
];
