/** Nodes with a pullback of one's own: an op as it is forwards, with chosen residuals and a chosen rule backwards. */
import { liveNodes } from '../dag.ts';
import { isFloat } from '../dtype.ts';
import { ShapeError, TreeError } from '../errors.ts';
import type { Graph } from '../graph.ts';
import { traceGraph } from '../graph.ts';
import type { MaybeTensor, Op, Params } from '../op.ts';
import { scalar } from '../ops/constant.ts';
import { zerosLike } from '../ops/movement.ts';
import { sameShape } from '../shape.ts';
import { aval, showAval, Tensor } from '../tensor.ts';
import { bind } from '../trace.ts';
import { closeTogether, outAvals, typeOf } from './body.ts';
import { customVjpOp } from './custom-vjp.ts';
import { linearizeFlat, pullBack } from './linearize.ts';
import type { Application } from './rewrite.ts';

/** What a rule gets of the node whose cotangents it computes. */
export interface PullNode {
  readonly op: string;
  readonly scope: string;
  readonly params: Params;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  /** What arrived at each output. */
  readonly cts: readonly Tensor[];
  /** The exact rule: cotangents of the outputs to cotangents of the inputs, null for those that do not vary. */
  readonly pull: (cts: readonly Tensor[]) => readonly MaybeTensor[];
}

/** Cotangents of the inputs, null for zero; an op of one operand may return its cotangent alone. */
export type PullRule = (node: PullNode) => Tensor | readonly MaybeTensor[];

/** A rule with declared residuals: what `save` returns is all that is kept for `pull`. */
export interface SavedRule {
  readonly save: (node: Pick<PullNode, 'op' | 'scope' | 'params' | 'inputs' | 'outputs'>) => readonly Tensor[];
  readonly pull: (
    saved: readonly Tensor[],
    cts: readonly Tensor[],
    node: Pick<PullNode, 'op' | 'scope' | 'params'>,
  ) => Tensor | readonly MaybeTensor[];
}

/** Applies an op with another rule; what the rule does not read is not kept. */
export function bindWithRule(rule: PullRule, { op, inputs, params, scope }: Application): readonly Tensor[] {
  const count = inputs.length;
  const named = { op: op.name, scope, params };
  return bindSaved(
    {
      save: (node) => [...node.inputs, ...node.outputs],
      pull: (saved, cts) => {
        const [xs, ys] = [saved.slice(0, count), saved.slice(count)];
        return rule({ ...named, inputs: xs, outputs: ys, cts, pull: (given) => pullOp(op, params, xs, given) });
      },
    },
    { op, inputs, params, scope },
  );
}

/** Applies an op with declared residuals. */
export function bindSaved(rule: SavedRule, { op, inputs, params, scope }: Application): readonly Tensor[] {
  const named = { op: op.name, scope, params };
  const ins = inputs.map(typeOf);
  const plain = traceGraph((...xs) => bind(op, xs, params), ins);
  const outs = outAvals(plain);
  const forward = traceGraph((...xs) => {
    const outputs = bind(op, xs, params);
    return [...outputs, ...rule.save({ ...named, inputs: xs, outputs })];
  }, ins);
  const saved = outAvals(forward).slice(outs.length);
  const backward = traceGraph(
    (...all) => {
      const result = rule.pull(all.slice(0, saved.length), all.slice(saved.length), named);
      return checkedCotangents(op.name, result, inputs);
    },
    [...saved, ...outs],
  );
  const { captured, graphs } = closeTogether([plain, ...pruned(forward, backward, outs.length)]);
  const [p, f, b] = graphs as [Graph, Graph, Graph];
  return bind(customVjpOp, [...captured, ...inputs], { plain: p, forward: f, backward: b, captured: captured.length });
}

/** Both graphs without the residuals that the backward one does not read. */
function pruned(forward: Graph, backward: Graph, outs: number): [forward: Graph, backward: Graph] {
  const nodes = liveNodes(backward);
  const read = new Set([...nodes.flatMap((n) => n.inputs), ...backward.outputs]);
  const kept = forward.outputs.slice(outs).map((_, i) => read.has(backward.inputs[i]!));
  const isKept = (_: number, i: number): boolean => kept[i] ?? true;
  const outputs = forward.outputs.filter((_, i) => i < outs || kept[i - outs]);
  return [
    { ...forward, outputs, nodes: liveNodes({ ...forward, outputs }) },
    { ...backward, nodes, inputs: backward.inputs.filter(isKept) },
  ];
}

/** One cotangent per input, like the input; those that do not vary get a number that nobody reads. */
function checkedCotangents(
  name: string,
  result: Tensor | readonly MaybeTensor[],
  inputs: readonly Tensor[],
): readonly Tensor[] {
  const list = result instanceof Tensor ? [result] : result;
  if (!Array.isArray(list) || list.length !== inputs.length)
    throw new TreeError(
      `the rule for ${name} returned ${Array.isArray(list) ? list.length : 'no list of'} cotangents for ${inputs.length} operands`,
      { count: inputs.length, help: 'return one for each operand, null where it is zero' },
    );
  return inputs.map((x, i) => {
    if (!isFloat(x.dtype)) return scalar(0);
    const ct = list[i] ?? zerosLike(x);
    if (sameShape(ct.shape, x.shape) && ct.dtype === x.dtype) return ct;
    throw new ShapeError(`the rule for ${name} returned ${showAval(ct)} for the operand ${showAval(x)}`, {
      expected: x.shape,
      found: ct.shape,
      help: 'cotangents have the shape and dtype of their operand',
    });
  });
}

/** The exact pullback of one op at given inputs: cotangents of its outputs to cotangents of its inputs, null for integers. */
export function pullOp(
  op: Op,
  params: Params,
  inputs: readonly Tensor[],
  cts: readonly MaybeTensor[],
): readonly MaybeTensor[] {
  const varied = inputs.map((x) => isFloat(x.dtype));
  const parts = linearizeFlat((...xs) => bind(op, xs, params), inputs, varied);
  const back = pullBack(
    parts.linear,
    parts.outs.flatMap((_, i) => (parts.hasTangent[i] ? [cts[i] ?? null] : [])),
  );
  let at = 0;
  return inputs.map((x, i): MaybeTensor => (varied[i] ? (back[at++] ?? zerosLike(aval(x) as Tensor)) : null));
}
