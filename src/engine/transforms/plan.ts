/** Plan queries: what a compiled function will cost, and what a gradient keeps, known before anything runs. */
import { backend } from '../backends/current.ts';
import { fuse } from '../backends/wasm/fuse.ts';
import { planMemory } from '../backends/wasm/plan.ts';
import { queryPlan } from '../backends/wasm/plan-query.ts';
import { ConfigError } from '../errors.ts';
import { closeGraph, costOf, type Graph, traceGraph } from '../graph.ts';
import { collecting } from '../memory.ts';
import { optimize } from '../passes/index.ts';
import { type Residual, residualsOf } from '../passes/residuals.ts';
import { type Aval, aval, bytesOf, type Tensor } from '../tensor.ts';
import { vjp } from './api.ts';
import { tensorsIn } from './body.ts';
import type { RuleCalls } from './rule-calls.ts';

/** What an argument of a compiled function is to its memory. */
export type Role = 'parameters' | 'state' | 'inputs' | 'constants';

/** Bytes at the highest point. */
export interface PeakBytes {
  readonly parameters: number;
  readonly state: number;
  /** Other arguments, such as a batch. */
  readonly inputs: number;
  /** Captured values. */
  readonly constants: number;
  /** Kept from the forward for the backward pass. */
  readonly activations: number;
  /** Everything else that the program holds: results, values on their way, gaps. */
  readonly temporaries: number;
  readonly total: number;
}

export interface PlanReport {
  readonly flops: number;
  readonly macs: number;
  /** Bytes read and written when no node is fused with another. */
  readonly bytes: number;
  readonly nodes: number;
  readonly peak: PeakBytes;
  /** Bytes that forward nodes make and backward nodes read. */
  readonly savedForBackward: number;
  /** Nodes that must wait for one another. */
  readonly depth: number;
  /** Kernel calls of one run. */
  readonly launches: number;
  /** Derivative rules called while tracing, per op. */
  readonly derivativeCalls: RuleCalls;
}

/** A traced function as a plan query sees it: the graph is closed, and each of its inputs has a role. */
export interface Plannable {
  readonly graph: Graph;
  readonly roles: readonly Role[];
  readonly donated: readonly number[];
  readonly calls: RuleCalls;
}

/** Plans a traced function and reads what it will cost. */
export function reportPlan({ graph, roles, donated, calls }: Plannable): PlanReport {
  const flat = closeGraph(optimize(graph));
  const { profile } = backend();
  const joined = fuse(flat);
  const query = queryPlan(flat, joined, planMemory(joined, profile === 'oracle' ? 'strict' : profile, donated));
  const given: Record<Role, number> = { parameters: 0, state: 0, inputs: 0, constants: 0 };
  flat.inputs.forEach((id, i) => {
    given[roles[i] ?? 'constants'] += bytesOf(flat.avals[id]!);
  });
  const cost = costOf(flat);
  return {
    flops: cost.flops,
    macs: cost.macs,
    bytes: cost.traffic,
    nodes: cost.nodes,
    peak: {
      ...given,
      activations: query.activations,
      temporaries: query.peakBytes - query.activations,
      total: query.peakBytes + Object.values(given).reduce((sum, b) => sum + b, 0),
    },
    savedForBackward: query.savedForBackward,
    depth: query.depth,
    launches: query.launches,
    derivativeCalls: calls,
  };
}

/** The values that reverse mode through f, with respect to its first argument, keeps from the forward to the backward pass of a compiled step; arguments are there anyway and do not count. */
export function savedValues<A extends unknown[], R>(f: (...args: A) => R, ...args: A): readonly Residual[] {
  if (args.length === 0)
    throw new ConfigError('savedValues: there is no argument to differentiate', {
      help: 'pass the function and its arguments; the first one is differentiated',
    });
  return collecting(null, () => residualsOf(optimize(pulledGraph(f, args))));
}

/** Bytes that reverse mode through f, with respect to its first argument, keeps from the forward to the backward pass of a compiled step. */
export const savedBytes = <A extends unknown[], R>(f: (...args: A) => R, ...args: A): number =>
  savedValues(f, ...args).reduce((sum, r) => sum + r.bytes, 0);

/** Arguments and cotangents of the result → result and cotangents of the first argument. */
function pulledGraph<A extends unknown[], R>(f: (...args: A) => R, args: A): Graph {
  const [xs, build] = tensorsIn(args);
  const known = xs.length;
  const outs: Aval[] = [];
  const run = (all: readonly Tensor[]): Tensor[] => {
    const [first, ...rest] = build(all.slice(0, known));
    const [value, pull] = vjp((p: unknown) => f(...([p, ...rest] as A)), first);
    const [ys, rebuild] = tensorsIn(value);
    if (outs.length === 0) outs.push(...ys.map(aval));
    const cts = all.length > known ? all.slice(known) : ys;
    return [...ys, ...tensorsIn(pull(rebuild(cts)))[0]];
  };
  traceGraph((...all) => run(all), xs.map(aval), 'savedBytes'); // the first time only to learn the shapes of the result
  return traceGraph((...all) => run(all), [...xs.map(aval), ...outs], 'savedBytes');
}
