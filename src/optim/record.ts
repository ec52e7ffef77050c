/** Trees as records from path to leaf, so that wrappers can choose leaves by path and recognise such a record inside an optimiser's state. */
import type { Tensor, Tree } from '../engine/index.ts';
import { flatten, structureOf, unflatten } from '../engine/index.ts';

/** Leaves by path, `[2].w`. */
export type LeafRecord = { readonly [path: string]: Tensor };

/** The leaves of a tree by path. */
export function recordOf(tree: Tree): LeafRecord {
  const [leaves, def] = flatten(tree);
  return Object.fromEntries(def.paths.map((path, i) => [path, leaves[i] as Tensor]));
}

/** Puts the leaves of a record into the structure of a tree. */
export function fromRecord(record: LeafRecord, like: Tree): Tree {
  const def = structureOf(like);
  return unflatten<Tree>(
    def,
    def.paths.map((path) => record[path]),
  );
}
