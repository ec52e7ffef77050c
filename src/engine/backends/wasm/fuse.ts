/**
 * Fusion: elementwise nodes that feed one another become one node, computed in one loop over memory.
 *
 * What leaves a group is written once, what stays inside lives in registers; numbers become arguments of the kernel. Rounding is that of the single nodes (numerics contract), so bits do not change.
 */
import type { ValueId } from '../../dag.ts';
import { liveNodes, producersOf } from '../../dag.ts';
import type { Graph, GraphNode } from '../../graph.ts';
import type { Op } from '../../op.ts';
import type { ConstantParams } from '../../ops/constant.ts';
import { broadcastStrides, sameShape, sizeOf, stridesOf } from '../../shape.ts';
import { finishProducts } from './finish.ts';
import { familiesOf, isConstant, readersOf } from './fuse-stages.ts';
import { coalesce } from './kernels/copy-plan.ts';
import { type FusedParams, type FusedStep, fusedOp } from './lower-fused.ts';

/** Operands, numbers and steps of one kernel: more would not fit its registers and only make it long. */
const MOST_OPERANDS = 14;
const MOST_NUMBERS = 32;
const MOST_STEPS = 48;

/** The same flat graph with chains of elementwise nodes joined, and with products that finish in them. */
export const fuse = (graph: Graph): Graph => finishProducts(new Fuser(graph).run());

class Fuser {
  readonly #graph: Graph;
  readonly #producer: ReadonlyMap<ValueId, number>;
  readonly #readers: ReadonlyMap<ValueId, readonly number[]>;
  readonly #outputs: ReadonlySet<ValueId>;
  /** The group of each grouped node. */
  readonly #groupOf = new Map<number, readonly number[]>();
  readonly #nodes: GraphNode[] = [];
  readonly #emitted = new Set<number>();

  constructor(graph: Graph) {
    this.#graph = graph;
    this.#producer = producersOf(graph);
    this.#readers = readersOf(graph);
    this.#outputs = new Set(graph.outputs);
  }

  run(): Graph {
    const groups = familiesOf(this.#graph, this.#readers)
      .flatMap((family) => this.#segments(family))
      .filter((g) => g.length > 1);
    if (groups.length === 0) return this.#graph;
    for (const group of groups) for (const i of group) this.#groupOf.set(i, group);
    this.#graph.nodes.forEach((_, i) => {
      if ((this.#groupOf.get(i)?.at(-1) ?? i) === i) this.#demand(i);
    });
    return { ...this.#graph, nodes: liveNodes({ ...this.#graph, nodes: this.#nodes }) };
  }

  /** Cuts a family into runs, in order, that each fit one kernel. */
  #segments(family: readonly number[]): number[][] {
    const runs: number[][] = [];
    let run: number[] = [];
    let operands = new Set<ValueId>();
    let made = new Set<ValueId>();
    for (const i of family) {
      const { inputs, outputs } = this.#graph.nodes[i]!;
      const more = new Set([...operands, ...inputs.filter((id) => !made.has(id))]);
      if (run.length > 0 && (run.length >= MOST_STEPS || !this.#fitsRows(outputs[0]!, [...more]))) {
        runs.push(run);
        run = [];
        made = new Set();
        operands = new Set(inputs);
      } else operands = more;
      run.push(i);
      made.add(outputs[0]!);
    }
    return [...runs, run];
  }

  /** Whether one kernel can read these operands along rows. */
  #fitsRows(out: ValueId, operands: readonly ValueId[]): boolean {
    const { avals } = this.#graph;
    const { shape } = avals[out]!;
    const read = operands.filter((id) => !this.#isNumber(id));
    if (read.length > MOST_OPERANDS || operands.length - read.length > MOST_NUMBERS) return false;
    const spread = read.filter((id) => !sameShape(avals[id]!.shape, shape) && sizeOf(avals[id]!.shape) > 1);
    if (spread.length === 0) return true;
    const strides = spread.map((id) => broadcastStrides(avals[id]!.shape, shape));
    return coalesce(shape, stridesOf(shape), ...strides).dims.length <= 3;
  }

  #isNumber(id: ValueId): boolean {
    const maker = this.#producer.get(id);
    return maker !== undefined && isConstant(this.#graph.nodes[maker]!);
  }

  /** Emits the node or group of node i behind everything that it reads. */
  #demand(first: number): void {
    const waiting = [first];
    while (waiting.length > 0) {
      const i = waiting.at(-1)!;
      const group = this.#groupOf.get(i) ?? [i];
      const missing = this.#emitted.has(group[0]!) ? [] : this.#missing(group);
      if (missing.length > 0) {
        waiting.push(...missing.reverse());
        continue;
      }
      waiting.pop();
      if (!this.#emitted.has(group[0]!)) this.#nodes.push(group.length > 1 ? this.#join(group) : this.#graph.nodes[i]!);
      this.#emitted.add(group[0]!);
    }
  }

  /** Nodes that a group reads and that are not there yet. */
  #missing(group: readonly number[]): number[] {
    const missing = new Set<number>();
    for (const i of group)
      for (const id of this.#graph.nodes[i]!.inputs) {
        const from = this.#producer.get(id);
        if (from === undefined) continue;
        const other = this.#groupOf.get(from) ?? [from];
        if (other[0] !== group[0] && !this.#emitted.has(other[0]!)) missing.add(from);
      }
    return [...missing].sort((a, b) => a - b);
  }

  /** The node that does what a group does; values that only the group reads are not among its outputs. */
  #join(group: readonly number[]): GraphNode {
    const { nodes, avals } = this.#graph;
    const members = group.map((i) => nodes[i]!);
    const made = new Set(members.map((m) => m.outputs[0]!));
    const given = [...new Set(members.flatMap((m) => m.inputs))].filter((id) => !made.has(id));
    const inputs = given.filter((id) => !this.#isNumber(id));
    const numbers = given.filter((id) => this.#isNumber(id));
    const outputs = [...made].filter((id) => this.#leaves(id, group));
    const places = new Map([...inputs, ...numbers, ...made].map((id, k) => [id, k]));
    const placesOf = (ids: readonly ValueId[]) => ids.map((id) => places.get(id)!);
    const params: FusedParams = {
      inputs: inputs.length,
      numbers: numbers.map((id) => nodes[this.#producer.get(id)!]!.params as ConstantParams),
      steps: members.map((m): FusedStep => {
        const ins = m.inputs.map((id) => avals[id]!);
        return { node: m, ins, out: avals[m.outputs[0]!]!, code: m.op.lanes!(ins, m.params), args: placesOf(m.inputs) };
      }),
      outs: placesOf(outputs),
    };
    const { scope, site } = members.at(-1)!;
    const node: GraphNode = { op: fusedOp as unknown as Op, inputs, outputs, params, scope, site };
    return members.some((m) => m.isBackward === true) ? { ...node, isBackward: true } : node;
  }

  #leaves(id: ValueId, group: readonly number[]): boolean {
    if (this.#outputs.has(id)) return true;
    return (this.#readers.get(id) ?? []).some((i) => this.#groupOf.get(i) !== group);
  }
}
