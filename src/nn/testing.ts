/** For the tests of this folder: layers in f64, and their gradients against differences. */

import type { Shape, Tensor } from '../engine/index.ts';
import { cast, checkGradients, random, relativeError, setDefaultDtype, trees } from '../engine/index.ts';
import type { ApplyCall, Layer, Tree } from './layer.ts';
import { applyLayer } from './layer.ts';

/** Runs `body` with f64 as the default dtype. */
export function inF64<R>(body: () => R): R {
  setDefaultDtype('f64');
  try {
    return body();
  } finally {
    setDefaultDtype('f32');
  }
}

/** Standard normal numbers in f64. */
export const gaussian = (shape: Shape, seed = 3): Tensor =>
  cast(random.normal(random.key(seed), shape, { dtype: 'f32' }), 'f64');

export interface Ran {
  readonly params: Tree;
  readonly state: Tree;
  readonly y: Tensor;
  readonly next: Tree;
}

/** Initialises a layer for a batch and runs it. */
export function runLayer(layer: Layer, x: Tensor, call: ApplyCall = {}): Ran {
  const { params, state } = layer.init(random.key(5), x.shape.slice(1));
  const [y, next] = applyLayer(layer, layer.kind, params, state, x, call);
  return { params, state, y, next };
}

/** The largest error of a layer's first and second derivatives, in its parameters and its input, at f64 values. */
export function layerGradientError(layer: Layer, input: Shape, call: ApplyCall = {}): number {
  return inF64(() => {
    const x = gaussian([3, ...input], 11);
    const { params, state } = layer.init(random.key(5), input);
    const f = (p: Tree, v: Tensor): Tensor => applyLayer(layer, layer.kind, p, state, v, call)[0];
    const { forward, reverse, forwardOverReverse, reverseOverReverse, compared } = checkGradients(f, [params, x]);
    if (compared === 0) throw new Error('every direction crossed a kink');
    return Math.max(forward ?? 0, reverse ?? 0, forwardOverReverse ?? 0, reverseOverReverse ?? 0);
  });
}

/** The largest relative difference between the leaves of two trees. */
export function differenceOf(a: unknown, b: unknown): number {
  const others = trees.tensorsOf(b);
  const errors = trees.tensorsOf(a).map((x, i) => relativeError([...x.readSync()], [...others[i]!.readSync()]));
  return Math.max(...errors);
}
