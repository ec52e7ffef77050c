/** Reverse mode = linearize, then transpose: forward values are computed now, tangents are recorded as a linear graph that is walked backwards. */
import { walkBackward } from '../dag.ts';
import type { Graph, GraphNode } from '../graph.ts';
import { evalGraph, GraphTrace } from '../graph.ts';
import type { Scope } from '../memory.ts';
import type { MaybeTensor } from '../op.ts';
import { LinearInput } from '../op.ts';
import { add } from '../ops/arithmetic.ts';
import { atPlace, atRoot } from '../scope.ts';
import type { Aval, Tensor } from '../tensor.ts';
import { aval } from '../tensor.ts';
import { withTrace } from '../trace.ts';
import { JvpTrace, noTranspose } from './jvp.ts';
import { noteRule } from './rule-calls.ts';

/** f at a point: its values, and its derivative there as a linear graph whose constants are the residuals. */
export interface Linearized {
  readonly outs: readonly Tensor[];
  /** Inputs: the tangents of the varied primals; outputs: tangents of those outs for which `hasTangent` holds. */
  readonly linear: Graph;
  readonly hasTangent: readonly boolean[];
}

/** Linearizes a flat function in those inputs for which `varied` holds. */
export function linearizeFlat(
  f: (...xs: Tensor[]) => readonly Tensor[],
  primals: readonly Tensor[],
  varied: readonly boolean[] = primals.map(() => true),
  owned: Scope | null = null,
): Linearized {
  return withTrace(
    (level) => new GraphTrace(level, 'linearize', false),
    (record) =>
      withTrace(
        (level) => new JvpTrace(level, 'grad', owned),
        (trace) => {
          const ins = primals.map((x, i) => (varied[i] ? trace.wrap(x, record.input(aval(x))) : x));
          const results = f(...ins).map((y) => trace.unwrap(y));
          const tangents = results.map((r) => r[1]);
          return {
            outs: results.map((r) => r[0]),
            linear: record.finish(tangents.filter((t) => t !== null)),
            hasTangent: tangents.map((t) => t !== null),
          };
        },
      ),
  );
}

/** Pushes tangents through a linear graph. */
export const pushForward = (linear: Graph, tangents: readonly Tensor[]): readonly Tensor[] =>
  atRoot(() => evalGraph(linear, tangents));

/**
 * Walks a linear graph backwards: cotangents of its outputs to cotangents of its inputs (null = zero).
 *
 * `known` overrides the captured residuals; every other value in the graph is linear in the inputs.
 */
export function pullBack(
  linear: Graph,
  cts: readonly MaybeTensor[],
  known: ReadonlyMap<number, Tensor> = constsOf(linear),
): MaybeTensor[] {
  const seeds = linear.outputs
    .map((id, i) => [id, cts[i]] as const)
    .filter((s): s is readonly [number, Tensor] => s[1] != null && !known.has(s[0]));
  const arrived = walkBackward<GraphNode, Tensor>(linear, seeds, {
    add,
    pull: (node, here) =>
      atPlace({ path: node.scope, site: node.site, isBackward: true }, () => transposeNode(linear, node, here, known)),
  });
  return linear.inputs.map((id) => arrived.get(id) ?? null);
}

const constsOf = (graph: Graph): Map<number, Tensor> => new Map(graph.consts.map((c) => [c.id, c.value]));

function transposeNode(
  graph: Graph,
  node: GraphNode,
  here: readonly (Tensor | undefined)[],
  known: ReadonlyMap<number, Tensor>,
): readonly (Tensor | undefined)[] {
  if (node.op.transpose === undefined) return noTranspose(node.op);
  const inputs = node.inputs.map((id) => known.get(id) ?? new LinearInput(graph.avals[id] as Aval));
  noteRule('transpose', node.op.name);
  const cts = node.op.transpose({ cts: here.map((c) => c ?? null), inputs, params: node.params });
  return node.inputs.map((id, i) => (known.has(id) ? undefined : (cts[i] ?? undefined)));
}
