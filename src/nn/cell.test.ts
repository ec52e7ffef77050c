/** The loop over time against its unrolled form, and what of a layer stays inside the loop. */
import { describe, expect, it } from 'vitest';
import type { ScanParams, Tensor } from '../engine/index.ts';
import * as c from '../engine/index.ts';
import { overTime, stepByStep } from './cell.ts';
import { dense } from './dense.ts';
import { feedbackTree } from './feedback.ts';
import { gru, gruCell } from './gru.ts';
import type { Layer, Tree } from './layer.ts';
import { lstm, lstmCell } from './lstm.ts';
import { model } from './model.ts';
import { elmanCell, recurrent } from './recurrent.ts';
import { gaussian, inF64 } from './testing.ts';

const [B, T, F, N] = [3, 6, 4, 5];
const xs = gaussian([B, T, F], 2);
const cells = { recurrent: elmanCell({ units: N }), lstm: lstmCell({ units: N }), gru: gruCell({ units: N }) };
const numbers = (tree: unknown): number[] => c.leavesOf(tree).flatMap((x) => [...(x as Tensor).readSync()]);

function expectClose(found: unknown, expected: unknown): void {
  const [a, b] = [numbers(found), numbers(expected)];
  expect(a.length).toBe(b.length);
  a.forEach((v, i) => {
    expect(Math.abs(v - b[i]!)).toBeLessThanOrEqual(1e-12 * (1 + Math.abs(b[i]!)));
  });
}

describe('the loop over time', () => {
  for (const [kind, cell] of Object.entries(cells))
    it(`has the bits of the unrolled ${kind} and its gradients to rounding`, () => {
      const params = inF64(() => cell.init(c.random.key(1), F));
      const along = gaussian([B, T, N], 3);
      type Loop = typeof overTime;
      const run = (loop: Loop, p: Tree, x: Tensor): Tensor => {
        const driven = cell.drive(p, x);
        const step = (carry: never, u: Tensor) => cell.advance(carry, cell.preActivation(p, carry, u) as never);
        return loop(step as never, cell.start(B, 'f64') as never, driven)[1];
      };
      expect(numbers(run(overTime, params, xs))).toEqual(numbers(run(stepByStep, params, xs)));
      const loss = (loop: Loop) => (p: Tree, x: Tensor) => c.sum(c.mul(run(loop, p, x), along));
      for (const argument of [0, 1])
        expectClose(
          c.grad(loss(overTime), { argument })(params, xs),
          c.grad(loss(stepByStep), { argument })(params, xs),
        );
    });

  it('sends cotangents through other weights in every step', () => {
    const layer = recurrent({ units: N });
    const params = inF64(() => layer.init(c.random.key(1), [T, F]).params);
    const feedback = feedbackTree(layer, params, [T, F], (w) => gaussian([...w.shape], 7));
    const options = { feedback } as Parameters<Layer['pre']>[3];
    const loss = (p: Tree): Tensor => c.sum(c.square(layer.pre(p, null, xs, options)[0]));
    const watched = (p: Tree): Tensor => c.withTaps({}, () => loss(p));
    expectClose(c.grad(loss)(params), c.grad(watched)(params));
  });

  it('shows every step to those who watch, and only to them', () => {
    const net = model([T, F], [recurrent({ units: N }), dense({ units: 2 })]);
    const { params, state } = inF64(() => net.initialise(c.random.key(1)));
    const x = gaussian([B, T, F], 2);
    const kinds = (f: (x: Tensor) => Tensor): string[] =>
      c
        .jit(f)
        .graphOf(x)
        .nodes.map((n) => n.op.name);
    expect(kinds((t) => net.apply(params, state, t)[0])).toContain('scan');
    const names: string[] = [];
    const watch = (t: Tensor, name: string): Tensor => {
      names.push(name);
      return t;
    };
    expect(kinds((t) => c.withTaps(watch, () => net.apply(params, state, t)[0]))).not.toContain('scan');
    for (let t = 0; t < T; t++)
      expect(names).toEqual(expect.arrayContaining([`recurrent0/${t}/pre`, `recurrent0/${t}/post`]));
  });
});

describe('what the loop computes', () => {
  it.each([
    ['recurrent', recurrent({ units: N }), 1],
    ['lstm', lstm({ units: N }), 4],
    ['gru', gru({ units: N }), 3],
  ] as const)('of a %s layer under a read-out is the recurrent product alone', (_, layer, gates) => {
    const net = model([T, F], [layer, dense({ units: 7 })]);
    const { params, state } = inF64(() => net.initialise(c.random.key(1)));
    const graph = c.optimize(c.jit((x: Tensor) => net.apply(params, state, x)[0]).graphOf(gaussian([B, T, F], 2)));
    const [loop, ...others] = graph.nodes.filter((n) => n.op.name === 'scan');
    expect(others).toEqual([]);
    expect(c.costOf((loop!.params as ScanParams).body).macs).toBe(B * N * gates * N);
    expect(c.costOf(graph).macs).toBe(T * B * (N * gates * N + F * gates * N + N * 7));
  });
});
