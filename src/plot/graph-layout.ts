/** Lays out a graph from top to bottom: layers, few crossings, scopes as boxes that hold their own nodes and nothing else. */
import { type Item, type Layered, layerGraph, loopWidth, type SizedNode } from './graph-layers.ts';
import { type Cluster, clusterTree, neighbours, orderLayers } from './graph-order.ts';
import { placeItems } from './graph-place.ts';

export interface PlacedNode {
  readonly id: string;
  /** Centre. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface PlacedEdge {
  /** From the lower side of the source to the upper side of the target; from the upper to the lower for an edge that runs up. */
  readonly points: readonly (readonly [number, number])[];
  readonly label: readonly [number, number];
  /** Up where an edge closes a cycle; a loop leaves a node on its right and comes back there. */
  readonly way: 'down' | 'up' | 'loop';
}

export interface PlacedScope {
  readonly name: string;
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

export interface GraphLayout {
  readonly nodes: readonly PlacedNode[];
  readonly edges: readonly PlacedEdge[];
  /** Outer scopes before inner ones. */
  readonly scopes: readonly PlacedScope[];
  readonly width: number;
  readonly height: number;
}

const layerGap = 34;
const scopeHead = 24;
const scopeFoot = 12;

/** Places sized nodes; every edge must name two of them. `nameWidth` is what the name of a scope needs, in pixels. */
export function layoutGraph(
  nodes: readonly SizedNode[],
  edges: readonly { readonly from: string; readonly to: string }[],
  nameWidth: (name: string) => number,
): GraphLayout {
  const index = new Map(nodes.map((n, i) => [n.id, i]));
  const layered = layerGraph(
    nodes,
    edges.map((e) => [index.get(e.from)!, index.get(e.to)!] as const),
  );
  const root = clusterTree(layered.items);
  const near = neighbours(layered);
  const { x, boxes } = placeItems(layered, root, near, orderLayers(layered, root, near), nameWidth);
  const rows = layerRows(layered, root);
  const y = layered.items.map((item) => rows[item.layer]!.middle);
  const scopes = root.children.flatMap((c) => placeScope(c, boxes, rows));
  return {
    nodes: nodes.map((n, i) => ({ id: n.id, x: x[i]!, y: y[i]!, width: n.width, height: n.height })),
    edges: placeEdges(layered, x, rows),
    scopes,
    width: Math.max(
      0,
      ...nodes.map((n, i) => x[i]! + n.width / 2),
      ...scopes.map((s) => s.right),
      ...layered.items.map((item) => x[item.index]!),
    ),
    height: Math.max(0, ...rows.map((r) => r.bottom + r.foot)),
  };
}

/** The height of a layer and the room for the scopes that begin above and end below it. */
interface Row {
  readonly top: number;
  readonly middle: number;
  readonly bottom: number;
  readonly foot: number;
}

function layerRows({ items, depth }: Layered, root: Cluster): Row[] {
  const heights = new Array<number>(depth).fill(0);
  for (const { layer, height } of items) heights[layer] = Math.max(heights[layer]!, height);
  const rows: Row[] = [];
  let y = 0;
  for (const [layer, height] of heights.entries()) {
    y += scopeHead * nested(root, (c) => c.first === layer);
    const foot = scopeFoot * nested(root, (c) => c.last === layer);
    rows.push({ top: y, middle: y + height / 2, bottom: y + height, foot });
    y += height + foot + layerGap;
  }
  return rows;
}

/** The longest chain of scopes inside one another that have a property. */
function nested(cluster: Cluster, has: (c: Cluster) => boolean): number {
  return Math.max(0, ...cluster.children.map((c) => nested(c, has) + Number(has(c))));
}

function placeScope(
  cluster: Cluster,
  boxes: ReadonlyMap<Cluster, readonly [number, number]>,
  rows: readonly Row[],
): PlacedScope[] {
  const [left, right] = boxes.get(cluster)!;
  const top = rows[cluster.first]!.top - scopeHead * (1 + nested(cluster, (c) => c.first === cluster.first));
  const bottom = rows[cluster.last]!.bottom + scopeFoot * (1 + nested(cluster, (c) => c.last === cluster.last));
  return [
    { name: cluster.name, left, right, top, bottom },
    ...cluster.children.flatMap((c) => placeScope(c, boxes, rows)),
  ];
}

function placeEdges({ items, routes, backward }: Layered, x: readonly number[], rows: readonly Row[]): PlacedEdge[] {
  const ports = spreadPorts(items, routes, x);
  return routes.map((route, e) => {
    const [source, target] = [items[route[0]!]!, items[route.at(-1)!]!];
    const [from, to] = [x[source.index]!, x[target.index]! + ports[e]!];
    const isUp = backward[e]!;
    if (route.length === 1) return loop(from, rows[source.layer]!.middle, source);
    const passed = route.slice(1, -1).flatMap((i): [number, number][] => {
      const row = rows[items[i]!.layer]!;
      return [
        [x[i]!, row.top],
        [x[i]!, row.bottom],
      ]; // straight through the layer, so that it touches no node
    });
    const down = [
      [from, rows[source.layer]!.middle + source.height / 2] as const,
      ...passed,
      [to, rows[target.layer]!.middle - target.height / 2] as const,
    ];
    const label = middleOfLongest(down);
    return { points: isUp ? down.toReversed() : down, label, way: isUp ? 'up' : 'down' };
  });
}

function middleOfLongest(points: readonly (readonly [number, number])[]): readonly [number, number] {
  const pieces = points
    .slice(1)
    .map(([x, y], i) => ({ x: (x + points[i]![0]) / 2, from: points[i]![1], to: y, isUpright: x === points[i]![0] }));
  const runs: { x: number; from: number; to: number }[] = [];
  for (const piece of pieces) {
    const last = runs.at(-1);
    if (last !== undefined && piece.isUpright && last.x === piece.x) last.to = piece.to;
    else runs.push({ ...piece });
  }
  const longest = runs.reduce((a, b) => (b.to - b.from > a.to - a.from ? b : a));
  return [longest.x, (longest.from + longest.to) / 2];
}

function loop(x: number, y: number, { width }: Item): PlacedEdge {
  const side = x + width / 2 - loopWidth; // the item is wider than its node by the room for the loop
  const points = [
    [side, y - 8],
    [side, y + 8],
  ] as const;
  return { points, label: [side + loopWidth / 2, y], way: 'loop' };
}

/** Where edges enter the upper side of their target: beside one another, in the order from which they come. */
function spreadPorts(items: readonly Item[], routes: readonly (readonly number[])[], x: readonly number[]): number[] {
  const ports = routes.map(() => 0);
  const entering = new Map<number, number[]>();
  for (const [e, route] of routes.entries()) {
    if (route.length > 1) entering.set(route.at(-1)!, [...(entering.get(route.at(-1)!) ?? []), e]);
  }
  for (const [target, list] of entering) {
    const step = Math.min(14, (0.7 * items[target]!.width) / list.length);
    list.sort((a, b) => x[routes[a]!.at(-2)!]! - x[routes[b]!.at(-2)!]!);
    for (const [k, e] of list.entries()) ports[e] = (k - (list.length - 1) / 2) * step;
  }
  return ports;
}
