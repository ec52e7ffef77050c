/** Simplify, common subexpressions and dead code: exact to the last bit, linear in the number of nodes. */
import { remembered } from '../cache.ts';
import type { ValueId } from '../dag.ts';
import { liveNodes } from '../dag.ts';
import type { Graph, GraphNode } from '../graph.ts';
import type { Op } from '../op.ts';
import type { ConstantParams } from '../ops/constant.ts';
import { sameShape } from '../shape.ts';
import type { Aval } from '../tensor.ts';

/** One pass forwards (rewrites and sharing), one backwards (dead code). */
export function simplify(graph: Graph): Graph {
  const rename = new Map<ValueId, ValueId>();
  const at = (id: ValueId): ValueId => rename.get(id) ?? id;
  const numbers = new Map<ValueId, number>();
  const seen = new Map<string, GraphNode>();
  const keys = new ObjectKeys();
  const nodes: GraphNode[] = [];
  for (const old of graph.nodes) {
    const node: GraphNode = { ...old, inputs: old.inputs.map(at) };
    const same = identityInput(node, graph.avals, numbers);
    if (same !== null) {
      rename.set(node.outputs[0]!, same);
      continue;
    }
    if (node.op.name === 'constant') numbers.set(node.outputs[0]!, (node.params as ConstantParams).value);
    const key = `${keys.of(node.op)}(${node.inputs.join()})${keys.params(node.params)}`;
    const twin = seen.get(key);
    if (twin === undefined) {
      seen.set(key, node);
      nodes.push(node);
    } else
      node.outputs.forEach((id, i) => {
        rename.set(id, twin.outputs[i]!);
      });
  }
  const outputs = graph.outputs.map(at);
  const live = liveNodes({ inputs: graph.inputs, nodes, outputs });
  const used = new Set([...live.flatMap((n) => n.inputs), ...outputs]);
  return { ...graph, nodes: live, outputs, consts: graph.consts.filter((c) => used.has(c.id)) };
}

/** The input that a node merely repeats, bit for bit, or null. x + 0 is not among them: −0 + 0 = +0. */
function identityInput(node: GraphNode, avals: readonly Aval[], numbers: ReadonlyMap<ValueId, number>): ValueId | null {
  const out = avals[node.outputs[0]!]!;
  const repeats = (id: ValueId): ValueId | null =>
    sameShape(avals[id]!.shape, out.shape) && avals[id]!.dtype === out.dtype ? id : null;
  const [x, y] = node.inputs;
  switch (node.op.name) {
    case 'mul':
      return numbers.get(y!) === 1 ? repeats(x!) : numbers.get(x!) === 1 ? repeats(y!) : null;
    case 'div':
      return numbers.get(y!) === 1 ? repeats(x!) : null;
    case 'sub':
      return Object.is(numbers.get(y!), 0) ? repeats(x!) : null;
    case 'reshape':
    case 'broadcastTo':
    case 'cast':
    case 'stopGradient':
    case 'tap':
      return avals[x!]!.weak === true ? null : repeats(x!);
    default:
      return null;
  }
}

/** Short names for objects compared by identity or by content. */
class ObjectKeys {
  readonly #ids = new Map<object, number>();

  of(op: Op): number {
    return remembered(this.#ids, op, () => this.#ids.size);
  }

  params(params: object): string {
    return JSON.stringify(params, (_, v) => {
      if (typeof v === 'function' || (typeof v === 'object' && v !== null && 'nodes' in v)) return `#${this.of(v)}`;
      return Object.is(v, -0) ? '-0' : typeof v === 'number' && !Number.isFinite(v) ? String(v) : v;
    });
  }
}
