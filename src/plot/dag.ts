/** Any Dag as the plain data that pictures are drawn from. */
import type { Dag, DagNode, ValueId } from '../engine/dag.ts';
import type { PlotEdge, PlotGraph, PlotNode } from './graph.ts';

export interface DagLabels<N extends DagNode> {
  readonly label: (node: N, index: number) => string;
  readonly scope?: (node: N) => string;
  /** What an input, or a value that flows along an edge, is called. */
  readonly value?: (id: ValueId) => string;
}

/** Nodes for inputs and nodes, an edge for every value that is read; nodes that write an output look like outputs. */
export function plotDag<N extends DagNode>(dag: Dag<N>, { label, scope, value }: DagLabels<N>): PlotGraph {
  const results = new Set(dag.outputs);
  const producer = new Map(dag.nodes.flatMap((node, i) => node.outputs.map((id) => [id, `n${i}`] as const)));
  const inputs = dag.inputs.map(
    (id): PlotNode => ({ id: `v${id}`, label: value?.(id) ?? `input ${id}`, kind: 'input' }),
  );
  const nodes = dag.nodes.map(
    (node, i): PlotNode => ({
      id: `n${i}`,
      label: label(node, i),
      ...(scope === undefined ? {} : { scope: scope(node) }),
      ...(node.outputs.some((id) => results.has(id)) ? { kind: 'output' } : {}),
    }),
  );
  const edges = dag.nodes.flatMap((node, i) =>
    node.inputs.map((id): PlotEdge => {
      const from = producer.get(id);
      const ends = { from: from ?? `v${id}`, to: `n${i}` };
      return value === undefined || from === undefined ? ends : { ...ends, label: value(id) };
    }),
  );
  return { nodes: [...inputs, ...nodes], edges };
}
