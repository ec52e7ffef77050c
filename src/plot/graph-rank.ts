/** The layer of every node of an acyclic graph: longest paths, with scopes stacked below one another where the edges allow it. */

type Pair = readonly [from: number, to: number];

interface Link {
  readonly other: number;
  /** Layers between the two at least. */
  readonly length: 0 | 1;
}

interface Links {
  readonly ins: Link[][];
  readonly outs: Link[][];
}

/** Layers from 0; `scopes` are the paths of scope names of the nodes, `edges` must not form a cycle. */
export function rankNodes(scopes: readonly (readonly string[])[], edges: readonly Pair[]): number[] {
  const count = scopes.length;
  const links: Links = { ins: scopes.map(() => []), outs: scopes.map(() => []) };
  for (const [from, to] of edges) link(links, from, to, 1);
  const degree = links.outs.map((out, v) => out.length - links.ins[v]!.length);
  stackScopes(scopes, edges, links);
  const order = topological(links);
  const layer = links.ins.map(() => 0);
  for (const v of order) layer[v] = Math.max(0, ...links.ins[v]!.map((l) => layer[l.other]! + l.length));
  // A node with more outputs than inputs shortens the picture by standing just above its first user.
  for (const v of order.toReversed()) {
    const isFree = v >= count || degree[v]! > 0;
    if (isFree && links.outs[v]!.length > 0)
      layer[v] = Math.min(...links.outs[v]!.map((l) => layer[l.other]! - l.length));
  }
  const used = layer.slice(0, count);
  const first = Math.min(...used, Number.POSITIVE_INFINITY);
  return used.map((l) => l - first);
}

function link({ ins, outs }: Links, from: number, to: number, length: 0 | 1): void {
  outs[from]!.push({ other: to, length });
  ins[to]!.push({ other: from, length });
}

/** Gives every scope a first and a last vertex, and puts one scope or node wholly below another that feeds it and is not fed by it. */
function stackScopes(scopes: readonly (readonly string[])[], edges: readonly Pair[], links: Links): void {
  const bounds = new Map<string, Pair>();
  const vertex = () => {
    links.ins.push([]);
    return links.outs.push([]) - 1;
  };
  const boundsOf = (path: readonly string[]): Pair => {
    const key = path.join('/');
    const known = bounds.get(key);
    if (known !== undefined) return known;
    const own: Pair = [vertex(), vertex()];
    bounds.set(key, own);
    if (path.length > 1) holdIn(boundsOf(path.slice(0, -1)), own, links);
    return own;
  };
  for (const [v, path] of scopes.entries()) if (path.length > 0) holdIn(boundsOf(path), [v, v], links);
  for (const [a, b] of siblings(scopes, edges, boundsOf)) link(links, a[1], b[0], 1);
}

function holdIn([first, last]: Pair, [from, to]: Pair, links: Links): void {
  link(links, first, from, 0);
  link(links, to, last, 0);
}

/** Pairs of neighbours in the scope that both ends of an edge share, each a node or a scope, unless a way leads back. */
function siblings(
  scopes: readonly (readonly string[])[],
  edges: readonly Pair[],
  boundsOf: (path: readonly string[]) => Pair,
): [Pair, Pair][] {
  const found = new Map<string, { from: Pair; to: Pair; hasScope: boolean }>();
  for (const [from, to] of edges) {
    const [a, b] = [scopes[from]!, scopes[to]!];
    const shared = a.findIndex((name, i) => name !== b[i]);
    const depth = shared < 0 ? a.length : shared;
    const end = (v: number, path: readonly string[]): Pair =>
      path.length > depth ? boundsOf(path.slice(0, depth + 1)) : [v, v];
    const pair = { from: end(from, a), to: end(to, b), hasScope: a.length > depth || b.length > depth };
    found.set(`${pair.from[0]} ${pair.to[0]}`, pair);
  }
  const all = [...found.values()];
  const leadsBack = reachability(all.map(({ from, to }) => [from[0], to[0]] as const));
  return all.filter((p) => p.hasScope && !leadsBack(p.to[0], p.from[0])).map((p) => [p.from, p.to]);
}

/** Tells whether a way leads from one vertex to another; the answers for one start are kept. */
function reachability(edges: readonly Pair[]): (from: number, to: number) => boolean {
  const outs = new Map<number, number[]>();
  for (const [from, to] of edges) outs.set(from, [...(outs.get(from) ?? []), to]);
  const reached = new Map<number, Set<number>>();
  return (from, to) => {
    let seen = reached.get(from);
    if (seen === undefined) {
      seen = new Set([from]);
      for (const v of seen) for (const w of outs.get(v) ?? []) seen.add(w); // a set may grow while it is walked
      reached.set(from, seen);
    }
    return seen.has(to);
  };
}

function topological({ ins, outs }: Links): number[] {
  const waiting = ins.map((list) => list.length);
  const order = waiting.flatMap((n, v) => (n === 0 ? [v] : []));
  for (const v of order) for (const { other } of outs[v]!) if (--waiting[other]! === 0) order.push(other);
  return order;
}
