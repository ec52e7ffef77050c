/** The node of `scan`: a body run once per step on a carry and one slice of each sequence; the body is kept as a graph. */
import { jsLoop } from '../backends/js/loop.ts';
import { lowerScan } from '../backends/wasm/lower-scan.ts';
import { remembered } from '../cache.ts';
import type { Graph, GraphCost } from '../graph.ts';
import { costOf } from '../graph.ts';
import type { BatchCall, Batched, Op } from '../op.ts';
import { defineOp } from '../op.ts';
import { moveAxis } from '../ops/movement.ts';
import { optimize } from '../passes/index.ts';
import type { Tensor } from '../tensor.ts';
import { aval } from '../tensor.ts';
import { bind, isStaging } from '../trace.ts';
import { isRecorded, outAvals, rewired, withLead } from './body.ts';
import { batchedGraph } from './call.ts';
import { familiar } from './familiar.ts';
import { jvpScan, linearizeScan } from './scan-derivative.ts';
import { transposeScan } from './scan-transpose.ts';
import { withBatchAxis } from './vmap.ts';

/** The number of steps of a loop that ends only by its flag. */
export const UNBOUNDED = 0xffff_ffff;

/** Inputs of the node: constants, the first carry, sequences stacked along axis 0. Outputs: the last carry, results stacked along axis 0. */
export interface ScanParams {
  /** Closed. Constants, carry, slices → carry, results. */
  readonly body: Graph;
  readonly consts: number;
  readonly carry: number;
  readonly length: number;
  /** From the last step to the first; results stay in the place of their step. */
  readonly reverse: boolean;
  /** The leaf of the carry that says whether to go on: while all of it is false nothing more happens, and results of steps that were not run are zeros. */
  readonly flag: number | null;
}

/** The inputs of a scan, or anything that goes with them one by one, by what they are. */
export interface Parts<T> {
  readonly consts: readonly T[];
  readonly carry: readonly T[];
  readonly xs: readonly T[];
}

export function partsOf<T>(list: readonly T[], { consts, carry }: Pick<ScanParams, 'consts' | 'carry'>): Parts<T> {
  return {
    consts: list.slice(0, consts),
    carry: list.slice(consts, consts + carry),
    xs: list.slice(consts + carry),
  };
}

const counted = /* @__PURE__ */ new WeakMap<Graph, GraphCost>();

/** What one step costs as it runs: the loop is compiled from the optimised body. */
const costOfBody = (body: Graph): GraphCost => remembered(counted, body, () => costOf(optimize(body)));

export const scanOp: Op<ScanParams> = /* @__PURE__ */ defineOp<ScanParams>({
  name: 'scan',
  version: 1,
  infer: (_, { body, carry, length }) => outAvals(body).map((x, i) => (i < carry ? aval(x) : withLead(x, [length]))),
  linearize: (inputs, tangents, params) =>
    isRecorded(tangents) ? linearizeScan(inputs, tangents, params) : jvpScan(inputs, tangents, params),
  transpose: transposeScan,
  batch: batchScan,
  cost: (_ins, _outs, { body, length }) => {
    const one = costOfBody(body);
    const steps = length === UNBOUNDED ? 1 : length;
    return { flops: steps * one.flops, macs: steps * one.macs };
  },
  js: jsLoop,
  wasm: lowerScan,
  mapGraphs: (params, map) => ({ ...params, body: map(params.body) }),
});

/** Binds a scan; outside of jit with the body of an equal one before it. */
export function bindScan(params: ScanParams, { consts, carry, xs }: Parts<Tensor>): readonly Tensor[] {
  const known = isStaging() ? params : { ...params, body: familiar(params.body) };
  return bind(scanOp, [...consts, ...carry, ...xs], known);
}

/** Which leaves of a carry have a property that spreads from the inputs of the body to its results, until nothing changes. */
export function spreadOverCarry(
  first: readonly boolean[],
  after: (carry: readonly boolean[]) => readonly boolean[],
): boolean[] {
  let known = [...first];
  for (;;) {
    const next = after(known);
    const joined = known.map((k, i) => k || next[i]!);
    if (joined.every((k, i) => k === known[i])) return known;
    known = joined;
  }
}

function batchScan(call: BatchCall<ScanParams>): Batched {
  const { body, parts, isOut } = batchedLoop(call);
  return batchedOuts(bindScan({ ...call.params, body }, parts), isOut, call.params.carry);
}

/** A loop of many instances at once, the step axis in front. */
interface BatchedLoop {
  readonly body: Graph;
  readonly parts: Parts<Tensor>;
  /** Which of carry and results carry the batch axis. */
  readonly isOut: readonly boolean[];
}

/** Values that no instance changes stay as they are, the carry's through the whole loop; `also` says which of the carry other bodies batch. */
export function batchedLoop(
  { inputs, batched, size, params }: BatchCall<Omit<ScanParams, 'flag'>>,
  also: (carry: readonly boolean[], ys: readonly boolean[]) => readonly boolean[] = (carry) => carry,
): BatchedLoop {
  const { body, carry: count } = params;
  const is = partsOf(batched, params);
  const bodyOf = (carry: readonly boolean[]) => batchedGraph(body, [...is.consts, ...carry, ...is.xs], size);
  const isBatched = spreadOverCarry(is.carry, (carry) => {
    const after = bodyOf(carry).batched;
    const others = also(carry, after.slice(count));
    return after.slice(0, count).map((b, i) => b || others[i]!);
  });
  const inner = bodyOf(isBatched);
  const isOut = inner.batched.map((b, i) => (i < count ? isBatched[i]! : b));
  const { consts, carry, xs } = partsOf(inputs, params);
  return {
    body: withAxes(inner.graph, inner.batched, isOut, size),
    parts: {
      consts,
      carry: carry.map((x, i) => (isBatched[i] ? withBatchAxis(x, is.carry[i]!, size) : x)),
      xs: xs.map((x, i) => (is.xs[i] ? moveAxis(x, 0, 1) : x)),
    },
    isOut,
  };
}

/** Results with the batch axis in front of the step axis. */
export const batchedOuts = (outs: readonly Tensor[], isOut: readonly boolean[], carry: number): Batched => ({
  outs: outs.map((y, i) => (i >= carry && isOut[i] ? moveAxis(y, 1, 0) : y)),
  batched: isOut,
});

const widened = new WeakMap<Graph, Map<string, Graph>>();

/** The graph with those outputs repeated that must carry the batch axis and do not. */
export function withAxes(graph: Graph, has: readonly boolean[], needs: readonly boolean[], size: number): Graph {
  if (has.every((h, i) => h === needs[i])) return graph;
  return remembered(
    remembered(widened, graph, () => new Map<string, Graph>()),
    needs.join(),
    () => rewired(graph, (ys) => ys.map((y, i) => (needs[i] ? withBatchAxis(y, has[i]!, size) : y))),
  );
}
