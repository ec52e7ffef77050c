/** Pools on WASM: one call over all planes. */
import type { FloatDtype } from '../../dtype.ts';
import type { WindowParams } from '../../ops/window.ts';
import { sizeOf } from '../../shape.ts';
import { maxPoolIndexKernel, maxPoolKernel, sumPoolKernel, sumPoolTransposeKernel } from './kernels/pool.ts';
import { windowArgs } from './kernels/window.ts';
import type { KernelSpec } from './library.ts';
import type { WasmLowering } from './lower.ts';

const overPlanes =
  (kernel: (dtype: FloatDtype, window: WindowParams) => KernelSpec): WasmLowering<WindowParams> =>
  (context, [x], [out], params) => {
    const pad = [params.padding[0][0], params.padding[1][0]] as const;
    context.call(
      kernel(x!.dtype as FloatDtype, params),
      [out!, x!, ...windowArgs({ ...params, pad })],
      sizeOf(x!.shape.slice(0, 2)),
    );
  };

export const lowerMaxPool: WasmLowering<WindowParams> = /* @__PURE__ */ overPlanes(maxPoolKernel);
export const lowerMaxPoolIndex: WasmLowering<WindowParams> = /* @__PURE__ */ overPlanes(maxPoolIndexKernel);
export const lowerSumPool: WasmLowering<WindowParams> = /* @__PURE__ */ overPlanes(sumPoolKernel);
export const lowerSumPoolTranspose: WasmLowering<WindowParams> = /* @__PURE__ */ overPlanes(sumPoolTransposeKernel);
