/** Layers one after another as a block: like a model, but for samples of any shape that fits. */

import type { Shape, Tensor } from '../engine/index.ts';
import * as random from '../engine/ops/random.ts';
import type { Anatomy, Initialised, Layer } from './layer.ts';
import { chainShapes, layerNames, runLayers } from './model.ts';

export interface ChainOptions {
  readonly layers: readonly Layer[];
}

/** A chain of layers as one layer; params and state are lists with one entry per layer. */
export const chain = ({ layers }: ChainOptions): Layer => chainAs('chain', { layers }, layers);

/** A chain under a kind and a config of its own. */
export function chainAs(kind: string, config: Layer['config'], layers: readonly Layer[]): Layer {
  const names = layerNames(layers);
  const childInputs = (input: Shape): readonly Shape[] => chainShapes(layers, input).slice(0, -1);
  return {
    kind,
    config,
    children: layers,
    childInputs,
    outShape: (input) => chainShapes(layers, input).at(-1)!,
    init: (key, input) => initChildren(layers, key, childInputs(input)),
    pre: (params, state, x, call) => runLayers({ layers, names }, params, state, x, call),
    anatomy: (input) => blockAnatomy(layers, childInputs(input)),
    opensUnit: layers.some((layer) => layer.opensUnit === true),
    isRecurrent: layers.some((layer) => layer.isRecurrent === true),
  };
}

/** Initialises the layers inside a block, each with a key of its own. */
export function initChildren(children: readonly Layer[], key: Tensor, inputs: readonly Shape[]): Initialised {
  const keys = random.split(key, Math.max(1, children.length));
  const made = children.map((child, i) => child.init(keys[i]!, inputs[i]!));
  return { params: made.map((m) => m.params), state: made.map((m) => m.state) };
}

/** What a block of layers says of itself: nothing about linearity, the fans of its ends. */
export function blockAnatomy(children: readonly Layer[], inputs: readonly Shape[]): Anatomy {
  const parts = children.map((child, i) => child.anatomy?.(inputs[i]!));
  const known = parts.filter((part) => part !== undefined);
  return {
    isLinearInParams: false,
    isLinear: false,
    isPositionWise: known.every((part) => part.isPositionWise),
    fanIn: known.at(0)?.fanIn ?? 1,
    fanOut: known.at(-1)?.fanOut ?? 1,
    activation: 'identity',
    weights: [],
  };
}
