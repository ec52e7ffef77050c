/** Products whose way back uses other weights than the way forward; the pull for the true weights stays exact. */

import type { ConvOptions, Shape, Tensor } from '../engine/index.ts';
import { bind1, conv2d, convInputOp, linearCall, matmul, reshape } from '../engine/index.ts';
import { windowOver } from '../engine/ops/window.ts';
import type { Layer, Tree } from './layer.ts';
import { at } from './model.ts';

/** x·W, where cotangents pass to x through Bᵀ (B in W's shape) when B is given. x: (…, in), W and B: (in, out). */
export function matmulWithFeedback(x: Tensor, w: Tensor, b: Tensor | null): Tensor {
  if (x.rank > 2) return overRows((rows) => matmulWithFeedback(rows, w, b), x, w.shape[1]!);
  if (b === null) return matmul(x, w);
  return linearCall(
    (r: { w: Tensor; b: Tensor }, v: Tensor) => matmul(v, r.w),
    (r, ct: Tensor) => matmul(ct, r.b, { transposeY: true }),
    { w, b },
    x,
  );
}

/** All positions of all samples as rows of one matrix, so that the pull for the weights is one product too. */
const overRows = (f: (rows: Tensor) => Tensor, x: Tensor, width: number): Tensor =>
  reshape(f(reshape(x, [-1, x.shape.at(-1)!])), [...x.shape.slice(0, -1), width]);

/** A convolution of x with W, where cotangents pass to x through the kernels B when they are given. x: (B, C, H, W), W and B: (out, C / groups, kh, kw). */
export function conv2dWithFeedback(x: Tensor, w: Tensor, b: Tensor | null, options: ConvOptions): Tensor {
  if (b === null) return conv2d(x, w, options);
  const { groups = 1, ...window } = options;
  const [height, width] = x.shape.slice(-2) as [number, number];
  const [kh, kw] = w.shape.slice(-2) as [number, number];
  const params = { ...windowOver('conv2d', [height, width], [kh, kw], window), groups };
  return linearCall(
    (r: { w: Tensor; b: Tensor }, v: Tensor) => conv2d(v, r.w, options),
    (r, ct: Tensor) => bind1(convInputOp, [ct, r.b], params),
    { w, b },
    x,
  );
}

/**
 * The feedback of a layer and of the layers inside it: what `make` returns for each weight that may be replaced on the way back, null elsewhere.
 *
 * `input` is the shape of one sample before the layer; paths read `[2].w`.
 */
export function feedbackTree(
  layer: Layer,
  params: Tree,
  input: Shape,
  make: (weight: Tensor, path: string) => Tensor | null,
  path = '',
): Tree {
  const { children } = layer;
  if (children !== undefined) {
    const inputs = layer.childInputs!(input);
    return children.map((child, i) => feedbackTree(child, at(params, i), inputs[i]!, make, `${path}[${i}]`));
  }
  const weights = layer.anatomy?.(input).weights ?? [];
  if (weights.length === 0) return null;
  const own = params as { readonly [name: string]: Tensor };
  return Object.fromEntries(weights.map((name) => [name, make(own[name]!, `${path}.${name}`)]));
}
