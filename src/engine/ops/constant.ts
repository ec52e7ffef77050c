/** Scalars that are known while tracing; they stay f64 in the graph until lowering. */

import { lowerFill } from '../backends/wasm/lowerings.ts';
import type { CheckRow } from '../check-row.ts';
import type { Dtype } from '../dtype.ts';
import { defaultDtype, isFloat } from '../dtype.ts';
import { DtypeError } from '../errors.ts';
import { collecting } from '../memory.ts';
import type { Op } from '../op.ts';
import { defineOp } from '../op.ts';
import type { Concrete, Tensor } from '../tensor.ts';
import { bind1, isStaging } from '../trace.ts';

export interface ConstantParams {
  readonly value: number;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
}

/** A tensor filled with one number. */
export const constantOp: Op<ConstantParams> = /* @__PURE__ */ defineOp<ConstantParams>({
  name: 'constant',
  version: 1,
  infer: (_, { shape, dtype }) => [{ shape, dtype }],
  batch: ({ params }) => ({ outs: [bind1(constantOp, [], params)], batched: [false] }),
  cost: () => ({ flops: 0 }),
  js: (_, [out], { params }) => {
    out!.fill(params.value);
  },
  wasm: lowerFill,
  isCheap: true,
});

/** Anything a numeric argument may be. */
export type TensorLike = Tensor | number;

const interned = new Map<string, Tensor>();

/** A number as a scalar tensor of the given dtype; outside of staging, scalars are interned. */
export function scalar(value: number, dtype: Dtype = defaultDtype()): Tensor {
  if (!isFloat(dtype) && !Number.isInteger(value)) {
    throw new DtypeError(`the number ${value} cannot stand beside a tensor of dtype ${dtype}`, {
      value,
      dtype,
      help: "cast the tensor first: cast(x, 'f32')",
    });
  }
  if (isStaging()) return bind1(constantOp, [], { value, dtype, shape: [] });
  const key = `${Object.is(value, -0) ? '-0' : value}${dtype}`;
  const known = interned.get(key);
  if (known !== undefined) return known;
  if (interned.size > 4096) interned.clear();
  const x = collecting(null, () => bind1(constantOp, [], { value, dtype, shape: [] }));
  (x as Concrete).storage.isPinned = true;
  interned.set(key, x);
  return x;
}

/** Drops interned scalars, when the backend changes. */
export const forgetScalars = (): void => interned.clear();

export const constantChecks: readonly CheckRow[] = [
  {
    name: 'constant',
    f: (x) => bind1(constantOp, [], { value: 0.1, dtype: x!.dtype, shape: [3, 2] }),
    args: [{ shape: [], isFixed: true }],
  },
  { name: 'constant.bool', f: () => bind1(constantOp, [], { value: 1, dtype: 'bool', shape: [5] }), args: [] },
];
