/**
 * `cond`: one of two functions, chosen by a value.
 *
 * A choice that is known runs its branch. One that is not known yet is a node with both graphs: plans run the branch that is taken, or compute both where each instance of a batch chooses for itself. Derivatives choose after the pullbacks of both
 * branches, so that an infinite slope in the branch that was not taken does no harm.
 */
import { remembered } from '../cache.ts';
import { DtypeError, ShapeError, UnsupportedError } from '../errors.ts';
import type { Graph } from '../graph.ts';
import { costOf, evalGraph, traceGraph } from '../graph.ts';
import type { MaybeTensor, Op } from '../op.ts';
import { defineOp, isLinear } from '../op.ts';
import { where } from '../ops/logic.ts';
import { allBatched } from '../ops/makers.ts';
import { zerosLike } from '../ops/movement.ts';
import type { Shape } from '../shape.ts';
import { showShape } from '../shape.ts';
import type { Aval, Tensor } from '../tensor.ts';
import { showAval } from '../tensor.ts';
import { bind, isConcrete } from '../trace.ts';
import { unflatten } from '../tree.ts';
import { batchWhole, checkLike, closeTogether, outAvals, tensorsIn, traceBody, withLead } from './body.ts';
import { branchOp } from './branch.ts';
import { linearized, transposed } from './call.ts';
import { withBatchAxis } from './vmap.ts';

/** Which branches give a result: one that only one branch gives is taken from it without a choice. */
type Owner = 'both' | 'onTrue' | 'onFalse';

interface CondParams {
  /** Closed graphs with the same inputs; where they do not own a result they give zeros. */
  readonly onTrue: Graph;
  readonly onFalse: Graph;
  readonly owners: readonly Owner[];
  /** Axes of choices that differ from instance to instance; all operands and results have them in front, the graphs do not. */
  readonly lead: Shape;
}

/** Inputs: the choice, then those of the graphs. */
export const condOp: Op<CondParams> = defineOp<CondParams>({
  name: 'cond',
  version: 1,
  infer: (_, { onTrue, lead }) => outAvals(onTrue).map((x) => withLead(x, lead)),
  linearize([pred, ...inputs], tangents, params) {
    const { varied, halves, primal } = condLinearized(tangents.slice(1), params);
    const results = bind(condOp, [pred!, ...inputs], primal);
    const count = params.onTrue.outputs.length;
    const moved = bind(
      condOp,
      [pred!, ...results.slice(count), ...tangents.slice(1).filter((_, i) => varied[i])] as Tensor[],
      halves,
    );
    let at = 0;
    return {
      outs: results.slice(0, count),
      tangents: halves.hasTangent.map((has): MaybeTensor => (has ? moved[at++]! : null)),
    };
  },
  transpose({ cts, inputs: [pred, ...inputs], params: { onTrue, onFalse, lead } }) {
    const linear = inputs.map(isLinear);
    const given = cts.map((c) => c !== null);
    const [t, f] = [onTrue, onFalse].map((g) => transposed(g, linear, given));
    const isZero = t!.isZero.map((z, i) => z && f!.isZero[i]!);
    const targets = onTrue.inputs.filter((_, i) => linear[i]).map((id) => onTrue.avals[id]!);
    const params = {
      onTrue: withZeros(t!.graph, t!.isZero, isZero, targets),
      onFalse: withZeros(f!.graph, f!.isZero, isZero, targets),
      owners: isZero.filter((z) => !z).map((): Owner => 'both'),
      lead,
    };
    const known = inputs.filter((x): x is Tensor => !isLinear(x));
    const back = bind(condOp, [pred as Tensor, ...known, ...cts.filter((c) => c !== null)], params);
    let at = 0;
    let position = 0;
    const spread = inputs.map((x): MaybeTensor => (!isLinear(x) || isZero[position++] ? null : back[at++]!));
    return [null, ...spread];
  },
  batch({ inputs, batched, size, params }) {
    const [pred, ...rest] = inputs;
    if (!batched[0] && params.lead.length === 0)
      return allBatched(bind(condOp, inputs, batchedBranches(params, batched.slice(1), size)));
    const all = rest.map((x, i) => withBatchAxis(x, batched[i + 1]!, size));
    const lifted = { ...params, lead: [size, ...params.lead] };
    return allBatched(bind(condOp, [withBatchAxis(pred!, batched[0]!, size), ...all], lifted));
  },
  cost: (_ins, _outs, params) => costOf(selectGraph(params)),
  js: () => {
    throw new UnsupportedError('cond: graphs are inlined before a backend sees them');
  },
  inline: (params) => selectGraph(params),
  mapGraphs: (params, map) => ({ ...params, onTrue: map(params.onTrue), onFalse: map(params.onFalse) }),
});

/** Both branches for `size` instances that share one choice. */
const batchedBranches = (params: CondParams, batched: readonly boolean[], size: number): CondParams => ({
  ...params,
  onTrue: batchWhole(params.onTrue, batched, size),
  onFalse: batchWhole(params.onFalse, batched, size),
});

const inputAvals = (graph: Graph): Aval[] => graph.inputs.map((id) => graph.avals[id]!);

interface CondLinearized {
  readonly varied: readonly boolean[];
  /** Results, residuals of onTrue, residuals of onFalse. */
  readonly primal: CondParams;
  /** Residuals of both, tangents → tangents of the results that have one in either branch. */
  readonly halves: CondParams & { readonly hasTangent: readonly boolean[] };
}

function condLinearized(
  tangents: readonly MaybeTensor[],
  { onTrue, onFalse, owners, lead }: CondParams,
): CondLinearized {
  const varied = tangents.map((t) => t !== null);
  const [t, f] = [linearized(onTrue, varied), linearized(onFalse, varied)];
  const count = onTrue.outputs.length;
  const [keptT, keptF] = [outAvals(t.primal).slice(count), outAvals(f.primal).slice(count)];
  const hasTangent = t.hasTangent.map((has, i) => has || f.hasTangent[i]!);
  const moving = inputAvals(onTrue).filter((_, i) => varied[i]);
  const half = (linear: Graph, own: readonly boolean[], from: number, kept: number): Graph => {
    const filled = withZeros(
      linear,
      own.map((has) => !has),
      hasTangent.map((has) => !has),
      outAvals(onTrue),
    );
    const pick = (xs: readonly Tensor[]): readonly Tensor[] => [
      ...xs.slice(from, from + kept),
      ...xs.slice(keptT.length + keptF.length),
    ];
    return traceGraph((...xs) => evalGraph(filled, pick(xs)), [...keptT, ...keptF, ...moving]);
  };
  return {
    varied,
    primal: {
      onTrue: traceGraph((...xs) => [...evalGraph(t.primal, xs), ...keptF.map(zerosLike)], inputAvals(onTrue)),
      onFalse: traceGraph((...xs) => {
        const ys = evalGraph(f.primal, xs);
        return [...ys.slice(0, count), ...keptT.map(zerosLike), ...ys.slice(count)];
      }, inputAvals(onFalse)),
      owners: [...owners, ...keptT.map((): Owner => 'onTrue'), ...keptF.map((): Owner => 'onFalse')],
      lead,
    },
    halves: {
      onTrue: half(t.linear, t.hasTangent, 0, keptT.length),
      onFalse: half(f.linear, f.hasTangent, keptT.length, keptF.length),
      owners: owners.filter((_, i) => hasTangent[i]),
      lead,
      hasTangent,
    },
  };
}

/** A graph that leaves out results that are zero, made to give those that the other branch does not leave out. */
function withZeros(graph: Graph, own: readonly boolean[], both: readonly boolean[], avals: readonly Aval[]): Graph {
  if (own.every((z, i) => z === both[i])) return graph;
  return traceGraph((...xs) => {
    const ys = evalGraph(graph, xs);
    let at = 0;
    return own.flatMap((isZero, i) => {
      if (!isZero) return [ys[at++]!];
      return both[i] ? [] : [zerosLike(avals[i]!)];
    });
  }, inputAvals(graph));
}

const selections = new WeakMap<CondParams, Graph>();

/** One branch where there is one choice; both, and a choice between their results, where instances choose for themselves. */
const selectGraph = (params: CondParams): Graph =>
  remembered(selections, params, () => {
    const { onTrue, onFalse, owners, lead } = params;
    const choice: Aval = { shape: [], dtype: 'bool' };
    if (lead.length === 0)
      return traceGraph((...xs) => bind(branchOp, xs, { onTrue, onFalse }), [choice, ...inputAvals(onTrue)]);
    const one = traceGraph(
      (pred, ...xs) => {
        const [t, f] = [evalGraph(onTrue, xs), evalGraph(onFalse, xs)];
        return owners.map((o, i) => (o === 'both' ? where(pred!, t[i]!, f[i]!) : o === 'onTrue' ? t[i]! : f[i]!));
      },
      [choice, ...inputAvals(onTrue)],
    );
    const all = one.inputs.map(() => true);
    return lead.reduceRight((graph, size) => batchWhole(graph, all, size), one);
  });

/**
 * Returns onTrue(...operands) where `pred` is true and onFalse(...operands) where it is false; both return trees of the same structure, shapes and dtypes.
 *
 * A boolean, or a scalar whose value is known, runs one branch only. So does jit. Under vmap with a choice per instance both are computed and the results chosen.
 */
export function cond<A extends unknown[], R>(
  pred: Tensor | boolean,
  onTrue: (...operands: A) => R,
  onFalse: (...operands: A) => R,
  ...operands: A
): R {
  if (typeof pred === 'boolean') return pred ? onTrue(...operands) : onFalse(...operands);
  checkChoice(pred);
  if (isConcrete(pred)) return pred.item() !== 0 ? onTrue(...operands) : onFalse(...operands);
  const [xs, build] = tensorsIn(operands);
  const t = traceBody('cond', (...ys) => onTrue(...build(ys)), xs);
  const f = traceBody('cond', (...ys) => onFalse(...build(ys)), xs);
  checkLike('cond: onFalse', f, outAvals(t.graph), t.def);
  const { captured, graphs } = closeTogether([t.graph, f.graph]);
  const owners = t.graph.outputs.map((): Owner => 'both');
  const params = { onTrue: graphs[0]!, onFalse: graphs[1]!, owners, lead: [] };
  return unflatten<R>(t.def, bind(condOp, [pred, ...captured, ...xs], params));
}

function checkChoice(pred: Tensor): void {
  if (pred.dtype !== 'bool')
    throw new DtypeError(`cond: the choice is ${showAval(pred)}, not a bool`, {
      dtype: pred.dtype,
      help: 'compare: gt(x, 0), eq(x, y) …',
    });
  if (pred.shape.length !== 0)
    throw new ShapeError(`cond: the choice has the shape ${showShape(pred.shape)}, not one value`, {
      shape: pred.shape,
      help: 'use where(choice, a, b) to choose per element, or vmap to choose per instance',
    });
}
