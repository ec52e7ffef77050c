/**
 * Products that do not wait for the carry, made before the loop: Xₜ·W for all steps is one large product.
 *
 * A matrix product of a value that depends on sequences and constants only with one that depends on constants only leaves the body; the loop reads its rows as one more sequence. Every row of a
 * product is a chain of its own, so the bits are the same.
 */
import type { ValueId } from '../dag.ts';
import { liveNodes } from '../dag.ts';
import { BYTES } from '../dtype.ts';
import type { Graph, GraphNode } from '../graph.ts';
import { evalGraph } from '../graph.ts';
import type { MatmulParams } from '../ops/matmul.ts';
import { matmul } from '../ops/matmul.ts';
import { reshape } from '../ops/movement.ts';
import { sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { invariantValues } from './scan-derivative.ts';
import { bindScan, type Parts, type ScanParams } from './scan-op.ts';
import { vmapFlat } from './vmap.ts';

/** Binds a scan with what does not change, and its early products, in front of the loop. */
export function bindHoisted(loop: ScanParams, given: Parts<Tensor>): readonly Tensor[] {
  const { params, parts } = withoutInvariants(loop, given);
  const early = earlyProducts(params);
  if (early.length === 0 || params.length === 0) return bindScan(params, parts);
  const { body, consts, carry } = params;
  const products = early.map((node) => node.outputs[0]!);
  const ids = { consts: body.inputs.slice(0, consts), xs: body.inputs.slice(consts + carry) };
  const made: Tensor[] = [];
  for (const {
    inputs: [x, w],
    params: how,
  } of early) {
    const done = products.slice(0, made.length);
    const part = (out: ValueId, inputs: readonly ValueId[]): Graph => partTo(body, out, inputs, done);
    const [weight] = evalGraph(part(w!, ids.consts), parts.consts);
    const rows = vmapFlat(
      (...zs) => evalGraph(part(x!, [...ids.consts, ...ids.xs, ...done]), zs),
      [...parts.consts, ...parts.xs, ...made],
      [...ids.consts.map(() => false), ...ids.xs.map(() => true), ...done.map(() => true)],
      params.length,
    ).outs[0]!;
    made.push(allRows(rows, weight!, how as MatmulParams));
  }
  const rest = {
    ...body,
    inputs: [...body.inputs, ...products],
    nodes: body.nodes.filter((n) => !products.includes(n.outputs[0]!)),
  };
  return bindScan({ ...params, body: { ...rest, nodes: liveNodes(rest) } }, { ...parts, xs: [...parts.xs, ...made] });
}

/** (T, …, m, k)·(k, n) as one product of all rows. */
function allRows(x: Tensor, w: Tensor, { transposeY }: MatmulParams): Tensor {
  const lead = x.shape.slice(0, -1);
  const flat = matmul(reshape(x, [-1, x.shape.at(-1)!]), w, { transposeY });
  return reshape(flat, [...lead, flat.shape[1]!]);
}

/** The nodes that lead from some values to one, which may read products that are made already. */
function partTo(body: Graph, out: ValueId, inputs: readonly ValueId[], done: readonly ValueId[]): Graph {
  const nodes = body.nodes.filter((n) => !done.includes(n.outputs[0]!));
  return { ...body, inputs, outputs: [out], nodes: liveNodes({ inputs, nodes, outputs: [out] }) };
}

/** Products of a value of the sequences, read by rows, with a constant matrix. */
function earlyProducts(params: ScanParams): GraphNode[] {
  const { body, consts } = params;
  const fixed = invariantValues(body, consts);
  const isEarly = earlyValues(params);
  return body.nodes.filter((node) => {
    if (node.op.name !== 'matmul') return false;
    const [x, w] = node.inputs as [ValueId, ValueId];
    const { transposeX } = node.params as MatmulParams;
    const isMatrix = body.avals[w]!.shape.length === 2;
    return isMatrix && fixed.has(w) && isEarly.has(node.outputs[0]!) && !fixed.has(x) && !transposeX;
  });
}

/** Bytes that a value of all steps may take; where it takes more, the loop makes it step by step. */
const MOST_BYTES = 2 ** 26;

/** Values that do not depend on the carry, and whose steps all together are not too large to lie side by side. */
function earlyValues({ body, consts, carry, length }: ScanParams): ReadonlySet<ValueId> {
  const known = new Set([...body.inputs.slice(0, consts), ...body.inputs.slice(consts + carry)]);
  const isLarge = (id: ValueId): boolean => {
    const { shape, dtype } = body.avals[id]!;
    return length * sizeOf(shape) * BYTES[dtype] > MOST_BYTES;
  };
  for (const node of body.nodes)
    if (node.inputs.every((id) => known.has(id))) for (const id of node.outputs) if (!isLarge(id)) known.add(id);
  return known;
}

/** Values that depend on constants only are made once, before the loop, and become constants. */
export function withoutInvariants(
  params: ScanParams,
  parts: Parts<Tensor>,
): { readonly params: ScanParams; readonly parts: Parts<Tensor> } {
  const { body, consts, length } = params;
  const fixed = invariantValues(body, consts);
  const isFixed = (node: GraphNode): boolean => node.outputs.every((id) => fixed.has(id));
  const isEarly = (node: GraphNode): boolean => isFixed(node) && node.inputs.length > 0; // numbers stay where they are used
  const rest = body.nodes.filter((node) => !isEarly(node));
  const made = new Set(body.nodes.filter(isEarly).flatMap((node) => node.outputs));
  const used = [...new Set([...rest.flatMap((node) => node.inputs), ...body.outputs])].filter((id) => made.has(id));
  if (used.length === 0 || length === 0) return { params, parts };
  const inputs = body.inputs.slice(0, consts);
  const nodes = liveNodes({ inputs, nodes: body.nodes.filter(isFixed), outputs: used });
  const values = evalGraph({ ...body, inputs, nodes, outputs: used }, parts.consts);
  return {
    params: {
      ...params,
      consts: consts + used.length,
      body: { ...body, inputs: [...inputs, ...used, ...body.inputs.slice(consts)], nodes: rest },
    },
    parts: { ...parts, consts: [...parts.consts, ...values] },
  };
}
