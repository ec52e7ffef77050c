/** Topological order of nodes that were written down in any order. */
import type { Dag, DagNode, ValueId } from './dag.ts';
import { ConfigError } from './errors.ts';

type NameOf<N> = (node: N, index: number) => string;

/** The same Dag with its nodes in topological order, each as early as its first reader needs it; refuses cycles, values written twice, and values that nobody writes. */
export function sortDag<N extends DagNode>(dag: Dag<N>, nameOf: NameOf<N> = (_, i) => `node ${i}`): Dag<N> {
  const sorter = new Sorter(dag, nameOf);
  for (const id of dag.outputs) sorter.producerOf(id, () => 'an output');
  for (let root = 0; root < dag.nodes.length; root++) sorter.place(root);
  return { ...dag, nodes: sorter.order.map((i) => dag.nodes[i]!) };
}

const UNDER_WAY = 1;
const PLACED = 2;

/** Depth first without recursion. */
class Sorter<N extends DagNode> {
  readonly order: number[] = [];
  readonly #dag: Dag<N>;
  readonly #nameOf: NameOf<N>;
  readonly #given: ReadonlySet<ValueId>;
  readonly #producer = new Map<ValueId, number>();
  readonly #state: Uint8Array;

  constructor(dag: Dag<N>, nameOf: NameOf<N>) {
    this.#dag = dag;
    this.#nameOf = nameOf;
    this.#given = new Set(dag.inputs);
    this.#state = new Uint8Array(dag.nodes.length);
    dag.nodes.forEach((node, i) => {
      for (const id of node.outputs) this.#write(id, i);
    });
  }

  #name(index: number): string {
    return this.#nameOf(this.#dag.nodes[index]!, index);
  }

  #write(id: ValueId, index: number): void {
    if (this.#given.has(id) || this.#producer.has(id))
      throw new ConfigError(`the value ${id} of ${this.#name(index)} is written twice`, {
        value: id,
        help: 'give every value one producer',
      });
    this.#producer.set(id, index);
  }

  /** The node that writes a value; undefined for inputs. */
  producerOf(id: ValueId, what: () => string): number | undefined {
    const found = this.#producer.get(id);
    if (found === undefined && !this.#given.has(id))
      throw new ConfigError(`the value ${id}, ${what()}, is written by no node and is no input`, {
        value: id,
        help: 'list it under inputs, or add its producer',
      });
    return found;
  }

  /** Places a node behind everything that it waits for. */
  place(root: number): void {
    if (this.#state[root] === PLACED) return;
    const stack = [{ index: root, at: 0 }];
    this.#state[root] = UNDER_WAY;
    while (stack.length > 0) {
      const top = stack.at(-1)!;
      const id = this.#dag.nodes[top.index]!.inputs[top.at++];
      if (id === undefined) {
        this.#state[top.index] = PLACED;
        this.order.push(top.index);
        stack.pop();
        continue;
      }
      const before = this.producerOf(id, () => `an input of ${this.#name(top.index)}`);
      if (before === undefined || this.#state[before] === PLACED) continue;
      if (this.#state[before] === UNDER_WAY) this.#refuseCycle([...stack.map((s) => s.index), before]);
      this.#state[before] = UNDER_WAY;
      stack.push({ index: before, at: 0 });
    }
  }

  #refuseCycle(path: readonly number[]): never {
    const cycle = path.slice(path.indexOf(path.at(-1)!)).map((i) => this.#name(i));
    throw new ConfigError(`the graph has a cycle: ${cycle.join(' ← ')}`, {
      cycle,
      help: 'a walk needs an order: cut the cycle, or unroll it',
    });
  }
}
