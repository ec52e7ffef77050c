/** Kernels along one axis of (outer, length, inner): one call, shared out over the lines. */
import type { Dtype } from '../../dtype.ts';
import { sizeOf } from '../../shape.ts';
import type { KernelSpec } from './library.ts';
import type { WasmLowering } from './lower.ts';

/** The dtype under which kernels know this one where bool and u32 are the same. */
export const numberType = (dtype: Dtype): Exclude<Dtype, 'bool'> => (dtype === 'bool' ? 'u32' : dtype);

/** Calls (out, x, outer, length, inner) along an axis. */
export const lowerAlongAxis =
  (spec: KernelSpec): WasmLowering<{ readonly axis: number }> =>
  (context, [x], [out], { axis }) => {
    const { shape } = x!;
    const [outer, length, inner] = [sizeOf(shape.slice(0, axis)), shape[axis]!, sizeOf(shape.slice(axis + 1))];
    context.call(spec, [out!, x!, outer, length, inner], outer * inner);
  };
