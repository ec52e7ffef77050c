/** The exponential of matrices: the diagonal rational approximation of degree 13 after halving, then squaring; derivatives are exponentials of block matrices. */
import type { CheckRow } from '../../check-row.ts';
import type { TypedArray } from '../../dtype.ts';
import type { MaybeTensor, Op } from '../../op.ts';
import { isLinear } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { bind1 } from '../../trace.ts';
import { add, mul } from '../arithmetic.ts';
import { cast } from '../cast.ts';
import type { TensorLike } from '../constant.ts';
import { NONE, type None } from '../makers.ts';
import { concat, sliceAxis, swapLast, zerosLike } from '../movement.ts';
import { eliminate, solveWithFactors } from './lu.ts';
import { matrixOp, roundedLike, squareOf } from './matrix-op.ts';

const DEGREE = 13;
/** The 1-norm up to which degree 13 has a backward error below 2⁻⁵³ (N. Higham, SIAM J. Matrix Anal. Appl. 26, 2005). */
const REACH = 5.371920351148152;

/** c_j of the numerator Σ c_j·xʲ; the denominator has alternating signs. */
const coefficients = (): number[] => {
  const c = [1];
  for (let j = 1; j <= DEGREE; j++) c.push((c[j - 1]! * (DEGREE - j + 1)) / ((2 * DEGREE - j + 1) * j));
  return c;
};

/** x·y, four rows of y at a time, so that a row of the result is read and written a quarter as often. */
function product(x: TypedArray, y: TypedArray, n: number): Float64Array {
  const z = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    let k = 0;
    for (; k + 3 < n; k += 4) {
      const [p, q, r, s] = [x[i * n + k]!, x[i * n + k + 1]!, x[i * n + k + 2]!, x[i * n + k + 3]!];
      for (let j = i * n, at = k * n; j < (i + 1) * n; j++, at++)
        z[j]! += p * y[at]! + q * y[at + n]! + (r * y[at + 2 * n]! + s * y[at + 3 * n]!);
    }
    for (; k < n; k++) {
      const factor = x[i * n + k]!;
      for (let j = i * n, at = k * n; j < (i + 1) * n; j++, at++) z[j]! += factor * y[at]!;
    }
  }
  return z;
}

function norm1(x: TypedArray, n: number): number {
  const sums = new Float64Array(n);
  for (let i = 0; i < x.length; i++) sums[i % n]! += Math.abs(x[i]!);
  return sums.reduce((m, s) => (Number.isNaN(s) ? s : Math.max(m, s)), 0);
}

/** Σ c_{k}·powers, the first power being the identity. */
function combine(powers: readonly TypedArray[], c: readonly number[], n: number): Float64Array {
  const sum = new Float64Array(n * n);
  for (let i = 0; i < n; i++) sum[i * (n + 1)] = c[0]!;
  powers.forEach((x, p) => {
    for (let i = 0; i < sum.length; i++) sum[i]! += c[p + 1]! * x[i]!;
  });
  return sum;
}

/** The rational approximation at a matrix of small norm. */
function rational(a: TypedArray, n: number): Float64Array {
  const c = coefficients();
  const a2 = product(a, a, n);
  const a4 = product(a2, a2, n);
  const powers = [a2, a4, product(a4, a2, n)];
  const half = (offset: number): Float64Array => {
    const at = (...js: number[]) => js.map((j) => c[j + offset]!);
    const high = product(powers[2]!, combine(powers, [0, ...at(8, 10, 12)], n), n);
    return combine([...powers, high], [...at(0, 2, 4, 6), 1], n);
  };
  const [odd, even] = [product(a, half(1), n), half(0)];
  const order = new Int32Array(n);
  const [denominator, numerator, x] = [
    even.map((e, i) => e - odd[i]!),
    even.map((e, i) => e + odd[i]!),
    new Float64Array(n * n),
  ];
  eliminate(denominator, order, n);
  solveWithFactors(denominator, order, numerator, x, { n, k: n, transpose: false });
  return x;
}

/** exp A of a matrix (n, n). */
function exponential(a: TypedArray, n: number): Float64Array {
  const norm = norm1(a, n);
  if (!Number.isFinite(norm)) return new Float64Array(n * n).fill(Number.NaN);
  let squarings = 0;
  let scale = 1;
  for (; norm * scale > REACH; squarings++) scale /= 2;
  let x = rational(
    Float64Array.from(a, (y) => y * scale),
    n,
  );
  for (let i = 0; i < squarings; i++) x = product(x, x, n);
  return x;
}

/** A → exp A. */
export const expmOp: Op<None> = /* @__PURE__ */ matrixOp<None>('expm', {
  cores: [2],
  results: ([a]) => [{ shape: a!, dtype: 'f64' }],
  jvp: ({ primals: [a], tangents: [da] }): MaybeTensor[] => [
    da == null ? null : bind1(expmDerivativeOp, [a!, da], NONE),
  ],
  kernel: ([a], [x], [size]) => x!.set(exponential(a!, size![0]!)),
  flops: ([size]) => 20 * size![0]! ** 3,
});

/** Inputs: A, E → the derivative of exp at A in the direction E: the upper right block of exp [[A, E], [0, A]]. Linear in E. */
export const expmDerivativeOp: Op<None> = /* @__PURE__ */ matrixOp<None>('expmDerivative', {
  cores: [2, 2],
  results: ([a]) => [{ shape: a!, dtype: 'f64' }],
  // In A it moves as that block does when the block matrix moves.
  jvp: ({ primals: [a, e], tangents: [da, de] }): MaybeTensor[] => {
    const along = de == null ? null : bind1(expmDerivativeOp, [a!, de], NONE);
    if (da == null) return [along];
    const moved = upperRight(bind1(expmDerivativeOp, [blocks(a!, e!), blocks(da, zerosLike(da))], NONE));
    return [along === null ? moved : add(along, moved)];
  },
  transpose: ({ cts: [ct], inputs: [a, e] }): MaybeTensor[] => [
    null,
    ct == null || !isLinear(e!) ? null : bind1(expmDerivativeOp, [swapLast(a as Tensor), ct], NONE),
  ],
  kernel: ([a, e], [x], [size]) => {
    const n = size![0]!;
    const whole = new Float64Array(4 * n * n);
    for (let i = 0; i < n; i++) {
      const row = a!.subarray(i * n, (i + 1) * n);
      whole.set(row, i * 2 * n);
      whole.set(e!.subarray(i * n, (i + 1) * n), i * 2 * n + n);
      whole.set(row, (n + i) * 2 * n + n);
    }
    const result = exponential(whole, 2 * n);
    for (let i = 0; i < n; i++) x!.set(result.subarray(i * 2 * n + n, (i + 1) * 2 * n), i * n);
  },
  flops: ([size]) => 160 * size![0]! ** 3,
});

/** [[A, E], [0, A]]. */
const blocks = (a: Tensor, e: Tensor): Tensor =>
  concat([concat([a, e], a.rank - 1), concat([zerosLike(a), a], a.rank - 1)], a.rank - 2);
const upperRight = (x: Tensor): Tensor => sliceAxis(sliceAxis(x, -2, 0, x.shape.at(-1)! / 2), -1, x.shape.at(-1)! / 2);

/** exp A = Σ Aᵏ/k! of square matrices (…, n, n), computed in f64. */
export const expm = (a: TensorLike): Tensor => roundedLike(bind1(expmOp, [squareOf('expm', a)], NONE), a);

const small = { shape: [2, 3, 3], domain: [-1, 1] } as const;

export const expmChecks: readonly CheckRow[] = [
  { name: 'expm', f: (a) => expm(a!), args: [small] },
  { name: 'expm.large', f: (a) => expm(mul(a!, 4)), args: [{ ...small, shape: [2, 2] }], tol: { f32: 8e-6 } },
  {
    name: 'expmDerivative',
    f: (a, e) => roundedLike(bind1(expmDerivativeOp, [cast(a!, 'f64'), cast(e!, 'f64')], NONE), a!),
    args: [small, small],
  },
];
