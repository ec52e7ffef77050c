/**
 * Which elementwise nodes may run in one loop: those of one stage and one shape that feed one another.
 *
 * Stage      0 for what needs inputs alone; a node that is not elementwise ends a stage, an elementwise one stays in the latest stage of its operands. A path that leaves a stage never comes back to it,
 *            and elementwise results only grow in shape, so nodes of one stage and shape can run together without a cycle.
 * Lateness   an elementwise node that is needed late moves to the stage of its consumers, unless that would keep more bytes alive than it saves.
 */
import type { ValueId } from '../../dag.ts';
import type { Graph, GraphNode } from '../../graph.ts';
import { constantOp } from '../../ops/constant.ts';
import { sameShape } from '../../shape.ts';
import { bytesOf } from '../../tensor.ts';

export const isLanewise = ({ op }: GraphNode): boolean => op.lanes !== undefined;
export const isConstant = ({ op }: GraphNode): boolean => op.name === constantOp.name;

type Readers = ReadonlyMap<ValueId, readonly number[]>;

/** The nodes that read each value. */
export function readersOf(graph: Graph): Readers {
  const readers = new Map<ValueId, number[]>();
  graph.nodes.forEach((node, i) => {
    for (const id of new Set(node.inputs)) {
      const known = readers.get(id);
      if (known === undefined) readers.set(id, [i]);
      else known.push(i);
    }
  });
  return readers;
}

/** The stage of every node. */
function stagesOf(graph: Graph, readers: Readers): number[] {
  const stages = earliestStages(graph);
  const numbers = graph.nodes.filter(isConstant).flatMap((node) => node.outputs);
  const always = new Set([...graph.inputs, ...graph.outputs, ...numbers]);
  for (let i = graph.nodes.length - 1; i >= 0; i--) {
    const node = graph.nodes[i]!;
    if (!isLanewise(node)) continue;
    const users = readers.get(node.outputs[0]!) ?? [];
    const latest = users.reduce(
      (least, u) => Math.min(least, stages[u]! - (isLanewise(graph.nodes[u]!) ? 0 : 1)),
      Number.POSITIVE_INFINITY,
    );
    const joined = users.find((u) => stages[u] === latest && feedsInPlace(graph, node, graph.nodes[u]!));
    if (latest === Number.POSITIVE_INFINITY || latest <= stages[i]! || joined === undefined) continue;
    const kept = node.inputs.filter((id) => !always.has(id) && !readers.get(id)!.some((u) => u !== i && u >= joined));
    const keptBytes = kept.reduce((sum, id) => sum + bytesOf(graph.avals[id]!), 0);
    if (keptBytes <= bytesOf(graph.avals[node.outputs[0]!]!)) stages[i] = latest;
  }
  return stages;
}

function earliestStages({ nodes }: Graph): number[] {
  const stageOf = new Map<ValueId, number>();
  return nodes.map((node) => {
    const ready = node.inputs.reduce((most, id) => Math.max(most, stageOf.get(id) ?? 0), 0);
    const stage = isLanewise(node) || isConstant(node) ? ready : ready + 1;
    for (const id of node.outputs) stageOf.set(id, stage);
    return stage;
  });
}

const shapeOf = (graph: Graph, node: GraphNode) => graph.avals[node.outputs[0]!]!.shape;

/** Whether a reader is elementwise over the same shape. */
const feedsInPlace = (graph: Graph, maker: GraphNode, reader: GraphNode): boolean =>
  isLanewise(reader) && sameShape(shapeOf(graph, maker), shapeOf(graph, reader));

/** Lists of nodes that feed one another within a stage and a shape, each in order; single nodes are left out. */
export function familiesOf(graph: Graph, readers: Readers): number[][] {
  const stages = stagesOf(graph, readers);
  const root = graph.nodes.map((_, i) => i);
  const find = (i: number): number => {
    let at = i;
    while (root[at] !== at) {
      root[at] = root[root[at]!]!;
      at = root[at]!;
    }
    return at;
  };
  const producer = new Map<ValueId, number>();
  graph.nodes.forEach((node, i) => {
    if (isLanewise(node))
      for (const id of node.inputs) {
        const from = producer.get(id);
        if (from === undefined || stages[from] !== stages[i] || !feedsInPlace(graph, graph.nodes[from]!, node))
          continue;
        root[find(i)] = find(from);
      }
    if (isLanewise(node)) producer.set(node.outputs[0]!, i);
  });
  const families = new Map<number, number[]>();
  graph.nodes.forEach((node, i) => {
    if (!isLanewise(node)) return;
    const known = families.get(find(i));
    if (known === undefined) families.set(find(i), [i]);
    else known.push(i);
  });
  return [...families.values()].filter((f) => f.length > 1);
}
