import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { programFrom } from '../../../test/engine/programs.ts';
import type { Graph, GraphNode, Tensor } from '../index.ts';
import * as c from '../index.ts';
import { inlineCalls } from './inline.ts';
import { recomputeCheap } from './recompute.ts';
import { simplify } from './simplify.ts';

const input = { shape: [4], dtype: 'f32' } as const;
const trace = (f: (x: Tensor) => Tensor | Tensor[], x: c.Aval = input): Graph =>
  c.traceGraph((t) => [f(t!)].flat(), [x]);
const names = (graph: Graph): string[] => graph.nodes.map((n) => n.op.name);
const specials = (): Tensor => c.tensor([-0, Number.NaN, Number.POSITIVE_INFINITY, 1.5]);
const bits = (x: Tensor): number[] => [...new Uint32Array(x.readSync().buffer)];

/** Bytes that are alive at the worst moment, inputs and constants not counted: values, no blocks. */
function alive(graph: Graph): number {
  const made = c.producersOf(graph);
  const last = new Map<number, number>();
  graph.nodes.forEach((n, i) => {
    for (const id of n.inputs) last.set(id, i);
  });
  for (const id of graph.outputs) last.set(id, graph.nodes.length);
  return Math.max(
    0,
    ...graph.nodes.map((_, i) =>
      [...made]
        .filter(([id, at]) => at <= i && (last.get(id) ?? at) >= i)
        .reduce((sum, [id]) => sum + c.bytesOf(graph.avals[id]!), 0),
    ),
  );
}

describe('simplify', () => {
  it.each<[string, (x: Tensor) => Tensor, string[]]>([
    ['x · 1', (x) => c.mul(x, 1), []],
    ['1 · x', (x) => c.mul(1, x), []],
    ['x / 1', (x) => c.div(x, 1), []],
    ['x − 0', (x) => c.sub(x, 0), []],
    ['x + 0, which turns −0 into 0', (x) => c.add(x, 0), ['constant', 'add']],
    ['x − (−0), which does too', (x) => c.sub(x, -0), ['constant', 'sub']],
    ['x · 0, which is NaN for NaN', (x) => c.mul(x, 0), ['constant', 'mul']],
    ['1 / x', (x) => c.div(1, x), ['constant', 'div']],
    ['1 − x', (x) => c.sub(1, x), ['constant', 'sub']],
    ['x · 1 that broadcasts', (x) => c.mul(x, c.ones([2, 4])), ['constant', 'mul']],
    ['reshape there and back', (x) => c.reshape(c.reshape(x, [2, 2]), [4]), ['reshape', 'reshape']],
    ['taps and stopped gradients', (x) => c.tap('here', c.stopGradient(x)), []],
  ])('%s', (_, f, left) => {
    const graph = trace(f);
    const simple = simplify(graph);
    expect(names(simple)).toEqual(left);
    expect(bits(c.evalGraph(simple, [specials()])[0]!)).toEqual(bits(c.evalGraph(graph, [specials()])[0]!));
  });

  it('shares equal nodes, and only those', () => {
    const nodes = (f: (x: Tensor) => Tensor[]): number => simplify(trace(f)).nodes.length;
    expect(nodes((x) => [c.exp(x), c.exp(x)])).toBe(1);
    expect(nodes((x) => [c.add(x, 0.5), c.add(x, 0.5)])).toBe(2);
    expect(nodes((x) => [c.full([2], 0), c.full([2], -0), x])).toBe(2);
    expect(nodes((x) => [c.full([2], Number.NaN), c.full([2], Number.NaN), x])).toBe(1);
    expect(nodes((x) => [c.full([2], Number.POSITIVE_INFINITY), c.full([2], Number.NEGATIVE_INFINITY), x])).toBe(2);
    expect(nodes((x) => [c.full([2], 1), c.full([2], 1, 'f64'), x])).toBe(2);
    expect(nodes((x) => [c.sum(c.reshape(x, [2, 2]), 0), c.sum(c.reshape(x, [2, 2]), 1)])).toBe(3);
    expect(nodes((x) => [c.sub(x, c.exp(x)), c.sub(c.exp(x), x)])).toBe(3);
  });

  it('shares calls of one graph and not those of two', () => {
    const call = (shift: number) => c.jit((x: Tensor) => c.add(c.exp(x), shift));
    const [f, g] = [call(1), call(2)];
    expect(simplify(trace((x) => [f(x), f(x), g(x)])).nodes).toHaveLength(2);
  });

  it('drops what no output needs, captured values included', () => {
    const captured = c.ones([4]);
    const graph = simplify(
      trace((x) => {
        c.exp(c.mul(x, captured));
        return c.neg(x);
      }),
    );
    expect(names(graph)).toEqual(['neg']);
    expect(graph.consts).toEqual([]);
  });

  it('keeps several results of one node together', () => {
    const pair = c.jit((x: Tensor) => [c.exp(x), c.neg(x)]);
    const graph = simplify(trace((x) => [pair(x)[1]!, pair(x)[0]!]));
    expect(graph.nodes).toHaveLength(1);
    expect(graph.outputs).toEqual([...graph.nodes[0]!.outputs].reverse());
  });
});

describe('inlineCalls', () => {
  it('opens graphs in graphs, also those that hand an input through', () => {
    const inner = c.jit((x: Tensor) => [c.exp(x), x]);
    const outer = c.jit((x: Tensor) => [...inner(c.neg(x)), ...inner(x)]);
    const graph = inlineCalls(trace((x) => outer(x)));
    expect(names(graph)).toEqual(['neg', 'exp', 'exp']);
    const found = c.evalGraph(graph, [c.tensor([0, 0, 0, 0])]);
    expect(found.map((t) => t.readSync()[0]! + 0)).toEqual([1, 0, 1, 0]);
  });
});

describe('recomputeCheap', () => {
  /** Two cheap values of a long-lived input, used early and late. */
  const early = (x: Tensor): Tensor[] => {
    const [p, q] = [c.mul(x, x), c.neg(x)];
    let t = c.exp(c.matmul(p, q));
    for (let i = 0; i < 12; i++) t = c.tanh(t);
    return [c.add(c.add(c.mul(t, x), p), q)];
  };
  const wide = { shape: [256], dtype: 'f32' } as const;

  it('makes a cheap value again next to its late use', () => {
    const graph = trace(early, wide);
    const again = recomputeCheap(graph);
    expect(names(again).filter((name) => name === 'neg')).toHaveLength(2);
    expect(alive(again)).toBeLessThan(alive(graph));
  });

  it('reads copies where the originals would be kept for nothing else', () => {
    const chain = (x: Tensor): Tensor[] => {
      const a = c.mul(x, x);
      const b = c.neg(a);
      let t = c.exp(b);
      for (let i = 0; i < 12; i++) t = c.tanh(t);
      return [c.add(c.add(c.add(t, a), b), a)];
    };
    const graph = trace(chain, wide);
    const again = recomputeCheap(graph);
    const copyOf = (name: string): GraphNode => again.nodes.filter((n) => n.op.name === name).at(-1)!;
    expect(copyOf('neg').inputs).toEqual(copyOf('mul').outputs);
    expect(alive(again)).toBeLessThanOrEqual(alive(graph));
  });

  it('keeps every bit and never raises the peak, on generated programs', () => {
    const bytes = fc.array(fc.nat({ max: 255 }), { minLength: 20, maxLength: 80 });
    fc.assert(
      fc.property(bytes, (b) => {
        const { shapes, run } = programFrom(b);
        const large = shapes.map((shape) => ({ shape: [64, ...shape], dtype: 'f32' as const }));
        const graph = simplify(
          inlineCalls(c.traceGraph((...xs) => c.grad((ys: Tensor[]) => c.sum(c.vmap(run)(...ys)))(xs), large)),
        );
        const again = recomputeCheap(graph);
        expect(alive(again)).toBeLessThanOrEqual(alive(graph));
        const values = large.map(({ shape }) => c.random.uniform(c.random.key(3), shape));
        const all = (g: Graph) => c.evalGraph(g, values).flatMap(bits);
        expect(all(again)).toEqual(all(graph));
      }),
      { numRuns: 40, seed: 5 },
    );
  });
});
