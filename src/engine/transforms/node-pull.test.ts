import { describe, expect, it } from 'vitest';
import type { GraphNode, Tensor } from '../index.ts';
import * as c from '../index.ts';
import { distance, numbers, onBackends, wavy } from '../op-testing.ts';

const nodesOf = (f: (...xs: Tensor[]) => Tensor, args: readonly Tensor[]): readonly GraphNode[] =>
  c.traceGraph((...xs) => [f(...xs)], args).nodes;

onBackends('pulls of single nodes', (here) => {
  const [x, w, ct] = [wavy([3, 4]), wavy([4, 2], 'f64', 1), wavy([3, 2], 'f64', 2)];

  it('of a product are ct·wᵀ and xᵀ·ct', () => {
    const [node] = nodesOf((a, b) => c.matmul(a!, b!), [x, w]);
    const [dx, dw] = here(() => c.pullOf(node!, [x, w], [ct]));
    expect(distance(numbers(dx!), numbers(c.matmul(ct, c.transpose(w))))).toBeLessThan(1e-15);
    expect(distance(numbers(dw!), numbers(c.matmul(c.transpose(x), ct)))).toBeLessThan(1e-15);
  });

  it('carried back through a graph are its gradient', () => {
    here(() => {
      const f = (a: Tensor, b: Tensor): Tensor => c.sum(c.tanh(c.mul(c.matmul(a, b), c.exp(c.matmul(a, b)))));
      const graph = c.closeGraph(c.traceGraph((a, b) => [f(a!, b!)], [x, w]));
      const given = new Map(graph.inputs.map((id, i) => [id, [x, w][i]!]));
      const values = c.walkForward<GraphNode, Tensor>(graph, given, (n, ins) => c.bind(n.op, ins, n.params));
      const back = c.walkBackward<GraphNode, Tensor>(graph, [[graph.outputs[0]!, c.ones([], 'f64')]], {
        add: c.add,
        pull: (n, cts) =>
          c
            .pullOf(
              n,
              n.inputs.map((id) => values.get(id)!),
              cts.map((v) => v ?? null),
            )
            .map((v) => v ?? undefined),
      });
      const [gx, gw] = c.grad(([a, b]: [Tensor, Tensor]) => f(a, b))([x, w]);
      expect(distance(numbers(back.get(graph.inputs[0]!)!), numbers(gx))).toBeLessThan(1e-14);
      expect(distance(numbers(back.get(graph.inputs[1]!)!), numbers(gw))).toBeLessThan(1e-14);
    });
  });

  it('may be asked at values that never were those of the graph, and of jitted nodes', () => {
    const inner = c.jit((t: Tensor) => c.mul(t, c.mul(t, t)));
    const [node] = nodesOf((t) => inner(t!), [x]);
    expect(node!.op.name).toBe('call');
    const at = wavy([3, 4], 'f64', 9);
    const [back] = here(() => c.pullOf(node!, [at], [c.ones([3, 4], 'f64')]));
    expect(
      distance(
        numbers(back!),
        numbers(at).map((v) => 3 * v * v),
      ),
    ).toBeLessThan(1e-14);
  });

  it('have no cotangent for integers, and zero for a zero', () => {
    const index = c.tensor([2, 0], { dtype: 'i32' });
    const [node] = nodesOf((t, i) => c.take(t!, i!), [x, index]);
    const [dx, di] = here(() => c.pullOf(node!, [x, index], [c.ones([2, 4], 'f64')]));
    expect(di).toBeNull();
    expect(dx!.toArray()).toEqual([1, 0, 1].map((v) => [v, v, v, v]));
    expect(numbers(here(() => c.pullOf(node!, [x, index], [null]))[0]!)).toEqual(new Array(12).fill(0));
  });
});

onBackends('Hessian-vector products of single nodes', (here) => {
  const x = wavy([6]);
  const v = wavy([6], 'f64', 3);
  const ct = wavy([6], 'f64', 5);
  const list = (t: Tensor): number[] => numbers(t);

  it.each([
    ['exp', (t: Tensor) => c.exp(t), (a: number) => Math.exp(a)],
    ['sin', (t: Tensor) => c.sin(t), (a: number) => -Math.sin(a)],
    ['tanh', (t: Tensor) => c.tanh(t), (a: number) => -2 * Math.tanh(a) * (1 - Math.tanh(a) ** 2)],
  ])('of %s are ct·f″·v', (_, f, second) => {
    const [node] = nodesOf((t) => f(t!), [x]);
    const [h] = here(() => c.nodeHvp(node!, [x], [v], [ct]));
    const expected = list(x).map((a, i) => list(ct)[i]! * second(a) * list(v)[i]!);
    expect(distance(list(h!), expected)).toBeLessThan(1e-13);
    const layer = here(() => c.contractedHvp((t: { a: Tensor }) => f(t.a), { a: x }, ct, { a: v }));
    expect(distance(list(layer.a), expected)).toBeLessThan(1e-13);
  });

  it('of a product of two inputs are the mixed terms', () => {
    const y = wavy([6], 'f64', 8);
    const [node] = nodesOf((a, b) => c.mul(a!, b!), [x, y]);
    const [hx, hy] = here(() => c.nodeHvp(node!, [x, y], [v, null], [ct]));
    expect(list(hx!)).toEqual(new Array(6).fill(0));
    expect(
      distance(
        list(hy!),
        list(ct).map((t, i) => t * list(v)[i]!),
      ),
    ).toBeLessThan(1e-15);
  });

  it('of a linear node are zero', () => {
    const [node] = nodesOf((t) => c.neg(t!), [x]);
    expect(list(here(() => c.nodeHvp(node!, [x], [v], [ct]))[0]!)).toEqual(new Array(6).fill(0));
  });
});

describe('64 directions under vmap of jvp', () => {
  const ws = [wavy([5, 7]), wavy([7, 3], 'f64', 1)];
  const x = wavy([2, 5], 'f64', 2);
  const f = (p: Tensor[]): Tensor => c.tanh(c.matmul(c.tanh(c.matmul(x, p[0]!)), p[1]!));
  const directions = ws.map((w, i) => wavy([64, ...w.shape], 'f64', i));
  const pushed = (p: Tensor[], vs: Tensor[]): Tensor => c.vmap((v: Tensor[]) => c.jvp(f, p, v)[1])(vs);

  it('compute the primal once', () => {
    const graph = c.optimize(c.jit(pushed).graphOf(ws, directions));
    const shapesOf = (name: string) =>
      graph.nodes.filter((n) => n.op.name === name).map((n) => graph.avals[n.outputs[0]!]!.shape);
    expect(shapesOf('tanh')).toEqual([
      [2, 7],
      [2, 3],
    ]);
    const primal = shapesOf('matmul').filter((s) => s.length === 2 && s[0] === 2);
    expect(primal).toEqual([
      [2, 7],
      [2, 3],
    ]);
  });

  it('call each rule once', () => {
    expect(c.countRules(() => pushed(ws, directions)).calls.jvp).toEqual({ matmul: 2, tanh: 2 });
  });

  it('are what they are one by one', () => {
    const all = numbers(pushed(ws, directions));
    const pick = (k: number): Tensor[] => directions.map((d) => c.squeeze(c.sliceAxis(d, 0, k, k + 1), 0));
    const each = Array.from({ length: 64 }, (_, k) => numbers(c.jvp(f, ws, pick(k))[1])).flat();
    expect(distance(all, each)).toBeLessThan(1e-14);
  });
});
