/**
 * `fixedPoint`: x* = f(x*, p) by iteration, differentiated implicitly.
 *
 * dx* solves dx = A·dx + B·dp with A = ∂f/∂x and B = ∂f/∂p at the fixed point: a linear fixed point, iterated with the linearized map in forward mode and with its transpose in reverse mode. Nothing of the
 * iterations is kept. The map must contract near x* (spectral radius of A below 1), or neither iteration converges.
 */
import { isFloat } from '../dtype.ts';
import { ConfigError, UnsupportedError } from '../errors.ts';
import type { Graph } from '../graph.ts';
import { costOf, evalGraph, traceGraph } from '../graph.ts';
import type { BatchCall, Batched, MaybeTensor, Op } from '../op.ts';
import { defineOp, isLinear } from '../op.ts';
import { add, sub } from '../ops/arithmetic.ts';
import { cast } from '../ops/cast.ts';
import { gt, le } from '../ops/compare.ts';
import { scalar } from '../ops/constant.ts';
import { max } from '../ops/extrema.ts';
import { where } from '../ops/logic.ts';
import { allBatched } from '../ops/makers.ts';
import { zerosLike } from '../ops/movement.ts';
import { abs, maximum } from '../ops/piecewise.ts';
import { asTensor } from '../ops/promote.ts';
import type { Shape } from '../shape.ts';
import type { Aval, Tensor } from '../tensor.ts';
import { aval } from '../tensor.ts';
import { bind } from '../trace.ts';
import { flatten, unflatten } from '../tree.ts';
import { batchWhole, checkLike, closeTogether, outAvals, tensorsIn, traceBody, withLead } from './body.ts';
import { linearized, transposed } from './call.ts';
import { withBatchAxis } from './vmap.ts';
import { whileSteps } from './while-loop.ts';

export interface FixedPointOptions {
  /** The iteration ends when no element moves by more than this; 1e-6 unless said. */
  readonly tolerance?: number;
  /** Iterations at most; 1000 unless said. */
  readonly maxIterations?: number;
  /** The linear solves of derivatives. */
  readonly derivative?: DerivativeOptions;
}

/** The linear solve of a derivative: tolerance and iterations are those of the value unless said. */
export interface DerivativeOptions {
  readonly tolerance?: number;
  readonly maxIterations?: number;
  /** What a solve that does not converge gives: its last iterate (unless said), or NaN in every element, so that no gradient is silently wrong. */
  readonly unconverged?: 'last' | 'nan';
}

/** How an iteration ended. */
export interface FixedPointReport {
  /** max |f(x) − x| at the last step. */
  readonly residual: Tensor;
  readonly iterations: Tensor;
  readonly converged: Tensor;
}

interface Limits {
  readonly tolerance: number;
  readonly maxIterations: number;
  readonly unconverged: 'last' | 'nan';
}

interface FixedPointParams extends Limits {
  /** Closed. Known values, x → f(x). */
  readonly step: Graph;
  /** How many of the inputs are known values; the first guess follows. */
  readonly known: number;
  /** Axes of instances in front of all operands and results; each instance stops for itself. */
  readonly lead: Shape;
  readonly derivative: Limits;
  /** For an affine map x ↦ A·x + b, whose last known values are b: how many they are; it is linear in them. */
  readonly affine: number;
}

const inputAvals = (graph: Graph): Aval[] => graph.inputs.map((id) => graph.avals[id]!);

/** Outputs: the fixed point, residual, iterations. */
export const fixedPointOp: Op<FixedPointParams> = /* @__PURE__ */ defineOp<FixedPointParams>({
  name: 'fixedPoint',
  version: 1,
  infer: (_, { step, lead }) => {
    const xs = outAvals(step);
    return [...xs, { shape: [], dtype: xs[0]!.dtype }, { shape: [], dtype: 'i32' as const }].map((x) =>
      withLead(x, lead),
    );
  },
  linearize(inputs, tangents, params) {
    const { step, known, derivative } = params;
    const outs = bind(fixedPointOp, inputs, params);
    const xs = outs.slice(0, step.outputs.length);
    const flat = { ...params, lead: [] };
    if (tangents.slice(0, known).every((t) => t === null)) return { outs, tangents: outs.map(() => null) };
    const varied = [...tangents.slice(0, known).map((t) => t !== null), ...xs.map(() => true)];
    const { affine, pushed, residuals } = linearParts(flat, varied, derivative);
    const at = [...inputs.slice(0, known), ...xs];
    const kept = bindLifted(residuals, at, params.lead);
    const moving = tangents.slice(0, known).filter((t) => t !== null);
    const b = bindLifted(pushed, [...kept, ...moving], params.lead);
    const solved = bind(fixedPointOp, [...kept, ...b, ...b.map(zerosLike)], { ...affine, lead: params.lead });
    return { outs, tangents: outs.map((_, i): MaybeTensor => (i < xs.length ? solved[i]! : null)) };
  },
  transpose({ cts, inputs, params }) {
    const { affine, known, step } = params;
    const first = known - affine;
    if (affine === 0 || inputs.slice(0, first).some(isLinear))
      throw new UnsupportedError('fixedPoint: only the solve of a linear map can be transposed', {
        help: 'reverse mode linearizes it first',
      });
    const arriving = step.outputs.map((id, i) => cts[i] ?? zerosLike(withLead(step.avals[id]!, params.lead)));
    const back = bind(
      fixedPointOp,
      [...(inputs.slice(0, first) as Tensor[]), ...arriving, ...arriving.map(zerosLike)],
      {
        ...params,
        step: transposedStep(params),
      },
    );
    return inputs.map((x, i): MaybeTensor => (isLinear(x) && i < known ? back[i - first]! : null));
  },
  batch: ({ inputs, batched, size, params }: BatchCall<FixedPointParams>): Batched =>
    allBatched(
      bind(
        fixedPointOp,
        inputs.map((x, i) => withBatchAxis(x, batched[i]!, size)),
        { ...params, lead: [size, ...params.lead] },
      ),
    ),
  cost: (_ins, _outs, { step }) => costOf(step),
  js: () => {
    throw new UnsupportedError('fixedPoint: graphs are inlined before a backend sees them');
  },
  inline: (params) => iteration(params),
});

/** A closed graph for one instance, applied to operands that have axes of instances in front. */
const bindLifted = (graph: Graph, inputs: readonly Tensor[], lead: Shape): readonly Tensor[] =>
  evalGraph(
    lead.reduceRight(
      (g, size) =>
        batchWhole(
          g,
          g.inputs.map(() => true),
          size,
        ),
      graph,
    ),
    inputs,
  );

interface LinearParts {
  /** Known values, x → residuals of the step at x. */
  readonly residuals: Graph;
  /** Residuals, tangents of the known values → B·dp. */
  readonly pushed: Graph;
  /** Residuals, b, x → A·x + b. */
  readonly affine: FixedPointParams;
}

function linearParts(params: FixedPointParams, varied: readonly boolean[], limits: Limits): LinearParts {
  const { step, known } = params;
  const { primal, linear, hasTangent } = linearized(step, varied);
  const xs = outAvals(step);
  const residuals = { ...primal, outputs: primal.outputs.slice(xs.length) };
  const kept = outAvals(residuals);
  const moving = step.inputs.slice(0, known).flatMap((id, i) => (varied[i] ? [step.avals[id]!] : []));
  const push = (held: readonly Tensor[], dp: readonly Tensor[], dx: readonly Tensor[]): Tensor[] => {
    const some = evalGraph(linear, [...held, ...dp, ...dx]);
    let at = 0;
    return xs.map((x, i) => (hasTangent[i] ? some[at++]! : zerosLike(x)));
  };
  const n = kept.length;
  const pushed = traceGraph((...zs) => push(zs.slice(0, n), zs.slice(n), xs.map(zerosLike)), [...kept, ...moving]);
  const affineStep = traceGraph(
    (...zs) => {
      const moved = push(zs.slice(0, n), moving.map(zerosLike), zs.slice(n + xs.length));
      return moved.map((y, i) => add(y, zs[n + i]!));
    },
    [...kept, ...xs, ...xs],
  );
  return {
    residuals,
    pushed,
    affine: { ...params, ...limits, step: affineStep, known: n + xs.length, affine: xs.length },
  };
}

/** x ↦ Aᵀ·x + b for a step x ↦ A·x + b. */
function transposedStep({ step, known, affine }: FixedPointParams): Graph {
  const first = known - affine;
  const xs = outAvals(step);
  const isX = step.inputs.map((_, i) => i >= known);
  const back = transposed(
    step,
    isX,
    step.outputs.map(() => true),
  );
  return traceGraph((...zs) => {
    const [b, x] = [zs.slice(first, known), zs.slice(known)];
    const some = evalGraph(back.graph, [...zs.slice(0, known), ...x]);
    let at = 0;
    return xs.map((_, i) => (back.isZero[i] ? b[i]! : add(some[at++]!, b[i]!)));
  }, inputAvals(step));
}

/** The iteration as a loop that ends when nothing moves by more than the tolerance. */
function iteration({ step, known, lead, tolerance, maxIterations, unconverged }: FixedPointParams): Graph {
  const one = traceGraph((...zs) => {
    const [p, x0] = [zs.slice(0, known), zs.slice(known)];
    const start = { x: x0, residual: scalar(Number.POSITIVE_INFINITY, x0[0]!.dtype as 'f64') };
    const limit = scalar(tolerance, x0[0]!.dtype);
    const [last, steps] = whileSteps(
      ({ residual }: typeof start) => gt(residual, limit),
      ({ x }) => {
        const next = evalGraph(step, [...p, ...x]);
        return { x: [...next], residual: largestMove(x, next) };
      },
      start,
      { maxTrips: maxIterations },
    );
    const found = last.x.map((x) => (unconverged === 'last' ? x : where(le(last.residual, limit), x, Number.NaN)));
    return [...found, last.residual, steps];
  }, inputAvals(step));
  return lead.reduceRight(
    (graph, size) =>
      batchWhole(
        graph,
        graph.inputs.map(() => true),
        size,
      ),
    one,
  );
}

const largestMove = (x: readonly Tensor[], next: readonly Tensor[]): Tensor =>
  next.map((y, i) => cast(max(abs(sub(y, x[i]!))), x[0]!.dtype)).reduce((a, b) => maximum(a, b));

/**
 * Finds x = f(x, params) by repeated application from `x0`, to the tolerance; returns it with a report of residual, iterations and convergence.
 *
 * Derivatives with respect to `params` are implicit: forward, reverse, of any order, under vmap (each instance stops for itself) and jit. The first guess has no derivative. A loop that does not
 * converge returns its last value and says so in `converged`; the solve of a derivative gives NaN instead with `derivative: { unconverged: 'nan' }`.
 */
export function fixedPoint<X, P>(
  f: (x: X, params: P) => X,
  x0: X,
  params: P,
  { tolerance = 1e-6, maxIterations = 1000, derivative = {} }: FixedPointOptions = {},
): [x: X, report: FixedPointReport] {
  const limits: Limits = { tolerance, maxIterations, unconverged: 'last' };
  const solve: Limits = { ...limits, ...derivative };
  for (const each of [limits, solve]) checkLimits(each);
  const [operands, build] = tensorsIn(params);
  const [leaves, def] = flatten(x0);
  const first = leaves.map((x) => asTensor(x as Tensor | number));
  for (const x of first)
    if (!isFloat(x.dtype))
      throw new ConfigError(`fixedPoint: x holds ${x.dtype}`, { help: 'integers do not converge: iterate on floats' });
  const n = operands.length;
  const body = traceBody('fixedPoint', (...zs) => f(unflatten<X>(def, zs.slice(n)), build(zs.slice(0, n))), [
    ...operands,
    ...first.map(aval),
  ]);
  checkLike('fixedPoint: the function', body, first.map(aval), def);
  const { captured, graphs } = closeTogether([body.graph]);
  const outs = bind(fixedPointOp, [...captured, ...operands, ...first], {
    ...limits,
    step: graphs[0]!,
    known: captured.length + n,
    lead: [],
    derivative: solve,
    affine: 0,
  });
  const [residual, iterations] = outs.slice(first.length) as [Tensor, Tensor];
  const converged = le(residual, tolerance);
  return [unflatten<X>(def, outs.slice(0, first.length)), { residual, iterations, converged }];
}

function checkLimits({ tolerance, maxIterations, unconverged }: Limits): void {
  if (unconverged !== 'last' && unconverged !== 'nan')
    throw new ConfigError(`fixedPoint: unconverged is ${JSON.stringify(unconverged)}`, {
      help: "give 'last' or 'nan'",
    });
  if (tolerance > 0 && Number.isInteger(maxIterations) && maxIterations > 0) return;
  throw new ConfigError(`fixedPoint: tolerance ${tolerance} and maxIterations ${maxIterations} end no iteration`, {
    help: 'give a positive tolerance and a positive whole number of iterations',
  });
}
