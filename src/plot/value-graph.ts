/** An expression graph from left to right: every value a box with its label, its number and its gradient, every operation a circle in front of its value. */
import { ConfigError } from '../engine/errors.ts';
import { layoutGraph, type PlacedEdge, type PlacedNode } from './graph-layout.ts';
import { element, escapeXml, label, picture, textLength } from './svg.ts';

/** A value, and the operation that makes it. */
export interface ValueNode {
  readonly id: string;
  readonly label: string;
  readonly data: number;
  /** Gradient of the output by this value; null while it is not known. */
  readonly grad: number | null;
  /** `input` and `output` have colours of their own. */
  readonly kind?: 'input' | 'constant' | 'output';
  readonly op?: { readonly name: string; readonly from: readonly string[] };
}

export interface ValueGraphOptions {
  readonly title: string;
  readonly description?: string;
  /** Ids of values that are set off; the operation of a value is named `<id>=`. */
  readonly marked?: ReadonlySet<string>;
}

/** Four decimals, exponents where these would widen a box or hide a number, and no minus before a zero. */
export function cellNumber(value: number | null): string {
  if (value === null) return '?';
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size >= 1e6 || (size > 0 && size < 5e-5)) return value.toExponential(3);
  return (value + 0).toFixed(4).replace(/^-(0\.0000)$/, '$1');
}

const cellsOf = ({ label: name, data, grad }: ValueNode): string[] => [
  name,
  `data ${cellNumber(data)}`,
  `grad ${cellNumber(grad)}`,
];

interface Edge {
  readonly from: string;
  readonly to: string;
}

const opId = (id: string): string => `${id}=`;

/** parent → circle → value; an operand that is used twice has two edges. */
const edgesOf = (nodes: readonly ValueNode[]): Edge[] =>
  nodes.flatMap(({ id, op }) =>
    op === undefined ? [] : [...op.from.map((from) => ({ from, to: opId(id) })), { from: opId(id), to: id }],
  );

function checkNodes(nodes: readonly ValueNode[]): void {
  const ids = new Set(nodes.map((n) => n.id));
  const missing = nodes.flatMap(({ op }) => op?.from ?? []).find((id) => !ids.has(id));
  if (ids.size === nodes.length && missing === undefined) return;
  throw new ConfigError(
    missing === undefined ? 'two values share an id' : `an operation reads "${missing}", which is not in the graph`,
    {
      help: 'give every value an id of its own, and list every value that is read',
    },
  );
}

/** The graph in the DOT language: records from left to right. */
export function valueGraphDot(nodes: readonly ValueNode[]): string {
  checkNodes(nodes);
  const boxes = nodes.map(
    (n) => `  ${quote(n.id)} [shape=record, label=${quote(`{ ${cellsOf(n).map(recordText).join(' | ')} }`)}];`,
  );
  const circles = nodes.flatMap(({ id, op }) =>
    op === undefined ? [] : [`  ${quote(opId(id))} [shape=circle, label=${quote(op.name)}];`],
  );
  const edges = edgesOf(nodes).map(({ from, to }) => `  ${quote(from)} -> ${quote(to)};`);
  return [
    'digraph {',
    '  rankdir=LR;',
    '  node [fontname="sans-serif", fontsize=11];',
    ...boxes,
    ...circles,
    ...edges,
    '}',
    '',
  ].join('\n');
}

const quote = (text: string): string => `"${text.replaceAll('"', '\\"').replaceAll('\n', ' ')}"`;

/** Text of one cell: what separates cells and ports is escaped. */
const recordText = (text: string): string => text.replace(/[\\{}|<> ]/g, (c) => `\\${c}`);

const height = 30;
const circle = 26;

/** The graph as an SVG document of fixed size: a narrow page scrolls it. */
export function valueGraphSvg(nodes: readonly ValueNode[], options: ValueGraphOptions): string {
  checkNodes(nodes);
  const widths = new Map(nodes.map((n) => [n.id, cellsOf(n).map((text) => Math.round(textLength(text, 12)) + 16)]));
  const edges = edgesOf(nodes);
  // The layout runs from top to bottom: laid out with width and height exchanged, it runs from left to right.
  const sized = nodes.flatMap(({ id, op }) => [
    ...(op === undefined ? [] : [{ id: opId(id), scope: '', width: circle, height: opWidth(op.name) }]),
    { id, scope: '', width: height, height: sum(widths.get(id)!) },
  ]);
  const layout = layoutGraph(sized, edges, () => 0);
  const [wide, high] = [layout.height, layout.width];
  const byId = new Map(nodes.map((n) => [n.id, n]));
  const top = 44;
  const width = Math.max(wide + 32, textLength(options.title, 14) + 32);
  return picture(
    { title: options.title, description: options.description ?? describe(nodes), width, height: high + top + 16 },
    label(options.title, { x: 16, y: 25, class: 'title' }),
    element(
      'g',
      { transform: `translate(16 ${top})` },
      ...layout.edges.map((e, i) => edgeMarks(e, isMarked(edges[i]!, options.marked))),
      ...layout.nodes.map((n) => {
        const node = byId.get(n.id);
        if (node === undefined) return opMarks(n, byId.get(n.id.slice(0, -1))!.op!.name, options.marked);
        return valueMarks(n, node, widths.get(n.id)!, options.marked);
      }),
    ),
  );
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

const isMarked = ({ from, to }: Edge, marked: ReadonlySet<string> = new Set()): boolean =>
  marked.has(from) && marked.has(to);

const colors = { input: 'var(--series-0)', constant: 'var(--muted)', output: 'var(--series-1)' } as const;

/** A box of three cells; the exact numbers stand in its attributes and its title. */
function valueMarks(
  at: PlacedNode,
  node: ValueNode,
  widths: readonly number[],
  marked: ReadonlySet<string> = new Set(),
): string {
  const wide = sum(widths);
  const [left, top] = [at.y - wide / 2, at.x - height / 2];
  const isSet = marked.has(node.id);
  const color = isSet ? 'var(--accent)' : node.kind === undefined ? 'var(--ink)' : colors[node.kind];
  const box = { x: left, y: top, width: wide, height, rx: 5 };
  const texts = cellsOf(node).map((text, i) => {
    const before = sum(widths.slice(0, i));
    const line =
      i === 0
        ? ''
        : element('path', {
            d: `M${round(left + before)},${round(top)}v${height}`,
            stroke: color,
            'stroke-opacity': 0.4,
          });
    return (
      line +
      label(text, {
        x: left + before + widths[i]! / 2,
        y: top + height / 2,
        dy: '.32em',
        'text-anchor': 'middle',
        ...(i === 0 ? { 'font-weight': '600' } : {}),
      })
    );
  });
  return element(
    'g',
    { 'data-id': node.id, 'data-data': String(node.data), 'data-grad': String(node.grad) },
    element('title', {}, escapeXml(`${node.label}: data ${node.data}, grad ${node.grad ?? 'not yet known'}`)),
    element('rect', { ...box, fill: 'var(--surface)' }),
    element('rect', {
      ...box,
      fill: color,
      'fill-opacity': isSet ? 0.18 : 0.06,
      stroke: color,
      'stroke-width': isSet ? 2 : 1,
    }),
    ...texts,
  );
}

const opSize = (name: string): number => (name.length > 1 ? 11 : 14);

/** A circle for a sign, longer for the name of a function. */
const opWidth = (name: string): number => Math.max(circle, Math.round(textLength(name, opSize(name))) + 14);

function opMarks({ id, x, y }: PlacedNode, name: string, marked: ReadonlySet<string> = new Set()): string {
  const isSet = marked.has(id);
  const wide = opWidth(name);
  const look = {
    fill: 'var(--surface)',
    stroke: isSet ? 'var(--accent)' : 'var(--muted)',
    'stroke-width': isSet ? 2 : 1,
  };
  const box = { x: y - wide / 2, y: x - circle / 2, width: wide, height: circle, rx: circle / 2 };
  const text = { x: y, y: x, dy: '.34em', 'text-anchor': 'middle', 'font-size': opSize(name) };
  return element('rect', { ...box, ...look }) + label(name, text);
}

const round = (v: number): string => String(Math.round(v * 100) / 100);

function edgeMarks({ points }: PlacedEdge, isSet: boolean): string {
  const color = isSet ? 'var(--accent)' : 'var(--muted)';
  const d = points
    .map(([y, x], i) => {
      const before = points[i - 1];
      if (before === undefined) return `M${round(x)},${round(y)}`;
      const middle = round((before[1] + x) / 2);
      return before[0] === y
        ? `L${round(x)},${round(y)}`
        : `C${middle},${round(before[0])} ${middle},${round(y)} ${round(x)},${round(y)}`;
    })
    .join('');
  const [y, x] = points.at(-1)!;
  const head = [x - 6, y - 3.5, x, y, x - 6, y + 3.5].map(round).join(' ');
  return (
    element('path', { d, fill: 'none', stroke: color, 'stroke-width': isSet ? 2 : 1.25 }) +
    element('polygon', { points: head, fill: color })
  );
}

/** The graph in words, for readers who cannot see it. */
const describe = (nodes: readonly ValueNode[]): string =>
  nodes
    .slice(0, 60)
    .map(({ label: name, data, grad, op }) => {
      const made =
        op === undefined
          ? ''
          : ` by ${op.name} of ${op.from.map((id) => nodes.find((n) => n.id === id)!.label).join(' and ')}`;
      return `${name} is ${cellNumber(data)}${made}, gradient ${cellNumber(grad)}.`;
    })
    .join(' ');
