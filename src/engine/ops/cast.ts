/** Casts between dtypes: float → integer truncates and saturates, NaN becomes 0; anything → bool is x ≠ 0. */

import { castEmit } from '../backends/wasm/emitters.ts';
import { lowerElementwise } from '../backends/wasm/lowerings.ts';
import type { CheckRow } from '../check-row.ts';
import type { Dtype } from '../dtype.ts';
import { isFloat } from '../dtype.ts';
import type { Op } from '../op.ts';
import { defineOp } from '../op.ts';
import { sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { bind1 } from '../trace.ts';
import { mul } from './arithmetic.ts';
import { scalar } from './constant.ts';
import { NONE } from './makers.ts';

export interface CastParams {
  readonly dtype: Dtype;
}

export const castOp: Op<CastParams> = /* @__PURE__ */ defineOp<CastParams>({
  name: 'cast',
  version: 1,
  infer: ([x], { dtype }) => [{ shape: x!.shape, dtype }],
  jvp: ({ primals: [x], tangents: [dx], params: { dtype } }) => [
    dx == null || !isFloat(dtype) || !isFloat(x!.dtype) ? null : cast(dx, dtype),
  ],
  transpose: ({ cts: [ct], inputs: [x] }) => [ct == null ? null : cast(ct, x!.dtype)],
  batch: ({ inputs, params }) => ({ outs: [bind1(castOp, inputs, params)], batched: [true] }),
  cost: (_, outs) => ({ flops: sizeOf(outs[0]!.shape) }),
  js: ([x], [out], { ins, outs }) => {
    const convert = converter(ins[0]!.dtype, outs[0]!.dtype);
    for (let i = 0; i < out!.length; i++) out![i] = convert(x![i]!);
  },
  wasm: (context, ins, outs, { dtype }) =>
    lowerElementwise('cast', castEmit(ins[0]!.dtype, dtype))(context, ins, outs, NONE),
  lanes: ([x], { dtype }) => ({
    key: `${x!.dtype} to ${dtype}`,
    emit: castEmit(x!.dtype, dtype),
    dtype: x!.dtype,
    isWide: false,
  }),
  isCheap: true,
  isInPlace: true,
});

/** Storing into the typed array wraps integers; only floats need saturation. */
function converter(from: Dtype, to: Dtype): (x: number) => number {
  if (to === 'bool') return (x) => (x !== 0 ? 1 : 0);
  if (isFloat(to) || !isFloat(from)) return (x) => x;
  const [lo, hi] = to === 'i32' ? [-0x80000000, 0x7fffffff] : [0, 0xffffffff];
  return (x) => (Number.isNaN(x) ? 0 : Math.min(hi, Math.max(lo, Math.trunc(x))));
}

/** x in another dtype. */
export function cast(x: Tensor | number, dtype: Dtype): Tensor {
  if (typeof x === 'number') return castNumber(x, dtype);
  return x.dtype === dtype && !x.weak ? x : bind1(castOp, [x], { dtype });
}

const castNumber = (x: number, dtype: Dtype): Tensor =>
  isFloat(dtype) || Number.isInteger(x) ? scalar(x, dtype) : cast(scalar(x, 'f64'), dtype);

export const castChecks: readonly CheckRow[] = [
  { name: 'cast', f: (x) => cast(mul(cast(x!, 'f64'), 3), x!.dtype), args: [{ shape: [3, 5] }] },
  { name: 'cast.i32', f: (x) => cast(x!, 'i32'), args: [{ shape: [3, 5], domain: [-9, 9] }] },
  { name: 'cast.u32', f: (x) => cast(x!, 'u32'), args: [{ shape: [3, 5], domain: [-9, 9] }] },
  { name: 'cast.bool', f: (x) => cast(x!, 'bool'), args: [{ shape: [9], kind: 'i32', domain: [-1, 1] }] },
  { name: 'cast.float', f: (x) => cast(x!, 'f32'), args: [{ shape: [9], kind: 'u32', domain: [0, 0xffff_ffff] }] },
  {
    name: 'cast.wide',
    f: (x) => cast(x!, 'f64'),
    args: [{ shape: [9], kind: 'i32', domain: [-0x8000_0000, 0x7fff_ffff] }],
  },
];
