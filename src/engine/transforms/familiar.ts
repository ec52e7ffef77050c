/**
 * Bodies that were seen before: a loop outside of jit traces its body on every call, and gets the earlier graph where nothing has changed, with all that was planned and compiled for it.
 *
 * Two graphs are equal when ops, parameters, connections, types and scopes are; the places in the user's code may differ. What is no plain data counts by identity.
 */
import { remembered } from '../cache.ts';
import type { Graph } from '../graph.ts';

/** Beyond that the oldest is forgotten. */
const KEPT = 128;
const known = new Map<string, Graph>();

/** An equal closed graph that was met before, or this one. */
export function familiar(graph: Graph): Graph {
  const { inputs, outputs, avals, nodes } = graph;
  const key = JSON.stringify([inputs, outputs, avals, nodes], shown);
  const earlier = known.get(key);
  if (earlier !== undefined) return earlier;
  known.set(key, graph);
  if (known.size > KEPT) known.delete(known.keys().next().value as string);
  return graph;
}

const serials = new WeakMap<object, number>();
let made = 0;

/** Plain data as it is, everything else by a number of its own. */
function shown(name: string, x: unknown): unknown {
  if (name === 'site') return undefined;
  if (typeof x === 'number')
    return Number.isFinite(x) && !Object.is(x, -0) ? x : `number ${Object.is(x, -0) ? '-0' : x}`;
  if (typeof x === 'bigint') return `${x}n`;
  if (typeof x === 'function') return `#${serialOf(x)}`;
  if (typeof x !== 'object' || x === null || Array.isArray(x)) return x;
  const isData = name !== 'op' && (Object.getPrototypeOf(x) === Object.prototype || Object.getPrototypeOf(x) === null);
  return isData ? x : `#${serialOf(x)}`;
}

const serialOf = (x: object): number => remembered(serials, x, () => made++);
