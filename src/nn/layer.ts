/**
 * What a layer is: data with `init` and `apply`, and an anatomy that learning rules read.
 *
 * A layer has a part that is linear in its parameters (`pre`) and an activation after it (`post`). No layer knows of a rule. What rules may ask for is an argument of `apply`: weights that stand in
 * for the true ones on the way back (`feedback`), and taps named `<scope>/pre` and `<scope>/post` at the pre-activation and the output.
 */

import type { Shape, Tensor, Tree } from '../engine/index.ts';
import { namedScope, scopePath, tap } from '../engine/index.ts';
import type { Key } from './key.ts';

export type { Tree } from '../engine/index.ts';

export interface ApplyCall {
  /** Randomness of this pass (dropout); layers that need one refuse without it when training. */
  readonly key?: Key | undefined;
  /** Training mode: batch statistics are used and updated, dropout drops. */
  readonly train?: boolean | undefined;
  /** Weights that stand in for the true ones where cotangents pass to the layer's input; the tree of its params, with null where the true ones are used. */
  readonly feedback?: Tree | undefined;
  /** 1 for positions of a sequence that are there, 0 for padding: (batch, time). Attention looks at the former only. */
  readonly mask?: Tensor | undefined;
}

export interface Initialised {
  readonly params: Tree;
  readonly state: Tree;
}

export interface Anatomy {
  /** Whether the part before the activation is linear (affine) in the parameters. */
  readonly isLinearInParams: boolean;
  /** Whether the whole layer is linear (affine) in its input. */
  readonly isLinear: boolean;
  /** Whether it treats every position (pixel, time step) alike, without mixing them. */
  readonly isPositionWise: boolean;
  /** Inputs summed into one pre-activation. */
  readonly fanIn: number;
  readonly fanOut: number;
  /** Name of the activation after the linear part; `identity` where there is none. */
  readonly activation: string;
  /** Names of the parameters that may be replaced by `feedback`. */
  readonly weights: readonly string[];
}

/** A layer as data. Shapes are those of one sample; `apply` sees a leading batch axis. */
export interface Layer {
  readonly kind: string;
  readonly config: Readonly<Record<string, unknown>>;
  outShape(input: Shape): Shape;
  init(key: Key, input: Shape): Initialised;
  /** Everything before the activation. */
  pre(params: Tree, state: Tree, x: Tensor, call: ApplyCall): readonly [z: Tensor, state: Tree];
  /** The activation; absent where there is none. */
  readonly post?: (z: Tensor) => Tensor;
  /** Absent for layers without parameters. */
  readonly anatomy?: (input: Shape) => Anatomy;
  /** Whether a unit of credit begins here: layers with weights, and blocks that hold them. */
  readonly opensUnit?: boolean;
  /** Whether it carries state through time. */
  readonly isRecurrent?: boolean;
  /** Layers inside this one, in order; params, state and feedback are then lists with one entry per child. Rules that need a plain chain look here. */
  readonly children?: readonly Layer[];
  /** Shape of one sample before each child; present where there are children. */
  readonly childInputs?: (input: Shape) => readonly Shape[];
  /** Names of the children where kind and place do not say what they are for. */
  readonly childNames?: readonly string[];
}

export const hasParams = (layer: Layer): boolean => layer.anatomy !== undefined;

/** Runs a layer under its name: pre-activation, tap, activation, tap. */
export function applyLayer(
  layer: Layer,
  name: string,
  params: Tree,
  state: Tree,
  x: Tensor,
  call: ApplyCall,
): readonly [y: Tensor, state: Tree] {
  return namedScope(name, () => {
    const [z, next] = layer.pre(params, state, x, call);
    const tapped = layer.anatomy === undefined ? z : site('pre', z);
    const y = layer.post === undefined ? tapped : layer.post(tapped);
    return [site('post', y), next];
  });
}

/** A tap named after the current scope. */
export const site = (name: string, x: Tensor): Tensor => tap(`${scopePath()}/${name}`, x);

/** A named entry of a tree of params or feedback; null where there is none. */
export const entry = (tree: Tree | undefined, name: string): Tensor | null =>
  tree === undefined || tree === null ? null : ((tree as Record<string, Tensor | null>)[name] ?? null);
