/**
 * Asynchronous walks over a Dag, for values that are asked of the outside world: several nodes under way at once, results that do not depend on which answers first.
 *
 * A node starts as soon as everything it waits for is there, at most `concurrency` at a time. Contributions to one value are added in the order of the synchronous walk.
 */
import type { Dag, DagNode, ValueId } from './dag.ts';
import { producersOf } from './dag.ts';
import { ConfigError, WalkError } from './errors.ts';

export interface AsyncWalkOptions<N extends DagNode> {
  /** Nodes under way at the same time; 1 unless said. */
  readonly concurrency?: number;
  /** Nothing starts after an abort; what is under way sees the same signal. */
  readonly signal?: AbortSignal;
  /** What a node is called in errors; its `name`, its op's name or its position unless said. */
  readonly nameOf?: (node: N, index: number) => string;
}

/** What an asynchronous backward walk needs to know of the things it carries. */
export interface AsyncPullAlgebra<N extends DagNode, V> {
  readonly add: (a: V, b: V) => V | Promise<V>;
  readonly pull: (
    node: N,
    arrived: readonly (V | undefined)[],
    signal?: AbortSignal,
  ) => readonly (V | undefined)[] | Promise<readonly (V | undefined)[]>;
}

/** Computes every value from the given ones; nodes that do not wait for one another run side by side. */
export async function walkForwardAsync<N extends DagNode, V>(
  dag: Dag<N>,
  given: ReadonlyMap<ValueId, V>,
  evaluate: (node: N, inputs: readonly V[], signal?: AbortSignal) => readonly V[] | Promise<readonly V[]>,
  options: AsyncWalkOptions<N> = {},
): Promise<Map<ValueId, V>> {
  const values = new Map(given);
  const producer = producersOf(dag);
  const waitsFor = dag.nodes.map((node) => distinct(node.inputs.map((id) => producer.get(id))));
  await runAll(dag.nodes, waitsFor, options, async (node) => {
    const ins = node.inputs.map((id) => values.get(id)!);
    const outs = await evaluate(node, ins, options.signal);
    node.outputs.forEach((id, i) => {
      values.set(id, outs[i]!);
    });
  });
  return values;
}

/** The asynchronous twin of `walkBackward`: equal results, whichever pull answers first. */
export async function walkBackwardAsync<N extends DagNode, V>(
  dag: Dag<N>,
  seeds: Iterable<readonly [ValueId, V]>,
  algebra: AsyncPullAlgebra<N, V>,
  options: AsyncWalkOptions<N> = {},
): Promise<Map<ValueId, V>> {
  const inbox = new Inbox(algebra.add);
  for (const [id, v] of seeds) inbox.put(id, Number.POSITIVE_INFINITY, v);
  const readers = readersOf(dag);
  const waitsFor = dag.nodes.map((node) => distinct(node.outputs.flatMap((id) => readers.get(id) ?? [])));
  await runAll(dag.nodes, waitsFor, options, async (node, index) => {
    const here: (V | undefined)[] = [];
    for (const id of node.outputs) here.push(await inbox.total(id));
    if (here.every((v) => v === undefined)) return;
    const back = await algebra.pull(node, here, options.signal);
    node.inputs.forEach((id, k) => {
      inbox.put(id, index, back[k]);
    });
  });
  return inbox.totals();
}

/** Contributions to each value, added from the last node to the first. */
class Inbox<V> {
  readonly #add: (a: V, b: V) => V | Promise<V>;
  readonly #parts = new Map<ValueId, { readonly from: number; readonly v: V }[]>();
  readonly #sums = new Map<ValueId, V>();

  constructor(add: (a: V, b: V) => V | Promise<V>) {
    this.#add = add;
  }

  put(id: ValueId, from: number, v: V | undefined): void {
    if (v === undefined) return;
    const list = this.#parts.get(id);
    if (list === undefined) this.#parts.set(id, [{ from, v }]);
    else list.push({ from, v });
  }

  /** The sum of what arrived; to be asked for when nothing more can come. */
  async total(id: ValueId): Promise<V | undefined> {
    if (this.#sums.has(id)) return this.#sums.get(id);
    const parts = this.#parts.get(id);
    if (parts === undefined) return undefined;
    parts.sort((a, b) => (a.from === b.from ? 0 : b.from - a.from));
    let sum = parts[0]!.v;
    for (let i = 1; i < parts.length; i++) sum = await this.#add(sum, parts[i]!.v);
    this.#sums.set(id, sum);
    return sum;
  }

  async totals(): Promise<Map<ValueId, V>> {
    for (const id of this.#parts.keys()) await this.total(id);
    return this.#sums;
  }
}

function readersOf<N extends DagNode>(dag: Dag<N>): Map<ValueId, number[]> {
  const readers = new Map<ValueId, number[]>();
  dag.nodes.forEach((node, i) => {
    for (const id of node.inputs) {
      const list = readers.get(id);
      if (list === undefined) readers.set(id, [i]);
      else list.push(i);
    }
  });
  return readers;
}

const distinct = (list: readonly (number | undefined)[]): number[] => [
  ...new Set(list.filter((i): i is number => i !== undefined)),
];

/** Runs every node after those that it waits for; the first failure stops the walk when what is under way has ended. */
async function runAll<N extends DagNode>(
  nodes: readonly N[],
  waitsFor: readonly (readonly number[])[],
  options: AsyncWalkOptions<N>,
  run: (node: N, index: number) => Promise<void>,
): Promise<void> {
  const { concurrency = 1, signal } = options;
  if (!(concurrency >= 1))
    throw new ConfigError(`a walk needs room for at least one node, not ${concurrency}`, {
      concurrency,
      help: 'concurrency is 1 or more; Infinity for no limit',
    });
  signal?.throwIfAborted();
  const crew = new Crew(nodes, waitsFor, options, run);
  await new Promise<void>((resolve) => {
    crew.start(resolve);
  });
  if (crew.failure !== null) throw crew.failure.error;
}

/** The nodes that are ready, and those under way. */
class Crew<N extends DagNode> {
  failure: { readonly error: unknown } | null = null;
  readonly #nodes: readonly N[];
  readonly #options: AsyncWalkOptions<N>;
  readonly #run: (node: N, index: number) => Promise<void>;
  /** For each node, how many it still waits for, and which wait for it. */
  readonly #left: number[];
  readonly #waiting: number[][];
  readonly #ready: number[];
  #next = 0;
  #running = 0;

  constructor(
    nodes: readonly N[],
    waitsFor: readonly (readonly number[])[],
    options: AsyncWalkOptions<N>,
    run: (node: N, index: number) => Promise<void>,
  ) {
    this.#nodes = nodes;
    this.#options = options;
    this.#run = run;
    this.#left = waitsFor.map((list) => list.length);
    this.#waiting = nodes.map(() => []);
    waitsFor.forEach((list, i) => {
      for (const k of list) this.#waiting[k]!.push(i);
    });
    this.#ready = nodes.flatMap((_, i) => (this.#left[i] === 0 ? [i] : []));
  }

  /** Starts what may run; `done` is called when nothing is under way any more. */
  start(done: () => void): void {
    const { concurrency = 1, signal } = this.#options;
    if (signal?.aborted === true) this.failure ??= { error: signal.reason };
    while (this.failure === null && this.#running < concurrency && this.#next < this.#ready.length) {
      const i = this.#ready[this.#next++]!;
      this.#running++;
      this.#run(this.#nodes[i]!, i).then(
        () => this.#finished(i, done),
        (error: unknown) => this.#failed(error, i, done),
      );
    }
    if (this.#running === 0) done();
  }

  #finished(i: number, done: () => void): void {
    this.#running--;
    for (const k of this.#waiting[i]!) {
      this.#left[k]!--;
      if (this.#left[k] === 0) this.#ready.push(k);
    }
    this.start(done);
  }

  #failed(error: unknown, i: number, done: () => void): void {
    const { signal, nameOf = defaultName } = this.#options;
    this.#running--;
    this.failure ??= {
      error: signal?.aborted === true ? signal.reason : nodeError(nameOf(this.#nodes[i]!, i), i, error),
    };
    this.start(done);
  }
}

const nodeError = (name: string, index: number, error: unknown): WalkError =>
  new WalkError(`the walk stopped at ${name}: ${error instanceof Error ? error.message : String(error)}`, {
    node: name,
    index,
    cause: error,
  });

function defaultName(node: DagNode, index: number): string {
  const { name, op } = node as { name?: unknown; op?: { name?: unknown } };
  return typeof name === 'string'
    ? name
    : typeof op?.name === 'string'
      ? `${op.name} (node ${index})`
      : `node ${index}`;
}
