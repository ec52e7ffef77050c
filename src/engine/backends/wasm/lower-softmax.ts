/** Softmax, its logarithm and log-sum-exp on WASM: rows by one kernel, other groups by maximum, exponentials of differences, sum, one last pass, with the same bits. */
import type { FloatDtype } from '../../dtype.ts';
import type { ReduceParams } from '../../ops/reduce.ts';
import { reducedShape, sizeOf } from '../../shape.ts';
import type { FunctionWriter } from './assembler.ts';
import type { Emit } from './elementwise.ts';
import { expShareEmit, logEmit } from './functions/index.ts';
import { type SoftmaxKind, softmaxKernel } from './kernels/softmax.ts';
import { NARROW, narrowSoftmaxKernel } from './kernels/softmax-narrow.ts';
import type { LowerContext, Operand, WasmLowering } from './lower.ts';
import { reshaped } from './lower.ts';
import { lowerElementwise, lowerReduce } from './lowerings.ts';

const lanes = (w: FunctionWriter, dtype: string) => (dtype === 'f64' ? w.f64x2 : w.f32x4);
const LARGEST = { f32: 3.4028234663852886e38, f64: Number.MAX_VALUE } as const;

/** m → m moved into the finite numbers: a group of −∞ alone then gives exp(−∞ − m) = 0 and never ∞ − ∞. */
const finite: Emit = (w, dtype) => {
  const limit = LARGEST[dtype as 'f32' | 'f64'];
  const f = lanes(w, dtype);
  f.const(-limit);
  f.max();
  f.const(limit);
  return f.min();
};

/** (x, m) → x − m, m finite. */
const shift: Emit = (w, dtype, profile) => {
  finite(w, dtype, profile);
  return lanes(w, dtype).sub();
};

const expShifted: Emit = (w, dtype, profile) => {
  shift(w, dtype, profile);
  return expShareEmit(w, dtype, profile);
};

/** s → max(s, 1): the largest element alone contributes 1. */
const atLeastOne: Emit = (w, dtype) => {
  lanes(w, dtype).const(1);
  return lanes(w, dtype).max();
};

const share: Emit = (w, dtype, profile) => {
  atLeastOne(w, dtype, profile);
  return lanes(w, dtype).div();
};

const logTotal: Emit = (w, dtype, profile) => {
  atLeastOne(w, dtype, profile);
  return logEmit(w, dtype, profile);
};

/** (m, s) → m + log s. */
const total: Emit = (w, dtype, profile) => {
  logTotal(w, dtype, profile);
  return lanes(w, dtype).add();
};

/** (d, s) → d − log s. */
const lessLog: Emit = (w, dtype, profile) => {
  logTotal(w, dtype, profile);
  return lanes(w, dtype).sub();
};

const run = (context: LowerContext, name: string, emit: Emit, ins: readonly Operand[], out: Operand): void =>
  lowerElementwise(name, emit)(context, ins, [out], {});

/** The maximum of each group with its axes kept at length 1, and a place for another value per group. */
function groupValues(context: LowerContext, x: Operand, axes: readonly number[]): { largest: Operand; sums: Operand } {
  const shape = reducedShape(x.shape, axes, true);
  const largest = context.temp({ shape, dtype: x.dtype });
  lowerReduce('max')(context, [x], [reshaped(largest, reducedShape(x.shape, axes, false))], { axes });
  return { largest, sums: context.temp({ shape, dtype: x.dtype }) };
}

const sumInto = (context: LowerContext, x: Operand, out: Operand, axes: readonly number[]): void =>
  lowerReduce('sum')(context, [x], [reshaped(out, reducedShape(x.shape, axes, false))], { axes });

/** Trailing axes are rows, which one kernel does; true if it does. */
function inRows(context: LowerContext, kind: SoftmaxKind, x: Operand, out: Operand, axes: readonly number[]): boolean {
  const { length: rank } = x.shape;
  if (axes.some((a, k) => a !== rank - axes.length + k)) return false;
  const rows = sizeOf(x.shape.slice(0, rank - axes.length));
  const length = sizeOf(x.shape.slice(rank - axes.length));
  const dtype = x.dtype as FloatDtype;
  if (length > 0 && length <= NARROW) context.call(narrowSoftmaxKernel(kind, dtype, length), [out, x], rows);
  else context.call(softmaxKernel(kind, dtype), [out, x, length], rows);
  return true;
}

export const lowerSoftmax: WasmLowering<ReduceParams> = (context, [x], [out], { axes }) => {
  if (sizeOf(x!.shape) === 0 || inRows(context, 'softmax', x!, out!, axes)) return;
  const { largest, sums } = groupValues(context, x!, axes);
  run(context, 'expShifted', expShifted, [x!, largest], out!);
  sumInto(context, out!, sums, axes);
  run(context, 'share', share, [out!, sums], out!);
};

export const lowerLogSoftmax: WasmLowering<ReduceParams> = (context, [x], [out], { axes }) => {
  if (sizeOf(x!.shape) === 0 || inRows(context, 'logSoftmax', x!, out!, axes)) return;
  const { largest, sums } = groupValues(context, x!, axes);
  const powers = context.temp(x!);
  run(context, 'expShifted', expShifted, [x!, largest], powers);
  sumInto(context, powers, sums, axes);
  run(context, 'shift', shift, [x!, largest], out!);
  run(context, 'lessLog', lessLog, [out!, sums], out!);
};

export const lowerLogsumexp: WasmLowering<ReduceParams> = (context, [x], [out], { axes }) => {
  if (inRows(context, 'logsumexp', x!, out!, axes)) return;
  const { largest, sums } = groupValues(context, x!, axes);
  const powers = context.temp(x!);
  run(context, 'expShifted', expShifted, [x!, largest], powers);
  sumInto(context, powers, sums, axes);
  run(context, 'logTotal', total, [reshaped(largest, out!.shape), reshaped(sums, out!.shape)], out!);
};
