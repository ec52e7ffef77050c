/** Eigenvalues of general real matrices: Hessenberg form by reflections, then double-shifted QR steps that stay real. */
import type { CheckRow } from '../../check-row.ts';
import type { TypedArray } from '../../dtype.ts';
import { UnsupportedError } from '../../errors.ts';
import type { Op } from '../../op.ts';
import type { Tensor } from '../../tensor.ts';
import { bind } from '../../trace.ts';
import type { TensorLike } from '../constant.ts';
import { NONE, type None } from '../makers.ts';
import { lengthOf } from './householder.ts';
import { matrixOp, roundedLike, squareOf } from './matrix-op.ts';

const ROUNDING = 2 ** -52;
/** Steps for one eigenvalue after which the rest is given up as NaN. */
const PATIENCE = 100;

interface Range {
  readonly from: number;
  /** Inclusive. */
  readonly to: number;
}

/** Applies I − β·v·vᵀ to rows at, at + 1, … of the given columns, or (with `isRight`) to columns at, … of the given rows. */
function reflectBlock(
  h: Float64Array,
  n: number,
  v: readonly number[],
  at: number,
  lines: Range,
  isRight: boolean,
): void {
  const square = v.reduce((sum, x) => sum + x * x, 0);
  if (square === 0) return;
  const [step, line] = isRight ? [1, n] : [n, 1];
  for (let j = lines.from; j <= lines.to; j++) {
    const start = at * step + j * line;
    let along = 0;
    for (let i = 0; i < v.length; i++) along += v[i]! * h[start + i * step]!;
    const factor = (2 * along) / square;
    for (let i = 0; i < v.length; i++) h[start + i * step]! -= factor * v[i]!;
  }
}

/** The v whose reflection takes x to a multiple of the first unit vector. */
function reflectorOf(x: readonly number[]): number[] {
  const length = lengthOf(Float64Array.from(x), 0, x.length, 1);
  if (length === 0) return x.map(() => 0);
  return x.map((y, i) => y / length + (i === 0 ? (y < 0 ? -1 : 1) : 0));
}

function toHessenberg(h: Float64Array, n: number): void {
  for (let k = 0; k + 2 < n; k++) {
    const v = reflectorOf(Array.from({ length: n - k - 1 }, (_, i) => h[(k + 1 + i) * n + k]!));
    reflectBlock(h, n, v, k + 1, { from: k, to: n - 1 }, false);
    reflectBlock(h, n, v, k + 1, { from: 0, to: n - 1 }, true);
    for (let i = k + 2; i < n; i++) h[i * n + k] = 0;
  }
}

/** Where the unreduced block that ends at `to` begins; negligible elements in front of it become zero. */
function blockStart(h: Float64Array, n: number, to: number): number {
  for (let k = to; k > 0; k--) {
    const around = Math.abs(h[k * (n + 1)]!) + Math.abs(h[(k - 1) * (n + 1)]!);
    if (Math.abs(h[k * n + k - 1]!) <= ROUNDING * around) {
      h[k * n + k - 1] = 0;
      return k;
    }
  }
  return 0;
}

/** One QR step with two shifts on a block of at least three rows; `isStuck` takes other shifts. */
function doubleStep(h: Float64Array, n: number, { from, to }: Range, isStuck: boolean): void {
  const at = (i: number, j: number) => h[i * n + j]!;
  const beside = Math.abs(at(to, to - 1)) + Math.abs(at(to - 1, to - 2));
  const sum = isStuck ? 1.5 * beside : at(to - 1, to - 1) + at(to, to);
  const product = isStuck ? beside * beside : at(to - 1, to - 1) * at(to, to) - at(to - 1, to) * at(to, to - 1);
  const [a, b, c, d] = [at(from, from), at(from, from + 1), at(from + 1, from), at(from + 1, from + 1)];
  let x = [a * a + b * c - sum * a + product, c * (a + d - sum), c * at(from + 2, from + 1)];
  for (let k = from; k < to; k++) {
    const v = reflectorOf(x);
    reflectBlock(h, n, v, k, { from: Math.max(from, k - 1), to }, false);
    reflectBlock(h, n, v, k, { from, to: Math.min(k + v.length, to) }, true);
    for (let i = k + 1; k > from && i < k + v.length; i++) h[i * n + k - 1] = 0;
    x = [1, 2, 3].filter((i) => k + i <= to).map((i) => at(k + i, k));
  }
}

/** The eigenvalues of [[a, b], [c, d]]: equal real parts for a conjugate pair. */
function pairOf(a: number, b: number, c: number, d: number): [re: number, im: number][] {
  const p = (a - d) / 2;
  const q = p * p + b * c;
  if (q < 0) return [1, -1].map((sign) => [d + p, sign * Math.sqrt(-q)]);
  const z = p + (p < 0 ? -1 : 1) * Math.sqrt(q);
  return [
    [d + z, 0],
    [z === 0 ? d : d - (b * c) / z, 0],
  ];
}

function eigenvaluesOf(a: TypedArray, n: number): (readonly [re: number, im: number])[] {
  const h = Float64Array.from(a);
  const found: (readonly [number, number])[] = [];
  toHessenberg(h, n);
  let to = n - 1;
  for (let steps = 0; to >= 0 && steps < PATIENCE; ) {
    const from = blockStart(h, n, to);
    if (from >= to - 1) {
      const i = from * (n + 1);
      found.push(...(from === to ? [[h[i]!, 0] as const] : pairOf(h[i]!, h[i + 1]!, h[i + n]!, h[i + n + 1]!)));
      to = from - 1;
      steps = 0;
    } else doubleStep(h, n, { from, to }, ++steps % 10 === 0);
  }
  while (found.length < n) found.push([Number.NaN, Number.NaN]);
  return found.sort(([a, b], [c, d]) => a - c || b - d);
}

/** A → real and imaginary parts of its eigenvalues. */
export const eigenvaluesOp: Op<None> = /* @__PURE__ */ matrixOp<None>('eigenvalues', {
  cores: [2],
  results: ([a]) => [
    { shape: [a![0]!], dtype: 'f64' },
    { shape: [a![0]!], dtype: 'f64' },
  ],
  jvp: () => {
    throw new UnsupportedError('eigenvalues: the eigenvalues of a general matrix have no derivative here', {
      help: 'eigh differentiates those of symmetric matrices; stopGradient(a) leaves the derivative out',
    });
  },
  kernel: ([a], [re, im], [size]) => {
    eigenvaluesOf(a!, size![0]!).forEach(([x, y], i) => {
      re![i] = x;
      im![i] = y;
    });
  },
  flops: ([size]) => 10 * size![0]! ** 3,
});

/** The eigenvalues of square matrices (…, n, n) as real and imaginary parts (…, n), by ascending real, then imaginary part; computed in f64, without a derivative. */
export function eigenvalues(a: TensorLike): readonly [re: Tensor, im: Tensor] {
  const [re, im] = bind(eigenvaluesOp, [squareOf('eigenvalues', a)], NONE) as [Tensor, Tensor];
  return [roundedLike(re, a), roundedLike(im, a)];
}

export const eigenvaluesChecks: readonly CheckRow[] = [
  { name: 'eigenvalues', f: (a) => eigenvalues(a!)[0], args: [{ shape: [2, 5, 5] }], order: 0 },
  { name: 'eigenvalues.imaginary', f: (a) => eigenvalues(a!)[1], args: [{ shape: [4, 4] }], order: 0 },
];
