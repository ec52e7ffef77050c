/** Convolutions finished image by image, while the image is in the cache. */
import type { ConvParams } from '../../ops/conv.ts';
import { broadcastStrides, sizeOf, stridesOf } from '../../shape.ts';
import type { Aval } from '../../tensor.ts';
import { coalesce } from './kernels/copy-plan.ts';
import type { WasmLowering } from './lower.ts';
import { lowerConv, lowerConvInput, readsFrames } from './lower-conv.ts';
import type { ConvFinish } from './lower-conv-direct.ts';
import { type FinishedParams, type Finishing, finishOf, freeRoom } from './lower-finished.ts';
import { storedValue } from './lower-fused.ts';

type ConvLowering = typeof lowerConv;

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

/** An image of the result rests in the output or, where that may hold an operand still to be read, in scratch. */
const finishedBy =
  (lower: ConvLowering): WasmLowering<FinishedParams> =>
  (context, [x, kernels, ...others], outs, params) => {
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
    lower(context, [x!, kernels!], [room], product.params as unknown as ConvParams, after);
  };

const finishing = (lower: ConvLowering): Finishing => ({
  can(product, made, _, others) {
    const params = product.params as unknown as ConvParams;
    if ((made.dtype !== 'f32' && made.dtype !== 'f64') || sizeOf(made.shape) === 0 || params.groups !== 1) return false;
    if (!readsFrames(made, params, made.shape.slice(2) as [number, number])) return false;
    return others.every((x) => alongImages(x, made.shape) !== null);
  },
  lower: finishedBy(lower),
});

export const convFinishing: Finishing = /* @__PURE__ */ finishing(lowerConv);
export const convInputFinishing: Finishing = /* @__PURE__ */ finishing(lowerConvInput);
