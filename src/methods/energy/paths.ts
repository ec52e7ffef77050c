/** Places in a tree of params or state: reading a subtree and putting another in its place. */
import type { Tensor } from '../../engine/index.ts';
import { add, mapTree, trees } from '../../engine/index.ts';
import type { Tree } from '../../nn/layer.ts';

export type Path = readonly (number | string)[];

type Branch = Readonly<Record<number | string, Tree>>;

/** The subtree at a path; null where the path ends early. */
export const treeAt = (tree: Tree, path: Path): Tree =>
  path.reduce<Tree>(
    (t, step) => (t === null || t === undefined ? null : ((t as unknown as Branch)[step] ?? null)),
    tree,
  );

/** The tree with another subtree at a path. */
export function withTreeAt(tree: Tree, path: Path, value: Tree): Tree {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  if (tree === null || tree === undefined) return tree; // nothing lies below
  const copy = (Array.isArray(tree) ? [...tree] : { ...(tree as object) }) as Record<number | string, Tree>;
  copy[step] = withTreeAt(copy[step] ?? null, rest, value);
  return copy as unknown as Tree;
}

/** A tree like `like` that holds the sum of the parts at each path, and zeros elsewhere. */
export function gathered(like: Tree, parts: readonly (readonly [path: Path, part: Tree])[]): Tree {
  const filled = new Set<string>();
  return parts.reduce<Tree>((tree, [path, part]) => {
    const name = path.join();
    const before = filled.has(name) ? treeAt(tree, path) : null;
    filled.add(name);
    return withTreeAt(tree, path, before === null ? part : mapTree((a: Tensor, b: Tensor) => add(a, b), before, part));
  }, trees.zerosLike(like));
}
