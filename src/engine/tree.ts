/** Trees of tensors: plain objects (keys in code-unit order), arrays, tuples and null; everything else is a leaf. */
import { TreeError } from './errors.ts';

/** The structure of a tree with its leaves taken out; `key` is equal for equal structures. */
export interface TreeDef {
  readonly key: string;
  readonly count: number;
  /** The path of each leaf, such as `.layers[2].w`. */
  readonly paths: readonly string[];
  readonly build: (leaves: readonly unknown[], from: number) => unknown;
}

/** Whether x is a branch with named children. */
export const isPlain = (x: unknown): x is Record<string, unknown> => {
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

/** The structure of a tree; it holds no leaf. */
export const structureOf = (tree: unknown): TreeDef => skeleton(tree);

/** A structure whose key and paths are written out when somebody asks. */
abstract class Skeleton implements TreeDef {
  readonly count: number;
  constructor(count: number) {
    this.count = count;
  }
  abstract readonly key: string;
  abstract build(leaves: readonly unknown[], from: number): unknown;
  abstract walk(path: string, out: string[]): void;

  get paths(): readonly string[] {
    const out: string[] = [];
    this.walk('', out);
    return out;
  }
}

class LeafSkeleton extends Skeleton {
  readonly key = '*';
  override build(leaves: readonly unknown[], from: number): unknown {
    return leaves[from];
  }
  override walk(path: string, out: string[]): void {
    out.push(path);
  }
}

class EmptySkeleton extends Skeleton {
  readonly #value: null | undefined;
  constructor(value: null | undefined) {
    super(0);
    this.#value = value;
  }
  get key(): string {
    return this.#value === null ? '0' : 'u';
  }
  override build(): null | undefined {
    return this.#value;
  }
  override walk(): void {}
}

const LEAF = /* @__PURE__ */ new LeafSkeleton(1);
const NULL = /* @__PURE__ */ new EmptySkeleton(null);
const UNDEFINED = /* @__PURE__ */ new EmptySkeleton(undefined);

const total = (parts: readonly Skeleton[]): number => parts.reduce((sum, part) => sum + part.count, 0);

class ArraySkeleton extends Skeleton {
  readonly #items: readonly Skeleton[];
  constructor(items: readonly Skeleton[]) {
    super(total(items));
    this.#items = items;
  }
  get key(): string {
    return `[${this.#items.map((x) => x.key).join()}]`;
  }
  override build(leaves: readonly unknown[], from: number): unknown[] {
    let at = from;
    return this.#items.map((item) => {
      at += item.count;
      return item.build(leaves, at - item.count);
    });
  }
  override walk(path: string, out: string[]): void {
    this.#items.forEach((item, i) => {
      item.walk(`${path}[${i}]`, out);
    });
  }
}

class ObjectSkeleton extends Skeleton {
  /** The user's own order, in which objects are built. */
  readonly #keys: readonly string[];
  /** Leaves are counted in code-unit order of the keys. */
  readonly #sorted: readonly string[];
  readonly #parts: ReadonlyMap<string, { readonly part: Skeleton; readonly offset: number }>;

  constructor(tree: Readonly<Record<string, unknown>>) {
    const keys = Object.keys(tree);
    const sorted = keys.toSorted();
    const parts = new Map<string, { part: Skeleton; offset: number }>();
    let offset = 0;
    for (const k of sorted) {
      const part = skeleton(tree[k]);
      parts.set(k, { part, offset });
      offset += part.count;
    }
    super(offset);
    this.#keys = keys;
    this.#sorted = sorted;
    this.#parts = parts;
  }
  get key(): string {
    return `{${this.#sorted.map((k) => `${JSON.stringify(k)}:${this.#parts.get(k)!.part.key}`).join()}}`;
  }
  override build(leaves: readonly unknown[], from: number): Record<string, unknown> {
    const out: Record<string, unknown> = {};
    for (const k of this.#keys) {
      const { part, offset } = this.#parts.get(k)!;
      out[k] = part.build(leaves, from + offset);
    }
    return out;
  }
  override walk(path: string, out: string[]): void {
    for (const k of this.#sorted) this.#parts.get(k)!.part.walk(`${path}.${k}`, out);
  }
}

function skeleton(tree: unknown): Skeleton {
  if (tree === null) return NULL;
  if (tree === undefined) return UNDEFINED;
  if (Array.isArray(tree)) return new ArraySkeleton(Array.from(tree, skeleton));
  return isPlain(tree) ? new ObjectSkeleton(tree) : LEAF;
}

/** Puts `leaves` into the structure. */
export function unflatten<T>(def: TreeDef, leaves: readonly unknown[]): T {
  if (leaves.length !== def.count)
    throw new TreeError(`a tree of ${def.count} leaves cannot be built from ${leaves.length}`, {
      count: def.count,
      found: leaves.length,
      help: 'pass one value for each leaf of the structure',
    });
  return def.build(leaves, 0) as T;
}

/** Applies `f` leaf by leaf, in order, to one or more trees of one structure. */
export function mapTree<T>(f: (...leaves: never[]) => unknown, tree: T, ...rest: readonly unknown[]): T {
  return mapNode(f as (...leaves: unknown[]) => unknown, tree, rest, '') as T;
}

function mapNode(f: (...leaves: unknown[]) => unknown, x: unknown, others: readonly unknown[], path: string): unknown {
  for (const o of others) checkAlike(x, o, path);
  if (x === null || x === undefined) return x;
  const child = (key: string | number) => others.map((o) => (o as Record<string | number, unknown>)[key]);
  if (Array.isArray(x)) return x.map((v, i) => mapNode(f, v, child(i), `${path}[${i}]`));
  if (!isPlain(x)) return f(x, ...others);
  const out: Record<string, unknown> = {};
  for (const k of Object.keys(x)) out[k] = undefined; // keeps the user's own key order
  for (const k of Object.keys(x).sort()) out[k] = mapNode(f, x[k], child(k), `${path}.${k}`);
  return out;
}

function checkAlike(a: unknown, b: unknown, path: string): void {
  if (!isAlike(a, b)) {
    throw new TreeError(`trees differ at ${path === '' ? 'the root' : path}: ${describe(a)} beside ${describe(b)}`, {
      path,
      help: 'both trees must have the same keys and lengths',
    });
  }
}

function isAlike(a: unknown, b: unknown): boolean {
  if (a === null || a === undefined) return b === null || b === undefined;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length;
  return isPlain(a) ? isPlain(b) && keysOf(a) === keysOf(b) : !isBranch(b);
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
