/** `customVjp`: a function whose pullback is given, with the residuals that it needs. */
import { isFloat } from '../dtype.ts';
import { TreeError, UnsupportedError } from '../errors.ts';
import type { Graph } from '../graph.ts';
import { costOf, evalGraph } from '../graph.ts';
import type { MaybeTensor, Op } from '../op.ts';
import { defineOp, isLinear } from '../op.ts';
import { allBatched } from '../ops/makers.ts';
import { zerosLike } from '../ops/movement.ts';
import type { Aval } from '../tensor.ts';
import { Tensor } from '../tensor.ts';
import { bind, isTransforming } from '../trace.ts';
import { flatten, leavesOf, structureOf, unflatten } from '../tree.ts';
import type { Body } from './body.ts';
import {
  batchWhole,
  checkLike,
  closeTogether,
  isRecorded,
  outAvals,
  refuseCaptured,
  showPaths,
  tensorsIn,
  traceBody,
} from './body.ts';
import { withBatchAxis } from './vmap.ts';

interface CustomVjpParams {
  /** captured, then operands → results */
  readonly plain: Graph;
  /** captured, then operands → results, residuals */
  readonly forward: Graph;
  /** captured, residuals, cotangents of the results → cotangents of the operands */
  readonly backward: Graph;
  readonly captured: number;
}

/** The derivative of a customVjp at a point: only its transpose is known. */
interface PullbackParams {
  readonly backward: Graph;
  readonly outs: readonly Aval[];
  /** How many of the inputs are captured values and residuals; tangents follow. */
  readonly known: number;
  /** For each tangent, which operand it belongs to. */
  readonly operands: readonly number[];
}

function refuseForward(): never {
  throw new UnsupportedError('customVjp: forward mode was asked for, but only the pullback is given', {
    help: 'use reverse mode (grad, vjp), or define the function with customJvp, which serves both',
  });
}

const pullbackOp: Op<PullbackParams> = defineOp<PullbackParams>({
  name: 'customPullback',
  version: 1,
  infer: (_, { outs }) => outs,
  transpose({ cts, inputs, params: { backward, outs, known, operands } }) {
    if (inputs.slice(0, known).some(isLinear)) refuseForward();
    const arriving = outs.map((y, i) => cts[i] ?? zerosLike(y));
    const back = evalGraph(backward, [...(inputs.slice(0, known) as Tensor[]), ...arriving]);
    return inputs.map((x, i): MaybeTensor => (isLinear(x) ? back[operands[i - known]!]! : null));
  },
  batch: refuseForward,
  cost: (_ins, _outs, { backward }) => costOf(backward),
  js: refuseForward,
  inline: refuseForward,
});

export const customVjpOp: Op<CustomVjpParams> = defineOp<CustomVjpParams>({
  name: 'customVjp',
  version: 1,
  infer: (_, { plain }) => outAvals(plain),
  linearize(inputs, tangents, { plain, forward, backward, captured }) {
    refuseCaptured('customVjp', tangents, captured);
    if (!isRecorded(tangents)) refuseForward();
    const results = evalGraph(forward, inputs);
    const outs = results.slice(0, plain.outputs.length);
    const known = [...inputs.slice(0, captured), ...results.slice(outs.length)];
    const operands = tangents.flatMap((t, i) => (t === null ? [] : [i - captured]));
    const params = { backward, outs: outAvals(plain), known: known.length, operands };
    const moved = bind(pullbackOp, [...known, ...tangents.filter((t) => t !== null)], params);
    return { outs, tangents: outs.map((y, i) => (isFloat(y.dtype) ? moved[i]! : null)) };
  },
  batch({ inputs, batched, size, params: { plain, forward, backward, captured } }) {
    const isMapped = batched.map((b, i) => b || i >= captured);
    const all = inputs.map((x, i) => (i < captured ? x : withBatchAxis(x, batched[i]!, size)));
    const arriving = backward.inputs.slice(captured).map(() => true);
    const lifted = {
      plain: batchWhole(plain, isMapped, size),
      forward: batchWhole(forward, isMapped, size),
      backward: batchWhole(backward, [...isMapped.slice(0, captured), ...arriving], size),
      captured,
    };
    return allBatched(bind(customVjpOp, all, lifted));
  },
  cost: (_ins, _outs, { plain }) => costOf(plain),
  js: () => {
    throw new UnsupportedError('customVjp: graphs are inlined before a backend sees them');
  },
  inline: ({ plain }) => plain,
});

/**
 * Returns f with a reverse mode of one's own: `forward(x)` gives [f(x), residuals], `backward(residuals, ct)` the cotangent of x, a tree like x.
 *
 * Exactly the residuals are kept between the two. Forward mode is refused. Values that the functions read from outside must not be differentiated.
 */
export function customVjp<P, R, S>(
  f: (x: P) => R,
  forward: (x: P) => readonly [value: R, residuals: S],
  backward: (residuals: S, ct: R) => P,
): (x: P) => R {
  return (x) => {
    if (!isTransforming()) return f(x);
    const [operands, build] = tensorsIn(x);
    const plain = traceBody('customVjp', (...xs) => f(build(xs)), operands);
    const kept = traceForward((...xs) => forward(build(xs)), operands, plain);
    const pull = (...xs: Tensor[]): unknown[] => {
      const count = kept.residuals.length;
      return cotangentsFor(x, backward(kept.build(xs.slice(0, count)), unflatten<R>(plain.def, xs.slice(count))));
    };
    const back = traceBody('customVjp', pull, [...kept.residuals, ...outAvals(plain.graph)]);
    checkBackward(back, operands);
    const { captured, graphs } = closeTogether([plain.graph, kept.graph, back.graph]);
    const params = { plain: graphs[0]!, forward: graphs[1]!, backward: graphs[2]!, captured: captured.length };
    return unflatten<R>(plain.def, bind(customVjpOp, [...captured, ...operands], params));
  };
}

interface TracedForward<S> {
  readonly graph: Graph;
  readonly residuals: readonly Aval[];
  readonly build: (xs: readonly Tensor[]) => S;
}

/** The graph gives results and residuals; what is no tensor among the residuals stays as it is. */
function traceForward<S>(
  forward: (...xs: Tensor[]) => readonly [unknown, S],
  operands: readonly Tensor[],
  plain: Body,
): TracedForward<S> {
  let build: ((xs: readonly Tensor[]) => S) | null = null;
  let valueDef = plain.def;
  const body = traceBody(
    'customVjp',
    (...xs) => {
      const result = forward(...xs);
      if (!Array.isArray(result) || result.length !== 2)
        throw new TreeError('customVjp: forward must return [value, residuals]', {
          help: 'return null for residuals when nothing need be kept',
        });
      const [residuals, rebuild] = tensorsIn<S>(result[1]);
      build = rebuild;
      valueDef = structureOf(result[0]);
      return [leavesOf(result[0]), residuals];
    },
    operands,
  );
  const outs = outAvals(plain.graph);
  checkLike('customVjp: forward', { graph: body.graph, def: valueDef }, outs, plain.def);
  return { graph: body.graph, residuals: outAvals(body.graph).slice(outs.length), build: build! };
}

/** What backward returned for the tensors of x. */
function cotangentsFor(x: unknown, result: unknown): unknown[] {
  const [values, def] = flatten(x);
  const [cts, found] = flatten(result);
  if (found.key !== def.key)
    throw new TreeError(`customVjp: backward returned ${showPaths(found)} where ${showPaths(def)} is needed`, {
      expected: def.paths,
      found: found.paths,
      help: 'it must return a cotangent for every leaf of the argument',
    });
  return cts.filter((_, i) => values[i] instanceof Tensor);
}

/** Cotangents of integers are never read; the others have the type of their operand. */
function checkBackward(back: Body, operands: readonly Tensor[]): void {
  const found = outAvals(back.graph);
  const expected = operands.map((x, i) => (isFloat(x.dtype) && !x.weak ? x : found[i]!));
  checkLike('customVjp: backward', back, expected, back.def);
}
