/** The tensor instance of the Dag: nodes with op, parameters, shapes, scope path; plain data, made by tracing. */
import type { Dag, DagNode, ValueId } from './dag.ts';
import type { Op, Params } from './op.ts';
import { trafficOf } from './op.ts';
import { inlineCalls } from './passes/inline.ts';
import type { Site } from './scope.ts';
import { atPlace, atRoot, inheritedSite, isBackwardPass, joinScope, scopePath, userSite } from './scope.ts';
import type { Aval, Tensor } from './tensor.ts';
import { aval, Concrete, showAval, Tracer } from './tensor.ts';
import { bind, dynamicTrace, isTransforming, Trace, withTrace } from './trace.ts';

export interface GraphNode extends DagNode {
  readonly op: Op;
  readonly params: Params;
  /** Path of named scopes, such as `model/layer0`. */
  readonly scope: string;
  /** Where the user wrote it; formatted when asked for. */
  readonly site: Site | null;
  /** Made by a backward walk, or by a later pass for one. */
  readonly isBackward?: boolean;
}

export interface Graph extends Dag<GraphNode> {
  /** Shape and dtype of every value, by id. */
  readonly avals: readonly Aval[];
  /** Values captured from outside the traced function. */
  readonly consts: readonly { readonly id: ValueId; readonly value: Tensor }[];
}

export class GraphTracer extends Tracer {
  readonly trace: GraphTrace;
  readonly id: ValueId;
  constructor(trace: GraphTrace, id: ValueId, x: Aval) {
    super(x.shape, x.dtype, x.weak ?? false);
    this.trace = trace;
    this.id = id;
  }
}

/** Records ops as nodes. */
export class GraphTrace extends Trace {
  readonly name: string;
  /** Whether nodes remember the user's line. */
  readonly hasSites: boolean;
  readonly #avals: Aval[] = [];
  readonly #inputs: ValueId[] = [];
  readonly #nodes: GraphNode[] = [];
  readonly #consts = new Map<Tensor, ValueId>();

  /** Looking for the user's line costs microseconds per node: graphs that are made on every call do without. */
  constructor(level: number, name = 'jit', hasSites = true) {
    super(level);
    this.name = name;
    this.hasSites = hasSites;
  }

  input(x: Aval): GraphTracer {
    const tracer = this.#value(x);
    this.#inputs.push(tracer.id);
    return tracer;
  }

  process(op: Op, inputs: readonly Tensor[], params: Params): readonly Tensor[] {
    const ids = inputs.map((x) => this.idOf(x));
    const outs = op.infer(inputs, params).map((x) => this.#value(x));
    const site = this.hasSites ? userSite() : inheritedSite();
    const node = { op, inputs: ids, outputs: outs.map((t) => t.id), params, scope: scopePath(), site };
    this.#nodes.push(isBackwardPass() ? { ...node, isBackward: true } : node);
    return outs;
  }

  /** The id of a tensor in this graph; values from outside become constants. */
  idOf(x: Tensor): ValueId {
    if (x instanceof GraphTracer && x.trace === this) return x.id;
    let id = this.#consts.get(x);
    if (id === undefined) {
      id = this.#value(aval(x)).id;
      this.#consts.set(x, id);
    }
    return id;
  }

  finish(outputs: readonly Tensor[]): Graph {
    const ids = outputs.map((x) => this.idOf(x));
    const consts = [...this.#consts].map(([value, id]) => ({ id, value }));
    return { inputs: this.#inputs, nodes: this.#nodes, outputs: ids, avals: this.#avals, consts };
  }

  #value(x: Aval): GraphTracer {
    const tracer = new GraphTracer(this, this.#avals.length, x);
    this.#avals.push(x.weak === true ? { shape: x.shape, dtype: x.dtype, weak: true } : aval(x));
    return tracer;
  }
}

/** Whether what is traced now lasts: graphs inside of one that has sites, and those that are asked for by themselves. */
export function isLasting(): boolean {
  const outer = dynamicTrace();
  return outer instanceof GraphTrace ? outer.hasSites : !isTransforming();
}

/** Traces a function of flat tensors to a Graph; scope paths inside begin anew. */
export function traceGraph(
  f: (...xs: Tensor[]) => readonly Tensor[],
  inputs: readonly Aval[],
  name = 'jit',
  hasSites = isLasting(),
): Graph {
  return withTrace(
    (level) => new GraphTrace(level, name, hasSites),
    (trace) => atRoot(() => trace.finish(f(...inputs.map((x) => trace.input(x))))),
    true,
  );
}

/** Runs a graph node by node through `bind`, so that it may itself be transformed; nodes keep their scopes, behind the current one. Arguments: one tensor per input; `consts` overrides the captured values. */
export function evalGraph(
  graph: Graph,
  args: readonly Tensor[],
  consts: readonly Tensor[] = graph.consts.map((c) => c.value),
): readonly Tensor[] {
  const values = new Array<Tensor>(graph.avals.length);
  graph.inputs.forEach((id, i) => {
    values[id] = args[i]!;
  });
  graph.consts.forEach((c, i) => {
    values[c.id] = consts[i]!;
  });
  const outer = scopePath();
  const isLate = isBackwardPass();
  for (const node of graph.nodes) {
    const ins = node.inputs.map((id) => values[id]!);
    const path = joinScope(outer, node.scope);
    const place = { path, site: node.site, isBackward: isLate || node.isBackward === true };
    const outs = atPlace(place, () => bind(node.op, ins, node.params));
    for (let i = 0; i < outs.length; i++) values[node.outputs[i]!] = outs[i]!;
  }
  return graph.outputs.map((id) => values[id]!);
}

/** The same graph with its captured values as leading inputs. */
export function closeGraph(graph: Graph): Graph {
  if (graph.consts.length === 0) return graph;
  return { ...graph, inputs: [...graph.consts.map((c) => c.id), ...graph.inputs], consts: [] };
}

export interface GraphCost {
  readonly flops: number;
  readonly macs: number;
  /** Bytes read and written when no node is fused with another. */
  readonly traffic: number;
  readonly nodes: number;
}

/** Counts FLOPs (2 a multiply-add), MACs and bytes of a graph, opening nested graphs. */
export function costOf(graph: Graph): GraphCost {
  const total = { flops: 0, macs: 0, traffic: 0, nodes: 0 };
  const { nodes, avals } = inlineCalls(graph);
  for (const node of nodes) {
    const ins = node.inputs.map((id) => avals[id]!);
    const outs = node.outputs.map((id) => avals[id]!);
    const cost = node.op.cost(ins, outs, node.params);
    total.flops += cost.flops;
    total.macs += cost.macs ?? 0;
    total.traffic += node.op.isView ? 0 : trafficOf(ins, outs);
    total.nodes += 1;
  }
  return total;
}

/** One line a node: `%3 f32[2, 4] = matmul(%0, %1)`. */
export function printGraph(graph: Graph): string {
  const name = (id: ValueId) => `%${id}`;
  const typed = (id: ValueId) => `${name(id)}: ${showAval(graph.avals[id]!)}`;
  const lines = [`inputs ${graph.inputs.map(typed).join(', ')}`];
  for (const c of graph.consts) lines.push(`const ${typed(c.id)}${showConst(c.value)}`);
  for (const n of graph.nodes)
    lines.push(
      `${n.outputs.map(typed).join(', ')} = ${n.op.name}(${n.inputs.map(name).join(', ')})${showParams(n)}${n.scope ? `  # ${n.scope}` : ''}`,
    );
  lines.push(`return ${graph.outputs.map(name).join(', ')}`);
  return lines.join('\n');
}

const showConst = (x: Tensor): string => (x instanceof Concrete && x.size === 1 ? ` = ${x.item()}` : '');

function showParams(node: GraphNode): string {
  if (node.op.name === 'constant') return ` ${(node.params as { value: number }).value}`;
  const text = JSON.stringify(node.params, (_, v) =>
    typeof v === 'object' && v !== null && 'nodes' in v ? '<graph>' : v,
  );
  return text === '{}' ? '' : ` ${text}`;
}
