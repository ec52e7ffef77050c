/**
 * Sums over the steps of a loop that can be made after it, in one piece.
 *
 * Σₜ XₜᵀDₜ over the steps is one product of the stacked operands, (T·k, m)ᵀ·(T·k, n): the gradient of a weight is one large product instead of T small ones. Reshapes, sums and sign changes around
 * a product are applied to the total. A sum over axes leaves the loop where what it reads is stacked anyway. Rounding: one chain of multiply-adds over all steps from the first to the last.
 */
import type { ValueId } from '../dag.ts';
import { producersOf } from '../dag.ts';
import type { Graph, GraphNode } from '../graph.ts';
import { add, neg } from '../ops/arithmetic.ts';
import type { MatmulParams } from '../ops/matmul.ts';
import { matmul } from '../ops/matmul.ts';
import { moveAxis, reshape } from '../ops/movement.ts';
import { sum } from '../ops/reduce.ts';
import type { Tensor } from '../tensor.ts';
import { bind1 } from '../trace.ts';

/** How a sum over the steps is made of stacked values. */
type Sum =
  | { readonly kind: 'add'; readonly parts: readonly [Sum, Sum] }
  | { readonly kind: 'apply'; readonly node: GraphNode; readonly of: Sum }
  | { readonly kind: 'product'; readonly x: ValueId; readonly y: ValueId; readonly params: MatmulParams }
  | { readonly kind: 'reduce'; readonly x: ValueId; readonly axes: readonly number[] };

export interface SinkPlan {
  /** For each sum, whether it is made after the loop. */
  readonly isSunk: readonly boolean[];
  /** Values that the loop must stack. */
  readonly operands: readonly ValueId[];
  /** The sums, from the sequences that the loop read and the operands that it stacked. */
  readonly evaluate: (sequences: readonly Tensor[], stacked: readonly Tensor[]) => Tensor[];
}

interface StepValues {
  /** How many of the inputs are the same in every step. */
  readonly invariant: number;
  /** Inputs that are slices of sequences. */
  readonly sequences: readonly ValueId[];
}

/** Which of these values, each summed over the steps, can be summed after the loop, and how. */
export function sunkSums(graph: Graph, values: readonly ValueId[], { invariant, sequences }: StepValues): SinkPlan {
  const finder = new SumFinder(graph, invariant);
  const products = values.map((id) => finder.find(id, new Set()));
  const needed = new Set(products.flatMap((s) => (s === null ? [] : operandsOf(s))));
  const stackedAnyway = new Set([...needed, ...sequences]);
  const sums = values.map((id, i) => products[i] ?? finder.find(id, stackedAnyway));
  const operands = [...needed].filter((id) => !sequences.includes(id));
  return {
    isSunk: sums.map((s) => s !== null),
    operands,
    evaluate(given, stacked) {
      const at = new Map<ValueId, Tensor>();
      sequences.forEach((id, i) => {
        at.set(id, given[i]!);
      });
      operands.forEach((id, i) => {
        at.set(id, stacked[i]!);
      });
      return sums.filter((s) => s !== null).map((s) => evaluateSum(s, (id) => at.get(id)!));
    },
  };
}

const operandsOf = (s: Sum): ValueId[] => {
  if (s.kind === 'add') return s.parts.flatMap(operandsOf);
  if (s.kind === 'apply') return operandsOf(s.of);
  return s.kind === 'product' ? [s.x, s.y] : [s.x];
};

/** Linear ops of one operand that may be applied to the total. */
const THROUGH = new Set(['reshape', 'transpose', 'sum', 'neg']);

class SumFinder {
  readonly #graph: Graph;
  readonly #producer: ReadonlyMap<ValueId, number>;
  readonly #invariant: Set<ValueId>;

  constructor(graph: Graph, invariant: number) {
    this.#graph = graph;
    this.#producer = producersOf(graph);
    this.#invariant = new Set(graph.inputs.slice(0, invariant));
    for (const node of graph.nodes)
      if (node.inputs.every((id) => this.#invariant.has(id))) for (const id of node.outputs) this.#invariant.add(id);
  }

  /** `stacked` are values of every step that will be there after the loop. */
  find(id: ValueId, stacked: ReadonlySet<ValueId>): Sum | null {
    const at = this.#producer.get(id);
    if (at === undefined) return null;
    const node = this.#graph.nodes[at]!;
    const [x, y] = node.inputs as [ValueId, ValueId];
    if (node.op.name === 'add' && this.#isSame(x, id) && this.#isSame(y, id)) {
      const parts = [this.find(x, stacked), this.find(y, stacked)] as const;
      return parts[0] === null || parts[1] === null ? null : { kind: 'add', parts: [parts[0], parts[1]] };
    }
    if (node.op.name === 'matmul') return this.#product(node, x, y);
    if (!THROUGH.has(node.op.name)) return null;
    const of = this.find(x, stacked);
    if (of !== null) return { kind: 'apply', node, of };
    const params = node.params as { readonly axes: readonly number[]; readonly accumulate?: string };
    const isReduce = node.op.name === 'sum' && stacked.has(x) && params.accumulate === undefined;
    return isReduce ? { kind: 'reduce', x, axes: params.axes } : null;
  }

  #isSame(x: ValueId, y: ValueId): boolean {
    return this.#graph.avals[x]!.shape.join() === this.#graph.avals[y]!.shape.join();
  }

  #product(node: GraphNode, x: ValueId, y: ValueId): Sum | null {
    const [a, b] = [this.#graph.avals[x]!.shape, this.#graph.avals[y]!.shape];
    const isAlike = a.length === b.length && a.slice(0, -2).every((d, i) => d === b[i]);
    if (!isAlike || this.#invariant.has(x) || this.#invariant.has(y)) return null;
    return { kind: 'product', x, y, params: node.params as MatmulParams };
  }
}

function evaluateSum(s: Sum, at: (id: ValueId) => Tensor): Tensor {
  switch (s.kind) {
    case 'add':
      return add(evaluateSum(s.parts[0], at), evaluateSum(s.parts[1], at));
    case 'apply':
      return s.node.op.name === 'neg'
        ? neg(evaluateSum(s.of, at))
        : bind1(s.node.op, [evaluateSum(s.of, at)], s.node.params);
    case 'reduce':
      return sum(at(s.x), [0, ...s.axes.map((a) => a + 1)]);
    case 'product':
      return sumOfProducts(at(s.x), at(s.y), s.params);
  }
}

/** Σₜ Xₜ·Yₜ over the leading axis: the steps join the inner extent. (T, …, m, k), (T, …, k, n) → (…, m, n) */
function sumOfProducts(x: Tensor, y: Tensor, { transposeX, transposeY }: MatmulParams): Tensor {
  return matmul(joined(x, transposeX), joined(y, !transposeY), { transposeX, transposeY });
}

/** The step axis joined with the rows or the columns. (T, …, r, c) → (…, T·r, c) or (…, r, T·c) */
function joined(x: Tensor, withRows: boolean): Tensor {
  const [steps, ...rest] = x.shape as [number, ...number[]];
  const [r, c] = rest.slice(-2) as [number, number];
  const lead = rest.slice(0, -2);
  const moved = moveAxis(x, 0, withRows ? lead.length : lead.length + 1);
  return reshape(moved, withRows ? [...lead, steps * r, c] : [...lead, r, steps * c]);
}
