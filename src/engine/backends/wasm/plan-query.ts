/** What a plan will cost, read off before anything runs: memory by kind at the highest point, launches, dependent depth. */
import type { ValueId } from '../../dag.ts';
import type { Graph } from '../../graph.ts';
import { constantOp } from '../../ops/constant.ts';
import { residualsOf } from '../../passes/residuals.ts';
import { roundUp } from './arena.ts';
import type { MemoryPlan } from './plan.ts';

export interface PlanQuery {
  /** Bytes that the forward pass keeps for the backward pass. */
  readonly savedForBackward: number;
  /** Of those, the bytes that are alive where the plan holds most. */
  readonly activations: number;
  /** Segment and fresh results. */
  readonly peakBytes: number;
  readonly launches: number;
  /** The longest chain of nodes that wait for one another; views and constants take no step. */
  readonly depth: number;
}

/** Reads a plan of a flat graph. */
export function queryPlan(graph: Graph, plan: MemoryPlan): PlanQuery {
  const residuals = residualsOf(graph);
  const peakAt = fullestNode(graph, plan);
  const alive = residuals.filter((r) => r.made <= peakAt && peakAt <= r.lastUse);
  return {
    savedForBackward: residuals.reduce((sum, r) => sum + r.bytes, 0),
    activations: alive.reduce((sum, r) => sum + r.bytes, 0),
    peakBytes: plan.peakBytes,
    launches: plan.calls.length,
    depth: depthOf(graph),
  };
}

/** The position at which most bytes are alive; the first of equals. */
function fullestNode(graph: Graph, plan: MemoryPlan): number {
  const change = new Array<number>(graph.nodes.length + 2).fill(0);
  for (const { bytes, first, last, place } of plan.blocks) {
    if (place.kind === 'input') continue;
    change[Math.max(first, 0)]! += roundUp(bytes);
    change[last + 1]! -= roundUp(bytes);
  }
  let held = 0;
  let most = 0;
  let at = 0;
  graph.nodes.forEach((_, i) => {
    held += change[i]!;
    if (held > most) {
      most = held;
      at = i;
    }
  });
  return at;
}

/** The dependent depth of a graph in nodes that compute. */
export function depthOf(graph: Graph): number {
  const depth = new Map<ValueId, number>();
  let deepest = 0;
  for (const { op, inputs, outputs } of graph.nodes) {
    const before = inputs.reduce((most, id) => Math.max(most, depth.get(id) ?? 0), 0);
    const here = before + (op.isView === true || op.name === constantOp.name ? 0 : 1);
    for (const id of outputs) depth.set(id, here);
    deepest = Math.max(deepest, here);
  }
  return deepest;
}
