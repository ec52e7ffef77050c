/** Pool codes on WASM: taps of maxima are found and packed; unpooling and picking read the codes as they go. */
import type { FloatDtype } from '../../dtype.ts';
import { codePacking } from '../../ops/pool-codes.ts';
import type { WindowParams } from '../../ops/window.ts';
import { sizeOf } from '../../shape.ts';
import { maxPoolTapKernel } from './kernels/pool.ts';
import { packCodesKernel, pickCodesKernel, unpoolCodesKernel } from './kernels/pool-codes.ts';
import { windowArgs } from './kernels/window.ts';
import type { WasmLowering } from './lower.ts';

const windowNumbers = (params: WindowParams): number[] =>
  windowArgs({ ...params, pad: [params.padding[0][0], params.padding[1][0]] });

/** Windows and words of an image. */
function lineArgs(channels: number, params: WindowParams): [number, number] {
  const windows = channels * sizeOf(params.out);
  return [windows, codePacking(params).words(windows)];
}

export const lowerMaxPoolCodes: WasmLowering<WindowParams> = (context, [x], [out], params) => {
  const [n, channels] = x!.shape as [number, number];
  const codes = context.temp({ shape: [n, channels, ...params.out], dtype: 'i32' });
  context.call(maxPoolTapKernel(x!.dtype as FloatDtype, params), [codes, x!, ...windowNumbers(params)], n * channels);
  context.call(packCodesKernel(codePacking(params)), [out!, codes, ...lineArgs(channels, params)], n);
};

export const lowerPickCodes: WasmLowering<WindowParams> = (context, [x, codes], [out], params) => {
  const [n, channels] = x!.shape as [number, number];
  const spec = pickCodesKernel(x!.dtype as FloatDtype, codePacking(params), params.kernel[1]);
  context.call(spec, [out!, x!, codes!, ...lineArgs(channels, params), ...windowNumbers(params)], n);
};

export const lowerUnpool: WasmLowering<WindowParams> = (context, [y, codes], [out], params) => {
  const [n, channels] = y!.shape as [number, number];
  const spec = unpoolCodesKernel(y!.dtype as FloatDtype, codePacking(params), params.kernel[1]);
  context.call(spec, [out!, y!, codes!, ...lineArgs(channels, params), ...windowNumbers(params)], n);
};
