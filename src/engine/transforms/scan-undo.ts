/**
 * A scan whose steps can be undone: reverse mode keeps the last carry and makes the earlier ones again, one at a time, on its way back.
 *
 * The derivative is one `linearCall`: forwards the loops of the ordinary scan, backwards a loop that at each step undoes it, computes the body's residuals there and pulls through.
 * Nothing is stacked and nothing sunk: cotangents of constants are added up in the carry, so that memory does not depend on the number of steps.
 */
import { liveNodes } from '../dag.ts';
import { UnsupportedError } from '../errors.ts';
import type { Graph } from '../graph.ts';
import { costOf, evalGraph, traceGraph } from '../graph.ts';
import type { BatchCall, Batched, MaybeTensor, Op } from '../op.ts';
import { defineOp } from '../op.ts';
import { add } from '../ops/arithmetic.ts';
import { zerosLike } from '../ops/movement.ts';
import type { Aval, Tensor } from '../tensor.ts';
import { aval } from '../tensor.ts';
import { bind, isTransforming } from '../trace.ts';
import { isRecorded, outAvals, withLead } from './body.ts';
import { batchedGraph, flags, linearized, remember, transposed } from './call.ts';
import { instantiate } from './jvp.ts';
import { linearCallOp } from './linear-call.ts';
import { completed, type Derived, jvpScan, linearizeScan, variedParts } from './scan-derivative.ts';
import { bindHoisted, withoutInvariants } from './scan-hoist.ts';
import { batchedLoop, batchedOuts, bindScan, type Parts, partsOf, type ScanParams, withAxes } from './scan-op.ts';
import { transposeScan } from './scan-transpose.ts';

/** Inputs and outputs of the node are those of a scan. */
export interface UndoParams extends Omit<ScanParams, 'flag'> {
  /** Closed. Constants, the carry after a step, slices, results → the carry before. */
  readonly undo: Graph;
}

const plain = ({ body, consts, carry, length, reverse }: UndoParams): ScanParams => ({
  body,
  consts,
  carry,
  length,
  reverse,
  flag: null,
});

const keyOf = ({ consts, carry, length, reverse }: UndoParams): string => `${consts}/${carry}/${length}/${reverse}`;

export const undoScanOp: Op<UndoParams> = /* @__PURE__ */ defineOp<UndoParams>({
  name: 'undoScan',
  version: 1,
  infer: (_, { body, carry, length }) => outAvals(body).map((x, i) => (i < carry ? aval(x) : withLead(x, [length]))),
  linearize: (inputs, tangents, params) =>
    isRecorded(tangents) ? linearizeUndo(inputs, tangents, params) : jvpScan(inputs, tangents, plain(params)),
  transpose: ({ params, ...call }) => transposeScan({ ...call, params: plain(params) }),
  batch: batchUndo,
  cost: (_ins, _outs, { body, length }) => {
    const { flops, macs } = costOf(body);
    return { flops: length * flops, macs: length * macs };
  },
  js: () => {
    throw new UnsupportedError('undoScan: graphs are inlined before a backend sees them');
  },
  inline: (params) => asScan(params),
  mapGraphs: (params, map) => ({ ...params, body: map(params.body) }),
});

/** Binds a scan that can be undone; where nothing is transformed it is any other scan. */
export const bindUndo = (params: UndoParams, parts: Parts<Tensor>): readonly Tensor[] =>
  isTransforming()
    ? bind(undoScanOp, [...parts.consts, ...parts.carry, ...parts.xs], params)
    : bindHoisted(plain(params), parts);

/** A loop with what does not change in front; early products would need room for all steps. */
function bindLean(loop: ScanParams, given: Parts<Tensor>): readonly Tensor[] {
  const { params, parts } = withoutInvariants(loop, given);
  return bindScan(params, parts);
}

const inlined = remember<Graph>();

const asScan = (params: UndoParams): Graph =>
  inlined(params.body, keyOf(params), () =>
    traceGraph((...xs) => bindLean(plain(params), partsOf(xs, params)), nodeAvals(params)),
  );

function nodeAvals({ body, length, ...counts }: UndoParams): Aval[] {
  const { consts, carry, xs } = partsOf(
    body.inputs.map((id) => body.avals[id]!),
    counts,
  );
  return [...consts, ...carry, ...xs.map((x) => withLead(x, [length]))];
}

/** The carry before must be batched wherever the carry after is, and the other way round. */
function batchUndo(call: BatchCall<UndoParams>): Batched {
  const { params, batched, size } = call;
  const { undo, carry: count } = params;
  const { consts, xs } = partsOf(batched, params);
  const undone = (carry: readonly boolean[], ys: readonly boolean[]) =>
    batchedGraph(undo, [...consts, ...carry, ...xs, ...ys], size);
  const loop = batchedLoop(call, (carry, ys) => undone(carry, ys).batched);
  const isCarry = loop.isOut.slice(0, count);
  const back = undone(isCarry, loop.isOut.slice(count));
  const lifted = { ...params, body: loop.body, undo: withAxes(back.graph, back.batched, isCarry, size) };
  const { consts: cs, carry, xs: sequences } = loop.parts;
  return batchedOuts(bind(undoScanOp, [...cs, ...carry, ...sequences], lifted), loop.isOut, count);
}

function linearizeUndo(inputs: readonly Tensor[], tangents: readonly MaybeTensor[], params: UndoParams): Derived {
  const outs = bind(undoScanOp, inputs, params);
  const moving = tangents.map((t) => t !== null);
  const derivative = derivatives(params.body, `${keyOf(params)}/${flags(moving)}`, () =>
    makeDerivative(params, tangents),
  );
  const kept = [...inputs, ...outs.slice(0, params.carry), ...derivative.read.map((y) => outs[params.carry + y]!)];
  const { forward, transpose, needed } = derivative;
  const moved = bind(linearCallOp, [...kept, ...tangents.filter((t) => t !== null)], {
    forward,
    transpose,
    residuals: kept.length,
  });
  let at = 0;
  return { outs, tangents: needed.map((has): MaybeTensor => (has ? moved[at++]! : null)) };
}

interface Derivative {
  /** Inputs of the node, last carry, results that `undo` reads; tangents of what varies → tangents of the outputs that have one. */
  readonly forward: Graph;
  /** The same, cotangents of those outputs → cotangents of what varies. */
  readonly transpose: Graph;
  /** Which outputs have a tangent. */
  readonly needed: readonly boolean[];
  /** Which results `undo` reads. */
  readonly read: readonly number[];
}

const derivatives = remember<Derivative>();

function makeDerivative(params: UndoParams, tangents: readonly MaybeTensor[]): Derivative {
  const { body, undo, carry: count } = params;
  const varied = variedParts(tangents, plain(params), (v) => linearized(body, v).hasTangent);
  const { hasTangent } = linearized(body, [...varied.consts, ...varied.carry, ...varied.xs]);
  const needed = hasTangent.map((has, i) => has || varied.carry[i] === true);
  const used = new Set([...undo.nodes.flatMap((n) => n.inputs), ...undo.outputs]);
  const read = undo.inputs.slice(body.inputs.length).flatMap((id, y) => (used.has(id) ? [y] : []));
  const ins = nodeAvals(params);
  const outs = undoScanOp.infer(ins, params);
  const held = [...ins, ...outs.slice(0, count), ...read.map((y) => outs[count + y]!)];
  const moving = tangents.map((t) => t !== null);
  const forward = traceGraph(
    (...xs) => {
      const [at, dx] = [xs.slice(0, ins.length), xs.slice(held.length)];
      let next = 0;
      const both = linearizeScan(
        at,
        moving.map((m): MaybeTensor => (m ? dx[next++]! : null)),
        plain(params),
      );
      return both.tangents.flatMap((t, i) => (needed[i] ? [instantiate(t, both.outs[i]!)] : []));
    },
    [...held, ...ins.filter((_, i) => moving[i])],
  );
  const shape = { varied, needed, read };
  const transpose = traceGraph(
    (...xs) => pulledBack(params, shape, moving, xs),
    [...held, ...outs.filter((_, i) => needed[i])],
  );
  return { forward, transpose, needed, read };
}

interface Pattern extends Pick<Derivative, 'needed' | 'read'> {
  readonly varied: Parts<boolean>;
}

const where = <T>(list: readonly T[], is: readonly boolean[]): T[] => list.filter((_, i) => is[i]);

/** The loop back: from what was kept and the cotangents of the outputs to the cotangents of what varies. */
function pulledBack(
  params: UndoParams,
  pattern: Pattern,
  moving: readonly boolean[],
  given: readonly Tensor[],
): Tensor[] {
  const { varied, read } = pattern;
  const { consts, carry: count, length, reverse, body } = params;
  const n = body.inputs.length;
  const at = partsOf(given.slice(0, n), params);
  const last = given.slice(n, n + count);
  const ys = given.slice(n + count, n + count + read.length);
  const cts = given.slice(n + count + read.length);
  const dCarry = varied.carry.filter(Boolean).length;
  const sums = where(at.consts, varied.consts).map(zerosLike);
  const back = backwardBody(params, pattern);
  const results = bindLean(
    { body: back, consts, carry: count + dCarry + sums.length, length, reverse: !reverse, flag: null },
    {
      consts: at.consts,
      carry: [...last, ...cts.slice(0, dCarry), ...sums],
      xs: [...at.xs, ...ys, ...cts.slice(dCarry)],
    },
  );
  const dFirst = results.slice(count, count + dCarry);
  const isMoving = partsOf(moving, params).carry;
  return [
    ...results.slice(count + dCarry, count + dCarry + sums.length),
    ...dFirst.filter((_, k) => where(isMoving, varied.carry)[k]),
    ...results.slice(count + dCarry + sums.length),
  ];
}

/** Constants; carry after, its cotangents, sums; slices, results, cotangents of results → carry before, its cotangents, sums; cotangents of slices. */
function backwardBody({ body, undo, ...counts }: UndoParams, { varied, needed, read }: Pattern): Graph {
  const { primal, linear, hasTangent } = linearized(body, [...varied.consts, ...varied.carry, ...varied.xs]);
  const residuals: Graph = { ...primal, outputs: primal.outputs.slice(body.outputs.length) };
  const full = completed(linear, hasTangent, needed, outAvals(body));
  const known = residuals.outputs.length;
  const back = transposed(
    full,
    full.inputs.map((_, i) => i >= known),
    full.outputs.map(() => true),
  );
  const n = body.inputs.length;
  const step: Graph = { ...undo, inputs: [...undo.inputs.slice(0, n), ...read.map((y) => undo.inputs[n + y]!)] };
  const ins = partsOf(
    body.inputs.map((id) => body.avals[id]!),
    counts,
  );
  const outs = outAvals(body);
  const groups: (readonly Aval[])[] = [
    ins.consts,
    ins.carry,
    where(ins.carry, varied.carry),
    where(ins.consts, varied.consts),
    ins.xs,
    read.map((y) => outs[counts.carry + y]!),
    where(outs.slice(counts.carry), needed.slice(counts.carry)),
  ];
  return traceGraph((...all) => {
    let from = 0;
    const [consts, after, dAfter, sums, xs, ys, dys] = groups.map((g) => {
      from += g.length;
      return all.slice(from - g.length, from);
    }) as [Tensor[], Tensor[], Tensor[], Tensor[], Tensor[], Tensor[], Tensor[]];
    const before = evalGraph(step, [...consts, ...after, ...xs, ...ys]);
    const held = evalGraph({ ...residuals, nodes: liveNodes(residuals) }, [...consts, ...before, ...xs]);
    const some = evalGraph(back.graph, [...held, ...dAfter, ...dys]);
    let at = 0;
    const pulled = back.isZero.map((zero, i) => (zero ? zerosLike(full.avals[full.inputs[known + i]!]!) : some[at++]!));
    const [c, k] = [sums.length, sums.length + dAfter.length];
    return [...before, ...pulled.slice(c, k), ...sums.map((s, i) => add(s, pulled[i]!)), ...pulled.slice(k)];
  }, groups.flat());
}
