/** Powers and roots. */
import { powEmit } from '../backends/wasm/functions/index.ts';
import type { CheckRow } from '../check-row.ts';
import type { Op } from '../op.ts';
import type { Tensor } from '../tensor.ts';
import { bind1 } from '../trace.ts';
import { type Unary, unary } from './apply.ts';
import { div, FLOATS, mul, NUMERIC, sub } from './arithmetic.ts';
import { eq, ge, lt } from './compare.ts';
import type { TensorLike } from './constant.ts';
import { log } from './exponential.ts';
import { and, where } from './logic.ts';
import { elementwise, NONE, type None } from './makers.ts';
import { abs } from './piecewise.ts';
import { promote } from './promote.ts';

export const squareOp: Op<None> = /* @__PURE__ */ elementwise('square', {
  arity: 1,
  dtypes: NUMERIC,
  partials: [(dx, [x]) => mul(mul(2, x!), dx)],
  js: (dtype) => (dtype === 'i32' || dtype === 'u32' ? (x) => Math.imul(x!, x!) : (x) => x! * x!),
  wasm: 'square',
});

/** dz = dx / 2z: infinite at 0. */
export const sqrtOp: Op<None> = /* @__PURE__ */ elementwise('sqrt', {
  arity: 1,
  dtypes: FLOATS,
  partials: [(dx, _, z) => div(dx, mul(2, z))],
  js: () => (x) => Math.sqrt(x!),
  wasm: 'sqrt',
});

/** dz = −z³·dx / 2. */
export const rsqrtOp: Op<None> = /* @__PURE__ */ elementwise('rsqrt', {
  arity: 1,
  dtypes: FLOATS,
  partials: [(dx, _, z) => mul(mul(mul(-0.5, z), square(z)), dx)],
  js: () => (x) => 1 / Math.sqrt(x!),
  wasm: 'rsqrt',
});

/** dz = y·x^(y−1)·dx + z·log(x)·dy, with the limits of docs/notes/0006-kinks.md at x = 0. */
export const powOp: Op<None> = /* @__PURE__ */ elementwise('pow', {
  arity: 2,
  dtypes: FLOATS,
  partials: [
    (dx, [x, y]) => mul(mul(y!, pow(x!, slopeExponent(x!, y!))), dx),
    (dy, [x, y], z) => mul(mul(z, log(logBase(x!, y!))), dy),
  ],
  js: () => (x, y) => power(x!, y!),
  wasm: powEmit,
  isCheap: false,
});

/** y − 1; but where x⁻¹ overflows and y = 0 hides it, an exponent that stays finite: the slope is 0 and not 0·∞. */
function slopeExponent(x: Tensor, y: Tensor): Tensor {
  const smallest = x.dtype === 'f32' ? 2 ** -126 : 2 ** -1022;
  return sub(where(and(eq(y, 0), lt(abs(x), smallest)), 1, y), 1);
}

/** x; but 1 where x = 0 and y ≥ 0, so that 0·log(0) is 0. */
const logBase = (x: Tensor, y: Tensor): Tensor => where(and(eq(x, 0), ge(y, 0)), 1, x);

/** As in C: 1 to any power and anything to the power 0 are 1, NaN too. */
function power(x: number, y: number): number {
  if (x === 1 || (x === -1 && Math.abs(y) === Number.POSITIVE_INFINITY)) return 1;
  return x ** y;
}

/** x². */
export const square: Unary = /* @__PURE__ */ unary(squareOp);
/** The square root; NaN below 0. */
export const sqrt: Unary = /* @__PURE__ */ unary(sqrtOp);
/** 1 / √x. */
export const rsqrt: Unary = /* @__PURE__ */ unary(rsqrtOp);

/** x to the power y; NaN for x < 0 unless y is whole. */
export const pow = (x: TensorLike, y: TensorLike): Tensor => (y === 2 ? square(x) : bind1(powOp, promote(x, y), NONE));

export const powerChecks: readonly CheckRow[] = [
  { name: 'square', f: square, args: [{ shape: [3, 7] }] },
  { name: 'square.i32', f: square, args: [{ shape: [9], kind: 'i32', domain: [-99999, 99999] }] },
  { name: 'sqrt', f: sqrt, args: [{ shape: [3, 7], domain: [0.2, 5] }] },
  { name: 'rsqrt', f: rsqrt, args: [{ shape: [3, 7], domain: [0.2, 5] }] },
  {
    name: 'pow',
    f: (x, y) => pow(x!, y!),
    args: [
      { shape: [3, 7], domain: [0.3, 3] },
      { shape: [7], domain: [-2, 3] },
    ],
  },
  { name: 'pow.whole', f: (x) => pow(x!, 3), args: [{ shape: [9], kinks: [0], apart: 0.1 }] },
  { name: 'pow.inverse', f: (x) => pow(x!, -1), args: [{ shape: [9], kinks: [0], apart: 0.2 }] },
  { name: 'pow.zero', f: (x, y) => pow(x!, mul(y!, 0)), args: [{ shape: [9], domain: [0.3, 3] }, { shape: [9] }] },
  { name: 'pow.base', f: (y) => pow(2, y!), args: [{ shape: [9], domain: [-3, 3] }] },
];
