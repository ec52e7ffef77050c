/** What a layer's parameters look like, found by tracing its `init`; nothing is drawn. */

import type { Aval, Shape, Tensor, TreeDef } from '../engine/index.ts';
import {
  flatten,
  leavesOf,
  ShapeError,
  sameShape,
  showShape,
  sizeOf,
  structureOf,
  TreeError,
} from '../engine/index.ts';
import type { Layer, Tree } from './layer.ts';
import { resultAvals } from './parts.ts';

export interface ParamStructure {
  readonly def: TreeDef;
  readonly avals: readonly Aval[];
}

const KEY: Aval = { shape: [2], dtype: 'u32' };

/** The structure, shapes and dtypes of a layer's parameters for samples of a shape. */
export function paramStructure(layer: Layer, input: Shape): ParamStructure {
  let def: TreeDef | null = null;
  const avals = resultAvals(
    (key) => {
      const [leaves, own] = flatten(layer.init(key!, input).params);
      def = own;
      return leaves as Tensor[];
    },
    [KEY],
  );
  return { def: def!, avals };
}

/** The number of parameters of a layer for samples of a shape. */
export const paramCount = (layer: Layer, input: Shape): number =>
  paramStructure(layer, input).avals.reduce((n, x) => n + sizeOf(x.shape), 0);

/** Refuses params that do not have the expected structure and shapes. */
export function checkParams(expected: ParamStructure, params: Tree): void {
  const found = structureOf(params);
  if (found.key !== expected.def.key) throw structureError(expected.def.paths, found.paths);
  leavesOf(params).forEach((leaf, i) => {
    const { shape } = leaf as Tensor;
    const wanted = expected.avals[i]!.shape;
    if (sameShape(shape, wanted)) return;
    throw new ShapeError(
      `model: the parameter ${found.paths[i]} has shape ${showShape(shape)}, not ${showShape(wanted)}`,
      {
        path: found.paths[i],
        expected: wanted,
        found: shape,
        help: 'pass params that initialise(key) of this model returned',
      },
    );
  });
}

function structureError(expected: readonly string[], found: readonly string[]): TreeError {
  const missing = expected.filter((path) => !found.includes(path));
  const extra = found.filter((path) => !expected.includes(path));
  const what = [
    ...(missing.length > 0 ? [`${missing.join(', ')} missing`] : []),
    ...(extra.length > 0 ? [`${extra.join(', ')} too many`] : []),
  ];
  return new TreeError(
    `model: the params are not this model's: ${what.join('; ') || 'lists and objects are nested differently'}`,
    { missing, extra, help: 'pass params that initialise(key) of this model returned' },
  );
}
