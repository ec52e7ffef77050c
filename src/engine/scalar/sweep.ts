/**
 * The sweeps over a scalar graph: values forwards, gradients backwards (one output, all inputs), tangents forwards (one direction, all values).
 *
 * The backward sweep is the walk of every graph here, under the algebra of signed numbers: a rule says what it adds to an input or takes from it.
 * Its operations are those of a tape: c = a·b adds two products, c = a/b takes t = c̄/b and adds t and −t·c, each contribution is one addition or subtraction.
 */
import type { ValueId } from '../dag.ts';
import { walkBackward, walkForward } from '../dag.ts';
import type { GraphNode } from '../graph.ts';
import { isArithmetic, nodeValue, slopeOf, type TypedNode } from './local.ts';
import { constantOf, isConstant, knownValues, type ScalarGraph, variedValues } from './scalar-graph.ts';
import { type Arithmetic, arithmeticOf, type Tally } from './tally.ts';

export type Values = ReadonlyMap<ValueId, number>;

/** Every value of a graph at a point. */
export function forwardValues(scalar: ScalarGraph, at: readonly number[], tally?: Tally): Map<ValueId, number> {
  const a = arithmeticOf(tally);
  return walkForward<GraphNode, number>(scalar.graph, knownValues(scalar, at), (node, inputs) => [
    isConstant(node) ? constantOf(node) : nodeValue({ node, avals: scalar.graph.avals }, inputs, a),
  ]);
}

/** A number that is to be added, or taken away. */
interface Signed {
  value: number;
  isNegative: boolean;
}

export interface BackwardOptions {
  readonly tally?: Tally;
  /** `zero`: every gradient starts at 0 and every contribution is an operation; `first`: the first contribution is an assignment. `zero` unless said. */
  readonly start?: 'zero' | 'first';
  /** Gradients that are there before; they are added to. */
  readonly kept?: Values;
  /** Told of every contribution before it is added. */
  readonly onContribution?: (node: GraphNode, position: number, arrived: number, contribution: number) => void;
}

/** The gradient of the output by every value that varies; starting it with 1 is free. */
export function backwardGradients(
  scalar: ScalarGraph,
  values: Values,
  { tally, start = 'zero', kept, onContribution }: BackwardOptions = {},
): Map<ValueId, number> {
  const a = arithmeticOf(tally);
  const varied = variedValues(scalar);
  const seeds = new Map<ValueId, Signed>();
  if (start === 'zero') for (const id of varied) seeds.set(id, { value: kept?.get(id) ?? 0, isNegative: false });
  seeds.set(scalar.output, { value: 1, isNegative: false });
  const arrived = walkBackward<GraphNode, Signed>(scalar.graph, seeds, {
    add: (old, fresh) => ({
      value: fresh.isNegative ? a.sub(settled(old, a), fresh.value) : a.add(settled(old, a), fresh.value),
      isNegative: false,
    }),
    pull(node, [ct]) {
      const here = settled(ct!, a);
      const parts = contributions({ node, avals: scalar.graph.avals, values, varied, a }, here);
      if (onContribution !== undefined)
        for (const [i, part] of parts.entries())
          if (part !== undefined) onContribution(node, i, here, part.isNegative ? -part.value : part.value);
      return parts;
    },
  });
  return new Map([...arrived].map(([id, v]) => [id, settled(v, a)]));
}

/** The number itself; a sign that no subtraction took in is one operation. */
function settled(v: Signed, a: Arithmetic): number {
  if (v.isNegative) {
    v.value = a.neg(v.value);
    v.isNegative = false;
  }
  return v.value;
}

interface Place extends TypedNode {
  readonly values: Values;
  readonly varied: ReadonlySet<ValueId>;
  readonly a: Arithmetic;
}

const plus = (value: number): Signed => ({ value, isNegative: false });
const minus = (value: number): Signed => ({ value, isNegative: true });

/** What a node sends to each input; nothing to one that does not vary. */
function contributions({ node, avals, values, varied, a }: Place, ct: number): (Signed | undefined)[] {
  const xs = node.inputs.map((id) => values.get(id)!);
  const z = values.get(node.outputs[0]!)!;
  const to = (i: number, make: () => Signed) => (varied.has(node.inputs[i]!) ? make() : undefined);
  switch (node.op.name) {
    case 'add':
      return [to(0, () => plus(ct)), to(1, () => plus(ct))];
    case 'sub':
      return [to(0, () => plus(ct)), to(1, () => minus(ct))];
    case 'neg':
      return [to(0, () => minus(ct))];
    case 'mul':
      return [to(0, () => plus(a.mul(xs[1]!, ct))), to(1, () => plus(a.mul(xs[0]!, ct)))];
    case 'div': {
      const t = a.div(ct, xs[1]!);
      return [to(0, () => plus(t)), to(1, () => minus(a.mul(t, z)))];
    }
    default:
      return xs.map((_, i) => to(i, () => plus(a.mul(slopeOf({ node, avals }, i, xs, z, a), ct))));
  }
}

/** The derivative of every value in one direction of the inputs, beside the values; nothing is skipped for being zero. */
export function forwardTangents(
  { graph, ...scalar }: ScalarGraph,
  values: Values,
  direction: readonly number[],
  tally?: Tally,
): Map<ValueId, number> {
  const a = arithmeticOf(tally);
  const varied = variedValues({ graph, ...scalar });
  const given = new Map(graph.inputs.map((id, i) => [id, direction[i]!] as const));
  for (const { id } of graph.consts) given.set(id, 0);
  return walkForward<GraphNode, number>(graph, given, (node, dx) => [
    varied.has(node.outputs[0]!) ? tangentOf({ node, avals: graph.avals, values, varied, a }, dx) : 0,
  ]);
}

function tangentOf({ node, avals, values, varied, a }: Place, dx: readonly number[]): number {
  const xs = node.inputs.map((id) => values.get(id)!);
  const z = values.get(node.outputs[0]!)!;
  const [dp, dq] = [dx[0]!, dx[1] ?? 0];
  const moves = node.inputs.map((id) => varied.has(id));
  if (isArithmetic(node) && moves.every(Boolean)) {
    if (node.op.name === 'add') return a.add(dp, dq);
    if (node.op.name === 'sub') return a.sub(dp, dq);
    if (node.op.name === 'neg') return a.neg(dp);
    if (node.op.name === 'mul') return a.add(a.mul(dp, xs[1]!), a.mul(xs[0]!, dq));
    return a.div(a.sub(dp, a.mul(z, dq)), xs[1]!);
  }
  const parts = moves.flatMap((isMoving, i) =>
    isMoving ? [a.mul(slopeOf({ node, avals }, i, xs, z, a), dx[i]!)] : [],
  );
  return parts.reduce((sum, part) => a.add(sum, part));
}
