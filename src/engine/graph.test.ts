import { describe, expect, it } from 'vitest';
import type { Graph, Tensor } from './index.ts';
import * as c from './index.ts';

const x = (): Tensor => c.tensor([[1, 2, 3]], { dtype: 'f64' });

/** Op names by scope path, nested graphs opened. */
function scopesOf(graph: Graph): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const n of c.optimize(graph).nodes) {
    found[n.scope] ??= [];
    found[n.scope]!.push(n.op.name);
  }
  return found;
}

describe('a traced graph', () => {
  const f = c.jit((a: Tensor, s: number) => c.matmul(c.exp(a), c.transpose(c.mul(a, s))));

  it('computes what the function computes, also as a function itself', () => {
    const graph = f.graphOf(x(), 2);
    const [y] = c.evalGraph(graph, [x(), c.scalar(2, 'f64')]);
    expect(y!.item()).toBe(f(x(), 2).item());
    const tangent = c.jvp(
      (a: Tensor) => c.evalGraph(graph, [a, c.scalar(2, 'f64')])[0]!,
      x(),
      c.ones([1, 3], 'f64'),
    )[1];
    expect(tangent.item()).toBeCloseTo(
      [1, 2, 3].reduce((sum, v) => sum + 2 * Math.exp(v) * (v + 1), 0),
      10,
    );
  });

  it('lists values from outside as constants, and closeGraph as inputs', () => {
    const captured = x();
    const graph = c.traceGraph((a) => [c.add(a!, captured), c.mul(a!, captured)], [{ shape: [1, 3], dtype: 'f64' }]);
    expect(graph.consts.map((k) => k.value)).toEqual([captured]);
    const closed = c.closeGraph(graph);
    expect(closed.inputs).toEqual([graph.consts[0]!.id, ...graph.inputs]);
    expect(c.evalGraph(closed, [x(), x()])[0]!.toArray()).toEqual([[2, 4, 6]]);
  });

  it('prints one line a node', () => {
    const lines = c.printGraph(f.graphOf(x(), 2)).split('\n');
    expect(lines[0]).toBe('inputs %0: f64[1, 3], %1: f64[]');
    expect(lines[1]).toMatch(/^%2: f64\[1, 3\] = exp\(%0\)/);
    expect(lines.at(-1)).toMatch(/^return %\d+$/);
  });
});

describe('costOf', () => {
  it('counts 2 FLOPs a multiply-add, through nested graphs', () => {
    const product = (a: Tensor, b: Tensor): Tensor => c.matmul(a, b);
    const [a, b] = [c.zeros([4, 5]), c.zeros([5, 6])];
    const plain = c.costOf(c.jit(product).graphOf(a, b));
    expect([plain.flops, plain.macs, plain.traffic]).toEqual([240, 120, 4 * (20 + 30 + 24)]);
    const nested = c.jit((p: Tensor, q: Tensor) => c.jit(product)(p, q));
    expect(c.costOf(nested.graphOf(a, b))).toEqual(plain);
  });
});

describe('named scopes', () => {
  const layer = (name: string, t: Tensor): Tensor => c.namedScope(name, () => c.tanh(c.mul(t, 0.5)));
  const model = (t: Tensor): Tensor => c.sum(c.namedScope('model', () => layer('b', layer('a', t))));

  it('survive the passes', () => {
    expect(Object.keys(scopesOf(c.jit(model).graphOf(x()))).sort()).toEqual(['', 'model/a', 'model/b']);
  });

  it('stand at both halves of a gradient', () => {
    const found = scopesOf(c.jit(c.grad(model)).graphOf(x()));
    expect(found['model/a']).toContain('tanh');
    expect(found['model/a']!.filter((name) => name === 'mul').length).toBeGreaterThan(1);
    expect(Object.keys(found).filter((path) => !['', 'model/a', 'model/b'].includes(path))).toEqual([]);
  });

  it('of a jitted function stand behind those of its caller, wherever it was traced first', () => {
    const inner = c.jit((t: Tensor) => layer('inner', t));
    const outer = (name: string) => c.jit((t: Tensor) => c.namedScope(name, () => inner(t)));
    expect(Object.keys(scopesOf(outer('p').graphOf(x())))).toEqual(['p/inner']);
    expect(Object.keys(scopesOf(outer('q').graphOf(x())))).toEqual(['q/inner']);
  });

  it.each([
    ['grad', (f: (t: Tensor) => Tensor) => c.grad(f)],
    ['vmap', (f: (t: Tensor) => Tensor) => c.vmap(f)],
    ['jvp', (f: (t: Tensor) => Tensor) => (t: Tensor) => c.jvp(f, t, t)[1]],
  ])('survive %s of a jitted function', (_, transform) => {
    const f = c.jit((t: Tensor) => c.sum(layer('a', t)));
    const found = scopesOf(c.jit((t: Tensor) => c.namedScope('outer', () => transform(f)(t))).graphOf(x()));
    expect(found['outer/a']).toContain('tanh');
    expect(Object.keys(found).every((path) => path === 'outer' || path === 'outer/a')).toBe(true);
  });
});
