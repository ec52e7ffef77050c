/** Products whose way back uses other weights than the way forward; the pull for the true weights stays exact. */
import { linearCall, matmul } from '../engine/index.ts';
import type { Tensor } from '../engine/index.ts';

/** x·W, where cotangents pass to x through Bᵀ (B in W's shape) when B is given. x: (…, in), W and B: (in, out). */
export function matmulWithFeedback(x: Tensor, w: Tensor, b: Tensor | null): Tensor {
  if (b === null) return matmul(x, w);
  return linearCall(
    (r: { w: Tensor; b: Tensor }, v: Tensor) => matmul(v, r.w),
    (r, ct: Tensor) => matmul(ct, r.b, { transposeY: true }),
    { w, b },
    x,
  );
}
