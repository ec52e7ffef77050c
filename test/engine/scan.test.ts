/** What a scan costs: the program does not grow with the steps, sums leave the loop, segments bound memory, nothing is computed twice. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Graph, ScanParams, Tensor } from '../../src/engine/index.ts';
import * as c from '../../src/engine/index.ts';
import { unrolled } from '../../src/engine/transforms/scan-unrolled.ts';

afterEach(() => c.setBackend('wasm'));

const WIDTH = 64;
type Params = { readonly wx: Tensor; readonly wh: Tensor; readonly b: Tensor };

const draw = (seed: number, shape: readonly number[], scale: number): Tensor =>
  c.mul(c.random.normal(c.random.key(seed), [...shape], { dtype: 'f64' }), scale);
const params = (): Params => ({
  wx: draw(1, [8, WIDTH], 0.3),
  wh: draw(2, [WIDTH, WIDTH], 0.1),
  b: draw(3, [WIDTH], 0.1),
});

const step =
  (p: Params) =>
  (h: Tensor, x: Tensor): [Tensor, Tensor] => {
    const next = c.tanh(c.add(c.add(c.matmul(x, p.wx), c.matmul(h, p.wh)), p.b));
    return [next, c.sum(next)];
  };

const lossWith =
  (options: object) =>
  (p: Params, xs: Tensor): Tensor => {
    const [h, ys] = c.scan(step(p), c.zeros([4, WIDTH], 'f64'), xs, options);
    return c.add(c.sum(c.mul(h, h)), c.mean(ys));
  };

const sequence = (steps: number): Tensor => draw(4, [steps, 4, 8], 1);
const numbers = (tree: unknown): number[] => c.leavesOf(tree).flatMap((x) => [...(x as Tensor).readSync()]);

/** All nodes with this op, and those inside scans by themselves. */
function nodesOf(graph: Graph, name: string): { outside: number[][]; inside: number[][] } {
  const flat = c.optimize(graph);
  const shapes = (g: Graph) => g.nodes.filter((n) => n.op.name === name).map((n) => [...g.avals[n.outputs[0]!]!.shape]);
  const bodies = flat.nodes.filter((n) => n.op.name === 'scan').map((n) => (n.params as ScanParams).body);
  return { outside: shapes(flat), inside: bodies.flatMap((b) => shapes(c.optimize(b))) };
}

describe('a recurrent cell of 64 units over 1,000 steps', () => {
  it('has the gradient of the unrolled loop', () => {
    const [p, xs] = [params(), sequence(1000)];
    const flat = (q: Params): Tensor => {
      const [h, ys] = unrolled(step(q), c.zeros([4, WIDTH], 'f64'), xs, 1000, false);
      return c.add(c.sum(c.mul(h, h)), c.mean(ys));
    };
    const expected = numbers(c.grad(flat)(p));
    const found = numbers(c.jit(c.grad(lossWith({})))(p, xs));
    const scale = Math.max(...expected.map(Math.abs));
    found.forEach((v, i) => {
      expect(Math.abs(v - expected[i]!) / scale).toBeLessThan(1e-10);
    });
  });

  it('makes each weight gradient in one product, and the products with the inputs before the loop', () => {
    const graph = c.jit(c.grad(lossWith({}))).graphOf(params(), sequence(1000));
    const { outside, inside } = nodesOf(graph, 'matmul');
    expect(outside.sort()).toEqual(
      [
        [4000, WIDTH], // every x·Wx
        [WIDTH, WIDTH], // dWh
        [8, WIDTH], // dWx
      ].sort(),
    );
    expect(inside).toEqual([
      [4, WIDTH], // h·Wh forwards
      [4, WIDTH], // δ·Whᵀ backwards
    ]);
  });

  it('is a program of the same size for any number of steps', () => {
    const f = c.jit(c.grad(lossWith({})));
    const [short, long] = [f.plan(params(), sequence(10)), f.plan(params(), sequence(1000))];
    expect([long.launches, long.nodes, long.depth]).toEqual([short.launches, short.nodes, short.depth]);
    expect(long.flops / short.flops).toBeGreaterThan(90);
  });

  it('keeps O(√T) with a checkpoint every √T steps', () => {
    const peak = (steps: number, options: object) =>
      c.jit(c.grad(lossWith(options))).peakBytes(params(), sequence(steps));
    const every = (steps: number) => ({ checkpointEvery: Math.sqrt(steps) });
    const whole = peak(1600, {}) / peak(400, {});
    const kept = peak(1600, every(1600)) / peak(400, every(400));
    expect(whole).toBeGreaterThan(3.5);
    expect(kept).toBeLessThan(2.2);
    expect(peak(1600, {}) / peak(1600, every(1600))).toBeGreaterThan(5);
  });
});

describe('nothing is computed twice', () => {
  it('the primal of vmap(jvp) with 64 tangents runs once, through the loop', () => {
    const p = params();
    const push = (v: Tensor): Tensor => c.jvp((w: Tensor) => lossWith({})({ ...p, wh: w }, sequence(5)), p.wh, v)[1];
    const graph = c.jit(c.vmap(push)).graphOf(c.ones([64, WIDTH, WIDTH], 'f64'));
    const { inside } = nodesOf(graph, 'matmul');
    expect(inside.filter((s) => c.sizeOf(s) === 4 * WIDTH).length).toBe(1); // h·W; the others carry the 64 tangents
    expect(nodesOf(graph, 'tanh').inside).toEqual([[4, WIDTH]]);
  });

  it('early stop in a compiled loop really stops', () => {
    const run = c.jit((x: Tensor) =>
      c.whileSteps(
        (n: Tensor) => c.lt(n, 1000),
        (n: Tensor) => c.add(n, 1),
        x,
      ),
    );
    expect(run(c.tensor(990, { dtype: 'i32' })).map((t) => t.item())).toEqual([1000, 10]);
    const bounded = c.jit((x: Tensor) =>
      c.scanSteps((h: Tensor) => [c.add(h, 1), null] as [Tensor, null], x, null, {
        length: 2 ** 31, // steps that nobody could wait for
        stopWhen: (h) => c.ge(h, 5),
      }),
    );
    const [last, , steps] = bounded(c.tensor(0));
    expect([last.item(), (steps as Tensor).item()]).toEqual([5, 5]);
  });
});

describe('100,000 small steps', () => {
  it('are the same number on every tier', () => {
    const f = (a: Tensor) =>
      c.scan((h: Tensor) => [c.add(c.mul(h, a), 1), null] as [Tensor, null], c.tensor(0), null, { length: 100_000 })[0];
    const a = c.tensor(0.75);
    let h = 0;
    for (let i = 0; i < 100_000; i++) h = Math.fround(Math.fround(h * 0.75) + 1);
    expect(c.jit(f, { tier: 'module' })(a).item()).toBe(h);
    expect(c.jit(f, { tier: 'interpret' })(a).item()).toBe(f(a).item());
  });
});
