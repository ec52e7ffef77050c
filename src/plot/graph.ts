/** A graph as plain data, drawn as DOT text for Graphviz or as an SVG picture laid out here. */
import { ConfigError } from '../engine/errors.ts';
import { layoutGraph, type PlacedEdge, type PlacedNode, type PlacedScope } from './graph-layout.ts';
import { element, escapeXml, label, picture, textLength } from './svg.ts';
import { formatNumber } from './units.ts';

export interface PlotNode {
  readonly id: string;
  readonly label: string;
  readonly shape?: readonly number[];
  readonly dtype?: string;
  /** Names of nested scopes, separated by slashes: `block 1/attention`. */
  readonly scope?: string;
  readonly value?: string | number;
  /** `input`, `parameter`, `constant`, `output`, `loss` have looks of their own; anything else looks like an op. */
  readonly kind?: string;
}

export interface PlotEdge {
  readonly from: string;
  readonly to: string;
  readonly label?: string;
}

export interface PlotGraph {
  readonly nodes: readonly PlotNode[];
  readonly edges: readonly PlotEdge[];
}

/** Throws ConfigError where two nodes share an id or an edge names a node that is not there. */
function checkGraph({ nodes, edges }: PlotGraph): void {
  const ids = new Set<string>();
  for (const { id } of nodes) {
    if (ids.has(id))
      throw new ConfigError(`two nodes have the id ${JSON.stringify(id)}`, {
        help: 'give every node an id of its own',
        id,
      });
    ids.add(id);
  }
  for (const { from, to } of edges) {
    const missing = [from, to].find((id) => !ids.has(id));
    if (missing !== undefined) {
      throw new ConfigError(
        `the edge ${from} → ${to} names the node ${JSON.stringify(missing)}, which is not in the graph`,
        { help: 'add the node, or leave the edge out', id: missing },
      );
    }
  }
}

/** The lines written in a node: its label, its dtype and shape, its value. */
function nodeLines({ label: name, dtype, shape, value }: PlotNode): string[] {
  const type = [dtype ?? '', shape === undefined ? '' : `(${shape.join(', ')})`].filter((t) => t !== '').join(' ');
  const shown = typeof value === 'number' ? formatNumber(value, 4) : (value ?? '');
  return [name, type, shown].filter((line) => line !== '');
}

/** The graph in the DOT language, with scopes as clusters. */
export function graphDot(graph: PlotGraph): string {
  checkGraph(graph);
  const edges = graph.edges.map(
    ({ from, to, label: text }) =>
      `  ${quote(from)} -> ${quote(to)}${text === undefined ? '' : ` [label=${quote(text)}]`};`,
  );
  return [
    'digraph {',
    '  node [shape=box, style=rounded, fontname="sans-serif", fontsize=11];',
    '  edge [fontname="sans-serif", fontsize=10, arrowsize=0.7];',
    ...dotScope(graph.nodes, '', '  '),
    ...edges,
    '}',
    '',
  ].join('\n');
}

function dotScope(nodes: readonly PlotNode[], scope: string, indent: string): string[] {
  const own = nodes.filter((n) => (n.scope ?? '') === scope);
  const prefix = scope === '' ? '' : `${scope}/`;
  const below = nodes.flatMap((n) =>
    (n.scope ?? '').startsWith(prefix) && n.scope !== scope && n.scope
      ? [n.scope.slice(prefix.length).split('/')[0]!]
      : [],
  );
  const clusters = [...new Set(below)].flatMap((name) => [
    `${indent}subgraph ${quote(`cluster_${prefix}${name}`)} {`,
    `${indent}  label=${quote(name)};`,
    ...dotScope(nodes, `${prefix}${name}`, `${indent}  `),
    `${indent}}`,
  ]);
  return [...own.map((n) => `${indent}${quote(n.id)} [label=${quote(nodeLines(n).join('\n'))}];`), ...clusters];
}

const quote = (text: string): string =>
  `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;

export interface GraphSvgOptions {
  readonly title: string;
  readonly description?: string;
}

const looks: Readonly<Record<string, string>> = {
  input: 'var(--series-0)',
  parameter: 'var(--series-2)',
  constant: 'var(--muted)',
  output: 'var(--series-1)',
  loss: 'var(--series-7)',
};

/** The graph as an SVG document, from top to bottom in layers, with scopes as boxes. */
export function graphSvg(graph: PlotGraph, options: GraphSvgOptions): string {
  checkGraph(graph);
  const sized = graph.nodes.map((n) => {
    const lines = nodeLines(n);
    const width = Math.max(44, ...lines.map((line, i) => textLength(line, i === 0 ? 12 : 11))) + 20;
    return { id: n.id, scope: n.scope ?? '', width, height: 12 + 15 * lines.length };
  });
  const layout = layoutGraph(sized, graph.edges, (name) => textLength(name, 11) + 20);
  const top = 44;
  const width = Math.max(layout.width + 32, textLength(options.title, 14) + 32);
  const byId = new Map(graph.nodes.map((n) => [n.id, n]));
  return picture(
    { ...options, description: options.description ?? describeGraph(graph), width, height: layout.height + top + 16 },
    label(options.title, { x: 16, y: 25, class: 'title' }),
    element(
      'g',
      { transform: `translate(${(width - layout.width) / 2} ${top})` },
      ...layout.scopes.map(scopeMarks),
      ...layout.edges.map((e, i) => edgeMarks(e, graph.edges[i]!)),
      ...layout.nodes.map((n) => nodeMarks(n, byId.get(n.id)!)),
    ),
  );
}

function scopeMarks({ name, left, top, right, bottom }: PlacedScope): string {
  const box = {
    x: left,
    y: top,
    width: right - left,
    height: bottom - top,
    rx: 8,
    fill: 'var(--muted)',
    'fill-opacity': 0.07,
    stroke: 'var(--line)',
  };
  return element('rect', box) + label(name, { x: left + 10, y: top + 15, class: 'muted', 'font-size': 11 });
}

function nodeMarks({ x, y, width, height }: PlacedNode, node: PlotNode): string {
  const color = looks[node.kind ?? ''] ?? 'var(--ink)';
  const lines = nodeLines(node);
  const texts = lines.map((line, i) =>
    label(line, {
      x,
      y: y - height / 2 + 17 + 15 * i,
      'text-anchor': 'middle',
      ...(i === 0 ? {} : { class: 'muted', 'font-size': 11 }),
    }),
  );
  const box = { x: x - width / 2, y: y - height / 2, width, height, rx: 6, stroke: color, 'stroke-opacity': 0.75 };
  return element(
    'g',
    {},
    element('title', {}, escapeXml([node.id, ...lines].join('\n'))),
    element('rect', { ...box, fill: 'var(--surface)' }),
    element('rect', {
      ...box,
      fill: color,
      'fill-opacity': node.kind !== undefined && node.kind in looks ? 0.1 : 0.03,
    }),
    ...texts,
  );
}

function edgeMarks({ points, label: at, way }: PlacedEdge, edge: PlotEdge): string {
  const dash = way === 'up' ? '4 3' : undefined;
  const line = {
    d: way === 'loop' ? loopCurve(points) : curve(points),
    fill: 'none',
    stroke: 'var(--muted)',
    'stroke-width': 1.25,
  };
  const marks = element('path', { ...line, 'stroke-dasharray': dash }) + arrowHead(points.at(-1)!, way);
  if (edge.label === undefined) return marks;
  const halo = 'paint-order:stroke;stroke:var(--surface);stroke-width:4px';
  const text = {
    x: at[0],
    y: at[1],
    dy: '.32em',
    'text-anchor': 'middle',
    class: 'muted',
    'font-size': 11,
    style: halo,
  };
  return marks + label(edge.label, text);
}

function arrowHead([x, y]: readonly [number, number], way: PlacedEdge['way']): string {
  const corners = { down: [-3.5, -6, 0, 0, 3.5, -6], up: [-3.5, 6, 0, 0, 3.5, 6], loop: [6, -2.5, 0, 0, 5, 4] }[way];
  const points = corners.map((c, i) => Math.round(100 * (c + (i % 2 === 0 ? x : y))) / 100);
  return element('polygon', { points: points.join(' '), fill: 'var(--muted)' });
}

function loopCurve([from, to]: readonly (readonly [number, number])[]): string {
  const [[x, y], [, end]] = [from!, to!];
  return `M${x},${y}C${x + 26},${y - 8} ${x + 26},${end + 8} ${x},${end}`;
}

/** A path that leaves and enters every point vertically. */
function curve(points: readonly (readonly [number, number])[]): string {
  const text = (v: number) => String(Math.round(v * 100) / 100);
  return points
    .map(([x, y], i) => {
      const before = points[i - 1];
      if (before === undefined) return `M${text(x)},${text(y)}`;
      const middle = text((before[1] + y) / 2);
      return before[0] === x
        ? `L${text(x)},${text(y)}`
        : `C${text(before[0])},${middle} ${text(x)},${middle} ${text(x)},${text(y)}`;
    })
    .join('');
}

const describeGraph = ({ nodes, edges }: PlotGraph): string =>
  `A graph of ${nodes.length} nodes and ${edges.length} edges: ${nodes
    .slice(0, 40)
    .map((n) => n.label)
    .join(', ')}${nodes.length > 40 ? ', …' : ''}.`;
