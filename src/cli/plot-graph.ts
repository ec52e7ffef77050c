/** A traced graph as the plain data that pictures are drawn from. */
import type { Graph, GraphNode } from '../engine/index.ts';
import type { PlotEdge, PlotGraph, PlotNode } from '../plot/graph.ts';

/** Nodes for inputs, constants and ops, an edge for every use; outputs look like outputs. */
export function plotGraphOf(graph: Graph, names: readonly string[]): PlotGraph {
  const typeOf = (id: number) => ({ shape: graph.avals[id]!.shape, dtype: graph.avals[id]!.dtype });
  const inputs = graph.inputs.map(
    (id, i): PlotNode => ({ id: `v${id}`, label: names[i] ?? `input ${i}`, kind: 'input', ...typeOf(id) }),
  );
  const consts = graph.consts.map(
    ({ id }): PlotNode => ({ id: `v${id}`, label: 'constant', kind: 'constant', ...typeOf(id) }),
  );
  const results = new Set(graph.outputs);
  const ops = graph.nodes.map((node): PlotNode => {
    const isResult = node.outputs.some((id) => results.has(id));
    return {
      id: idOf(node),
      label: node.op.name,
      scope: node.scope,
      ...numberIn(node),
      ...(isResult ? { kind: 'output' } : {}),
      ...typeOf(node.outputs[0]!),
    };
  });
  const producer = new Map(graph.nodes.flatMap((node) => node.outputs.map((id) => [id, idOf(node)] as const)));
  const edges = graph.nodes.flatMap((node) =>
    node.inputs.map((id): PlotEdge => ({ from: producer.get(id) ?? `v${id}`, to: idOf(node) })),
  );
  return { nodes: [...inputs, ...consts, ...ops], edges };
}

const idOf = (node: GraphNode): string => `v${node.outputs[0]}`;

/** The number of a constant. */
function numberIn({ op, params }: GraphNode): { value?: number } {
  return op.name === 'constant' ? { value: (params as { value: number }).value } : {};
}
