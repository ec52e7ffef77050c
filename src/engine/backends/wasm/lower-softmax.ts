/** Softmax, its logarithm and log-sum-exp on WASM: maximum, exponentials of differences, sum, one last pass. */
import type { ReduceParams } from '../../ops/reduce.ts';
import { reducedShape, sizeOf } from '../../shape.ts';
import type { FunctionWriter } from './assembler.ts';
import type { Emit } from './elementwise.ts';
import { expEmit, logEmit } from './functions/index.ts';
import type { LowerContext, Operand, WasmLowering } from './lower.ts';
import { reshaped } from './lower.ts';
import { copyStrided, lowerElementwise, lowerReduce } from './lowerings.ts';

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
  return expEmit(w, dtype, profile);
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

const less: Emit = (w, dtype) => lanes(w, dtype).sub();

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

/** Elements of a group up to which it is turned, and groups from which on that pays. */
const SHORT = 8;
const MANY = 32;

/** Short rows leave lanes idle: many of them are turned first, so that the lanes run over rows, and turned back at the end. The order of summation, and so the bits, are the same. */
function onLongRows(lower: WasmLowering<ReduceParams>): WasmLowering<ReduceParams> {
  return (context, [x], [out], { axes }) => {
    const size = sizeOf(x!.shape);
    const length = x!.shape.at(-1) ?? 0;
    const rows = size / Math.max(1, length);
    const isLast = axes.length === 1 && axes[0] === x!.shape.length - 1;
    if (size === 0) return;
    if (!(isLast && length > 1 && length <= SHORT && rows >= MANY)) return lower(context, [x!], [out!], { axes });
    const shape = [length, rows];
    const [turned, result] = [x!, x!].map(({ dtype }) => context.temp({ shape, dtype })) as [Operand, Operand];
    copyStrided(context, turned, x!, shape, [rows, 1], [1, length]);
    lower(context, [turned], [result], { axes: [0] });
    copyStrided(context, out!, result, [rows, length], [length, 1], [1, rows]);
  };
}

export const lowerSoftmax: WasmLowering<ReduceParams> = /* @__PURE__ */ onLongRows((context, [x], [out], { axes }) => {
  const { largest, sums } = groupValues(context, x!, axes);
  run(context, 'expShifted', expShifted, [x!, largest], out!);
  sumInto(context, out!, sums, axes);
  run(context, 'share', share, [out!, sums], out!);
});

export const lowerLogSoftmax: WasmLowering<ReduceParams> = /* @__PURE__ */ onLongRows(
  (context, [x], [out], { axes }) => {
    const { largest, sums } = groupValues(context, x!, axes);
    const powers = context.temp(x!);
    run(context, 'expShifted', expShifted, [x!, largest], powers);
    sumInto(context, powers, sums, axes);
    run(context, 'logTotal', logTotal, [sums], sums);
    run(context, 'shift', shift, [x!, largest], out!);
    run(context, 'less', less, [out!, sums], out!);
  },
);

export const lowerLogsumexp: WasmLowering<ReduceParams> = (context, [x], [out], { axes }) => {
  const { largest, sums } = groupValues(context, x!, axes);
  const powers = context.temp(x!);
  run(context, 'expShifted', expShifted, [x!, largest], powers);
  sumInto(context, powers, sums, axes);
  run(context, 'logSum', total, [reshaped(largest, out!.shape), reshaped(sums, out!.shape)], out!);
};
