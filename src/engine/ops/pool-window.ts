/** What ops over sliding pools share: their shapes, their taps, and how a batch joins the images. */
import { sizeOf } from '../shape.ts';
import type { Aval, Tensor } from '../tensor.ts';
import { FLOATS } from './arithmetic.ts';
import { checkDtypes } from './makers.ts';
import { reshape } from './movement.ts';
import type { WindowParams } from './window.ts';

/** Shape and dtype of one value per window. */
export function pooled(name: string, x: Aval, { out }: WindowParams, dtype: Aval['dtype'] = x.dtype): readonly Aval[] {
  checkDtypes(name, FLOATS, [x.dtype]);
  return [{ shape: [...x.shape.slice(0, 2), ...out], dtype }];
}

/** The batch axis joins N. */
export const joinBatch = (x: Tensor): Tensor => reshape(x, [x.shape[0]! * x.shape[1]!, ...x.shape.slice(2)]);

/** N falls apart into the batch axis and what it was. */
export const splitBatch = (y: Tensor, size: number): Tensor =>
  reshape(y, [size, y.shape[0]! / size, ...y.shape.slice(1)]);

export const planesOf = (x: Aval): number => sizeOf(x.shape.slice(0, 2));

/** Visits every tap of every window that lies in its plane: flat places in the output and in the input, and the place in the plane. */
export function eachTap(
  planes: number,
  { input: [H, W], kernel: [kh, kw], out: [oh, ow], stride, padding }: WindowParams,
  visit: (out: number, x: number, place: number) => void,
): void {
  for (let to = 0; to < planes * oh * ow; to++) {
    const plane = Math.floor(to / (oh * ow));
    const top = (Math.floor(to / ow) % oh) * stride[0] - padding[0][0];
    const left = (to % ow) * stride[1] - padding[1][0];
    for (let h = Math.max(top, 0); h < Math.min(top + kh, H); h++) {
      for (let w = Math.max(left, 0); w < Math.min(left + kw, W); w++) visit(to, (plane * H + h) * W + w, h * W + w);
    }
  }
}

export const tapFlops = (outs: readonly Aval[], { kernel }: WindowParams): { flops: number } => ({
  flops: sizeOf(outs[0]!.shape) * sizeOf(kernel),
});
