/** Opens nodes that hold graphs, so that a backend sees one flat list of kernels. */
import type { ValueId } from '../dag.ts';
import type { Graph, GraphNode } from '../graph.ts';
import { joinScope } from '../scope.ts';
import type { Aval, Tensor } from '../tensor.ts';

/** The same graph with every inlinable node replaced by its body. */
export function inlineCalls(graph: Graph): Graph {
  if (!graph.nodes.some((n) => n.op.inline !== undefined)) return graph;
  const avals: Aval[] = [...graph.avals];
  const consts = [...graph.consts];
  const nodes: GraphNode[] = [];
  const rename = new Map<ValueId, ValueId>();
  const at = (id: ValueId): ValueId => rename.get(id) ?? id;
  for (const node of graph.nodes) {
    const inputs = node.inputs.map(at);
    if (node.op.inline === undefined) {
      nodes.push({ ...node, inputs });
      continue;
    }
    const body = inlineCalls(node.op.inline(node.params));
    const outs = splice(body, inputs, node, { avals, consts, nodes });
    node.outputs.forEach((id, i) => {
      rename.set(id, outs[i]!);
    });
  }
  return { ...graph, avals, consts, nodes, outputs: graph.outputs.map(at) };
}

interface Target {
  readonly avals: Aval[];
  readonly consts: { readonly id: ValueId; readonly value: Tensor }[];
  readonly nodes: GraphNode[];
}

function splice(body: Graph, inputs: readonly ValueId[], caller: GraphNode, target: Target): ValueId[] {
  const map = new Map<ValueId, ValueId>(body.inputs.map((id, i) => [id, inputs[i]!]));
  const fresh = (id: ValueId): ValueId => {
    const to = target.avals.length;
    target.avals.push(body.avals[id]!);
    map.set(id, to);
    return to;
  };
  for (const c of body.consts) target.consts.push({ id: fresh(c.id), value: c.value });
  for (const node of body.nodes) {
    const ins = node.inputs.map((id) => map.get(id)!);
    const own = { inputs: ins, outputs: node.outputs.map(fresh), scope: joinScope(caller.scope, node.scope) };
    target.nodes.push(caller.isBackward === true ? { ...node, ...own, isBackward: true } : { ...node, ...own });
  }
  return body.outputs.map((id) => map.get(id)!);
}
