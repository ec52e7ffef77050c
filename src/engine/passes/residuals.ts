/** What a graph keeps between its forward and its backward pass: values that a forward node makes and a backward node reads. */
import type { ValueId } from '../dag.ts';
import type { Graph } from '../graph.ts';
import { constantOp } from '../ops/constant.ts';
import { bytesOf } from '../tensor.ts';

/** A kept value; views of one another are one value. */
export interface Residual {
  readonly id: ValueId;
  readonly bytes: number;
  /** The op that makes it, and the scope in which it was written. */
  readonly op: string;
  readonly scope: string;
  /** Positions of the node that makes it and of the last node that reads it. */
  readonly made: number;
  readonly lastUse: number;
}

/** The values that a flat graph keeps for its backward pass, in the order in which they are made. Inputs and constants are not among them: they are there anyway. */
export function residualsOf(graph: Graph): Residual[] {
  const roots = viewRoots(graph);
  const made = new Map<ValueId, number>();
  const lastUse = new Map<ValueId, number>();
  graph.nodes.forEach((node, i) => {
    if (node.isBackward === true) {
      for (const id of node.inputs) {
        const root = roots.get(id) ?? id;
        if (made.has(root)) lastUse.set(root, i);
      }
    } else if (node.op.isView !== true && node.op.name !== constantOp.name)
      for (const id of node.outputs) made.set(id, i);
  });
  return [...lastUse.keys()]
    .sort((a, b) => made.get(a)! - made.get(b)!)
    .map((id) => {
      const { op, scope } = graph.nodes[made.get(id)!]!;
      return {
        id,
        bytes: bytesOf(graph.avals[id]!),
        op: op.name,
        scope,
        made: made.get(id)!,
        lastUse: lastUse.get(id)!,
      };
    });
}

/** The value whose memory each view shows. */
export function viewRoots(graph: Graph): Map<ValueId, ValueId> {
  const roots = new Map<ValueId, ValueId>();
  for (const { op, inputs, outputs } of graph.nodes) {
    if (op.isView !== true) continue;
    roots.set(outputs[0]!, roots.get(inputs[0]!) ?? inputs[0]!);
  }
  return roots;
}
