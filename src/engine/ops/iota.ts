/** Counting: `iota` and what is made of it. */
import { fillKernel, iotaKernel } from '../backends/wasm/kernels/fill.ts';
import type { CheckRow } from '../check-row.ts';
import type { Dtype } from '../dtype.ts';
import { defaultDtype } from '../dtype.ts';
import { DtypeError, ShapeError } from '../errors.ts';
import type { Op } from '../op.ts';
import { defineOp } from '../op.ts';
import { checkShape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { bind1 } from '../trace.ts';
import { add, mul } from './arithmetic.ts';
import { cast } from './cast.ts';
import { eq } from './compare.ts';
import type { TensorLike } from './constant.ts';
import { scalar } from './constant.ts';
import { oneHotRows } from './eye.ts';
import { asIndices } from './gather.ts';
import { expandDims } from './movement.ts';

interface IotaParams {
  readonly n: number;
  readonly dtype: Dtype;
}

export const iotaOp: Op<IotaParams> = /* @__PURE__ */ defineOp<IotaParams>({
  name: 'iota',
  version: 1,
  infer: (_, { n, dtype }) => {
    if (dtype === 'bool')
      throw new DtypeError('iota: bool cannot count', { dtype, help: "use 'i32', 'u32', 'f32' or 'f64'" });
    return [{ shape: checkShape('iota', [n]), dtype }];
  },
  batch: ({ params }) => ({ outs: [bind1(iotaOp, [], params)], batched: [false] }),
  cost: () => ({ flops: 0 }),
  js: (_, [out]) => {
    for (let i = 0; i < out!.length; i++) out![i] = i;
  },
  wasm: (context, _, [out], { n, dtype }) =>
    context.call(dtype === 'bool' ? fillKernel(dtype) : iotaKernel(dtype), [out!], n),
  isCheap: true,
});

/** The numbers 0 … n − 1. */
export const iota = (n: number, dtype: Dtype = 'i32'): Tensor => bind1(iotaOp, [], { n, dtype });

/** start, start + step, … as long as they lie before stop; i32 when all three are whole numbers, unless a dtype is given. */
export function arange(
  start: number,
  stop: number,
  step = 1,
  dtype: Dtype = [start, stop, step].every(Number.isInteger) ? 'i32' : defaultDtype(),
): Tensor {
  if (step === 0 || ![start, stop, step].every(Number.isFinite))
    throw new ShapeError(`arange: no steps of ${step} lead from ${start} to ${stop}`, {
      start,
      stop,
      step,
      help: 'give finite numbers and a step other than 0',
    });
  const count = iota(Math.max(0, Math.ceil((stop - start) / step)), dtype);
  const scaled = step === 1 ? count : mul(count, scalar(step, dtype));
  return start === 0 ? scaled : add(scaled, scalar(start, dtype));
}

/** n numbers from start to stop, both included, evenly spaced. */
export function linspace(start: number, stop: number, n: number, dtype: 'f32' | 'f64' = defaultDtype()): Tensor {
  if (n < 2) return n === 1 ? add(iota(1, dtype), scalar(start, dtype)) : iota(n, dtype);
  const t = mul(iota(n, dtype), scalar(1 / (n - 1), dtype));
  const back = mul(add(iota(n, dtype), scalar(1 - n, dtype)), scalar(-1 / (n - 1), dtype)); // from 1 down to 0, exact at both ends
  return add(mul(back, scalar(start, dtype)), mul(t, scalar(stop, dtype)));
}

/** Rows of n with a 1 at each index and 0 elsewhere: indices (…) → (…, n). An index outside 0 … n − 1 gives a row of zeros. */
export function oneHot(indices: TensorLike, n: number, dtype: Dtype = defaultDtype()): Tensor {
  const list = asIndices(indices);
  return cast(eq(expandDims(list, list.rank), iota(n)), dtype);
}

/** The n × n identity matrix. */
export function eye(n: number, dtype: Dtype = defaultDtype()): Tensor {
  return oneHotRows(checkShape('eye', [n])[0]!, dtype);
}

export const iotaChecks: readonly CheckRow[] = [
  { name: 'iota', f: (x) => mul(x!, iota(5, x!.dtype)), args: [{ shape: [3, 5] }] },
  {
    name: 'linspace',
    f: (x) => mul(x!, linspace(-1, 2, 4, x!.dtype as 'f32' | 'f64')),
    args: [{ shape: [4] }],
  },
  {
    name: 'oneHot',
    f: (i) => oneHot(i!, 4),
    args: [{ shape: [2, 3], kind: 'i32', domain: [-1, 5] }],
    order: 0,
  },
];
