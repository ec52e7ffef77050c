/** Derivatives of single nodes at values of one's choice: what rules need that assign credit node by node. */
import type { GraphNode } from '../graph.ts';
import type { MaybeTensor } from '../op.ts';
import { zerosLike } from '../ops/movement.ts';
import type { Tensor } from '../tensor.ts';
import { jvp, vjp } from './api.ts';
import { jvpFlat } from './jvp.ts';
import { pullOp } from './pull-node.ts';

/** A node of a graph, or just an op with its parameters. */
export type NodeLike = Pick<GraphNode, 'op' | 'params'>;

/** The pullback of one node at the given values of its inputs: cotangents of its outputs (null = zero) to cotangents of its inputs, null for integers. */
export const pullOf = (
  { op, params }: NodeLike,
  values: readonly Tensor[],
  cts: readonly MaybeTensor[],
): readonly MaybeTensor[] => pullOp(op, params, values, cts);

/** The Hessian of ⟨cts, node(values)⟩ times a direction (null = zero): one product for each input, null for integers. */
export function nodeHvp(
  { op, params }: NodeLike,
  values: readonly Tensor[],
  tangents: readonly MaybeTensor[],
  cts: readonly MaybeTensor[],
): readonly MaybeTensor[] {
  let isVaried: boolean[] = [];
  const pulled = (...xs: Tensor[]): Tensor[] => {
    const back = pullOp(op, params, xs, cts);
    isVaried = back.map((b) => b !== null);
    return back.filter((b) => b !== null);
  };
  const { outs, tangents: moved } = jvpFlat(pulled, values, tangents);
  let at = 0;
  return isVaried.map((has): MaybeTensor => {
    if (!has) return null;
    const k = at++;
    return moved[k] ?? zerosLike(outs[k]!);
  });
}

/** The Hessian of ⟨ct, f(x)⟩ times a direction, for a layer or any function of a tree: forward mode over its pullback. */
export const contractedHvp = <P, R>(f: (x: P) => R, x: P, ct: R, tangent: P): P =>
  jvp((p: P) => vjp(f, p)[1](ct), x, tangent)[1];
