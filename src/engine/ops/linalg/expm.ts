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
import { type Block, blockOf, type Desk } from './block.ts';
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

/** Matrices (n, n) on the desk, one after another. */
class Sheets {
  readonly #desk: Desk;
  readonly #n: number;
  #taken = 0;

  constructor(desk: Desk, n: number) {
    this.#desk = desk;
    this.#n = n;
  }

  /** A matrix that holds f(i) at place i. */
  fill(f: (i: number) => number): Float64Array {
    const sheet = this.#take();
    for (let i = 0; i < sheet.length; i++) sheet[i] = f(i);
    return sheet;
  }

  product(x: Float64Array, y: Float64Array, z = this.#take()): Float64Array {
    const [a, b, c] = [x, y, z].map((data) => blockOf(data, this.#n, this.#n)) as [Block, Block, Block];
    this.#desk.math.product(c, a, b, 'set');
    return z;
  }

  /** x⁻¹·y; x is used up. */
  quotient(x: Float64Array, y: Float64Array): Float64Array {
    const lu = blockOf(x, this.#n, this.#n);
    const order = new Int32Array(this.#n);
    const z = this.#take();
    eliminate(this.#desk.math, lu, order);
    solveWithFactors(this.#desk, [lu, order], y, z, false);
    return z;
  }

  #take(): Float64Array {
    const from = this.#taken;
    this.#taken += this.#n ** 2;
    return this.#desk.work.subarray(from, this.#taken);
  }
}

/** Matrices that one exponential takes. */
const SHEETS = 15;

function norm1(x: TypedArray, n: number): number {
  const sums = new Float64Array(n);
  for (let i = 0; i < x.length; i++) sums[i % n]! += Math.abs(x[i]!);
  return sums.reduce((m, s) => (Number.isNaN(s) ? s : Math.max(m, s)), 0);
}

/** Σ c_{k}·powers, the first power being the identity. */
function combine(sheets: Sheets, powers: readonly Float64Array[], c: readonly number[], n: number): Float64Array {
  const sum = sheets.fill(() => 0);
  for (let i = 0; i < n; i++) sum[i * (n + 1)] = c[0]!;
  powers.forEach((x, p) => {
    for (let i = 0; i < sum.length; i++) sum[i]! += c[p + 1]! * x[i]!;
  });
  return sum;
}

/** The rational approximation at a matrix of small norm. */
function rational(sheets: Sheets, a: Float64Array, n: number): Float64Array {
  const c = coefficients();
  const a2 = sheets.product(a, a);
  const a4 = sheets.product(a2, a2);
  const powers = [a2, a4, sheets.product(a4, a2)];
  const half = (offset: number): Float64Array => {
    const at = (...js: number[]) => js.map((j) => c[j + offset]!);
    const high = sheets.product(powers[2]!, combine(sheets, powers, [0, ...at(8, 10, 12)], n));
    return combine(sheets, [...powers, high], [...at(0, 2, 4, 6), 1], n);
  };
  const [odd, even] = [sheets.product(a, half(1)), half(0)];
  return sheets.quotient(
    sheets.fill((i) => even[i]! - odd[i]!),
    sheets.fill((i) => even[i]! + odd[i]!),
  );
}

/** exp A of a matrix (n, n). */
function exponential(a: TypedArray, n: number, desk: Desk): Float64Array {
  const norm = norm1(a, n);
  if (!Number.isFinite(norm)) return new Float64Array(n * n).fill(Number.NaN);
  let squarings = 0;
  let scale = 1;
  for (; norm * scale > REACH; squarings++) scale /= 2;
  const sheets = new Sheets(desk, n);
  let free = sheets.fill((i) => a[i]! * scale);
  let x = rational(sheets, free, n);
  for (let i = 0; i < squarings; i++) [x, free] = [sheets.product(x, x, free), x];
  return x;
}

/** A → exp A. */
export const expmOp: Op<None> = /* @__PURE__ */ matrixOp<None>('expm', {
  cores: [2],
  results: ([a]) => [{ shape: a!, dtype: 'f64' }],
  jvp: ({ primals: [a], tangents: [da] }): MaybeTensor[] => [
    da == null ? null : bind1(expmDerivativeOp, [a!, da], NONE),
  ],
  kernel: ([a], [x], [size], _, desk) => x!.set(exponential(a!, size![0]!, desk)),
  room: ([size]) => SHEETS * size![0]! ** 2,
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
  kernel: ([a, e], [x], [size], _, desk) => {
    const n = size![0]!;
    const whole = new Float64Array(4 * n * n);
    for (let i = 0; i < n; i++) {
      const row = a!.subarray(i * n, (i + 1) * n);
      whole.set(row, i * 2 * n);
      whole.set(e!.subarray(i * n, (i + 1) * n), i * 2 * n + n);
      whole.set(row, (n + i) * 2 * n + n);
    }
    const result = exponential(whole, 2 * n, desk);
    for (let i = 0; i < n; i++) x!.set(result.subarray(i * 2 * n + n, (i + 1) * 2 * n), i * n);
  },
  room: ([size]) => 4 * SHEETS * size![0]! ** 2,
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
