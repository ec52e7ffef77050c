/** Functions with a kink: abs, sign, relu, maximum, minimum, clamp. What they do at the kink is tabled in docs/notes/0006-kinks.md. */
import type { Emit } from '../backends/wasm/elementwise.ts';
import { emitters } from '../backends/wasm/emitters.ts';
import type { CheckRow } from '../check-row.ts';
import type { Op } from '../op.ts';
import type { Tensor } from '../tensor.ts';
import { bind1 } from '../trace.ts';
import { type Binary, binary, type Unary, unary } from './apply.ts';
import { FLOATS, mul, NUMERIC } from './arithmetic.ts';
import { eq, ge, gt, le, lt } from './compare.ts';
import type { TensorLike } from './constant.ts';
import { and, or, where } from './logic.ts';
import { elementwise, NONE, type None } from './makers.ts';
import { bitGate, positiveBits } from './mask.ts';
import { promote } from './promote.ts';

export const signOp: Op<None> = /* @__PURE__ */ elementwise('sign', {
  arity: 1,
  dtypes: NUMERIC,
  js: () => (x) => Math.sign(x!),
  wasm: 'sign',
});

export const absOp: Op<None> = /* @__PURE__ */ elementwise('abs', {
  arity: 1,
  dtypes: NUMERIC,
  partials: [(dx, [x]) => mul(sign(x!), dx)],
  js: () => (x) => Math.abs(x!),
  wasm: 'abs',
});

/** The gate is taken from the result, so that nothing need keep x. */
export const reluOp: Op<None> = /* @__PURE__ */ elementwise('relu', {
  arity: 1,
  dtypes: NUMERIC,
  partials: [(dx, _, z) => bind1(gateOp, [dx, z], NONE)],
  js: () => (x) => Math.max(x!, 0),
  wasm: 'relu',
  keeps: () => ({ output: reluOp, mask: reluMaskOp }),
});

/** relu whose derivative keeps one bit per unit instead of the result. */
export const reluMaskOp: Op<None> = /* @__PURE__ */ elementwise('reluMask', {
  arity: 1,
  dtypes: NUMERIC,
  partials: [(dx, _, z) => bitGate(dx, positiveBits(z))],
  js: () => (x) => Math.max(x!, 0),
  wasm: 'relu',
  keeps: () => ({ output: reluOp, mask: reluMaskOp }),
});

const emitGate: Emit = (w, dtype) => {
  const lanes = dtype === 'f32' ? w.f32x4 : w.f64x2;
  w.v128.zero();
  lanes.gt();
  return w.v128.and();
};

/** x where z > 0, else 0: linear in x, constant in z. */
export const gateOp: Op<None> = /* @__PURE__ */ elementwise('gate', {
  arity: 2,
  dtypes: FLOATS,
  partials: [(dx, [_, z]) => bind1(gateOp, [dx, z!], NONE), null],
  linearIn: { 0: (ct, [_, z]) => bind1(gateOp, [ct, z!], NONE) },
  js: () => (x, z) => (z! > 0 ? x! : 0),
  wasm: emitGate,
});

/** The part of a tangent that passes to the operand that `wins`; in a tie each gets half. */
const share = (dx: Tensor, loses: Tensor, ties: Tensor): Tensor => where(loses, 0, where(ties, mul(0.5, dx), dx));

export const maximumOp: Op<None> = /* @__PURE__ */ elementwise('maximum', {
  arity: 2,
  dtypes: NUMERIC,
  partials: [(dx, [x, y]) => share(dx, lt(x!, y!), eq(x!, y!)), (dy, [x, y]) => share(dy, lt(y!, x!), eq(x!, y!))],
  js: () => (x, y) => Math.max(x!, y!),
  wasm: 'maximum',
});

export const minimumOp: Op<None> = /* @__PURE__ */ elementwise('minimum', {
  arity: 2,
  dtypes: NUMERIC,
  partials: [(dx, [x, y]) => share(dx, gt(x!, y!), eq(x!, y!)), (dy, [x, y]) => share(dy, gt(y!, x!), eq(x!, y!))],
  js: () => (x, y) => Math.min(x!, y!),
  wasm: 'minimum',
});

const emitClamp: Emit = (w, dtype, profile) =>
  w.scope(() => {
    const high = w.pop('v128');
    emitters.maximum(w, dtype, profile);
    w.get(high);
    return emitters.minimum(w, dtype, profile);
  });

/** min(max(x, low), high): x passes between the bounds and on them; crossed bounds give `high`. */
export const clampOp: Op<None> = /* @__PURE__ */ elementwise('clamp', {
  arity: 3,
  dtypes: NUMERIC,
  partials: [
    (dx, [x, low, high]) => where(and(ge(x!, low!), le(x!, high!)), dx, 0),
    (dlow, [x, low, high]) => where(and(lt(x!, low!), lt(low!, high!)), dlow, 0),
    (dhigh, [x, low, high]) => where(or(gt(x!, high!), lt(high!, low!)), dhigh, 0),
  ],
  js: () => (x, low, high) => Math.min(Math.max(x!, low!), high!),
  wasm: emitClamp,
});

/** |x|. */
export const abs: Unary = /* @__PURE__ */ unary(absOp);
/** −1, 0 or 1; keeps the sign of zero, and NaN. */
export const sign: Unary = /* @__PURE__ */ unary(signOp);
/** max(x, 0). */
export const relu: Unary = /* @__PURE__ */ unary(reluOp);
/** The larger of two, element by element; NaN wins, and +0 over −0. */
export const maximum: Binary = /* @__PURE__ */ binary(maximumOp);
/** The smaller of two, element by element; NaN wins, and −0 over +0. */
export const minimum: Binary = /* @__PURE__ */ binary(minimumOp);
/** x held between two bounds, which may be tensors or ±Infinity. */
export const clamp = (x: TensorLike, low: TensorLike, high: TensorLike): Tensor =>
  bind1(clampOp, promote(x, low, high), NONE);

const clampRow: CheckRow['f'] = (x, low, high) => clamp(x!, low!, high!);

export const piecewiseChecks: readonly CheckRow[] = [
  { name: 'abs', f: abs, args: [{ shape: [3, 5], kinks: [0] }] },
  { name: 'abs.i32', f: abs, args: [{ shape: [9], kind: 'i32', domain: [-9, 9] }] },
  { name: 'sign', f: sign, args: [{ shape: [3, 5], kinks: [0] }] },
  { name: 'sign.i32', f: sign, args: [{ shape: [9], kind: 'i32', domain: [-2, 2] }] },
  { name: 'sign.u32', f: sign, args: [{ shape: [9], kind: 'u32', domain: [0, 2] }] },
  { name: 'relu', f: relu, args: [{ shape: [3, 5], kinks: [0] }] },
  { name: 'relu.square', f: (x) => mul(relu(x!), x!), args: [{ shape: [3, 5], kinks: [0] }] },
  {
    name: 'gate',
    f: (x, z) => bind1(gateOp, [x!, z!], NONE),
    args: [{ shape: [3, 5] }, { shape: [5], kinks: [0] }],
  },
  { name: 'reluMask', f: (x) => bind1(reluMaskOp, [x!], NONE), args: [{ shape: [3, 17], kinks: [0] }] },
  { name: 'relu.i32', f: relu, args: [{ shape: [9], kind: 'i32', domain: [-9, 9] }] },
  { name: 'maximum', f: maximum, args: [{ shape: [3, 5] }, { shape: [5] }] },
  {
    name: 'maximum.i32',
    f: maximum,
    args: [
      { shape: [9], kind: 'i32', domain: [-9, 9] },
      { shape: [9], kind: 'i32', domain: [-9, 9] },
    ],
  },
  { name: 'minimum', f: minimum, args: [{ shape: [3, 1] }, { shape: [3, 5] }] },
  {
    name: 'minimum.u32',
    f: minimum,
    args: [
      { shape: [9], kind: 'u32' },
      { shape: [], kind: 'u32' },
    ],
  },
  {
    name: 'clamp',
    f: clampRow,
    args: [{ shape: [4, 6] }, { shape: [], domain: [-1, -0.5] }, { shape: [6], domain: [0.5, 1] }],
  },
  {
    name: 'clamp.crossed',
    f: clampRow,
    args: [{ shape: [9] }, { shape: [9], domain: [0.5, 1] }, { shape: [9], domain: [-1, -0.5] }],
  },
  { name: 'clamp.number', f: (x) => clamp(x!, -1, Number.POSITIVE_INFINITY), args: [{ shape: [17], kinks: [-1] }] },
  { name: 'clamp.i32', f: (x) => clamp(x!, -3, 3), args: [{ shape: [9], kind: 'i32', domain: [-9, 9] }] },
];
