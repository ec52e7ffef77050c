/** Softmax and its logarithm, log-sum-exp: shifted by the largest element, so that nothing overflows. Groups of −∞ alone give 0, −∞ and −∞. */
import { lowerLogSoftmax, lowerLogsumexp, lowerSoftmax } from '../backends/wasm/lower-softmax.ts';
import type { CheckRow } from '../check-row.ts';
import type { TypedArray } from '../dtype.ts';
import type { JsKernel, MaybeTensor, Op } from '../op.ts';
import { defineOp } from '../op.ts';
import type { Shape } from '../shape.ts';
import { normalizeAxes, reducedShape, sizeOf, stridesOf } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { bind1 } from '../trace.ts';
import { FLOATS, mul, sub } from './arithmetic.ts';
import type { TensorLike } from './constant.ts';
import { exp } from './exponential.ts';
import { checkDtypes } from './makers.ts';
import { asTensor } from './promote.ts';
import type { ReduceOptions, ReduceParams } from './reduce.ts';
import { reduceWith, sum } from './reduce.ts';

/** Position of each element's group among the groups, in row-major order. */
function groupsOf(shape: Shape, axes: readonly number[]): Int32Array {
  const own = stridesOf(reducedShape(shape, axes, true)).map((s, i) => (axes.includes(i) ? 0 : s));
  const full = stridesOf(shape);
  return Int32Array.from({ length: sizeOf(shape) }, (_, n) =>
    shape.reduce((to, d, i) => to + (Math.floor(n / full[i]!) % d) * own[i]!, 0),
  );
}

interface Groups {
  readonly largest: Float64Array;
  /** Σ exp(x − shift), at least 1: below 1 there were only −∞. */
  readonly total: Float64Array;
}

/** The largest element moved into the finite numbers, so that ∞ − ∞ never occurs. */
const shiftOf = (largest: number): number => Math.min(Math.max(largest, -Number.MAX_VALUE), Number.MAX_VALUE);

function sumExp(x: TypedArray, group: Int32Array, count: number): Groups {
  const largest = new Float64Array(count).fill(Number.NEGATIVE_INFINITY);
  const total = new Float64Array(count);
  for (let i = 0; i < x.length; i++) largest[group[i]!] = Math.max(largest[group[i]!]!, x[i]!);
  for (let i = 0; i < x.length; i++) total[group[i]!]! += Math.exp(x[i]! - shiftOf(largest[group[i]!]!));
  return { largest, total: total.map((t) => Math.max(t, 1)) };
}

const fromGroups =
  (value: (x: number, shift: number, total: number) => number): JsKernel<ReduceParams> =>
  ([x], [out], { ins, params: { axes } }) => {
    const group = groupsOf(ins[0]!.shape, axes);
    const { largest, total } = sumExp(x!, group, sizeOf(reducedShape(ins[0]!.shape, axes, false)));
    for (let i = 0; i < x!.length; i++) out![i] = value(x![i]!, shiftOf(largest[group[i]!]!), total[group[i]!]!);
  };

const behind = (axes: readonly number[]): { axes: number[] } => ({ axes: axes.map((a) => a + 1) });
const overGroup = (x: Tensor, axes: readonly number[]): Tensor => sum(x, axes, { keepDims: true });

type Spec = Pick<Op<ReduceParams>, 'js' | 'wasm'> & {
  readonly tangent: (dx: Tensor, x: Tensor, y: Tensor, axes: readonly number[]) => Tensor;
  readonly keepsShape: boolean;
};

function softmaxLike(name: string, { js, wasm, tangent, keepsShape }: Spec): Op<ReduceParams> {
  const op: Op<ReduceParams> = defineOp<ReduceParams>({
    name,
    version: 1,
    infer: ([x], { axes }) => {
      checkDtypes(name, FLOATS, [x!.dtype]);
      return [{ shape: keepsShape ? x!.shape : reducedShape(x!.shape, axes, false), dtype: x!.dtype }];
    },
    jvp: ({ primals: [x], outs: [y], tangents: [dx], params }): MaybeTensor[] => [
      dx == null ? null : tangent(dx, x!, y!, params.axes),
    ],
    batch: ({ inputs, params }) => ({ outs: [bind1(op, inputs, behind(params.axes))], batched: [true] }),
    cost: ([x]) => ({ flops: 5 * sizeOf(x!.shape) }),
    js,
    wasm: wasm!,
  });
  return op;
}

/** dy = y·(dx − Σ y·dx). */
export const softmaxOp: Op<ReduceParams> = /* @__PURE__ */ softmaxLike('softmax', {
  keepsShape: true,
  tangent: (dx, _, y, axes) => mul(y, sub(dx, overGroup(mul(y, dx), axes))),
  js: /* @__PURE__ */ fromGroups((x, shift, total) => Math.exp(x - shift) / total),
  wasm: lowerSoftmax,
});

/** dy = dx − Σ eʸ·dx. */
export const logSoftmaxOp: Op<ReduceParams> = /* @__PURE__ */ softmaxLike('logSoftmax', {
  keepsShape: true,
  tangent: (dx, _, y, axes) => sub(dx, overGroup(mul(exp(y), dx), axes)),
  js: /* @__PURE__ */ fromGroups((x, shift, total) => x - shift - Math.log(total)),
  wasm: lowerLogSoftmax,
});

/** dy = Σ softmax(x)·dx. */
export const logsumexpOp: Op<ReduceParams> = /* @__PURE__ */ softmaxLike('logsumexp', {
  keepsShape: false,
  tangent: (dx, x, _, axes) => sum(mul(bind1(softmaxOp, [x], { axes }), dx), axes),
  js: ([x], [out], { ins, params: { axes } }) => {
    const { largest, total } = sumExp(x!, groupsOf(ins[0]!.shape, axes), out!.length);
    for (let i = 0; i < out!.length; i++) out![i] = largest[i]! + Math.log(total[i]!);
  },
  wasm: lowerLogsumexp,
});

type Axes = number | readonly number[];

function overAxes(op: Op<ReduceParams>, x: TensorLike, axes: Axes): Tensor {
  const t = asTensor(x);
  return bind1(op, [t], { axes: normalizeAxes(op.name, axes, t.rank) });
}

/** exp x divided by its sum along an axis, or several. */
export const softmax = (x: TensorLike, axes: Axes = -1): Tensor => overAxes(softmaxOp, x, axes);
/** The logarithm of `softmax`, accurate where softmax underflows. */
export const logSoftmax = (x: TensorLike, axes: Axes = -1): Tensor => overAxes(logSoftmaxOp, x, axes);
/** log Σ exp x over the given axes, or over all. */
export const logsumexp = (x: TensorLike, axes?: Axes, options: ReduceOptions = {}): Tensor =>
  reduceWith(logsumexpOp, 'logsumexp', x, axes, options);

const logits = { shape: [2, 3, 4], domain: [-3, 3] } as const;

export const softmaxChecks: readonly CheckRow[] = [
  { name: 'softmax', f: (x) => softmax(x!), args: [logits] },
  { name: 'softmax.axes', f: (x) => softmax(x!, [0, 2]), args: [logits] },
  { name: 'logSoftmax', f: (x) => logSoftmax(x!, 1), args: [logits] },
  { name: 'logSoftmax.far', f: (x) => logSoftmax(x!), args: [{ shape: [3, 4], domain: [-60, 60] }], order: 0 },
  { name: 'logsumexp', f: (x) => logsumexp(x!, -1, { keepDims: true }), args: [logits] },
  { name: 'logsumexp.axes', f: (x) => logsumexp(x!, [0, 2]), args: [logits] },
];
