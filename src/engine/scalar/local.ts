/** One node of a scalar graph by itself: its value, and its derivative by each input. */
import { remembered } from '../cache.ts';
import { storageFor } from '../dtype.ts';
import { type Graph, type GraphNode, traceGraph } from '../graph.ts';
import { scalar } from '../ops/constant.ts';
import { optimize } from '../passes/index.ts';
import type { Aval } from '../tensor.ts';
import type { Arithmetic } from './tally.ts';

/** A node with the dtypes of what it reads and writes. */
export interface TypedNode {
  readonly node: GraphNode;
  readonly avals: readonly Aval[];
}

/** The arithmetic of + − × ÷ and of the sign, whose operations are counted one by one. */
const counted: Readonly<Record<string, (a: Arithmetic, x: number, y: number) => number>> = {
  add: (a, x, y) => a.add(x, y),
  sub: (a, x, y) => a.sub(x, y),
  mul: (a, x, y) => a.mul(x, y),
  div: (a, x, y) => a.div(x, y),
  neg: (a, x) => a.neg(x),
};

/** Whether the operations of a node are counted one by one. */
export const isArithmetic = (node: GraphNode): boolean => Object.hasOwn(counted, node.op.name);

/** The value of a node. */
export function nodeValue({ node, avals }: TypedNode, inputs: readonly number[], a: Arithmetic): number {
  const own = counted[node.op.name];
  if (own !== undefined) return own(a, inputs[0]!, inputs[1] ?? 0);
  a.tally.elementary++;
  return runOp({ node, avals }, inputs);
}

/** A number by the op's reference loops. */
function runOp({ node: { op, params, inputs: ids, outputs }, avals }: TypedNode, inputs: readonly number[]): number {
  const ins = ids.map((id) => avals[id]!);
  const out = avals[outputs[0]!]!;
  const result = storageFor(out.dtype, 1);
  const cells = inputs.map((x, i) => storageFor(ins[i]!.dtype, 1).fill(x));
  op.js(cells, [result], { ins, outs: [out], params });
  return result[0]!;
}

/** The derivative of an elementary function by its i-th input; the rule is the op's own, its operations are counted as one. */
export function slopeOf(at: TypedNode, i: number, inputs: readonly number[], value: number, a: Arithmetic): number {
  const graph = slopeGraph(at, i);
  const values: number[] = [];
  const known = [...inputs, value];
  graph.inputs.forEach((id, k) => {
    values[id] = known[k]!;
  });
  for (const node of graph.nodes) {
    const ins = node.inputs.map((id) => values[id]!);
    values[node.outputs[0]!] = runOp({ node, avals: graph.avals }, ins);
  }
  a.tally.elementary++;
  return values[graph.outputs[0]!]!;
}

/** Slope graphs by op and kind of node, and by node for the next sweep over the same graph. */
const slopes = new WeakMap<object, Map<string, Graph>>();
const ofNodes = new WeakMap<GraphNode, Graph[]>();

/** The op's derivative rule under a unit tangent, as a graph of its inputs and its value; traced once. */
function slopeGraph({ node, avals }: TypedNode, i: number): Graph {
  const own = remembered(ofNodes, node, () => []);
  own[i] ??= traceSlope(
    node,
    [...node.inputs, ...node.outputs].map((id) => avals[id]!),
    i,
  );
  return own[i];
}

function traceSlope({ op, params }: GraphNode, types: readonly Aval[], i: number): Graph {
  const known = remembered(slopes, op, () => new Map<string, Graph>());
  return remembered(known, `${i} ${types.map((x) => x.dtype)} ${JSON.stringify(params)}`, () =>
    optimize(
      traceGraph((...all) => {
        const primals = all.slice(0, -1);
        const tangents = primals.map((x, k) => (k === i ? scalar(1, x.dtype) : null));
        const [slope] = op.jvp!({ primals, outs: all.slice(-1), tangents, params });
        return [slope ?? scalar(0, 'f64')];
      }, types),
    ),
  );
}
