/** Scopes: what was made inside is freed at the end, unless it is returned or kept. Users rarely write one; transformations open their own. */
import { UnsupportedError } from './errors.ts';
import type { Storage, Tensor } from './tensor.ts';
import { Concrete } from './tensor.ts';
import { isStaging } from './trace.ts';
import { leavesOf } from './tree.ts';

/** A list of storages to free. */
export class Scope {
  readonly #made = new Set<Storage>();
  readonly #parent: Scope | null;
  #isOpen = true;

  constructor(parent: Scope | null) {
    this.#parent = parent;
  }

  add(storage: Storage): void {
    this.#made.add(storage);
  }

  /** Lets the tensors of a tree outlive this scope; they belong to the surrounding one, if there is one. */
  keep<T>(tree: T): T {
    for (const leaf of leavesOf(tree)) {
      if (!(leaf instanceof Concrete)) continue;
      if (this.#made.delete(leaf.storage)) openFrom(this.#parent)?.add(leaf.storage);
    }
    return tree;
  }

  /** Lets a result live on in the scope that is innermost now. */
  handOver(tree: unknown): void {
    for (const leaf of leavesOf(tree)) {
      if (leaf instanceof Concrete && this.#made.delete(leaf.storage)) innermost?.add(leaf.storage);
    }
  }

  /** Frees what is left. */
  end(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    for (const storage of this.#made) if (storage.state === 'live') storage.backend.release(storage);
    this.#made.clear();
  }

  [Symbol.dispose](): void {
    this.end();
    innermost = openFrom(innermost);
  }

  /** This scope, or the nearest one around it that has not ended; scopes may be disposed in any order. */
  nearestOpen(): Scope | null {
    return this.#isOpen ? this : openFrom(this.#parent);
  }
}

const openFrom = (start: Scope | null): Scope | null => start?.nearestOpen() ?? null;

if (Symbol.dispose === undefined) Object.defineProperty(Symbol, 'dispose', { value: Symbol.for('Symbol.dispose') });

let innermost: Scope | null = null;

/** Opens a scope until it is disposed: `using s = scope();`. */
export function scope(): Scope {
  innermost = new Scope(innermost);
  return innermost;
}

/** Runs `body`; every tensor made inside is freed at the end, except those in the returned tree. The body must not be asynchronous. */
export function scoped<R>(body: () => R): R {
  const mine = scope();
  try {
    const result = body();
    if (result instanceof Promise)
      throw new UnsupportedError('scoped: the body is asynchronous, and would go on after its tensors are freed', {
        help: 'open scopes around the synchronous parts only',
      });
    return mine.keep(result);
  } finally {
    mine[Symbol.dispose]();
  }
}

/** Runs `body` with results collected in `target` instead of the innermost scope; transformations collect their own intermediate values so. */
export function collecting<R>(target: Scope | null, body: () => R): R {
  const before = innermost;
  innermost = target;
  try {
    return body();
  } finally {
    innermost = before;
  }
}

/** Notes freshly made tensors in the innermost scope; those that show an operand's storage are not fresh, and those made while recording belong to the recorded graph. */
export function trackResults<T extends readonly Tensor[]>(results: T, operands: readonly Tensor[] = []): T {
  if (innermost === null || isStaging()) return results;
  for (const x of results) if (x instanceof Concrete && !shows(operands, x.storage)) innermost.add(x.storage);
  return results;
}

function shows(operands: readonly Tensor[], storage: Storage): boolean {
  for (const o of operands) if (o instanceof Concrete && o.storage === storage) return true;
  return false;
}
