/** One attention head for `cotangent graph examples/attention.ts`: softmax(q·kᵀ / √d)·v. */
import { matmul, mul, softmax, swapLast, type Tensor } from 'cotangent/engine';

export const shapes = { q: [16, 32], k: [16, 32], v: [16, 32] };

export default function attention(q: Tensor, k: Tensor, v: Tensor): Tensor {
  const scores = mul(matmul(q, swapLast(k)), 1 / Math.sqrt(32)); // (queries, keys)
  return matmul(softmax(scores, -1), v);
}
