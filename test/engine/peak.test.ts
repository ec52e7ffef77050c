/** Peak memory of training steps beside what no order-preserving plan can go below. */
import { beforeEach, describe, expect, it } from 'vitest';
import { fuse } from '../../src/engine/backends/wasm/fuse.ts';
import { planMemory } from '../../src/engine/backends/wasm/plan.ts';
import { bytesOf, closeGraph, type Graph, optimize, setBackend } from '../../src/engine/index.ts';
import { viewRoots } from '../../src/engine/passes/residuals.ts';
import { trainingSteps } from './training-steps.ts';

beforeEach(() => setBackend('wasm'));

/** The most bytes of values that must exist at one time, in this order of nodes: an elementwise result may replace an operand, others stand beside theirs. Results take the memory of donated arguments and count nothing. */
function lowerBound(graph: Graph): number {
  const roots = viewRoots(graph);
  const rootOf = (id: number): number => roots.get(id) ?? id;
  const given = new Set(graph.inputs);
  const lastUse = new Map<number, number>();
  graph.nodes.forEach((node, i) => {
    for (const id of node.inputs) lastUse.set(rootOf(id), i);
  });
  for (const id of graph.outputs) lastUse.set(rootOf(id), graph.nodes.length);
  let alive = 0;
  let most = 0;
  const results = new Set(graph.outputs.map(rootOf));
  const sizeOf = (id: number): number => (results.has(id) ? 0 : bytesOf(graph.avals[id]!));
  graph.nodes.forEach((node, i) => {
    if (node.op.isView === true) return;
    const made = node.outputs.reduce((sum, id) => sum + sizeOf(id), 0);
    const dead = [...new Set(node.inputs.map(rootOf))]
      .filter((id) => !given.has(id) && lastUse.get(id) === i)
      .reduce((sum, id) => sum + sizeOf(id), 0);
    most = Math.max(most, alive + (node.op.isInPlace === true ? Math.max(made - dead, 0) : made));
    alive += made - dead;
  });
  return most;
}

describe('the peak of a training step', () => {
  it('is within 10 % and 64 KiB of the liveness bound, for every kind of network', () => {
    const found = trainingSteps().map(({ name, graph, donated }) => {
      const flat = fuse(closeGraph(optimize(graph)));
      const { peakBytes } = planMemory(flat, 'strict', donated);
      return { name, peakBytes, bound: lowerBound(flat) };
    });
    for (const { name, peakBytes, bound } of found)
      expect(peakBytes, `${name}: ${JSON.stringify(found)}`).toBeLessThanOrEqual(1.1 * bound + 64 * 1024);
  });
});
