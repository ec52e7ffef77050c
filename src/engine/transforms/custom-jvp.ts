/** `customJvp`: a function whose derivative is what a rule says it is. */
import { isFloat } from '../dtype.ts';
import { TreeError, UnsupportedError } from '../errors.ts';
import type { Graph } from '../graph.ts';
import { costOf, evalGraph } from '../graph.ts';
import type { Op } from '../op.ts';
import { defineOp } from '../op.ts';
import { allBatched } from '../ops/makers.ts';
import type { Aval } from '../tensor.ts';
import { bind, isTransforming } from '../trace.ts';
import type { TreeDef } from '../tree.ts';
import { unflatten } from '../tree.ts';
import type { Body } from './body.ts';
import {
  batchWhole,
  checkLike,
  closeTogether,
  isRecorded,
  outAvals,
  refuseCaptured,
  tensorsIn,
  traceBody,
} from './body.ts';
import { callOp } from './call.ts';
import { instantiate } from './jvp.ts';

interface CustomJvpParams {
  /** captured, then operands → results */
  readonly forward: Graph;
  /** captured, operands, tangents of the operands → results, tangents of the results */
  readonly rule: Graph;
  readonly captured: number;
}

export const customJvpOp: Op<CustomJvpParams> = defineOp<CustomJvpParams>({
  name: 'customJvp',
  version: 1,
  infer: (_, { forward }) => outAvals(forward),
  linearize(inputs, tangents, { rule, captured }) {
    refuseCaptured('customJvp', tangents, captured);
    const moved = inputs.slice(captured).map((x, i) => instantiate(tangents[captured + i]!, x));
    const both = evalGraph(rule, [...inputs, ...moved]);
    const outs = both.slice(0, both.length / 2);
    if (isRecorded(outs)) refuseMixed();
    return { outs, tangents: outs.map((y, i) => (isFloat(y.dtype) ? both[outs.length + i]! : null)) };
  },
  transpose: ({ params: { forward }, ...call }) =>
    callOp.transpose!({ ...call, params: { graph: forward, name: 'customJvp' } }),
  batch({ inputs, batched, size, params: { forward, rule, captured } }) {
    const lifted = {
      forward: batchWhole(forward, batched, size),
      rule: batchWhole(rule, [...batched, ...batched.slice(captured)], size),
      captured,
    };
    return allBatched(bind(customJvpOp, inputs, lifted));
  },
  cost: (_ins, _outs, { forward }) => costOf(forward),
  js: () => {
    throw new UnsupportedError('customJvp: graphs are inlined before a backend sees them');
  },
  inline: ({ forward }) => forward,
});

/**
 * Returns f with a derivative of one's own: `rule(x, tangent)` gives [f(x), tangent of f(x)] and is linear in the tangent.
 *
 * x is a tree; tangents that are zero arrive as zeros. Reverse mode transposes the rule, higher derivatives differentiate it. Values that f and rule read from outside must not be differentiated.
 */
export function customJvp<P, R>(
  f: (x: P) => R,
  rule: (x: P, tangent: P) => readonly [value: R, tangent: R],
): (x: P) => R {
  return (x) => {
    if (!isTransforming()) return f(x);
    const [operands, build] = tensorsIn(x);
    const plain = traceBody('customJvp', (...xs) => f(build(xs)), operands);
    const derived = traceBody(
      'customJvp',
      (...xs) => pairOf(rule(build(xs.slice(0, operands.length)), build(xs.slice(operands.length)))),
      [...operands, ...operands],
    );
    checkRule(derived, outAvals(plain.graph), plain.def);
    const { captured, graphs } = closeTogether([plain.graph, derived.graph]);
    const params = { forward: graphs[0]!, rule: graphs[1]!, captured: captured.length };
    return unflatten<R>(plain.def, bind(customJvpOp, [...captured, ...operands], params));
  };
}

function pairOf(result: readonly [unknown, unknown]): readonly [unknown, unknown] {
  if (Array.isArray(result) && result.length === 2) return result;
  throw new TreeError('customJvp: the rule must return [value, tangent]', {
    help: 'both have the tree of what the function returns',
  });
}

/** jvp of a loop carries values and tangents together: reverse mode could not take the rule apart. */
function refuseMixed(): never {
  throw new UnsupportedError('customJvp: in reverse mode the values of the rule depend on the tangents', {
    help: 'use linearize instead of jvp around a loop inside the rule: it runs the values in a loop of their own',
  });
}

/** Both halves of what the rule returns must look like the results. */
function checkRule(rule: Body, outs: readonly Aval[], def: TreeDef): void {
  const twice = `[${def.key},${def.key}]`;
  const pair = { key: twice, paths: [...def.paths.map((p) => `[0]${p}`), ...def.paths.map((p) => `[1]${p}`)] };
  const tangents = outs.map((y, i) =>
    isFloat(y.dtype) ? y : (rule.graph.avals[rule.graph.outputs[outs.length + i]!] ?? y),
  );
  checkLike('customJvp: the rule', rule, [...outs, ...tangents], pair);
}
