/**
 * Recompute-cheap: a value made by one pass of cheap arithmetic and needed again much later is computed again instead of being kept.
 *
 * A late use is one with a wide gap to the uses before it (as from a forward to a backward pass). The copy is made only when everything it reads is still alive there anyway, so the peak can
 * only fall, and the bits do not change (numerics contract).
 */
import type { ValueId } from '../dag.ts';
import { producersOf } from '../dag.ts';
import type { Graph, GraphNode } from '../graph.ts';
import type { Aval } from '../tensor.ts';
import { bytesOf } from '../tensor.ts';

/** Gaps shorter than this many nodes are left alone. */
const MIN_GAP = 8;

export function recomputeCheap(graph: Graph): Graph {
  const producer = producersOf(graph);
  const lastUse = lastUses(graph);
  const previous = new Map<ValueId, number>();
  const avals: Aval[] = [...graph.avals];
  const nodes: GraphNode[] = [];
  const copies = new Map<ValueId, ValueId>();
  graph.nodes.forEach((node, position) => {
    const inputs = node.inputs.map((id) => {
      const ready = copies.get(id);
      if (ready !== undefined) return ready;
      const made = producer.get(id);
      const gap = position - (previous.get(id) ?? made ?? position);
      previous.set(id, position);
      if (made === undefined || gap < MIN_GAP || !isWorthIt(graph, graph.nodes[made]!, id, position, lastUse))
        return id;
      const copy = avals.length;
      avals.push(graph.avals[id]!);
      nodes.push({ ...graph.nodes[made]!, outputs: [copy] });
      copies.set(id, copy);
      return copy;
    });
    nodes.push({ ...node, inputs });
  });
  return copies.size === 0 ? graph : { ...graph, nodes, avals };
}

function lastUses(graph: Graph): Map<ValueId, number> {
  const last = new Map<ValueId, number>();
  graph.nodes.forEach((node, i) => {
    for (const id of node.inputs) last.set(id, i);
  });
  for (const id of [...graph.outputs, ...graph.inputs, ...graph.consts.map((c) => c.id)])
    last.set(id, Number.POSITIVE_INFINITY);
  return last;
}

function isWorthIt(
  graph: Graph,
  maker: GraphNode,
  id: ValueId,
  position: number,
  lastUse: ReadonlyMap<ValueId, number>,
): boolean {
  if (maker.op.isCheap !== true || maker.op.isView === true || maker.outputs.length !== 1) return false;
  if (graph.outputs.includes(id)) return false;
  if (bytesOf(graph.avals[id]!) < 256) return false;
  return maker.inputs.every((input) => (lastUse.get(input) ?? -1) >= position);
}
