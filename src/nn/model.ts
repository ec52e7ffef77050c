/** Models: an ordered list of layers, itself a layer, so that blocks contain blocks. */

import type { Shape, Tensor } from '../engine/index.ts';
import { ShapeError, showShape } from '../engine/index.ts';
import * as random from '../engine/ops/random.ts';
import type { Key } from './key.ts';
import type { ApplyCall, Initialised, Layer, Tree } from './layer.ts';
import { applyLayer, hasParams } from './layer.ts';
import type { ParamStructure } from './structure.ts';
import { checkParams, paramStructure } from './structure.ts';

/** A model: layers, the shape of one input sample, and what follows from them. */
export interface Model extends Layer {
  readonly kind: 'model';
  readonly layers: readonly Layer[];
  /** Name of each layer: its kind and its place, `dense0`. */
  readonly names: readonly string[];
  readonly inputShape: Shape;
  readonly outputShape: Shape;
  /** Shape of one sample before each layer. */
  readonly shapes: readonly Shape[];
  initialise(key: Key): Initialised;
  /** y = model(x) and the next model state; x is (batch, ...inputShape). */
  apply(params: Tree, state: Tree, x: Tensor, call?: ApplyCall): readonly [y: Tensor, state: Tree];
}

/** A chain of layers for inputs of one sample shape; shapes are checked here, before any work. */
export function model(inputShape: Shape, layers: readonly Layer[]): Model {
  const all = chainShapes(layers, inputShape);
  const names = layerNames(layers);
  const shapes = all.slice(0, -1);
  const outputShape = all.at(-1)!;
  const init = (key: Key): Initialised => initLayers(layers, shapes, key);
  const pre = (params: Tree, state: Tree, x: Tensor, call: ApplyCall): readonly [Tensor, Tree] =>
    runLayers({ layers, names }, params, state, checkInput(x, inputShape), call);
  let expected: ParamStructure | null = null;
  const own: Model = {
    kind: 'model',
    config: { inputShape, layers },
    layers,
    names,
    inputShape,
    outputShape,
    shapes,
    children: layers,
    childInputs: () => shapes,
    outShape: () => outputShape,
    opensUnit: layers.some((layer) => layer.opensUnit === true),
    isRecurrent: layers.some((layer) => layer.isRecurrent === true),
    init,
    initialise: init,
    pre,
    apply(params, state, x, call = {}) {
      expected ??= paramStructure(own, inputShape);
      checkParams(expected, params);
      return pre(params, state, x, call);
    },
  };
  return own;
}

/** Shape of one sample before each layer of a chain, and behind the last. */
export function chainShapes(layers: readonly Layer[], input: Shape): Shape[] {
  const shapes = [input];
  layers.forEach((layer, i) => {
    shapes.push(layerShape(layer, i, shapes[i]!));
  });
  return shapes;
}

/** Names of the layers of a chain: kind and place. */
export const layerNames = (layers: readonly Layer[]): string[] => layers.map((layer, i) => `${layer.kind}${i}`);

function layerShape(layer: Layer, i: number, input: Shape): Shape {
  try {
    return layer.outShape(input);
  } catch (error) {
    if (error instanceof ShapeError)
      throw new ShapeError(`layer ${i} (${layer.kind}): ${error.message}`, {
        ...error.details,
        layer: i,
        help: undefined,
      } as never);
    throw error;
  }
}

function checkInput(x: Tensor, expected: Shape): Tensor {
  if (x.rank !== expected.length + 1 || expected.some((d, i) => d !== x.shape[i + 1])) {
    throw new ShapeError(
      `model: an input of shape ${showShape(x.shape)} does not fit samples of shape ${showShape(expected)}`,
      { expected, found: x.shape, help: `pass (batch, ${expected.join(', ')})` },
    );
  }
  return x;
}

function initLayers(layers: readonly Layer[], shapes: readonly Shape[], key: Key): Initialised {
  const keys = random.split(key, Math.max(1, layers.length));
  const made = layers.map((layer, i) => layer.init(keys[i]!, shapes[i]!));
  return { params: made.map((m) => m.params), state: made.map((m) => m.state) };
}

/** Runs a list of layers, handing each its own parameters, state, feedback and key. */
export function runLayers(
  list: { readonly layers: readonly Layer[]; readonly names: readonly string[] },
  params: Tree,
  state: Tree,
  x: Tensor,
  call: ApplyCall,
): readonly [Tensor, Tree] {
  const next: Tree[] = [];
  let y = x;
  list.layers.forEach((layer, i) => {
    const [out, after] = applyLayer(layer, list.names[i]!, at(params, i), at(state, i), y, callFor(call, i));
    y = out;
    next.push(after);
  });
  return [y, next];
}

/** Entry i of a tree that is a list; null stands for nothing. */
export const at = (tree: Tree | undefined, i: number): Tree =>
  tree === undefined || tree === null ? null : ((tree as readonly Tree[])[i] ?? null);

/** The part of a call that belongs to layer i. */
export const callFor = (call: ApplyCall, i: number): ApplyCall => ({
  key: call.key === undefined ? undefined : random.foldIn(call.key, i),
  train: call.train,
  feedback: call.feedback === undefined ? undefined : at(call.feedback, i),
  mask: call.mask,
});

/** Indices of the layers that have parameters. */
export const paramLayers = (m: Model): number[] => m.layers.flatMap((layer, i) => (hasParams(layer) ? [i] : []));
