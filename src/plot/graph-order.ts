/** The second half of drawing a graph, first part: the order from left to right in every layer, scopes kept together. */
import { remembered } from '../engine/cache.ts';
import type { Item, Layered } from './graph-layers.ts';

/** A scope; the root holds everything. */
export interface Cluster {
  readonly name: string;
  readonly parent: Cluster | null;
  readonly children: Cluster[];
  /** Items that stand directly in this scope. */
  readonly items: Item[];
  first: number;
  last: number;
}

/** What stands in one layer of a cluster, from left to right. */
export type Entry = { readonly item: Item } | { readonly cluster: Cluster };
export type EntriesAt = (cluster: Cluster, layer: number) => readonly Entry[];

export interface Neighbours {
  readonly up: readonly number[][];
  readonly down: readonly number[][];
}

/** The tree of scopes with the layers that each spans. */
export function clusterTree(items: readonly Item[]): Cluster {
  const make = (name: string, parent: Cluster | null): Cluster => ({
    name,
    parent,
    children: [],
    items: [],
    first: Number.POSITIVE_INFINITY,
    last: -1,
  });
  const root = make('', null);
  for (const item of items) {
    let at = root;
    widen(at, item.layer);
    for (const name of item.scope) {
      let next = at.children.find((c) => c.name === name);
      if (next === undefined) {
        next = make(name, at);
        at.children.push(next);
      }
      at = next;
      widen(at, item.layer);
    }
    at.items.push(item);
  }
  return root;
}

function widen(cluster: Cluster, layer: number): void {
  cluster.first = Math.min(cluster.first, layer);
  cluster.last = Math.max(cluster.last, layer);
}

/** The items above and below each item. */
export function neighbours({ items, routes }: Layered): Neighbours {
  const up = items.map((): number[] => []);
  const down = items.map((): number[] => []);
  for (const route of routes) {
    for (let i = 1; i < route.length; i++) {
      down[route[i - 1]!]!.push(route[i]!);
      up[route[i]!]!.push(route[i - 1]!);
    }
  }
  return { up, down };
}

/** Sweeps down and up with barycentres and keeps the order with the fewest crossings. */
export function orderLayers(layered: Layered, root: Cluster, near: Neighbours): EntriesAt {
  const { items, depth } = layered;
  const rows = byLayer(items);
  const place = items.map((_, i) => i);
  let best = { crossings: Number.POSITIVE_INFINITY, place: [...place] };
  const sweeps = items.length > 1500 ? 6 : 24;
  for (let sweep = 0; sweep <= sweeps && best.crossings > 0; sweep++) {
    const isDown = sweep % 2 === 0;
    const towards = isDown ? near.up : near.down;
    for (let k = 0; k < depth; k++) {
      const layer = isDown ? k : depth - 1 - k;
      if (sweep > 0) pull(rows.get(layer) ?? [], towards, place);
      spread(root, layer, place);
    }
    const crossings = countCrossings(layered, place);
    if (crossings < best.crossings) best = { crossings, place: [...place] };
  }
  return entries(best.place);
}

function pull(row: readonly Item[], towards: readonly number[][], place: number[]): void {
  for (const { index } of row) {
    const others = towards[index]!;
    if (others.length > 0) place[index] = mean(others.map((o) => place[o]!));
  }
}

/** Sets the places in a layer to coordinates in the order that they give, centred on zero. */
function spread(root: Cluster, layer: number, place: number[]): void {
  const row = flatten(root, layer, entries(place));
  const total = row.reduce((sum, item) => sum + item.width + 20, 0);
  let x = -total / 2;
  for (const item of row) {
    place[item.index] = x + item.width / 2;
    x += item.width + 20;
  }
}

function flatten(cluster: Cluster, layer: number, at: EntriesAt): Item[] {
  return at(cluster, layer).flatMap((e) => ('item' in e ? [e.item] : flatten(e.cluster, layer, at)));
}

/** Sorts by one place for every item and every scope: a scope then has the same neighbours in all its layers. */
function entries(place: readonly number[]): EntriesAt {
  const centres = new Map<Cluster, number>();
  const centre = (cluster: Cluster): number => {
    const known = centres.get(cluster);
    if (known !== undefined) return known;
    const value = mean(members(cluster).map((item) => place[item.index]!));
    centres.set(cluster, value);
    return value;
  };
  const key = (e: Entry) => ('item' in e ? place[e.item.index]! : centre(e.cluster));
  return (cluster, layer) => {
    const inside = cluster.children.filter((c) => c.first <= layer && layer <= c.last);
    const all: Entry[] = [
      ...(rowsOf(cluster).get(layer) ?? []).map((item) => ({ item })),
      ...inside.map((c) => ({ cluster: c })),
    ];
    return all.sort((a, b) => key(a) - key(b)); // stable: equal places keep scopes in the order of the tree
  };
}

const knownRows = new WeakMap<Cluster, Map<number, Item[]>>();

/** A cluster's own items by layer. */
const rowsOf = (cluster: Cluster): Map<number, Item[]> => remembered(knownRows, cluster, () => byLayer(cluster.items));

function byLayer(items: readonly Item[]): Map<number, Item[]> {
  const rows = new Map<number, Item[]>();
  for (const item of items) remembered(rows, item.layer, () => []).push(item);
  return rows;
}

const members = (cluster: Cluster): Item[] => [...cluster.items, ...cluster.children.flatMap(members)];

/** Crossings between neighbouring layers. */
export function countCrossings({ routes, items }: Layered, place: readonly number[]): number {
  const byLayer = new Map<number, [number, number][]>();
  for (const route of routes) {
    for (let i = 1; i < route.length; i++) {
      const layer = items[route[i - 1]!]!.layer;
      const segments = byLayer.get(layer) ?? [];
      segments.push([place[route[i - 1]!]!, place[route[i]!]!]);
      byLayer.set(layer, segments);
    }
  }
  let crossings = 0;
  for (const segments of byLayer.values()) {
    segments.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    for (let i = 0; i < segments.length; i++) {
      for (let j = i + 1; j < segments.length; j++) {
        if (segments[i]![0] < segments[j]![0] && segments[i]![1] > segments[j]![1]) crossings++;
      }
    }
  }
  return crossings;
}

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
