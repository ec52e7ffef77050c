/** The oracle's loop: the body is interpreted step by step on plain arrays. */
import type { TypedArray } from '../../dtype.ts';
import { storageFor } from '../../dtype.ts';
import type { Graph } from '../../graph.ts';
import type { JsKernel } from '../../op.ts';
import { inlineCalls } from '../../passes/inline.ts';
import { sizeOf } from '../../shape.ts';
import type { Aval } from '../../tensor.ts';
import type { ScanParams } from '../../transforms/scan-op.ts';

const flatBodies = new WeakMap<Graph, Graph>();

function flatBody(body: Graph): Graph {
  const known = flatBodies.get(body) ?? inlineCalls(body);
  flatBodies.set(body, known);
  return known;
}

/** Runs a closed flat graph on arrays; results may be its inputs. */
export function interpretArrays(graph: Graph, inputs: readonly TypedArray[]): TypedArray[] {
  const values = new Map(graph.inputs.map((id, i) => [id, inputs[i]!]));
  for (const { op, inputs: ids, outputs, params } of graph.nodes) {
    const arrays = ids.map((id) => values.get(id)!);
    if (op.isView === true) {
      values.set(outputs[0]!, arrays[0]!);
      continue;
    }
    const outs = outputs.map((id): Aval => graph.avals[id]!);
    const made = outs.map((x) => storageFor(x.dtype, sizeOf(x.shape)));
    op.js(arrays, made, { ins: ids.map((id) => graph.avals[id]!), outs, params });
    outputs.forEach((id, i) => {
      values.set(id, made[i]!);
    });
  }
  return graph.outputs.map((id) => values.get(id)!);
}

export const jsLoop: JsKernel<ScanParams> = (inputs, outputs, { params }) => {
  const { consts, carry: count, length, reverse, flag } = params;
  const body = flatBody(params.body);
  const fixed = inputs.slice(0, consts);
  let carry = inputs.slice(consts, consts + count);
  const slice = (x: TypedArray, t: number): TypedArray => {
    const size = x.length / length;
    return x.subarray(t * size, (t + 1) * size);
  };
  for (let step = 0; step < length; step++) {
    if (flag !== null && carry[flag]!.every((word) => word === 0)) break;
    const t = reverse ? length - 1 - step : step;
    const outs = interpretArrays(body, [...fixed, ...carry, ...inputs.slice(consts + count).map((x) => slice(x, t))]);
    outputs.slice(count).forEach((y, j) => {
      slice(y, t).set(outs[count + j]!);
    });
    carry = outs.slice(0, count);
  }
  carry.forEach((x, i) => {
    outputs[i]!.set(x);
  });
};
