/**
 * A small generic directed acyclic graph: nodes that read values and write values, and walks over it with any algebra.
 *
 * Values are named by whole numbers. A node lists the values it reads and writes; the list of nodes is in topological order. A tensor `Graph` is one instance;
 * belief messages, energies and text are others: they supply the algebra and reuse the walk.
 */

export type ValueId = number;

export interface DagNode {
  readonly inputs: readonly ValueId[];
  readonly outputs: readonly ValueId[];
}

export interface Dag<N extends DagNode = DagNode> {
  readonly inputs: readonly ValueId[];
  readonly nodes: readonly N[];
  readonly outputs: readonly ValueId[];
}

/** What a backward walk needs to know of the things it carries. */
export interface PullAlgebra<N extends DagNode, V> {
  /** Joins two contributions to one value. */
  readonly add: (a: V, b: V) => V;
  /** Turns what arrived at a node's outputs into contributions to its inputs; undefined is a symbolic zero. */
  readonly pull: (node: N, arrived: readonly (V | undefined)[]) => readonly (V | undefined)[];
}

/** Computes every value from the given ones, in topological order. */
export function walkForward<N extends DagNode, V>(
  dag: Dag<N>,
  given: ReadonlyMap<ValueId, V>,
  evaluate: (node: N, inputs: readonly V[]) => readonly V[],
): Map<ValueId, V> {
  const values = new Map(given);
  for (const node of dag.nodes) {
    const outs = evaluate(
      node,
      node.inputs.map((id) => values.get(id)!),
    );
    node.outputs.forEach((id, i) => {
      values.set(id, outs[i]!);
    });
  }
  return values;
}

/** Carries seeds from the outputs back to every value that they depend on; nodes that nothing reaches are not pulled. */
export function walkBackward<N extends DagNode, V>(
  dag: Dag<N>,
  seeds: Iterable<readonly [ValueId, V]>,
  algebra: PullAlgebra<N, V>,
): Map<ValueId, V> {
  const arrived = new Map<ValueId, V>();
  const put = (id: ValueId, v: V | undefined) => {
    if (v === undefined) return;
    const before = arrived.get(id);
    arrived.set(id, before === undefined ? v : algebra.add(before, v));
  };
  for (const [id, v] of seeds) put(id, v);
  for (let i = dag.nodes.length - 1; i >= 0; i--) {
    const node = dag.nodes[i]!;
    const here = node.outputs.map((id) => arrived.get(id));
    if (here.every((v) => v === undefined)) continue;
    const back = algebra.pull(node, here);
    node.inputs.forEach((id, k) => {
      put(id, back[k]);
    });
  }
  return arrived;
}

/** The index of the node that writes each value. */
export function producersOf<N extends DagNode>(dag: Dag<N>): Map<ValueId, number> {
  const producer = new Map<ValueId, number>();
  dag.nodes.forEach((node, i) => {
    for (const id of node.outputs) producer.set(id, i);
  });
  return producer;
}

/** The level of every node: 0 for nodes that read only inputs and constants, else one more than the deepest producer. The dependent depth is the maximum plus one. */
export function levelsOf<N extends DagNode>(dag: Dag<N>): number[] {
  const producer = producersOf(dag);
  const levels: number[] = [];
  for (const node of dag.nodes) {
    let level = 0;
    for (const id of node.inputs) {
      const from = producer.get(id);
      if (from !== undefined) level = Math.max(level, levels[from]! + 1);
    }
    levels.push(level);
  }
  return levels;
}

/** The longest chain of nodes that wait for one another. */
export const depthOf = <N extends DagNode>(dag: Dag<N>): number =>
  levelsOf(dag).reduce((most, level) => Math.max(most, level + 1), 0);

/** Keeps the nodes that the outputs depend on, in their order. */
export function liveNodes<N extends DagNode>(dag: Dag<N>): N[] {
  const needed = new Set(dag.outputs);
  const kept: N[] = [];
  for (let i = dag.nodes.length - 1; i >= 0; i--) {
    const node = dag.nodes[i]!;
    if (!node.outputs.some((id) => needed.has(id))) continue;
    for (const id of node.inputs) needed.add(id);
    kept.push(node);
  }
  return kept.reverse();
}
