/** `linearCall`: a linear map whose transpose is chosen — feedback matrices, gates, surrogates, straight-through. */
import { ShapeError, UnsupportedError } from '../errors.ts';
import type { Graph } from '../graph.ts';
import { costOf, evalGraph, traceGraph } from '../graph.ts';
import type { MaybeTensor, Op } from '../op.ts';
import { defineOp, isLinear } from '../op.ts';
import { add } from '../ops/arithmetic.ts';
import { sameShape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { aval, showAval } from '../tensor.ts';
import { bind } from '../trace.ts';
import type { TreeDef } from '../tree.ts';
import { leavesOf, structureOf, unflatten } from '../tree.ts';
import { batchWhole, closeTogether, tensorsIn } from './body.ts';
import { instantiate, jvpFlat } from './jvp.ts';
import { withBatchAxis } from './vmap.ts';

interface LinearCallParams {
  /** residuals, then operands → results */
  readonly forward: Graph;
  /** residuals, then cotangents of the results → cotangents of the operands */
  readonly transpose: Graph;
  readonly residuals: number;
}

export const linearCallOp: Op<LinearCallParams> = defineOp<LinearCallParams>({
  name: 'linearCall',
  version: 1,
  infer: (_, { forward }) => forward.outputs.map((id) => aval(forward.avals[id]!)),
  jvp({ primals, outs, tangents, params }) {
    const { forward, residuals } = params;
    const throughOperands = tangents.slice(residuals).some((t) => t !== null)
      ? bind(
          linearCallOp,
          [
            ...primals.slice(0, residuals),
            ...primals.slice(residuals).map((x, i) => instantiate(tangents[residuals + i]!, x)),
          ],
          params,
        )
      : null;
    const fixed = tangents.map((t, i) => (i < residuals ? t : null));
    const throughResiduals = fixed.some((t) => t !== null)
      ? jvpFlat((...xs) => evalGraph(forward, xs), primals, fixed).tangents
      : null;
    return outs.map((_, i): MaybeTensor => sumOf(throughOperands?.[i] ?? null, throughResiduals?.[i] ?? null));
  },
  transpose({ cts, inputs, params: { transpose, forward, residuals } }) {
    if (inputs.slice(0, residuals).some(isLinear))
      throw new UnsupportedError('linearCall: cannot be transposed with respect to its residuals', {
        help: 'only the operands are linear',
      });
    const known = inputs.slice(0, residuals) as Tensor[];
    const full = forward.outputs.map((id, i) => instantiate(cts[i]!, { ...forward.avals[id]! } as Tensor));
    const back = evalGraph(transpose, [...known, ...full]);
    return inputs.map((x, i): MaybeTensor => (isLinear(x) ? back[i - residuals]! : null));
  },
  batch({ inputs, batched, size, params: { forward, transpose, residuals } }) {
    const isMapped = batched.map((b, i) => b || i >= residuals);
    const all = inputs.map((x, i) => (i >= residuals ? withBatchAxis(x, batched[i]!, size) : x));
    const known = isMapped.slice(0, residuals);
    const lifted = {
      forward: batchWhole(forward, isMapped, size),
      transpose: batchWhole(transpose, [...known, ...forward.outputs.map(() => true)], size),
      residuals,
    };
    return { outs: bind(linearCallOp, all, lifted), batched: forward.outputs.map(() => true) };
  },
  cost: (_ins, _outs, { forward }) => costOf(forward),
  js: () => {
    throw new UnsupportedError('linearCall: graphs are inlined before a backend sees them');
  },
  inline: ({ forward }) => forward,
});

const sumOf = (a: MaybeTensor, b: MaybeTensor): MaybeTensor => (a === null ? b : b === null ? a : add(a, b));
/**
 * Computes forward(residuals, x), a function that is linear in x, and uses transpose(residuals, ct) wherever its transpose is needed.
 *
 * Forward mode follows `forward`; derivatives with respect to the residuals are those of `forward`. The transpose need not be the true one: that is the point.
 */
export function linearCall<R, X, Y>(
  forward: (residuals: R, x: X) => Y,
  transpose: (residuals: R, ct: Y) => X,
  residuals: R,
  x: X,
): Y {
  const [res, buildRes] = tensorsIn<R>(residuals);
  const [operands, buildX, xDef] = tensorsIn<X>(x);
  let outDef: TreeDef | null = null;
  const count = res.length;
  const f = traceGraph(
    (...xs) => {
      const y = forward(buildRes(xs.slice(0, count)), buildX(xs.slice(count)));
      outDef = structureOf(y);
      return leavesOf(y) as Tensor[];
    },
    [...res, ...operands].map(aval),
    'linearCall',
  );
  const outs = f.outputs.map((id) => f.avals[id]!);
  const t = traceGraph(
    (...xs) => leavesOf(transpose(buildRes(xs.slice(0, count)), unflatten<Y>(outDef!, xs.slice(count)))) as Tensor[],
    [...res.map(aval), ...outs],
    'linearCall',
  );
  checkTranspose(t, operands, xDef);
  const { captured, graphs } = closeTogether([f, t]);
  const closed = { forward: graphs[0]!, transpose: graphs[1]!, residuals: captured.length + count };
  return unflatten<Y>(outDef!, bind(linearCallOp, [...captured, ...res, ...operands], closed));
}

function checkTranspose(t: Graph, operands: readonly Tensor[], def: TreeDef): void {
  const found = t.outputs.map((id) => t.avals[id]!);
  operands.forEach((x, i) => {
    const y = found[i];
    if (y !== undefined && sameShape(x.shape, y.shape) && x.dtype === y.dtype) return;
    throw new ShapeError(
      `linearCall: the transpose returns ${y === undefined ? 'nothing' : showAval(y)} for the operand ${showAval(x)}${def.paths[i] ?? ''}`,
      {
        expected: x.shape,
        found: y?.shape,
        help: 'it must return cotangents with the tree, shapes and dtypes of the operands',
      },
    );
  });
}
