/**
 * Recompute-cheap: a value made by one pass of cheap arithmetic and needed again much later is computed again instead of being kept.
 *
 * A late use is one with a wide gap to the uses before it (as from a forward to a backward pass). The copy is made only when everything it reads is still alive there anyway, so the bytes that are
 * alive can only fall, and the bits do not change (numerics contract).
 */
import type { ValueId } from '../dag.ts';
import { producersOf } from '../dag.ts';
import type { Graph, GraphNode } from '../graph.ts';
import type { Aval } from '../tensor.ts';
import { bytesOf } from '../tensor.ts';

/** Gaps shorter than this many nodes are left alone. */
const MIN_GAP = 8;
/** Smaller values are not worth a kernel call. */
const MIN_BYTES = 256;

export const recomputeCheap = (graph: Graph): Graph => new Recomputer(graph).run();

class Recomputer {
  readonly #graph: Graph;
  readonly #producer: ReadonlyMap<ValueId, number>;
  readonly #outputs: ReadonlySet<ValueId>;
  readonly #lastUse: ReadonlyMap<ValueId, number>;
  readonly #previousUse = new Map<ValueId, number>();
  readonly #avals: Aval[];
  readonly #nodes: GraphNode[] = [];
  readonly #copies = new Map<ValueId, ValueId>();

  constructor(graph: Graph) {
    this.#graph = graph;
    this.#producer = producersOf(graph);
    this.#outputs = new Set(graph.outputs);
    this.#lastUse = lastUses(graph);
    this.#avals = [...graph.avals];
  }

  run(): Graph {
    this.#graph.nodes.forEach((node, position) => {
      const inputs = node.inputs.map((id) => this.#inputAt(id, position));
      this.#nodes.push({ ...node, inputs });
    });
    return this.#copies.size === 0 ? this.#graph : { ...this.#graph, nodes: this.#nodes, avals: this.#avals };
  }

  /** The value that the node at this position reads for `id`: itself or a copy. */
  #inputAt(id: ValueId, position: number): ValueId {
    const ready = this.#copies.get(id);
    if (ready !== undefined) return ready;
    const made = this.#producer.get(id);
    const gap = position - (this.#previousUse.get(id) ?? made ?? position);
    this.#previousUse.set(id, position);
    if (made === undefined || gap < MIN_GAP || !this.#isWorthIt(this.#graph.nodes[made]!, id, position)) return id;
    return this.#copy(this.#graph.nodes[made]!, id, position);
  }

  /** Inputs that were copied before are read from their copies: the originals may be gone. */
  #copy(maker: GraphNode, id: ValueId, position: number): ValueId {
    const copy = this.#avals.length;
    this.#avals.push(this.#graph.avals[id]!);
    const inputs = maker.inputs.map((x) => this.#copies.get(x) ?? x);
    for (const x of maker.inputs) this.#previousUse.set(x, position);
    const isBackward = maker.isBackward === true || this.#graph.nodes[position]!.isBackward === true;
    this.#nodes.push({ ...maker, inputs, outputs: [copy], isBackward });
    this.#copies.set(id, copy);
    return copy;
  }

  #isWorthIt({ op, inputs, outputs }: GraphNode, id: ValueId, position: number): boolean {
    if (op.isCheap !== true || op.isView === true || outputs.length !== 1 || this.#outputs.has(id)) return false;
    return (
      bytesOf(this.#graph.avals[id]!) >= MIN_BYTES && inputs.every((x) => (this.#lastUse.get(x) ?? -1) >= position)
    );
  }
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
