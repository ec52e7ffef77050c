/**
 * Finishing: a matrix product or convolution that only one elementwise node reads is joined with it (lower-finished.ts).
 *
 * The joined node stands where the elementwise one stood. The operands of the product then live until there, so it is done only where that is next, or where they are no larger than the product, which is not kept any more.
 */
import type { ValueId } from '../../dag.ts';
import { producersOf } from '../../dag.ts';
import type { Graph, GraphNode } from '../../graph.ts';
import type { Op } from '../../op.ts';
import { convInputOp, convOp } from '../../ops/conv.ts';
import { matmulOp } from '../../ops/matmul.ts';
import { sameShape } from '../../shape.ts';
import { bytesOf } from '../../tensor.ts';
import { isConstant, isLanewise, readersOf } from './fuse-stages.ts';
import { canFinish, type FinishedParams, finishedOp } from './lower-finished.ts';
import { type FusedParams, fusedOp } from './lower-fused.ts';

/** The same flat graph with products finished where they are made. */
export function finishProducts(graph: Graph): Graph {
  const names = [matmulOp, convOp, convInputOp].map((op) => op.name);
  const products = new Set(graph.nodes.filter((n) => names.includes(n.op.name)).flatMap((n) => n.outputs));
  if (products.size === 0) return graph;
  const finder = new Finder(graph);
  const joined = new Map<number, GraphNode>();
  const gone = new Set<number>();
  graph.nodes.forEach((node, i) => {
    const code = codeOf(graph, node);
    const found = code === null ? null : finder.productOf(node, i, products);
    if (found === null) return;
    joined.set(i, finder.join(node, found, code!));
    gone.add(found.at);
  });
  if (joined.size === 0) return graph;
  const nodes = graph.nodes.flatMap((node, i) => (gone.has(i) ? [] : [joined.get(i) ?? node]));
  return { ...graph, nodes };
}

/** The code of an elementwise node or group; null for other nodes. */
function codeOf({ avals }: Graph, node: GraphNode): FusedParams | null {
  if (node.op.name === fusedOp.name) return node.params as unknown as FusedParams;
  if (!isLanewise(node)) return null;
  const ins = node.inputs.map((id) => avals[id]!);
  const distinct = [...new Set(node.inputs)];
  const args = node.inputs.map((id) => distinct.indexOf(id));
  const step = { node, ins, out: avals[node.outputs[0]!]!, code: node.op.lanes!(ins, node.params), args };
  return { inputs: distinct.length, numbers: [], steps: [step], outs: [distinct.length] };
}

interface Found {
  readonly at: number;
  readonly product: GraphNode;
  readonly id: ValueId;
}

class Finder {
  readonly #graph: Graph;
  readonly #producer: ReadonlyMap<ValueId, number>;
  readonly #readers: ReadonlyMap<ValueId, readonly number[]>;
  readonly #fixed: ReadonlySet<ValueId>;
  readonly #outputs: ReadonlySet<ValueId>;

  constructor(graph: Graph) {
    this.#graph = graph;
    this.#producer = producersOf(graph);
    this.#readers = readersOf(graph);
    this.#fixed = new Set([...graph.inputs, ...graph.outputs, ...graph.consts.map((c) => c.id)]);
    this.#outputs = new Set(graph.outputs);
  }

  /** The first product that this node alone reads and can finish. */
  productOf(node: GraphNode, i: number, products: ReadonlySet<ValueId>): Found | null {
    const { avals, nodes } = this.#graph;
    for (const id of new Set(node.inputs)) {
      if (!products.has(id) || this.#outputs.has(id) || this.#readers.get(id)!.length > 1) continue;
      const made = avals[id]!;
      if (!node.outputs.every((o) => sameShape(avals[o]!.shape, made.shape))) continue;
      const at = this.#producer.get(id)!;
      const product = nodes[at]!;
      const others = node.inputs.filter((o) => o !== id).map((o) => avals[o]!);
      const ins = product.inputs.map((o) => avals[o]!);
      if (canFinish(product, made, ins, others) && (this.#isNext(at, i) || this.#isNoLarger(product, i, bytesOf(made))))
        return { at, product, id };
    }
    return null;
  }

  /** Whether node i follows the product, with no kernel between them. */
  #isNext(at: number, i: number): boolean {
    return this.#graph.nodes.slice(at + 1, i).every((n) => n.op.isView === true || isConstant(n));
  }

  /** Whether the operands that die before node i take no more memory than the product did. */
  #isNoLarger({ inputs }: GraphNode, i: number, bytes: number): boolean {
    const dying = [...new Set(inputs)].filter(
      (id) => !this.#fixed.has(id) && this.#readers.get(id)!.every((r) => r < i),
    );
    return dying.reduce((sum, id) => sum + bytesOf(this.#graph.avals[id]!), 0) <= bytes;
  }

  join(node: GraphNode, { product, id }: Found, code: FusedParams): GraphNode {
    const distinct = [...new Set(node.inputs)];
    const params: FinishedParams = { product, made: this.#graph.avals[id]!, code, place: distinct.indexOf(id) };
    const inputs = [...product.inputs, ...distinct.filter((o) => o !== id)];
    return { ...node, op: finishedOp as unknown as Op, inputs, params };
  }
}
