/**
 * The transpose of a linear scan: the body's transpose, run from the last step to the first on the cotangent of the carry.
 *
 * Cotangents of constants are sums over the steps. Those that are sums of products leave the loop: it stacks their operands, and one product over all steps gives the sum (`scan-sink.ts`).
 * The others are added up in the carry.
 */
import { walkForward } from '../dag.ts';
import { UnsupportedError } from '../errors.ts';
import type { Graph } from '../graph.ts';
import { evalGraph, traceGraph } from '../graph.ts';
import type { MaybeTensor, TransposeCall } from '../op.ts';
import { isLinear } from '../op.ts';
import { add } from '../ops/arithmetic.ts';
import { zerosLike } from '../ops/movement.ts';
import type { Aval, Tensor } from '../tensor.ts';
import { flags, remember, transposed } from './call.ts';
import { bindScan, type Parts, partsOf, type ScanParams, spreadOverCarry, UNBOUNDED } from './scan-op.ts';
import { type SinkPlan, sunkSums } from './scan-sink.ts';

type Input = TransposeCall<ScanParams>['inputs'][number];

const inputAvals = (graph: Graph): Aval[] => graph.inputs.map((id) => graph.avals[id]!);
const known = (list: readonly Input[]): Tensor[] => list.filter((x): x is Tensor => !isLinear(x));

/** Cotangents of the linear inputs. */
export function transposeScan(call: TransposeCall<ScanParams>): readonly MaybeTensor[] {
  const { params } = call;
  if (params.length === UNBOUNDED || params.flag !== null)
    throw new UnsupportedError('scan: a loop that ends by itself cannot be transposed', {
      help: 'linearize it first: its linear part runs a fixed number of steps',
    });
  const is = partsOf(call.inputs.map(isLinear), params);
  const isCarry = spreadOverCarry(is.carry, (carry) =>
    reached(params.body, [...is.consts, ...carry, ...is.xs]).slice(0, params.carry),
  );
  return isCarry.includes(false) ? transposeMixed(call, isCarry) : transposeLinear(call);
}

/** Which outputs depend on the marked inputs. */
function reached(graph: Graph, marked: readonly boolean[]): boolean[] {
  const given = new Map(graph.inputs.map((id, i) => [id, marked[i]!]));
  const values = walkForward(graph, given, (node, ins) => node.outputs.map(() => ins.includes(true)));
  return graph.outputs.map((id) => values.get(id)!);
}

/** A part of the carry does not depend on what is linear: it is run forwards first, and its values become sequences. */
function transposeMixed(
  { cts, inputs, params }: TransposeCall<ScanParams>,
  isCarry: readonly boolean[],
): MaybeTensor[] {
  const { body } = params;
  const x = partsOf(inputs, params);
  const carryIds = partsOf(body.inputs, params).carry;
  const outs = body.outputs.slice(0, params.carry);
  const fixed = carryIds.filter((_, i) => !isCarry[i]);
  const zero = (list: readonly Input[]): Tensor[] => list.map((v) => (isLinear(v) ? zerosLike(v) : v));
  const alone = { ...body, outputs: [...outs, ...fixed] };
  const forward = bindScan(
    { ...params, body: alone },
    { consts: zero(x.consts), carry: zero(x.carry), xs: zero(x.xs) },
  );
  const moved = (list: readonly Input[]) => list.filter((_, i) => isCarry[i]);
  const parts: Parts<Input> = {
    consts: x.consts,
    carry: moved(x.carry),
    xs: [...x.xs, ...forward.slice(params.carry)],
  };
  const ids = partsOf(body.inputs, params);
  const linear: Graph = {
    ...body,
    inputs: [...ids.consts, ...ids.carry.filter((_, i) => isCarry[i]), ...ids.xs, ...fixed],
    outputs: [...outs.filter((_, i) => isCarry[i]), ...body.outputs.slice(params.carry)],
  };
  const arriving = [...cts.slice(0, params.carry).filter((_, i) => isCarry[i]), ...cts.slice(params.carry)];
  const back = transposeLinear({
    cts: arriving,
    inputs: [...parts.consts, ...parts.carry, ...parts.xs],
    params: { ...params, body: linear, carry: parts.carry.length },
  });
  let at = 0;
  const result = [...x.consts, ...x.carry, ...x.xs].map((_, i): MaybeTensor => {
    const c = i - params.consts;
    return c >= 0 && c < params.carry && !isCarry[c] ? null : back[at++]!;
  });
  return result;
}

/** Every leaf of the carry is linear; one that is given is a tangent that happens to be known, and needs no cotangent. */
function transposeLinear({ cts, inputs, params }: TransposeCall<ScanParams>): MaybeTensor[] {
  const x = partsOf(inputs, params);
  const given = cts.map((ct, i) => i < params.carry || ct !== null);
  const linear = [...x.consts.map(isLinear), ...x.carry.map(() => true), ...x.xs.map(isLinear)];
  const parts = reversedBody(params, linear, given);
  const sequences = [...known(x.xs), ...cts.slice(params.carry).filter((c) => c !== null)];
  const lastCarry = cts.slice(0, params.carry).map((ct, i) => ct ?? zerosLike(x.carry[i]!));
  const results = bindScan(
    {
      body: parts.graph,
      consts: known(x.consts).length,
      carry: params.carry + parts.added.length,
      length: params.length,
      reverse: !params.reverse,
      flag: null,
    },
    { consts: known(x.consts), carry: [...lastCarry, ...parts.added.map(zerosLike)], xs: sequences },
  );
  const ys = results.slice(params.carry + parts.added.length);
  const sunk = parts.sinks.evaluate(sequences, ys.slice(parts.moving.filter(Boolean).length));
  let [addedAt, sunkAt, ysAt] = [params.carry, 0, 0];
  let constAt = 0;
  const consts = x.consts.map((c): MaybeTensor => {
    if (!isLinear(c)) return null;
    const how = parts.sums[constAt++]!;
    return how === 'zero' ? null : how === 'sunk' ? sunk[sunkAt++]! : results[addedAt++]!;
  });
  let xAt = 0;
  const xs = x.xs.map((s): MaybeTensor => (isLinear(s) && parts.moving[xAt++] ? ys[ysAt++]! : null));
  return [...consts, ...x.carry.map((c, i) => (isLinear(c) ? results[i]! : null)), ...xs];
}

interface ReversedBody {
  /** Known constants; cotangents of the carry, sums; known slices, cotangents of results → cotangents of the carry, sums; cotangents of slices, operands of sums that are made after the loop. */
  readonly graph: Graph;
  /** How the cotangent of each linear constant is made. */
  readonly sums: readonly ('zero' | 'sunk' | 'added')[];
  /** Types of those that are added up in the loop. */
  readonly added: readonly Aval[];
  /** Which linear sequences have a cotangent. */
  readonly moving: readonly boolean[];
  readonly sinks: SinkPlan;
}

const reversedBodies = remember<ReversedBody>();

const reversedBody = (params: ScanParams, linear: readonly boolean[], given: readonly boolean[]): ReversedBody =>
  reversedBodies(params.body, `${params.consts}/${params.carry}/${flags(linear)}/${flags(given)}`, () =>
    makeReversed(params, linear, given),
  );

function makeReversed(params: ScanParams, linear: readonly boolean[], given: readonly boolean[]): ReversedBody {
  const back = transposed(params.body, linear, given);
  const is = partsOf(linear, params);
  const ins = partsOf(inputAvals(params.body), params);
  const constCount = is.consts.filter(Boolean).length;
  const outOf = new Map<number, number>();
  back.isZero.forEach((zero, i) => {
    if (!zero) outOf.set(i, outOf.size);
  });
  const slot = (from: number, n: number) => Array.from({ length: n }, (_, i) => outOf.get(from + i) ?? -1);
  const constSlots = slot(0, constCount);
  const carrySlots = slot(constCount, params.carry);
  const xSlots = slot(constCount + params.carry, is.xs.filter(Boolean).length);
  const knownConsts = is.consts.length - constCount;
  const sequenceFrom = knownConsts + is.xs.filter((l) => !l).length;
  const sequences = [
    ...back.graph.inputs.slice(knownConsts, sequenceFrom),
    ...back.graph.inputs.slice(sequenceFrom + params.carry),
  ];
  const sinks = sunkSums(
    back.graph,
    constSlots.filter((s) => s >= 0).map((s) => back.graph.outputs[s]!),
    { invariant: knownConsts, sequences },
  );
  let summed = 0;
  const sums = constSlots.map((s) => (s < 0 ? 'zero' : sinks.isSunk[summed++] ? 'sunk' : 'added'));
  const addedSlots = constSlots.filter((_, i) => sums[i] === 'added');
  const added = addedSlots.map((s) => back.graph.avals[back.graph.outputs[s]!]!);
  const open: Graph = { ...back.graph, outputs: [...back.graph.outputs, ...sinks.operands] };
  const avals = inputAvals(back.graph);
  const order = [
    ...avals.slice(0, knownConsts),
    ...avals.slice(sequenceFrom, sequenceFrom + params.carry),
    ...added,
    ...avals.slice(knownConsts, sequenceFrom),
    ...avals.slice(sequenceFrom + params.carry),
  ];
  const carryEnd = knownConsts + params.carry + added.length;
  const graph = traceGraph((...xs) => {
    const sliceEnd = carryEnd + sequenceFrom - knownConsts;
    const carry = xs.slice(knownConsts, knownConsts + params.carry);
    const totals = xs.slice(knownConsts + params.carry, carryEnd);
    const ys = evalGraph(open, [
      ...xs.slice(0, knownConsts),
      ...xs.slice(carryEnd, sliceEnd),
      ...carry,
      ...xs.slice(sliceEnd),
    ]);
    return [
      ...carrySlots.map((s, i) => (s < 0 ? zerosLike(ins.carry[i]!) : ys[s]!)),
      ...addedSlots.map((s, i) => add(totals[i]!, ys[s]!)),
      ...xSlots.filter((s) => s >= 0).map((s) => ys[s]!),
      ...ys.slice(back.graph.outputs.length),
    ];
  }, order);
  return { graph, sums, added, moving: xSlots.map((s) => s >= 0), sinks };
}
