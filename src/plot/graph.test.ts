import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../engine/errors.ts';
import { graphDot, graphSvg, type PlotEdge, type PlotNode } from './graph.ts';
import { type GraphLayout, layoutGraph } from './graph-layout.ts';

interface DomLibrary {
  readonly JSDOM: new (html: string, options?: object) => { readonly window: { readonly document: Document } };
}
// jsdom brings no types of its own.
const { JSDOM } = (await import('jsdom' as string)) as DomLibrary;

type Arrow = readonly [from: number, to: number];
const scopes = ['', '', 'a', 'a', 'b', 'a/c', 'a/c', 'b/d/e'];

/** Lays out numbered nodes; widths and scopes follow from the number unless given. */
function layout(count: number, arrows: readonly Arrow[], scopeOf: (i: number) => string = () => ''): GraphLayout {
  const nodes = Array.from({ length: count }, (_, i) => ({
    id: `${i}`,
    scope: scopeOf(i),
    width: 40 + 13 * (i % 4),
    height: 26 + 15 * (i % 3),
  }));
  const edges = arrows.map(([from, to]) => ({ from: `${from}`, to: `${to}` }));
  return layoutGraph(nodes, edges, (name) => 7 * name.length + 20);
}

interface Box {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}
const boxOf = (n: GraphLayout['nodes'][number]): Box => ({
  left: n.x - n.width / 2,
  right: n.x + n.width / 2,
  top: n.y - n.height / 2,
  bottom: n.y + n.height / 2,
});
const eps = 1e-6;
const overlap = (a: Box, b: Box) =>
  a.left < b.right - eps && b.left < a.right - eps && a.top < b.bottom - eps && b.top < a.bottom - eps;
const inside = (a: Box, b: Box) =>
  a.left >= b.left - eps && a.right <= b.right + eps && a.top >= b.top - eps && a.bottom <= b.bottom + eps;

const graphs = fc
  .integer({ min: 1, max: 22 })
  .chain((count) =>
    fc.tuple(
      fc.constant(count),
      fc.array(fc.tuple(fc.nat(count - 1), fc.nat(count - 1)), { maxLength: 40 }),
      fc.array(fc.constantFrom(...scopes), { minLength: count, maxLength: count }),
    ),
  );

/** Crossings of straight lines between node centres in neighbouring rows. */
function crossings(g: GraphLayout, arrows: readonly Arrow[]): number {
  const lines = arrows.map(([a, b]) => [g.nodes[a]!, g.nodes[b]!] as const);
  let count = 0;
  for (const [i, [a, b]] of lines.entries()) {
    for (const [c, d] of lines.slice(0, i)) if (a.y === c.y && b.y === d.y && (a.x - c.x) * (b.x - d.x) < 0) count++;
  }
  return count;
}

describe('layoutGraph', () => {
  it('keeps nodes apart, and scopes around their own nodes and nothing else, in any graph', () => {
    fc.assert(
      fc.property(graphs, ([count, arrows, names]) => {
        const g = layout(count, arrows, (i) => names[i]!);
        const boxes = g.nodes.map(boxOf);
        for (const [i, a] of boxes.entries()) {
          expect(inside(a, { left: 0, top: 0, right: g.width, bottom: g.height })).toBe(true);
          for (const b of boxes.slice(0, i)) expect(overlap(a, b)).toBe(false);
        }
        // A scope is told by what it holds: names repeat in different places of the tree.
        const paths = new Set(
          names.flatMap((n) => n.split('/').map((_, k, all) => all.slice(0, k + 1).join('/'))).filter((p) => p !== ''),
        );
        expect(g.scopes).toHaveLength(paths.size);
        for (const path of paths) {
          const own = names.flatMap((n, i) => (n === path || n.startsWith(`${path}/`) ? [i] : []));
          const holds = (s: GraphLayout['scopes'][number]) =>
            boxes.every((b, i) => (own.includes(i) ? inside(b, s) : !overlap(b, s)));
          expect(g.scopes.some((s) => s.name === path.split('/').at(-1) && holds(s))).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('lets every edge of an acyclic graph run down, past all other nodes', () => {
    fc.assert(
      fc.property(graphs, ([count, arrows, names]) => {
        const down = arrows.filter(([a, b]) => a < b);
        const g = layout(count, down, (i) => names[i]!);
        for (const [e, { points, way }] of g.edges.entries()) {
          expect(way).toBe('down');
          for (let i = 1; i < points.length; i++) expect(points[i]![1]).toBeGreaterThanOrEqual(points[i - 1]![1] - eps);
          const others = g.nodes.filter((_, i) => !down[e]!.includes(i)).map(boxOf);
          for (const [x, y] of points)
            for (const b of others) expect(overlap({ left: x, right: x, top: y, bottom: y }, b)).toBe(false);
        }
      }),
    );
  });

  it('draws a chain as a straight line and a tree without crossings', () => {
    const chain = layout(6, [
      [0, 1],
      [1, 2],
      [2, 3],
      [3, 4],
      [4, 5],
    ]);
    for (const n of chain.nodes) expect(n.x).toBeCloseTo(chain.nodes[0]!.x, 6);
    const shuffled: Arrow[] = [
      [0, 2],
      [0, 1],
      [1, 6],
      [2, 3],
      [1, 5],
      [2, 4],
      [3, 8],
      [6, 7],
    ];
    expect(crossings(layout(9, shuffled), shuffled)).toBe(0);
  });

  it('finds the fewest crossings of small graphs', () => {
    const twisted: Arrow[] = [
      [0, 4],
      [1, 3],
      [2, 5],
      [0, 5],
      [1, 4],
    ]; // planar: a path 3 1 4 0 5 2
    expect(crossings(layout(6, twisted), twisted)).toBe(0);
    const k23: Arrow[] = [0, 1].flatMap((a) => [2, 3, 4].map((b): Arrow => [a, b]));
    expect(crossings(layout(5, k23), k23)).toBe(3); // C(2,2)·C(3,2) between two rows
  });

  it('stacks scopes that feed one another', () => {
    const g = layout(
      5,
      [
        [0, 1],
        [1, 3],
        [2, 3],
        [3, 4],
      ],
      (i) => ['a', 'a', 'b', 'b', 'b'][i]!,
    ); // 2 is a source in b
    const [a, b] = ['a', 'b'].map((name) => g.scopes.find((s) => s.name === name)!);
    expect(b!.top).toBeGreaterThan(a!.bottom);
  });

  it('draws sources beside what uses them', () => {
    const g = layout(5, [
      [0, 1],
      [1, 2],
      [2, 3],
      [4, 3],
    ]);
    expect(g.nodes[4]!.y).toBe(g.nodes[2]!.y);
  });

  it('runs one edge of a cycle up, and loops to the side', () => {
    const g = layout(3, [
      [0, 1],
      [1, 2],
      [2, 0],
      [1, 1],
    ]);
    expect(g.edges.map((e) => e.way)).toEqual(['down', 'down', 'up', 'loop']);
    const up = g.edges[2]!.points;
    expect(up[0]![1]).toBeGreaterThan(up.at(-1)![1]);
  });

  it('stands empty', () => expect(layout(0, [])).toMatchObject({ nodes: [], edges: [], width: 0, height: 0 }));
});

const nodes: PlotNode[] = [
  { id: 'x', label: 'x', kind: 'input', shape: [64, 10], dtype: 'f32' },
  { id: 'w "1"', label: 'W\\', kind: 'parameter', scope: 'dense <0>' },
  { id: 'm', label: 'matmul', scope: 'dense <0>/inner' },
  { id: 'l', label: 'loss', value: 1.23456 },
];
const edges: PlotEdge[] = [
  { from: 'x', to: 'm' },
  { from: 'w "1"', to: 'm' },
  { from: 'm', to: 'l', label: 'a & b' },
];

describe('graphDot', () => {
  it('writes nodes, nested clusters and edges, with names quoted', () => {
    expect(graphDot({ nodes, edges })).toBe(`digraph {
  node [shape=box, style=rounded, fontname="sans-serif", fontsize=11];
  edge [fontname="sans-serif", fontsize=10, arrowsize=0.7];
  "x" [label="x\\nf32 (64, 10)"];
  "l" [label="loss\\n1.235"];
  subgraph "cluster_dense <0>" {
    label="dense <0>";
    "w \\"1\\"" [label="W\\\\"];
    subgraph "cluster_dense <0>/inner" {
      label="inner";
      "m" [label="matmul"];
    }
  }
  "x" -> "m";
  "w \\"1\\"" -> "m";
  "m" -> "l" [label="a & b"];
}
`);
  });
});

describe('graphSvg', () => {
  it('shows every node, scope and edge', () => {
    const page = new JSDOM(graphSvg({ nodes, edges }, { title: 'A & B' }), { contentType: 'image/svg+xml' }).window
      .document;
    const texts = [...page.querySelectorAll('text')].map((t) => t.textContent);
    for (const text of ['A & B', 'x', 'f32 (64, 10)', 'matmul', 'W\\', 'loss', '1.235', 'dense <0>', 'inner', 'a & b'])
      expect(texts).toContain(text);
    expect(page.querySelectorAll('polygon')).toHaveLength(3);
    expect(page.documentElement.outerHTML).not.toMatch(/NaN|undefined/);
  });

  it('refuses edges to nowhere and ids that are not unique', () => {
    for (const draw of [graphDot, (g: Parameters<typeof graphDot>[0]) => graphSvg(g, { title: 't' })]) {
      expect(() => draw({ nodes, edges: [{ from: 'x', to: 'nowhere' }] })).toThrow(ConfigError);
      expect(() => draw({ nodes, edges: [{ from: 'x', to: 'nowhere' }] })).toThrow(/x → nowhere .*"nowhere"/);
      expect(() => draw({ nodes: [...nodes, nodes[0]!], edges })).toThrow(/two nodes have the id "x"/);
    }
  });
});
