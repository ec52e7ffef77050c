/** `checkpoint`: reverse mode keeps the inputs of a function and computes the rest of what it needs again. */
import type { ValueId } from '../dag.ts';
import { liveNodes, walkForward } from '../dag.ts';
import { ConfigError, UnsupportedError } from '../errors.ts';
import type { Graph, GraphNode } from '../graph.ts';
import { costOf, evalGraph, traceGraph } from '../graph.ts';
import type { MaybeTensor, Op } from '../op.ts';
import { defineOp } from '../op.ts';
import { barrier } from '../ops/barrier.ts';
import { hasTapHandlers, tapOp } from '../ops/tap.ts';
import { atPlace, type Place } from '../scope.ts';
import type { Aval, Tensor } from '../tensor.ts';
import { bind, isTransforming } from '../trace.ts';
import { unflatten } from '../tree.ts';
import { closeTogether, isRecorded, outAvals, tensorsIn, traceBody } from './body.ts';
import { batchedGraph, type CallParams, callOp, linearized } from './call.ts';

/** What is kept besides the inputs. */
export interface CheckpointPolicy {
  /** Names of ops whose results are kept, such as `matmul`. */
  readonly ops?: readonly string[];
  /** Names of taps whose values are kept. */
  readonly taps?: readonly string[];
  /** Whether the results of an op in a named scope are kept. */
  readonly keeps?: (op: string, scope: string) => boolean;
}

/** Policies by name: everything is kept, nothing, or the results of matrix products and convolutions. */
export type PolicyName = 'everything' | 'nothing' | 'dots';

const POLICIES: Readonly<Record<PolicyName, CheckpointPolicy>> = {
  everything: { keeps: () => true },
  nothing: {},
  dots: { ops: ['matmul', 'conv'] },
};

export interface CheckpointOptions {
  /** Nothing besides the inputs is kept unless said. */
  readonly policy?: CheckpointPolicy | PolicyName;
}

interface CheckpointParams {
  /** Closed: captured values are leading inputs. */
  readonly graph: Graph;
  readonly policy: CheckpointPolicy;
}

export const checkpointOp: Op<CheckpointParams> = defineOp<CheckpointParams>({
  name: 'checkpoint',
  version: 1,
  infer: (_, { graph }) => outAvals(graph),
  linearize(inputs, tangents, { graph, policy }) {
    if (!isRecorded(tangents)) return callOp.linearize!(inputs, tangents, asCall(graph)); // forward mode keeps nothing anyway
    const varied = tangents.map((t) => t !== null);
    const parts = split(graph, varied, policy);
    const results = bind(checkpointOp, inputs, { graph: parts.forward, policy });
    const outs = results.slice(0, graph.outputs.length);
    const held = [...inputs, ...results.slice(outs.length)].map(barrier);
    const moved = bind(callOp, [...held, ...tangents.filter((t) => t !== null)], asCall(parts.linear));
    let at = 0;
    return { outs, tangents: outs.map((_, i): MaybeTensor => (parts.hasTangent[i] ? moved[at++]! : null)) };
  },
  transpose: ({ params: { graph }, ...call }) => callOp.transpose!({ ...call, params: asCall(graph) }),
  batch({ inputs, batched, size, params: { graph, policy } }) {
    const parts = batchedGraph(graph, batched, size);
    return { outs: bind(checkpointOp, inputs, { graph: parts.graph, policy }), batched: parts.batched };
  },
  cost: (_ins, _outs, { graph }) => costOf(graph),
  js: () => {
    throw new UnsupportedError('checkpoint: graphs are inlined before a backend sees them');
  },
  inline: ({ graph }) => graph,
  mapGraphs: ({ graph, policy }, map) => ({ graph: map(graph), policy }),
});

const asCall = (graph: Graph): CallParams => ({ graph, name: 'checkpoint' });

interface Split {
  /** inputs → results, kept values */
  readonly forward: Graph;
  /** inputs, kept values, tangents → tangents of the results that have one: its transpose computes the residuals again */
  readonly linear: Graph;
  readonly hasTangent: readonly boolean[];
}

function split(graph: Graph, varied: readonly boolean[], policy: CheckpointPolicy): Split {
  const count = graph.outputs.length;
  const source = withKept(graph, policy);
  const { primal, linear, hasTangent } = linearized(source, varied);
  const forwardOuts = primal.outputs.slice(0, source.outputs.length);
  const kept = forwardOuts.slice(count);
  const again = primal.nodes.filter((node) => !node.outputs.every((id) => kept.includes(id)));
  const recompute = live({
    ...primal,
    inputs: [...primal.inputs, ...kept],
    nodes: again,
    outputs: primal.outputs.slice(forwardOuts.length),
  });
  const moving = live({
    ...linear,
    outputs: linear.outputs.slice(0, hasTangent.slice(0, count).filter(Boolean).length),
  });
  const known = recompute.inputs.length;
  const tangents = graph.inputs.filter((_, i) => varied[i]).map((id) => graph.avals[id]!);
  const joined = traceGraph(
    (...xs) => evalGraph(moving, [...evalGraph(recompute, xs.slice(0, known)), ...xs.slice(known)]),
    [...recompute.inputs.map((id): Aval => primal.avals[id]!), ...tangents],
  );
  return { forward: live({ ...primal, outputs: forwardOuts }), linear: joined, hasTangent: hasTangent.slice(0, count) };
}

const live = (graph: Graph): Graph => ({ ...graph, nodes: liveNodes(graph) });

/** The graph with the values that the policy names as further outputs; nested calls are opened to find them. */
function withKept(graph: Graph, { ops = [], taps = [], keeps }: CheckpointPolicy): Graph {
  if (ops.length === 0 && taps.length === 0 && keeps === undefined) return graph;
  // what a tap shows is the value before it: whatever reads either is served
  const named = ({ op, params, inputs, outputs, scope }: GraphNode): readonly ValueId[] => {
    if (op.name === tapOp.name) return taps.includes((params as { name: string }).name) ? inputs : [];
    return ops.includes(op.name) || keeps?.(op.name, scope) === true ? outputs : [];
  };
  const open = traceGraph(
    (...xs) => evalOpen(graph, xs),
    graph.inputs.map((id) => graph.avals[id]!),
  );
  const kept = new Set(open.nodes.flatMap(named));
  for (const id of open.inputs) kept.delete(id);
  return { ...open, outputs: [...open.outputs, ...kept] };
}

const placeOf = ({ scope, site, isBackward = false }: GraphNode): Place => ({ path: scope, site, isBackward });

/** Runs a closed graph, and the calls in it, node by node. */
function evalOpen(graph: Graph, args: readonly Tensor[]): readonly Tensor[] {
  const given = new Map(graph.inputs.map((id, i) => [id, args[i]!]));
  const values = walkForward<GraphNode, Tensor>(graph, given, (node, ins) =>
    node.op.name === callOp.name
      ? evalOpen((node.params as CallParams).graph, ins)
      : atPlace(placeOf(node), () => bind(node.op, ins, node.params)),
  );
  return graph.outputs.map((id) => values.get(id)!);
}

/**
 * Returns f; its reverse mode keeps only the arguments (and what the policy names) between forward and backward pass, and computes the rest again, with equal bits.
 *
 * A chain of n blocks, checkpointed in √n groups, keeps 2√n values instead of n, for one more forward pass.
 */
export function checkpoint<A extends unknown[], R>(
  f: (...args: A) => R,
  { policy: choice = {} }: CheckpointOptions = {},
): (...args: A) => R {
  const policy = typeof choice === 'string' ? POLICIES[choice] : choice;
  if (policy === undefined)
    throw new ConfigError(`checkpoint: there is no policy ${JSON.stringify(choice)}`, {
      help: `choose one of ${Object.keys(POLICIES).join(', ')}, or give { ops, taps, keeps }`,
    });
  return (...args) => {
    if (!isTransforming() || hasTapHandlers()) return f(...args);
    const [operands, build] = tensorsIn(args);
    const body = traceBody('checkpoint', (...xs) => f(...build(xs)), operands);
    const { captured, graphs } = closeTogether([body.graph]);
    return unflatten<R>(body.def, bind(checkpointOp, [...captured, ...operands], { graph: graphs[0]!, policy }));
  };
}
