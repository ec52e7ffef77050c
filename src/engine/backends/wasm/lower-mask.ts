/** Bit masks on WASM: one kernel call over the lines. */
import type { FloatDtype } from '../../dtype.ts';
import type { MaskParams } from '../../ops/mask.ts';
import { sizeOf } from '../../shape.ts';
import { bitGateKernel, positiveBitsKernel } from './kernels/mask.ts';
import type { WasmLowering } from './lower.ts';

export const lowerPositiveBits: WasmLowering<MaskParams> = (context, [x], [out], { lead }) => {
  const length = sizeOf(x!.shape.slice(lead));
  if (length > 0)
    context.call(positiveBitsKernel(x!.dtype as FloatDtype), [out!, x!, length], sizeOf(x!.shape.slice(0, lead)));
};

export const lowerBitGate: WasmLowering<MaskParams> = (context, [x, bits], [out], { lead }) => {
  const length = sizeOf(x!.shape.slice(lead));
  if (length > 0)
    context.call(bitGateKernel(x!.dtype as FloatDtype), [out!, x!, bits!, length], sizeOf(x!.shape.slice(0, lead)));
};
