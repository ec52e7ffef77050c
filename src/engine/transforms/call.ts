/** `call`: a node that holds a traced graph. jit binds it; every transformation turns it into a call of a transformed graph, traced once and remembered. */

import { remembered } from '../cache.ts';
import { UnsupportedError } from '../errors.ts';
import type { Graph } from '../graph.ts';
import { closeGraph, costOf, evalGraph, traceGraph } from '../graph.ts';
import type { MaybeTensor, Op } from '../op.ts';
import { defineOp, isLinear } from '../op.ts';
import type { Aval, Tensor } from '../tensor.ts';
import { aval } from '../tensor.ts';
import { bind } from '../trace.ts';
import { instantiate, jvpFlat } from './jvp.ts';
import { linearizeFlat, pullBack } from './linearize.ts';
import { type Counted, countRules, repeatRules } from './rule-calls.ts';
import { vmapFlat } from './vmap.ts';

export interface CallParams {
  /** Closed: it captures nothing; captured values are leading inputs. */
  readonly graph: Graph;
  readonly name: string;
}

/** Remembers derived graphs per source graph and variant, and the rules that were called to make them. */
export function remember<T>(): (graph: Graph, variant: string, make: () => T) => T {
  const cache = new WeakMap<Graph, Map<string, Counted<T>>>();
  return (graph, variant, make) => {
    const variants = remembered(cache, graph, () => new Map<string, Counted<T>>());
    const known = variants.get(variant);
    if (known !== undefined) {
      repeatRules(known.calls);
      return known.result;
    }
    const made = countRules(make);
    variants.set(variant, made);
    return made.result;
  };
}

export const flags = (list: readonly boolean[]): string => list.map((b) => (b ? '1' : '0')).join('');
const inputAvals = (graph: Graph): Aval[] => graph.inputs.map((id) => graph.avals[id]!);

/** A graph split at a point: the part that runs now, and the linear part that is left. */
export interface LinearizedGraph {
  /** outs, then residuals */
  readonly primal: Graph;
  /** residuals, then tangents → tangents of the outs that have one */
  readonly linear: Graph;
  readonly hasTangent: readonly boolean[];
}

/** A graph walked backwards: known inputs, then the cotangents that are given → cotangents of the linear inputs that are not zero. */
export interface TransposedGraph {
  readonly graph: Graph;
  readonly isZero: readonly boolean[];
}

export interface BatchedGraph {
  readonly graph: Graph;
  readonly batched: readonly boolean[];
}

const linearizedGraphs = remember<LinearizedGraph>();
const transposedGraphs = remember<TransposedGraph>();
const batchedGraphs = remember<BatchedGraph>();

/** The two parts of a closed graph for a pattern of varied inputs, made once. */
export const linearized = (graph: Graph, varied: readonly boolean[]): LinearizedGraph =>
  linearizedGraphs(graph, flags(varied), () => linearizeGraph(graph, varied));

/** The transpose of a closed graph in its linear inputs, made once. */
export const transposed = (graph: Graph, linear: readonly boolean[], given: readonly boolean[]): TransposedGraph =>
  transposedGraphs(graph, `${flags(linear)}/${flags(given)}`, () => transposeGraph(graph, linear, given));

/** A closed graph for `size` instances at once, made once; results that do not vary stay as they are. */
export const batchedGraph = (graph: Graph, batched: readonly boolean[], size: number): BatchedGraph =>
  batchedGraphs(graph, `${flags(batched)}/${size}`, () => batchGraph(graph, batched, size));

export const callOp: Op<CallParams> = defineOp<CallParams>({
  name: 'call',
  version: 1,
  infer: (_, { graph }) => graph.outputs.map((id) => aval(graph.avals[id]!)),
  linearize(inputs, tangents, { graph, name }) {
    const varied = tangents.map((t) => t !== null);
    const parts = linearized(graph, varied);
    const results = bind(callOp, inputs, { graph: parts.primal, name });
    const outs = results.slice(0, graph.outputs.length);
    const residuals = results.slice(graph.outputs.length);
    const moved = bind(callOp, [...residuals, ...tangents.filter((t) => t !== null)], {
      graph: parts.linear,
      name: `${name}′`,
    });
    let at = 0;
    return { outs, tangents: parts.hasTangent.map((has): MaybeTensor => (has ? moved[at++]! : null)) };
  },
  transpose({ cts, inputs, params: { graph, name } }) {
    const linear = inputs.map(isLinear);
    const given = cts.map((c) => c !== null);
    const back = transposed(graph, linear, given);
    const known = inputs.filter((x): x is Tensor => !isLinear(x));
    const results = bind(callOp, [...known, ...cts.filter((c) => c !== null)], { graph: back.graph, name: `${name}ᵀ` });
    let at = 0;
    let position = 0;
    return inputs.map((x): MaybeTensor => {
      if (!isLinear(x)) return null;
      return back.isZero[position++] ? null : results[at++]!;
    });
  },
  batch({ inputs, batched, size, params: { graph, name } }) {
    const parts = batchedGraph(graph, batched, size);
    return { outs: bind(callOp, inputs, { graph: parts.graph, name }), batched: parts.batched };
  },
  cost: (_ins, _outs, { graph }) => costOf(graph),
  js: () => {
    throw new UnsupportedError('call: graphs are inlined before a backend sees them');
  },
  inline: ({ graph }) => graph,
  mapGraphs: ({ graph, name }, map) => ({ graph: map(graph), name }),
});

function linearizeGraph(graph: Graph, varied: readonly boolean[]): LinearizedGraph {
  let linear: Graph | null = null;
  let hasTangent: readonly boolean[] = [];
  const primal = traceGraph((...xs) => {
    const parts = linearizeFlat((...ys) => evalGraph(graph, ys), xs, varied);
    linear = parts.linear;
    hasTangent = parts.hasTangent;
    return [...parts.outs, ...parts.linear.consts.map((c) => c.value)];
  }, inputAvals(graph));
  return { primal: closedOrThrow(primal), linear: closeGraph(linear!), hasTangent };
}

function transposeGraph(
  graph: Graph,
  linear: readonly boolean[],
  given: readonly boolean[],
): { graph: Graph; isZero: boolean[] } {
  const ins = inputAvals(graph);
  const known = ins.filter((_, i) => !linear[i]);
  const arriving = graph.outputs.filter((_, i) => given[i]).map((id) => graph.avals[id]!);
  let isZero: boolean[] = [];
  const open: Graph = { ...graph, inputs: graph.inputs.filter((_, i) => linear[i]) };
  const knownIds = graph.inputs.filter((_, i) => !linear[i]);
  const back = traceGraph(
    (...xs) => {
      const cts = xs.slice(known.length);
      let at = 0;
      const full = graph.outputs.map((_, i) => (given[i] ? cts[at++]! : null));
      const results = pullBackPartly(open, full, new Map(knownIds.map((id, i) => [id, xs[i]!])));
      isZero = results.map((r) => r === null);
      return results.filter((r) => r !== null);
    },
    [...known, ...arriving],
  );
  return { graph: closedOrThrow(back), isZero };
}

/** Nodes that depend on known values only are run forwards first; the rest is linear and pulled back. */
function pullBackPartly(graph: Graph, cts: readonly MaybeTensor[], given: ReadonlyMap<number, Tensor>): MaybeTensor[] {
  const known = new Map(given);
  const linearNodes = graph.nodes.filter((node) => {
    if (!node.inputs.every((id) => known.has(id))) return true;
    const outs = bind(
      node.op,
      node.inputs.map((id) => known.get(id)!),
      node.params,
    );
    node.outputs.forEach((id, i) => {
      known.set(id, outs[i]!);
    });
    return false;
  });
  return pullBack({ ...graph, nodes: linearNodes }, cts, known);
}

function batchGraph(graph: Graph, isMapped: readonly boolean[], size: number): { graph: Graph; batched: boolean[] } {
  let batched: boolean[] = [];
  const ins = inputAvals(graph).map((x, i) => (isMapped[i] ? { shape: [size, ...x.shape], dtype: x.dtype } : x));
  const traced = traceGraph((...xs) => {
    const result = vmapFlat((...ys) => evalGraph(graph, ys), xs, isMapped, size);
    batched = result.batched;
    return result.outs;
  }, ins);
  return { graph: closedOrThrow(traced), batched };
}

/** A graph made from a closed graph captures nothing but numbers known while tracing. */
function closedOrThrow(graph: Graph): Graph {
  if (graph.consts.length > 0)
    throw new UnsupportedError('internal: a derived graph captured values', { count: graph.consts.length });
  return graph;
}

/** Derivative of a graph in forward mode, for completeness of the nesting matrix: used by tests. */
export const jvpOfGraph = (
  graph: Graph,
  primals: readonly Tensor[],
  tangents: readonly MaybeTensor[],
): readonly Tensor[] =>
  jvpFlat((...xs) => evalGraph(graph, xs), primals, tangents).tangents.map((t, i) => instantiate(t, primals[i]!));
