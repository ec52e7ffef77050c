/** The first half of drawing a graph: which layer every node stands in, and the places that long edges pass. */
import { rankNodes } from './graph-rank.ts';

export interface SizedNode {
  readonly id: string;
  readonly scope: string;
  readonly width: number;
  readonly height: number;
}

/** A node, or a place in a layer that a long edge passes. */
export interface Item {
  readonly index: number;
  readonly layer: number;
  /** Path of scope names, outermost first. */
  readonly scope: readonly string[];
  readonly width: number;
  readonly height: number;
  readonly isNode: boolean;
}

export interface Layered {
  readonly items: readonly Item[];
  /** Number of layers. */
  readonly depth: number;
  /** For every edge the items it passes, from the upper one down; only the node itself for a loop. */
  readonly routes: readonly (readonly number[])[];
  /** Edges that run upwards because the graph has a cycle. */
  readonly backward: readonly boolean[];
}

/** Room that an edge from a node to itself takes on the right. */
export const loopWidth = 26;

type Pair = readonly [from: number, to: number];

/** Assigns layers by longest paths, draws sources near to what uses them, and splits long edges. */
export function layerGraph(nodes: readonly SizedNode[], edges: readonly Pair[]): Layered {
  const backward = findBackward(nodes.length, edges);
  const down = edges.map(([from, to], i): Pair => (backward[i] ? [to, from] : [from, to]));
  const scopes = nodes.map((n) => n.scope.split('/').filter((name) => name !== ''));
  const layers = rankNodes(
    scopes,
    down.filter(([from, to]) => from !== to),
  );
  const spans = scopeSpans(scopes, layers);
  const looped = new Set(edges.flatMap(([from, to]) => (from === to ? [from] : [])));
  const items: Item[] = nodes.map((n, index) => ({
    index,
    layer: layers[index]!,
    scope: scopes[index]!,
    width: n.width + (looped.has(index) ? 2 * loopWidth : 0),
    height: n.height,
    isNode: true,
  }));
  const routes = down.map(([from, to]) => {
    const between = Array.from({ length: Math.max(0, layers[to]! - layers[from]! - 1) }, (_, k) => {
      const index = items.length;
      const layer = layers[from]! + 1 + k;
      const scope = scopeOfPiece(scopes[from]!, scopes[to]!, layer, spans);
      items.push({ index, layer, scope, width: 2, height: 0, isNode: false });
      return index;
    });
    return from === to ? [from] : [from, ...between, to];
  });
  return { items, depth: Math.max(0, ...layers.map((l) => l + 1)), routes, backward };
}

/** Marks the edges that close a cycle in a depth-first walk. */
function findBackward(count: number, edges: readonly Pair[]): boolean[] {
  const out = Array.from({ length: count }, (): number[] => []);
  for (const [i, [from]] of edges.entries()) out[from]!.push(i);
  const backward = edges.map(() => false);
  const state = new Uint8Array(count); // 1 on the current path, 2 done
  for (let root = 0; root < count; root++) {
    if (state[root] !== 0) continue;
    const path = [{ node: root, next: 0 }];
    state[root] = 1;
    while (path.length > 0) {
      const top = path.at(-1)!;
      const edge = out[top.node]![top.next++];
      if (edge === undefined) {
        state[top.node] = 2;
        path.pop();
        continue;
      }
      const to = edges[edge]![1];
      if (state[to] === 1) backward[edge] = true;
      else if (state[to] === 0) {
        state[to] = 1;
        path.push({ node: to, next: 0 });
      }
    }
  }
  return backward;
}

/** First and last layer of every scope, by its path. */
function scopeSpans(scopes: readonly (readonly string[])[], layers: readonly number[]): Map<string, Pair> {
  const spans = new Map<string, Pair>();
  for (const [v, path] of scopes.entries()) {
    for (let depth = 1; depth <= path.length; depth++) {
      const key = path.slice(0, depth).join('/');
      const [first, last] = spans.get(key) ?? [layers[v]!, layers[v]!];
      spans.set(key, [Math.min(first, layers[v]!), Math.max(last, layers[v]!)]);
    }
  }
  return spans;
}

/** An edge leaves the scopes of its source where these end and enters those of its target where these begin. */
function scopeOfPiece(
  from: readonly string[],
  to: readonly string[],
  layer: number,
  spans: ReadonlyMap<string, Pair>,
): readonly string[] {
  const inside = (path: readonly string[]) => {
    const end = path.findIndex((_, i) => {
      const [first, last] = spans.get(path.slice(0, i + 1).join('/'))!;
      return layer < first || layer > last;
    });
    return end < 0 ? path : path.slice(0, end);
  };
  const [a, b] = [inside(from), inside(to)];
  return b.length >= a.length ? b : a;
}
