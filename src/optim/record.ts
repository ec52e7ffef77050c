/** Trees as records from path to leaf, so that wrappers can choose leaves by path and recognise such a record inside an optimiser's state. */
import type { Tree } from '../engine/index.ts';
import { flatten, structureOf, Tensor, unflatten } from '../engine/index.ts';

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

/** Applies `f` to every part of an optimiser's memory that has the structure of a record of parameters; `rest` are memories of the same make, whose parts come along. Other parts stay as they are. */
export function overMemory(
  f: (part: LeafRecord, ...rest: readonly LeafRecord[]) => LeafRecord,
  params: LeafRecord,
  memory: Tree,
  ...rest: readonly Tree[]
): Tree {
  const { key } = structureOf(params);
  const visit = (tree: Tree, others: readonly Tree[]): Tree => {
    if (tree === null || tree instanceof Tensor) return tree;
    if (structureOf(tree).key === key) return f(tree as LeafRecord, ...(others as LeafRecord[]));
    const inside = (name: string | number): Tree[] => others.map((other) => (other as { [name: string]: Tree })[name]!);
    if (Array.isArray(tree)) return tree.map((part, i) => visit(part as Tree, inside(i)));
    return Object.fromEntries(Object.entries(tree).map(([name, part]) => [name, visit(part as Tree, inside(name))]));
  };
  return visit(memory, rest);
}
