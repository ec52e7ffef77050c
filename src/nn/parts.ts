/** What several layers share: checks of options, weights with a bias, shapes by tracing. */

import type { Aval, Shape, Tensor } from '../engine/index.ts';
import { ConfigError, ShapeError, showShape, traceGraph } from '../engine/index.ts';
import * as random from '../engine/ops/random.ts';
import type { ActivationName } from './activation.ts';
import { activationNamed } from './activation.ts';
import type { Fans, Initializer } from './initializer.ts';
import { drawBias, drawInitial } from './initializer.ts';
import type { Key } from './key.ts';
import type { Layer, Tree } from './layer.ts';

/** Refuses anything but a whole number ≥ 1. */
export function checkCount(kind: string, option: string, value: number): number {
  if (Number.isInteger(value) && value >= 1) return value;
  throw new ConfigError(`${kind}: ${option} is ${String(value)}; it must be a whole number ≥ 1`, { option, value });
}

/** Refuses samples of a rank that the layer cannot take. */
export function checkRank(kind: string, input: Shape, ranks: readonly number[], layout: string): Shape {
  if (ranks.includes(input.length)) return input;
  throw new ShapeError(`${kind}: a sample of shape ${showShape(input)} does not fit; it takes ${layout}`, {
    shape: input,
    help: 'flatten() makes one axis of all; reshape the input otherwise',
  });
}

/** The activation as a layer's `post`; nothing for the identity. */
export function postOf(activation: ActivationName): Pick<Layer, 'post'> {
  const post = activationNamed(activation);
  return activation === 'identity' ? {} : { post };
}

export interface AffineSpec {
  readonly init: Initializer;
  readonly shape: Shape;
  readonly fans: Fans;
  /** Length of the bias; absent where there is none. */
  readonly bias?: number | undefined;
}

/** Weights `w` and, where wanted, a bias `b`. */
export function drawAffine(key: Key, { init, shape, fans, bias }: AffineSpec): { readonly [name: string]: Tensor } {
  const [forW, forB] = random.split(key, 2) as [Key, Key];
  const w = drawInitial(init, forW, shape, fans);
  return bias === undefined ? { w } : { w, b: drawBias(init, forB, [bias], fans) };
}

/** A parameter that must be there. */
export function param(kind: string, params: Tree, name: string): Tensor {
  const found = (params as { readonly [name: string]: Tensor } | null)?.[name];
  if (found !== undefined && found !== null) return found;
  throw new ConfigError(`${kind}: the parameter ${name} is missing`, {
    name,
    help: 'pass the params that init returned',
  });
}

/** Shapes and dtypes of a function's results for operands of the given ones, found by tracing; nothing is computed. */
export function resultAvals(f: (...xs: Tensor[]) => Tensor[], ins: readonly Aval[]): Aval[] {
  const graph = traceGraph(f, ins);
  return graph.outputs.map((id) => graph.avals[id]!);
}

/** The shape of one sample after a function of batches. */
export function sampleShape(
  f: (x: Tensor, ...rest: Tensor[]) => Tensor,
  input: Shape,
  ...rest: readonly Shape[]
): Shape {
  const avals = [[1, ...input], ...rest].map((shape): Aval => ({ shape, dtype: 'f32' }));
  return resultAvals((x, ...others) => [f(x!, ...others)], avals)[0]!.shape.slice(1);
}

/** A layer without parameters or state, made of a function of batches. */
export function plain(
  kind: string,
  config: Layer['config'],
  outShape: Layer['outShape'],
  f: (x: Tensor, call: Parameters<Layer['pre']>[3]) => Tensor,
): Layer {
  return {
    kind,
    config,
    outShape,
    init: () => ({ params: null, state: null }),
    pre: (_, state, x, call) => [f(x, call), state],
  };
}
