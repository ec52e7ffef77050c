/** The structure of a call's arguments: compared with the last one without allocating, written out as text only when it is new. */

import type { Dtype } from '../dtype.ts';
import { ConfigError } from '../errors.ts';
import type { TensorLike } from '../ops/constant.ts';
import type { Shape } from '../shape.ts';
import { sameShape, showShape } from '../shape.ts';
import { Tensor } from '../tensor.ts';
import { isPlain } from '../tree.ts';

/** What one argument, or one part of it, must look like. */
export type Slot =
  | { readonly kind: 'tensor'; readonly shape: Shape; readonly dtype: Dtype }
  | { readonly kind: 'number' }
  | { readonly kind: 'fixed'; readonly value: unknown }
  | { readonly kind: 'static'; readonly key: string }
  | { readonly kind: 'array'; readonly items: readonly Slot[] }
  | { readonly kind: 'object'; readonly keys: readonly string[]; readonly items: readonly Slot[] };

/** The slot of an argument; throws for leaves that jit cannot take. */
export function slotOf(x: unknown): Slot {
  if (x instanceof Tensor) return x.weak ? { kind: 'number' } : { kind: 'tensor', shape: x.shape, dtype: x.dtype };
  if (typeof x === 'number') return { kind: 'number' };
  if (isFixed(x)) return { kind: 'fixed', value: x };
  if (Array.isArray(x)) return { kind: 'array', items: x.map(slotOf) };
  if (!isPlain(x)) throw notAllowed(x);
  const keys = Object.keys(x).sort();
  return { kind: 'object', keys, items: keys.map((k) => slotOf(x[k])) };
}

/** The slot of an argument that is static as a whole. */
export const staticSlotOf = (x: unknown): Slot => ({ kind: 'static', key: staticKey(x) });

const isFixed = (x: unknown): boolean =>
  x === null || x === undefined || typeof x === 'string' || typeof x === 'boolean' || typeof x === 'function';

const notAllowed = (x: unknown): ConfigError =>
  new ConfigError(
    `jit: an argument holds ${x?.constructor?.name ?? typeof x}, which is neither a tensor, a number, a string, a boolean nor a function`,
    { help: 'turn typed arrays into tensors with tensor(data, { shape }); pass other objects under `static`' },
  );

/** Whether a value fits a slot; the leaves that are traced are appended to `traced` in order. */
export function fits(slot: Slot, x: unknown, traced: TensorLike[]): boolean {
  switch (slot.kind) {
    case 'tensor':
      if (!(x instanceof Tensor) || x.weak || x.dtype !== slot.dtype || !sameShape(slot.shape, x.shape)) return false;
      traced.push(x);
      return true;
    case 'number':
      if (typeof x !== 'number' && !(x instanceof Tensor && x.weak)) return false;
      traced.push(x as TensorLike);
      return true;
    case 'fixed':
      return x === slot.value;
    case 'static':
      return staticKey(x) === slot.key;
    case 'array':
      return Array.isArray(x) && fitsAll(slot.items, x, traced);
    case 'object':
      return isPlain(x) && fitsKeys(slot.keys, slot.items, x, traced);
  }
}

/** `fits` for a list. */
export function fitsAll(slots: readonly Slot[], xs: readonly unknown[], traced: TensorLike[]): boolean {
  if (slots.length !== xs.length) return false;
  for (let i = 0; i < slots.length; i++) if (!fits(slots[i]!, xs[i], traced)) return false;
  return true;
}

function fitsKeys(
  keys: readonly string[],
  items: readonly Slot[],
  x: Readonly<Record<string, unknown>>,
  traced: TensorLike[],
): boolean {
  let count = 0;
  for (const _ in x) count++;
  if (count !== keys.length) return false;
  for (let i = 0; i < keys.length; i++) {
    const k = keys[i]!;
    const value = x[k];
    if ((value === undefined && !(k in x)) || !fits(items[i]!, value, traced)) return false;
  }
  return true;
}

/** The slot as text, equal for equal slots. */
export function showSlot(slot: Slot): string {
  switch (slot.kind) {
    case 'tensor':
      return `${slot.dtype}${showShape(slot.shape)}`;
    case 'number':
      return 'number';
    case 'fixed':
      return primitiveKey(slot.value);
    case 'static':
      return `static ${slot.key}`;
    case 'array':
      return `[${slot.items.map(showSlot).join(', ')}]`;
    case 'object':
      return `{ ${slot.keys.map((k, i) => `${JSON.stringify(k)}: ${showSlot(slot.items[i]!)}`).join(', ')} }`;
  }
}

/** Equal for values that a traced function cannot tell apart: plain data by content, everything else by identity. */
function staticKey(x: unknown): string {
  if (Array.isArray(x)) return `[${x.map(staticKey).join(', ')}]`;
  if (!isPlain(x)) return primitiveKey(x);
  const keys = Object.keys(x).sort();
  return `{ ${keys.map((k) => `${JSON.stringify(k)}: ${staticKey(x[k])}`).join(', ')} }`;
}

const identities = new WeakMap<object, number>();
let nextIdentity = 0;

function primitiveKey(x: unknown): string {
  if (typeof x === 'string') return JSON.stringify(x);
  if (Object.is(x, -0)) return '-0';
  if (typeof x !== 'function' && (typeof x !== 'object' || x === null)) return String(x);
  let id = identities.get(x);
  if (id === undefined) {
    id = nextIdentity++;
    identities.set(x, id);
  }
  const name = typeof x === 'function' ? x.name || 'function' : (x.constructor?.name ?? 'object');
  return `${name}#${id}`;
}
