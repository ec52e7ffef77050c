/** Pool codes on WASM: places in the plane are packed and unpacked beside the kernels that find and use them. */
import type { FloatDtype } from '../../dtype.ts';
import { codePacking } from '../../ops/pool-codes.ts';
import type { WindowParams } from '../../ops/window.ts';
import { sizeOf } from '../../shape.ts';
import { takeAlongKernel } from './kernels/gather.ts';
import { maxPoolGradKernel, maxPoolIndexKernel } from './kernels/pool.ts';
import { decodePlacesKernel, encodePlacesKernel } from './kernels/pool-codes.ts';
import { windowArgs } from './kernels/window.ts';
import type { LowerContext, Operand, WasmLowering } from './lower.ts';

const windowNumbers = (params: WindowParams): number[] =>
  windowArgs({ ...params, pad: [params.padding[0][0], params.padding[1][0]] });

/** Bits, codes a word, windows and words of an image, then the window. */
function codeArgs(channels: number, params: WindowParams): number[] {
  const { bits, perWord, words } = codePacking(params);
  const windows = channels * sizeOf(params.out);
  return [bits, perWord, windows, words(windows), ...windowNumbers(params)];
}

export const lowerMaxPoolCodes: WasmLowering<WindowParams> = (context, [x], [out], params) => {
  const [n, channels] = x!.shape as [number, number];
  const places = context.temp({ shape: [n, channels, ...params.out], dtype: 'i32' });
  context.call(maxPoolIndexKernel(x!.dtype as FloatDtype), [places, x!, ...windowNumbers(params)], n * channels);
  context.call(encodePlacesKernel(), [out!, places, ...codeArgs(channels, params)], n);
};

/** The places that codes stand for, as a temporary. */
function decoded(context: LowerContext, codes: Operand, channels: number, params: WindowParams): Operand {
  const n = codes.shape[0]!;
  const places = context.temp({ shape: [n, channels, ...params.out], dtype: 'i32' });
  context.call(decodePlacesKernel(), [places, codes, ...codeArgs(channels, params)], n);
  return places;
}

export const lowerPickCodes: WasmLowering<WindowParams> = (context, [x, codes], [out], params) => {
  const planes = sizeOf(x!.shape.slice(0, 2));
  const windows = sizeOf(params.out);
  const places = decoded(context, codes!, x!.shape[1]!, params);
  context.call(
    takeAlongKernel(x!.dtype === 'f32' ? 4 : 8),
    [out!, x!, places, planes, sizeOf(params.input), 1, windows],
    planes * windows,
  );
};

export const lowerUnpool: WasmLowering<WindowParams> = (context, [y, codes], [out], params) => {
  const places = decoded(context, codes!, y!.shape[1]!, params);
  context.call(
    maxPoolGradKernel(y!.dtype as FloatDtype),
    [out!, y!, places, sizeOf(params.input), sizeOf(params.out)],
    sizeOf(y!.shape.slice(0, 2)),
  );
};
