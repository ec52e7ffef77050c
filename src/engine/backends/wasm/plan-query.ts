/** What a plan will cost, read off before anything runs: memory by kind at the highest point, launches, dependent depth. */
import type { ValueId } from '../../dag.ts';
import type { Graph } from '../../graph.ts';
import { constantOp } from '../../ops/constant.ts';
import { residualsOf, viewRoots } from '../../passes/residuals.ts';
import { bytesOf } from '../../tensor.ts';
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

/** Reads the plan of a flat graph; `joined` is the graph as it was planned, with chains fused. */
export function queryPlan(graph: Graph, joined: Graph, plan: MemoryPlan): PlanQuery {
  const peakAt = fullestNode(joined, plan);
  const alive = keptLives(graph, joined).filter((life) => life.made <= peakAt && peakAt <= life.lastUse);
  return {
    savedForBackward: residualsOf(graph).reduce((sum, r) => sum + r.bytes, 0),
    activations: alive.reduce((sum, life) => sum + life.bytes, 0),
    peakBytes: plan.peakBytes,
    launches: plan.calls.length,
    depth: depthOf(graph),
  };
}

interface Life {
  readonly bytes: number;
  readonly made: number;
  lastUse: number;
}

/** What forward nodes leave in memory, from where it is made to the last backward node that reads it or a view of it. */
function keptLives(graph: Graph, joined: Graph): Life[] {
  const forward = new Set(graph.nodes.flatMap((node) => (node.isBackward === true ? [] : node.outputs)));
  const roots = viewRoots(joined);
  const lives = new Map<ValueId, Life>();
  joined.nodes.forEach(({ op, inputs, outputs, isBackward }, i) => {
    for (const id of isBackward === true ? inputs : []) {
      const life = lives.get(roots.get(id) ?? id);
      if (life !== undefined) life.lastUse = i;
    }
    if (op.isView === true || op.name === constantOp.name) return;
    for (const id of outputs)
      if (forward.has(id)) lives.set(id, { bytes: bytesOf(graph.avals[id]!), made: i, lastUse: -1 });
  });
  return [...lives.values()];
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
