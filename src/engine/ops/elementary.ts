/** Elementary functions composed of ops: they have no rules of their own, and every derivative follows from the parts. */
import type { CheckRow } from '../check-row.ts';
import type { Tensor } from '../tensor.ts';
import { add, div, mul, neg, sub } from './arithmetic.ts';
import { eq, ge, gt, le, lt, ne } from './compare.ts';
import type { TensorLike } from './constant.ts';
import { exp, expm1, log, log1p, softplus } from './exponential.ts';
import { and, or, where } from './logic.ts';
import { abs, maximum } from './piecewise.ts';
import { pow, sqrt, square } from './power.ts';
import { asTensor, promote } from './promote.ts';
import { stopGradient } from './tap.ts';
import { atan2, cos, sin } from './trigonometric.ts';

/** 1 / x. */
export const reciprocal = (x: TensorLike): Tensor => div(1, x);

/** The tangent of x radians. */
export const tan = (x: TensorLike): Tensor => div(sin(x), cos(x));

/** √(1 − x²), by a product that neither cancels near ±1 nor meets 0·∞ in its slope there. */
const legOf = (x: Tensor): Tensor => mul(sqrt(sub(1, x)), sqrt(add(1, x)));

/** The angle in [−π/2, π/2] with sine x; the slope is infinite at ±1. */
export function asin(x: TensorLike): Tensor {
  const t = asTensor(x);
  return atan2(t, legOf(t));
}

/** The angle in [0, π] with cosine x; the slope is infinite at ±1. */
export function acos(x: TensorLike): Tensor {
  const t = asTensor(x);
  return atan2(legOf(t), t);
}

/** The angle in (−π/2, π/2) with tangent x. */
export const atan = (x: TensorLike): Tensor => atan2(x, 1);

/** The hyperbolic sine, accurate near 0. */
export const sinh = (x: TensorLike): Tensor => mul(0.5, sub(expm1(x), expm1(neg(x))));

/** The hyperbolic cosine. */
export const cosh = (x: TensorLike): Tensor => mul(0.5, add(exp(x), exp(neg(x))));

/** Beyond it, log(2x) and asinh(x) agree in f64, and x² would overflow in f32 not far above. */
const ASINH_FAR = 2 ** 28;

/** The inverse of sinh, accurate near 0 and far out. */
export function asinh(x: TensorLike): Tensor {
  const t = asTensor(x);
  const a = where(ge(t, 0), t, neg(t)); // |x| with slope 1 at 0
  const isFar = gt(a, ASINH_FAR);
  const near = where(isFar, 1, a);
  const inner = log1p(add(near, div(square(near), add(1, sqrt(add(1, square(near)))))));
  const outer = add(log(where(isFar, a, 1)), Math.LN2);
  const size = where(isFar, outer, inner);
  return where(ge(t, 0), size, neg(size));
}

/** The inverse of cosh for x ≥ 1, accurate near 1; the slope is infinite at 1. */
export function acosh(x: TensorLike): Tensor {
  const t = sub(x, 1);
  return log1p(add(t, mul(sqrt(t), sqrt(add(t, 2)))));
}

/** The inverse of tanh, infinite at ±1. */
export const atanh = (x: TensorLike): Tensor => mul(0.5, sub(log1p(x), log1p(neg(x))));

/** The logarithm to base 2. */
export const log2 = (x: TensorLike): Tensor => div(log(x), Math.LN2);

/** The logarithm to base 10. */
export const log10 = (x: TensorLike): Tensor => div(log(x), Math.LN10);

/** 2 to the power x. */
export const exp2 = (x: TensorLike): Tensor => pow(2, x);

/** log cosh x, which overflows nowhere. */
export function logCosh(x: TensorLike): Tensor {
  const t = asTensor(x);
  return sub(add(t, softplus(mul(-2, t))), Math.LN2);
}

/** √(x² + y²) without overflow in between; the slope at the origin is NaN, as for any norm. */
export function hypot(x: TensorLike, y: TensorLike): Tensor {
  const [a, b] = promote(x, y) as [Tensor, Tensor];
  const larger = stopGradient(maximum(abs(a), abs(b)));
  const scale = where(and(gt(larger, 0), lt(larger, Number.POSITIVE_INFINITY)), larger, 1); // the result does not depend on it
  return mul(scale, sqrt(add(square(div(a, scale)), square(div(b, scale)))));
}

/** x·log(y), and 0 where x = 0 whatever y is; NaN stays NaN. */
export function xlogy(x: TensorLike, y: TensorLike): Tensor {
  const [a, b] = promote(x, y) as [Tensor, Tensor];
  const isOutside = or(le(b, 0), eq(b, Number.POSITIVE_INFINITY));
  return mul(a, log(where(and(eq(a, 0), isOutside), 1, b)));
}

/** Whether x is not a number. */
// biome-ignore lint/suspicious/noShadowRestrictedNames: the tensor form of the global, under its own name
export function isNaN(x: TensorLike): Tensor {
  const t = asTensor(x);
  return ne(t, t);
}

/** Whether x is neither infinite nor NaN. */
// biome-ignore lint/suspicious/noShadowRestrictedNames: the tensor form of the global, under its own name
export const isFinite = (x: TensorLike): Tensor => lt(abs(x), Number.POSITIVE_INFINITY);

export const elementaryChecks: readonly CheckRow[] = /* @__PURE__ */ elementaryRows();

function elementaryRows(): CheckRow[] {
  const row = (name: string, f: (x: Tensor) => Tensor, domain: readonly [number, number], tol = {}): CheckRow => ({
    name,
    f: f as CheckRow['f'],
    args: [{ shape: [3, 5], domain }],
    tol,
  });
  return [
    row('reciprocal', reciprocal, [0.4, 3]),
    row('tan', tan, [-1.2, 1.2]),
    row('asin', asin, [-0.9, 0.9]),
    row('acos', acos, [-0.9, 0.9]),
    row('atan', atan, [-4, 4]),
    row('sinh', sinh, [-3, 3]),
    row('cosh', cosh, [-3, 3]),
    row('asinh', asinh, [-4, 4]),
    row('acosh', acosh, [1.3, 5]),
    row('atanh', atanh, [-0.8, 0.8]),
    row('log2', log2, [0.2, 5]),
    row('log10', log10, [0.2, 5]),
    row('exp2', exp2, [-4, 4]),
    row('logCosh', logCosh, [-4, 4]),
    { name: 'hypot', f: (x, y) => hypot(x!, y!), args: [{ shape: [3, 5] }, { shape: [5], domain: [0.3, 2] }] },
    { name: 'xlogy', f: (x, y) => xlogy(x!, y!), args: [{ shape: [3, 5] }, { shape: [5], domain: [0.3, 3] }] },
    { name: 'isNaN', f: (x) => isNaN(log(x!)), args: [{ shape: [9], kinks: [0] }] },
    { name: 'isFinite', f: (x) => isFinite(div(x!, 0)), args: [{ shape: [9] }] },
  ];
}
