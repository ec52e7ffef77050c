/** How often an update runs the model, read off its graph: multiply-adds inside the model's layers and behind its output, in units of one forward run. */
import type { ValueId } from '../engine/dag.ts';
import { costOf, type Graph, jit, optimize, type Tensor } from '../engine/index.ts';
import { inlineCalls } from '../engine/passes/inline.ts';
import type { UpdateCost } from '../methods/learner.ts';
import type { Batch, Model, Tree } from '../nn/index.ts';

/**
 * Passes of an update over its batch. A multiply-add is backward where it hears of the model's output or of a later layer, forward otherwise.
 * Null for a model without multiply-adds.
 */
export function modelPasses(
  update: Graph,
  model: Model,
  { params, modelState }: { readonly params: Tree; readonly modelState: Tree },
  { x }: Batch,
): UpdateCost['passes'] {
  const once = jit((p: Tree, s: Tree, input: Tensor) => model.apply(p, s, input, { train: true })[0], {
    name: 'forward',
  });
  const { macs } = costOf(optimize(once.graphOf(params, modelState, x)));
  if (macs === 0) return null;
  const total = splitMacs(update, model.names);
  return { forward: total.forward / macs, backward: total.backward / macs };
}

/** Multiply-adds of a graph by direction. */
export function splitMacs(graph: Graph, layers: readonly string[]): { forward: number; backward: number } {
  const { nodes, avals } = inlineCalls(graph);
  // The latest layer that a value has heard of; behind the last one, what was made of the output.
  const reach = new Map<ValueId, number>();
  const last = layers.length - 1;
  const total = { forward: 0, backward: 0 };
  for (const node of nodes) {
    const heard = Math.max(-1, ...node.inputs.map((id) => reach.get(id) ?? -1));
    const own = layerOf(node.scope, layers);
    const isBackward = own === -1 ? heard >= last : heard > own;
    const reached = own === -1 && heard === last ? last + 1 : Math.max(heard, own);
    for (const id of node.outputs) reach.set(id, reached);
    const cost = node.op.cost(
      node.inputs.map((id) => avals[id]!),
      node.outputs.map((id) => avals[id]!),
      node.params,
    );
    total[isBackward ? 'backward' : 'forward'] += cost.macs ?? 0;
  }
  return total;
}

/** The layer of a scope path such as `step/dense0`; −1 outside of all layers. */
const layerOf = (scope: string, layers: readonly string[]): number =>
  scope
    .split('/')
    .map((part) => layers.indexOf(part))
    .find((i) => i >= 0) ?? -1;
