/** A backward sweep as a list of steps that can be shown one by one, forwards and back. */
import type { ValueId } from '../dag.ts';
import type { GraphNode } from '../graph.ts';
import type { ScalarGraph } from './scalar-graph.ts';
import { backwardGradients, type Values } from './sweep.ts';

/** One contribution: what a node's gradient times a local derivative adds to one of its inputs. */
export interface BackwardStep {
  readonly op: string;
  /** The value whose definition is being passed on. */
  readonly from: ValueId;
  /** The input that receives. */
  readonly to: ValueId;
  /** Which operand of the op it is, from 0. */
  readonly position: number;
  /** Gradient of the output by `from`. */
  readonly arrived: number;
  /** Derivative of `from` by this operand. */
  readonly local: number;
  /** arrived · local. */
  readonly product: number;
  readonly before: number;
  /** before + product. */
  readonly after: number;
}

/** The steps of a backward sweep in the order in which they are taken. */
export function backwardSteps(scalar: ScalarGraph, values: Values): BackwardStep[] {
  const steps: BackwardStep[] = [];
  const totals = new Map<ValueId, number>();
  const slopes = localSlopes(scalar, values);
  backwardGradients(scalar, values, {
    onContribution(node, position, arrived, product) {
      const to = node.inputs[position]!;
      const before = totals.get(to) ?? 0;
      totals.set(to, before + product);
      const local = slopes(node, position);
      steps.push({
        op: node.op.name,
        from: node.outputs[0]!,
        to,
        position,
        arrived,
        local,
        product,
        before,
        after: before + product,
      });
    },
  });
  return steps;
}

/** The gradients that stand after the first `count` steps; the output's own is 1 from the start. */
export function gradientsAfter(
  scalar: ScalarGraph,
  steps: readonly BackwardStep[],
  count: number,
): Map<ValueId, number> {
  const totals = new Map<ValueId, number>([[scalar.output, 1]]);
  for (const { to, after } of steps.slice(0, count)) totals.set(to, after);
  return totals;
}

/** Derivatives of single nodes: what each sends back when 1 arrives. */
function localSlopes(scalar: ScalarGraph, values: Values): (node: GraphNode, position: number) => number {
  const known = new Map<GraphNode, number[]>();
  return (node, position) => {
    let own = known.get(node);
    if (own === undefined) {
      const fresh: number[] = [];
      const alone: ScalarGraph = {
        ...scalar,
        graph: { ...scalar.graph, inputs: node.inputs, nodes: [node] },
        output: node.outputs[0]!,
      };
      backwardGradients(alone, values, {
        onContribution(_, i, __, product) {
          fresh[i] = product;
        },
      });
      own = fresh;
      known.set(node, own);
    }
    return own[position]!;
  };
}
