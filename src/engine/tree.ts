/** Trees of tensors: plain objects (keys in code-unit order), arrays, tuples and null; everything else is a leaf. */
import { TreeError } from './errors.ts';

/** The structure of a tree with its leaves taken out; `key` is equal for equal structures. */
export interface TreeDef {
  readonly key: string;
  readonly count: number;
  readonly paths: readonly string[];
  readonly build: (leaves: readonly unknown[], from: number) => unknown;
}

const isPlain = (x: unknown): x is Record<string, unknown> => {
  if (x === null || typeof x !== 'object') return false;
  const proto = Object.getPrototypeOf(x);
  return proto === Object.prototype || proto === null;
};

const isBranch = (x: unknown): boolean => x === null || x === undefined || Array.isArray(x) || isPlain(x);

/** Calls `visit` on every leaf, in order, with its path such as `.layers[2].w`. */
export function visitLeaves(tree: unknown, visit: (leaf: unknown, path: string) => void, path = ''): void {
  if (tree === null || tree === undefined) return;
  if (Array.isArray(tree)) for (let i = 0; i < tree.length; i++) visitLeaves(tree[i], visit, `${path}[${i}]`);
  else if (isPlain(tree)) for (const k of Object.keys(tree).sort()) visitLeaves(tree[k], visit, `${path}.${k}`);
  else visit(tree, path);
}

/** The leaves of a tree, in order. */
export function leavesOf(tree: unknown): unknown[] {
  const out: unknown[] = [];
  collect(tree, out);
  return out;
}

function collect(tree: unknown, out: unknown[]): void {
  if (tree === null || tree === undefined) return;
  if (Array.isArray(tree)) for (const x of tree) collect(x, out);
  else if (isPlain(tree)) for (const k of Object.keys(tree).sort()) collect(tree[k], out);
  else out.push(tree);
}

/** Takes a tree apart into its leaves and a structure that puts others in their place. */
export function flatten(tree: unknown): [leaves: unknown[], def: TreeDef] {
  return [leavesOf(tree), structureOf(tree)];
}

/** The structure of a tree. */
export function structureOf(tree: unknown): TreeDef {
  const paths: string[] = [];
  visitLeaves(tree, (_, path) => paths.push(path));
  return { key: keyOf(tree), count: paths.length, paths, build: (leaves, from) => rebuild(tree, leaves, { at: from }) };
}

function keyOf(tree: unknown): string {
  if (tree === null) return '0';
  if (tree === undefined) return 'u';
  if (Array.isArray(tree)) return `[${tree.map(keyOf).join()}]`;
  if (isPlain(tree)) {
    return `{${Object.keys(tree)
      .sort()
      .map((k) => `${JSON.stringify(k)}:${keyOf(tree[k])}`)
      .join()}}`;
  }
  return '*';
}

function rebuild(tree: unknown, leaves: readonly unknown[], cursor: { at: number }): unknown {
  if (tree === null || tree === undefined) return tree;
  if (Array.isArray(tree)) return tree.map((x) => rebuild(x, leaves, cursor));
  if (!isPlain(tree)) return leaves[cursor.at++];
  const out: Record<string, unknown> = {};
  const keys = Object.keys(tree).sort();
  for (const k of Object.keys(tree)) out[k] = undefined; // keeps the user's own key order
  for (const k of keys) out[k] = rebuild(tree[k], leaves, cursor);
  return out;
}

/** Puts `leaves` into the structure. */
export function unflatten<T>(def: TreeDef, leaves: readonly unknown[]): T {
  if (leaves.length !== def.count)
    throw new TreeError(`a tree of ${def.count} leaves cannot be built from ${leaves.length}`);
  return def.build(leaves, 0) as T;
}

/** Applies `f` leaf by leaf to one or more trees of one structure. */
export function mapTree<T>(f: (...leaves: never[]) => unknown, tree: T, ...rest: readonly unknown[]): T {
  const step = (x: unknown, others: readonly unknown[], path: string): unknown => {
    if (x === null || x === undefined) return x;
    if (!isBranch(x)) return (f as (...a: unknown[]) => unknown)(x, ...others);
    for (const o of others) checkAlike(x, o, path);
    if (Array.isArray(x))
      return x.map((v, i) =>
        step(
          v,
          others.map((o) => (o as unknown[])[i]),
          `${path}[${i}]`,
        ),
      );
    const out: Record<string, unknown> = {};
    for (const k of Object.keys(x as object))
      out[k] = step(
        (x as Record<string, unknown>)[k],
        others.map((o) => (o as Record<string, unknown>)[k]),
        `${path}.${k}`,
      );
    return out;
  };
  return step(tree, rest, '') as T;
}

function checkAlike(a: unknown, b: unknown, path: string): void {
  const same = Array.isArray(a) ? Array.isArray(b) && a.length === b.length : isPlain(b) && keysOf(a) === keysOf(b);
  if (!same) {
    throw new TreeError(`trees differ at ${path === '' ? 'the root' : path}: ${describe(a)} beside ${describe(b)}`, {
      path,
      help: 'both trees must have the same keys and lengths',
    });
  }
}

const keysOf = (x: unknown): string =>
  Object.keys(x as object)
    .sort()
    .join();

function describe(x: unknown): string {
  if (x === null || x === undefined) return String(x);
  if (Array.isArray(x)) return `an array of ${x.length}`;
  if (isPlain(x)) return `an object with keys ${Object.keys(x).sort().join(', ') || '(none)'}`;
  return `a leaf (${(x as object).constructor?.name ?? typeof x})`;
}
