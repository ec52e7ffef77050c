/**
 * Derivatives of a scan in forward mode, and its split into a primal scan that stacks residuals and a linear scan that reads them.
 *
 * Of the residuals of the body those that depend on constants only are computed once, before the loop; those that are slices of a sequence are read from it; the others are stacked.
 */
import type { ValueId } from '../dag.ts';
import { liveNodes } from '../dag.ts';
import { UnsupportedError } from '../errors.ts';
import type { Graph } from '../graph.ts';
import { evalGraph, traceGraph } from '../graph.ts';
import type { MaybeTensor } from '../op.ts';
import { zerosLike } from '../ops/movement.ts';
import type { Aval, Tensor } from '../tensor.ts';
import { outAvals } from './body.ts';
import { flags, linearized, remember } from './call.ts';
import { instantiate, jvpFlat } from './jvp.ts';
import { bindScan, type Parts, partsOf, type ScanParams, spreadOverCarry, UNBOUNDED } from './scan-op.ts';

export interface Derived {
  readonly outs: readonly Tensor[];
  readonly tangents: readonly MaybeTensor[];
}

const present = <T>(list: readonly T[], where: readonly boolean[]): T[] => list.filter((_, i) => where[i]);

/** The inputs of a body by what they are. */
const inputsOf = ({ body, ...params }: ScanParams): Parts<Aval> =>
  partsOf(
    body.inputs.map((id) => body.avals[id]!),
    params,
  );

/** Which inputs vary, once the carry has taken up everything that reaches it. */
export function variedParts(
  tangents: readonly MaybeTensor[],
  params: ScanParams,
  tangentsOut: (varied: readonly boolean[]) => readonly boolean[],
): Parts<boolean> {
  const { consts, carry, xs } = partsOf(
    tangents.map((t) => t !== null),
    params,
  );
  return {
    consts,
    carry: spreadOverCarry(carry, (c) => tangentsOut([...consts, ...c, ...xs]).slice(0, params.carry)),
    xs,
  };
}

/** Values and tangents side by side in one loop: nothing is stacked. */
export function jvpScan(inputs: readonly Tensor[], tangents: readonly MaybeTensor[], params: ScanParams): Derived {
  const varied = variedParts(tangents, params, (v) => jointBody(params, v).hasTangent);
  const { graph, hasTangent } = jointBody(params, [...varied.consts, ...varied.carry, ...varied.xs]);
  const x = partsOf(inputs, params);
  const dx = partsOf(tangents, params);
  const moved = x.carry.map((c, i) => (varied.carry[i] ? instantiate(dx.carry[i]!, c) : null));
  const parts: Parts<Tensor> = {
    consts: [...x.consts, ...dx.consts.filter((t) => t !== null)],
    carry: [...x.carry, ...moved.filter((t) => t !== null)],
    xs: [...x.xs, ...dx.xs.filter((t) => t !== null)],
  };
  const results = bindScan({ ...params, body: graph, consts: parts.consts.length, carry: parts.carry.length }, parts);
  const count = params.body.outputs.length - params.carry;
  const ys = results.slice(parts.carry.length);
  const after = [...results.slice(params.carry, parts.carry.length), ...ys.slice(count)];
  let at = 0;
  return {
    outs: [...results.slice(0, params.carry), ...ys.slice(0, count)],
    tangents: hasTangent.map((has): MaybeTensor => (has ? after[at++]! : null)),
  };
}

interface JointBody {
  readonly graph: Graph;
  /** Of carry and results; a carry that varies has one. */
  readonly hasTangent: readonly boolean[];
}

const jointBodies = remember<JointBody>();

/** Constants, their tangents, carry, its tangents, slices, their tangents → carry, tangents, results, tangents. */
function jointBody(params: ScanParams, varied: readonly boolean[]): JointBody {
  return jointBodies(params.body, `${params.consts}/${params.carry}/${flags(varied)}`, () => {
    const ins = inputsOf(params);
    const is = partsOf(varied, params);
    let hasTangent: boolean[] = [];
    const groups = [ins.consts, present(ins.consts, is.consts), ins.carry, present(ins.carry, is.carry), ins.xs];
    const avals = [...groups, present(ins.xs, is.xs)].flat();
    const graph = traceGraph((...all) => {
      let at = 0;
      const take = (n: number): Tensor[] => {
        at += n;
        return all.slice(at - n, at);
      };
      const [consts, dConsts, carry, dCarry, xs] = groups.map((g) => take(g.length)) as Tensor[][];
      const moved = [...dConsts!, ...dCarry!, ...all.slice(at)];
      let next = 0;
      const tangents = varied.map((v): MaybeTensor => (v ? moved[next++]! : null));
      const result = jvpFlat((...zs) => evalGraph(params.body, zs), [...consts!, ...carry!, ...xs!], tangents);
      const full = result.tangents.map((t, i) => (is.carry[i] ? instantiate(t, result.outs[i]!) : t));
      hasTangent = full.map((t) => t !== null);
      const n = params.carry;
      const some = (list: readonly MaybeTensor[]): Tensor[] => list.filter((t) => t !== null);
      return [...result.outs.slice(0, n), ...some(full.slice(0, n)), ...result.outs.slice(n), ...some(full.slice(n))];
    }, avals);
    return { graph, hasTangent };
  });
}

/** The primal scan runs now; the linear one is left to be recorded. */
export function linearizeScan(
  inputs: readonly Tensor[],
  tangents: readonly MaybeTensor[],
  params: ScanParams,
): Derived {
  if (params.length === UNBOUNDED) refuseUnbounded();
  const varied = variedParts(tangents, params, (v) => linearized(params.body, v).hasTangent);
  const split = splitBody(params, [...varied.consts, ...varied.carry, ...varied.xs]);
  const x = partsOf(inputs, params);
  const results = bindScan({ ...params, body: split.primal }, x);
  const outs = results.slice(0, params.body.outputs.length);
  const invariant = evalGraph(split.before, x.consts);
  const dx = partsOf(tangents, params);
  const parts: Parts<Tensor> = {
    consts: [...invariant, ...dx.consts.filter((t) => t !== null)],
    carry: present(
      x.carry.map((c, i) => (varied.carry[i] ? instantiate(dx.carry[i]!, c) : c)),
      varied.carry,
    ),
    xs: [...split.slices.map((j) => x.xs[j]!), ...results.slice(outs.length), ...dx.xs.filter((t) => t !== null)],
  };
  const linear: ScanParams = {
    ...params,
    body: split.linear,
    consts: parts.consts.length,
    carry: parts.carry.length,
    flag: null,
  };
  const moved = bindScan(linear, parts);
  let at = 0;
  return { outs, tangents: split.hasTangent.map((has): MaybeTensor => (has ? moved[at++]! : null)) };
}

function refuseUnbounded(): never {
  throw new UnsupportedError('whileLoop: reverse mode would have to keep the values of an unknown number of steps', {
    help: 'give whileLoop a bound with { maxTrips }, use scan with stopWhen, or fixedPoint, which is differentiated implicitly',
  });
}

interface SplitBody {
  /** The body with the stacked residuals as further results. */
  readonly primal: Graph;
  /** Constants → residuals that no step changes. */
  readonly before: Graph;
  /** Sequences that are residuals themselves. */
  readonly slices: readonly number[];
  /** Invariant residuals, tangents of constants; tangents of the carry; slices, stacked residuals, tangents of slices → tangents of carry and results. */
  readonly linear: Graph;
  readonly hasTangent: readonly boolean[];
}

const splitBodies = remember<SplitBody>();

const splitBody = (params: ScanParams, varied: readonly boolean[]): SplitBody =>
  splitBodies(params.body, `${params.consts}/${params.carry}/${flags(varied)}`, () => makeSplit(params, varied));

function makeSplit(params: ScanParams, varied: readonly boolean[]): SplitBody {
  const { primal, linear, hasTangent } = linearized(params.body, varied);
  const count = params.body.outputs.length;
  const is = partsOf(varied, params);
  const needed = hasTangent.map((has, i) => has || is.carry[i] === true);
  const residuals = primal.outputs.slice(count);
  const xIds = primal.inputs.slice(params.consts + params.carry);
  const isInvariant = invariantValues(primal, params.consts);
  const slice = residuals.map((id) => (isInvariant.has(id) ? -1 : xIds.indexOf(id)));
  const kinds = residuals.map((id, r) => (isInvariant.has(id) ? 'before' : slice[r]! >= 0 ? 'slice' : 'stacked'));
  const place = (kind: string): number[] => kinds.flatMap((k, r) => (k === kind ? [r] : []));
  const [before, slices, stacked] = [place('before'), place('slice'), place('stacked')];
  const ids = (rs: readonly number[]): ValueId[] => rs.map((r) => residuals[r]!);
  const live = (graph: Graph): Graph => ({ ...graph, nodes: liveNodes(graph) });
  const full = completed(linear, hasTangent, needed, outAvals(params.body));
  const dConsts = is.consts.filter(Boolean).length;
  const dCarry = is.carry.filter(Boolean).length;
  const tangentsFrom = residuals.length;
  const order = [
    ...before,
    ...range(tangentsFrom, dConsts + dCarry),
    ...slices,
    ...stacked,
    ...range(tangentsFrom + dConsts + dCarry, full.inputs.length - tangentsFrom - dConsts - dCarry),
  ];
  return {
    primal: live({ ...primal, outputs: [...primal.outputs.slice(0, count), ...ids(stacked)] }),
    before: live({ ...primal, inputs: primal.inputs.slice(0, params.consts), outputs: ids(before) }),
    slices: slices.map((r) => slice[r]!),
    linear: { ...full, inputs: order.map((i) => full.inputs[i]!) },
    hasTangent: needed,
  };
}

const range = (from: number, n: number): number[] => Array.from({ length: n }, (_, i) => from + i);

/** Values that depend on the first inputs only, or on nothing. */
export function invariantValues(graph: Graph, consts: number): ReadonlySet<ValueId> {
  const known = new Set(graph.inputs.slice(0, consts));
  for (const node of graph.nodes)
    if (node.inputs.every((id) => known.has(id))) for (const id of node.outputs) known.add(id);
  return known;
}

/** A linear graph that gives every result that is needed, zeros where it has none. */
export function completed(
  graph: Graph,
  has: readonly boolean[],
  needed: readonly boolean[],
  avals: readonly Aval[],
): Graph {
  if (has.every((h, i) => h === needed[i])) return graph;
  return traceGraph(
    (...xs) => {
      const ys = evalGraph(graph, xs);
      let at = 0;
      return has.flatMap((h, i) => (h ? [ys[at++]!] : needed[i] ? [zerosLike(avals[i]!)] : []));
    },
    graph.inputs.map((id) => graph.avals[id]!),
  );
}
