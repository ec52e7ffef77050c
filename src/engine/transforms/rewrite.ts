/** Rewriting: every op that a function applies passes by a rewriter, which may put something else in its place; nested graphs are rewritten too. */
import { remembered } from '../cache.ts';
import { UnsupportedError } from '../errors.ts';
import type { Graph } from '../graph.ts';
import { evalGraph, traceGraph } from '../graph.ts';
import type { Op, Params } from '../op.ts';
import { joinScope, scopePath } from '../scope.ts';
import type { Tensor } from '../tensor.ts';
import { bind, dynamicTrace, Trace, underTrace, withTrace } from '../trace.ts';

/** One application of an op. */
export interface Application {
  readonly op: Op;
  readonly inputs: readonly Tensor[];
  readonly params: Params;
  /** The full path of named scopes. */
  readonly scope: string;
}

export interface Rewriter {
  /** What stands for the application; null leaves it as it is. */
  readonly rewrite: (application: Application) => readonly Tensor[] | null;
  /** Whether an op in a nested graph would be rewritten. */
  readonly matches: (op: Op, scope: string) => boolean;
}

/** Ops that carry derivatives of their own making: what is inside is not looked at. */
const OWN_DERIVATIVE = new Set(['linearCall', 'customJvp', 'customVjp', 'customPullback']);

class RewriteTrace extends Trace {
  readonly name = 'rewrite';
  readonly #below = dynamicTrace();
  readonly #rewriter: CachedRewriter;
  readonly #base: string;

  constructor(level: number, rewriter: CachedRewriter, base: string) {
    super(level);
    this.#rewriter = rewriter;
    this.#base = base;
  }

  process(op: Op, inputs: readonly Tensor[], params: Params): readonly Tensor[] {
    const scope = joinScope(this.#base, scopePath());
    return underTrace(
      this.#below,
      () => this.#rewriter.rewrite({ op, inputs, params, scope }) ?? this.#rewriter.pass(op, inputs, params, scope),
    );
  }
}

/** A rewriter that remembers the nested graphs it has rewritten. */
export class CachedRewriter {
  readonly #rewriter: Rewriter;
  readonly #graphs = new WeakMap<Graph, Map<string, Graph>>();

  constructor(rewriter: Rewriter) {
    this.#rewriter = rewriter;
  }

  /** Runs `body` with every op that it applies rewritten. */
  run<R>(body: () => R, base = ''): R {
    return withTrace((level) => new RewriteTrace(level, this, base), body, true);
  }

  rewrite(application: Application): readonly Tensor[] | null {
    return this.#rewriter.rewrite(application);
  }

  /** The op as it is, with rewritten graphs inside. */
  pass(op: Op, inputs: readonly Tensor[], params: Params, scope: string): readonly Tensor[] {
    if (OWN_DERIVATIVE.has(op.name)) return bind(op, inputs, params);
    if (op.mapGraphs !== undefined)
      return bind(
        op,
        inputs,
        op.mapGraphs(params, (graph) => this.#graph(graph, scope)),
      );
    this.#refuseHidden(op, params, scope);
    return bind(op, inputs, params);
  }

  #graph(graph: Graph, scope: string): Graph {
    if (!this.#touches(graph, scope)) return graph;
    const variants = remembered(this.#graphs, graph, () => new Map<string, Graph>());
    return remembered(variants, scope, () => {
      const ins = graph.inputs.map((id) => graph.avals[id]!);
      const traced = traceGraph((...xs) => this.run(() => evalGraph(graph, xs), scope), ins);
      if (traced.consts.length === 0) return traced;
      throw new UnsupportedError(
        `a rule for the inside of a jitted, checkpointed, conditional or looped function reads ${traced.consts.length} tensors from outside`,
        {
          count: traced.consts.length,
          help: 'let the rule read numbers, or jit around the function instead of inside',
        },
      );
    });
  }

  /** Whether anything in a graph, or in graphs inside it, is to be rewritten. */
  #touches(graph: Graph, base: string): boolean {
    return graph.nodes.some((node) => {
      const scope = joinScope(base, node.scope);
      if (this.#rewriter.matches(node.op, scope)) return true;
      return !OWN_DERIVATIVE.has(node.op.name) && graphsIn(node.params).some((inner) => this.#touches(inner, scope));
    });
  }

  #refuseHidden(op: Op, params: Params, scope: string): void {
    if (!graphsIn(params).some((graph) => this.#touches(graph, scope))) return;
    throw new UnsupportedError(`${op.name}: an op inside has a rule of its own, which cannot be put in there`, {
      op: op.name,
      help: `leave ${op.name} out of the rule by naming a scope`,
    });
  }
}

const graphsIn = (params: Params): Graph[] =>
  Object.values(params).filter((v): v is Graph => typeof v === 'object' && v !== null && 'nodes' in v && 'avals' in v);
