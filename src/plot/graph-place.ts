/** The second half of drawing a graph, second part: coordinates from left to right that keep the order, its gaps, and scopes as boxes. */
import type { Item, Layered } from './graph-layers.ts';
import type { Cluster, EntriesAt, Neighbours } from './graph-order.ts';

const nodeGap = 22;
const lineGap = 14;
const scopeGap = 18;
const scopePadding = 14;

/** Variables are the centres of items, then the left and right borders of scopes; a constraint says that one is so far right of another. */
interface Constraints {
  readonly before: { readonly other: number; readonly gap: number }[][];
  readonly after: { readonly other: number; readonly gap: number }[][];
  /** Borders by scope: [left, right] variables. */
  readonly borders: Map<Cluster, readonly [number, number]>;
  /** −1 a left border, 1 a right border, 0 an item. */
  readonly side: number[];
}

export interface Placed {
  /** Centre of every item. */
  readonly x: readonly number[];
  readonly boxes: ReadonlyMap<Cluster, readonly [left: number, right: number]>;
}

/** Finds places near those of the neighbours; `nameWidth` is what the name of a scope needs. */
export function placeItems(
  { items, routes }: Layered,
  root: Cluster,
  near: Neighbours,
  at: EntriesAt,
  nameWidth: (name: string) => number,
): Placed {
  const constraints = collect(items, root, at, nameWidth);
  const x = leftmost(constraints);
  const rows = byLayer(items, x);
  for (let pass = 0; pass < 16; pass++) {
    const isDown = pass % 2 === 0;
    const pulls = pass >= 12 ? [near.up, near.down] : [isDown ? near.up : near.down];
    for (const row of isDown ? rows : rows.toReversed()) settle(row, items, pulls, constraints, x);
  }
  for (const route of routes) straighten(route.slice(1, -1), constraints, x);
  tighten(constraints, x);
  const shift = Math.min(...leftEdges(items, x, constraints));
  const boxes = new Map([...constraints.borders].map(([c, [l, r]]) => [c, [x[l]! - shift, x[r]! - shift] as const]));
  return { x: items.map((item) => x[item.index]! - shift), boxes };
}

const leftEdges = (items: readonly Item[], x: readonly number[], { borders }: Constraints): number[] => [
  ...items.map((item) => x[item.index]! - item.width / 2),
  ...[...borders.values()].map(([l]) => x[l]!),
  Number.POSITIVE_INFINITY,
];

function byLayer(items: readonly Item[], x: readonly number[]): number[][] {
  const rows: number[][] = [];
  for (const { layer, index } of items) {
    rows[layer] ??= [];
    rows[layer].push(index);
  }
  for (const row of rows) row.sort((a, b) => x[a]! - x[b]!);
  return rows;
}

function collect(
  items: readonly Item[],
  root: Cluster,
  at: EntriesAt,
  nameWidth: (name: string) => number,
): Constraints {
  const out: Constraints = {
    before: items.map(() => []),
    after: items.map(() => []),
    borders: new Map(),
    side: items.map(() => 0),
  };
  const border = (side: number): number => {
    out.before.push([]);
    out.after.push([]);
    return out.side.push(side) - 1;
  };
  const apart = (left: number, right: number, gap: number) => {
    out.after[left]!.push({ other: right, gap });
    out.before[right]!.push({ other: left, gap });
  };
  const visit = (cluster: Cluster): void => {
    if (cluster.parent !== null) {
      out.borders.set(cluster, [border(-1), border(1)]);
      apart(...out.borders.get(cluster)!, nameWidth(cluster.name));
    }
    for (const child of cluster.children) visit(child);
    for (let layer = cluster.first; layer <= cluster.last; layer++) constrainLayer(cluster, layer, at, out, apart);
  };
  visit(root);
  return out;
}

function constrainLayer(
  cluster: Cluster,
  layer: number,
  at: EntriesAt,
  { borders }: Constraints,
  apart: (l: number, r: number, gap: number) => void,
): void {
  const sides = at(cluster, layer).map((e) =>
    'item' in e
      ? { left: e.item.index, right: e.item.index, half: e.item.width / 2, gap: e.item.isNode ? nodeGap : lineGap }
      : { left: borders.get(e.cluster)![0], right: borders.get(e.cluster)![1], half: 0, gap: scopeGap },
  );
  for (let i = 1; i < sides.length; i++) {
    const [a, b] = [sides[i - 1]!, sides[i]!];
    apart(a.right, b.left, a.half + b.half + Math.max(a.gap, b.gap));
  }
  const own = borders.get(cluster);
  if (own === undefined || sides.length === 0) return;
  apart(own[0], sides[0]!.left, sides[0]!.half + scopePadding);
  apart(sides.at(-1)!.right, own[1], sides.at(-1)!.half + scopePadding);
}

/** The solution in which everything stands as far left as it can. */
function leftmost({ before, after }: Constraints): number[] {
  const waiting = before.map((list) => list.length);
  const ready = waiting.flatMap((n, v) => (n === 0 ? [v] : []));
  const x = waiting.map(() => 0);
  for (const v of ready) {
    for (const { other, gap } of after[v]!) {
      x[other] = Math.max(x[other]!, x[v]! + gap);
      if (--waiting[other]! === 0) ready.push(other);
    }
  }
  return x;
}

/** Moves the items of one layer towards their neighbours: from the right end first, so that none blocks the next, then from the left. */
function settle(
  row: readonly number[],
  items: readonly Item[],
  pulls: readonly (readonly number[][])[],
  constraints: Constraints,
  x: number[],
): void {
  for (const order of [row.toReversed(), row]) {
    for (const v of order) {
      const wanted = wish(v, items, pulls, x);
      if (wanted !== null) move(v, wanted, constraints, x);
    }
  }
  tighten(constraints, x);
}

/** The weighted mean of the neighbours; pieces of long edges pull hard on each other, so that these run straight. */
function wish(
  v: number,
  items: readonly Item[],
  pulls: readonly (readonly number[][])[],
  x: readonly number[],
): number | null {
  let [sum, total] = [0, 0];
  for (const side of pulls) {
    for (const other of side[v]!) {
      const lines = Number(!items[v]!.isNode) + Number(!items[other]!.isNode);
      const weight = [1, 3, 12][lines]!;
      sum += weight * x[other]!;
      total += weight;
    }
  }
  return total === 0 ? null : sum / total;
}

function move(v: number, wanted: number, constraints: Constraints, x: number[]): void {
  const low = bound(v, constraints.before, constraints.side, -1, x);
  const high = bound(v, constraints.after, constraints.side, 1, x);
  x[v] = Math.min(high, Math.max(low, wanted));
  makeRoom(v, constraints.before, constraints.side, -1, x);
  makeRoom(v, constraints.after, constraints.side, 1, x);
}

/** Sets the pieces of a long edge upright in as few runs as the neighbours allow. */
function straighten(pieces: readonly number[], { before, after, side }: Constraints, x: number[]): void {
  let run: number[] = [];
  let [low, high] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  const setRun = () => {
    if (run.length === 0) return;
    const wanted = run.reduce((sum, v) => sum + x[v]!, 0) / run.length;
    for (const v of run) {
      x[v] = Math.min(high, Math.max(low, wanted));
      makeRoom(v, before, side, -1, x);
      makeRoom(v, after, side, 1, x);
    }
  };
  for (const v of pieces) {
    const [from, to] = [bound(v, before, side, -1, x), bound(v, after, side, 1, x)];
    if (Math.max(low, from) > Math.min(high, to)) {
      setRun();
      [run, low, high] = [[], Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    }
    run.push(v);
    [low, high] = [Math.max(low, from), Math.min(high, to)];
  }
  setRun();
}

/** How far a variable can go to one side; the borders of its own scopes give way as far as they can. */
function bound(
  v: number,
  lists: Constraints['before'],
  sides: readonly number[],
  side: -1 | 1,
  x: readonly number[],
): number {
  let limit = side * Number.POSITIVE_INFINITY;
  for (const { other, gap } of lists[v]!) {
    const there = sides[other] === side ? bound(other, lists, sides, side, x) : x[other]!;
    limit = side < 0 ? Math.max(limit, there + gap) : Math.min(limit, there - gap);
  }
  return limit;
}

function makeRoom(v: number, lists: Constraints['before'], sides: readonly number[], side: -1 | 1, x: number[]): void {
  for (const { other, gap } of lists[v]!) {
    const needed = x[v]! + side * gap;
    if (sides[other] !== side || side * (x[other]! - needed) >= 0) continue;
    x[other] = needed;
    makeRoom(other, lists, sides, side, x);
  }
}

/** Draws every scope in around what it holds, inner scopes first. */
function tighten({ borders, before, after }: Constraints, x: number[]): void {
  for (const [left, right] of [...borders.values()].toReversed()) {
    x[right] = Math.max(...before[right]!.filter((c) => c.other !== left).map((c) => x[c.other]! + c.gap));
    x[left] = Math.min(...after[left]!.filter((c) => c.other !== right).map((c) => x[c.other]! - c.gap));
    const short = before[right]!.find((c) => c.other === left)!.gap - (x[right] - x[left]);
    if (short > 0) x[right] = x[right] + Math.min(short, bound(right, after, [], 1, x) - x[right]);
    const still = before[right]!.find((c) => c.other === left)!.gap - (x[right] - x[left]);
    if (still > 0) x[left] = x[left] - still;
  }
}
