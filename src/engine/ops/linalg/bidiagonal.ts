/**
 * Singular vectors by way of a bidiagonal form: reflections from the left and the right in turn, then QR steps with implicit shifts.
 *
 * Letters  A = Uᵀ·B·V with orthonormal rows of U (n, m) and V (n, n); B has diagonal d and e above it, eᵢ in row i and column i + 1.
 * Source   Golub and Kahan, Calculating the Singular Values and Pseudo-Inverse of a Matrix, SIAM J. Numer. Anal. 2, 1965; Golub and Van Loan, §8.6;
 *          steps without shift where B is singular: Demmel and Kahan, Accurate Singular Values of Bidiagonal Matrices, 1990.
 */
import type { Desk } from './block.ts';
import { type Reflection, reflectColumns, reflectionOf, reflectRows } from './householder.ts';
import { length2, Rotations } from './rotations.ts';

const ROUNDING = 2 ** -52;
/** Elements above the diagonal up to this part of |B| vanish: far below what rounding has done to them already. */
const NEGLIGIBLE = 2 ** -62;
/** Steps for each singular value, on average, after which all is given up. */
const PATIENCE = 60;

interface Bidiagonal {
  readonly d: Float64Array;
  readonly e: Float64Array;
}

interface Factors {
  readonly u: Float64Array;
  readonly v: Float64Array;
  readonly m: number;
  readonly n: number;
}

/** Fills the rows of u (n, m) and v (n, n) with singular vectors of a (m, n), m ≥ n, which is used up; returns the singular values beside them, in no order. The desk has room for 4·n numbers. */
export function singularRows(desk: Desk, a: Float64Array, factors: Factors): Float64Array {
  const { u, v, m, n } = factors;
  const b: Bidiagonal = { d: new Float64Array(n), e: new Float64Array(n) };
  const [left, right] = bidiagonalize(a, m, n, b);
  for (let i = 0; i < n; i++) {
    u[i * (m + 1)] = 1;
    v[i * (n + 1)] = 1;
  }
  for (let k = n - 1; k >= 0; k--) reflectRows(left[k]!, u, m, k, n);
  for (let k = n - 3; k >= 0; k--) reflectRows(right[k]!, v, n, k + 1, n);
  if (!diagonalizeSteps(desk, b, factors)) b.d.fill(Number.NaN);
  makePositive(b.d, v, n);
  return b.d;
}

function bidiagonalize(a: Float64Array, m: number, n: number, { d, e }: Bidiagonal): [Reflection[], Reflection[]] {
  const left: Reflection[] = [];
  const right: Reflection[] = [];
  const work = new Float64Array(n);
  for (let k = 0; k < n; k++) {
    const down = reflectionOf(a, { start: k, stride: n, from: k, to: m });
    reflectColumns(down, a, n, k + 1, work);
    d[k] = down.head;
    left.push(down);
    if (k + 2 < n) {
      const across = reflectionOf(a, { start: k * n, stride: 1, from: k + 1, to: n });
      reflectRows(across, a, n, k + 1, m);
      e[k] = across.head;
      right.push(across);
    } else if (k + 1 < n) e[k] = a[k * n + k + 1]!;
  }
  return [left, right];
}

function diagonalizeSteps({ math, work }: Desk, b: Bidiagonal, { u, v, m, n }: Factors): boolean {
  const { d, e } = b;
  const size = d.reduce((most, x, i) => Math.max(most, Math.abs(x), Math.abs(e[i]!)), 0);
  const isSplit = (i: number): boolean =>
    Math.abs(e[i]!) <= Math.max(ROUNDING * (Math.abs(d[i]!) + Math.abs(d[i + 1]!)), NEGLIGIBLE * size);
  const [rows, columns] = [0, 2 * n].map((from) => new Rotations(math, work.subarray(from, from + 2 * n))) as [
    Rotations,
    Rotations,
  ];
  for (let to = n - 1, steps = 0; to > 0; ) {
    let from = to;
    while (from > 0 && !isSplit(from - 1)) from--;
    if (from === to) to--;
    else if (steps++ > PATIENCE * n) return false;
    else {
      step(b, from, to, shiftOf(b, from, to), rows, columns);
      rows.down(u, m, from, to);
      columns.down(v, n, from, to);
    }
  }
  return true;
}

/** The square root of the eigenvalue of the last two rows of BᵀB that is closest to the last element; 0 where B is singular, so that one step finds it. */
function shiftOf({ d, e }: Bidiagonal, from: number, to: number): number {
  for (let i = from; i <= to; i++) if (Math.abs(d[i]!) <= ROUNDING * Math.abs(e[i === to ? i - 1 : i]!)) return 0;
  const above = to - 1 > from ? e[to - 2]! : 0;
  const [far, side, near] = [d[to - 1]! ** 2 + above * above, d[to - 1]! * e[to - 1]!, d[to]! ** 2 + e[to - 1]! ** 2];
  const half = (far - near) / 2;
  const length = length2(half, side);
  const square = length === 0 ? near : near - (side * side) / (half + (half < 0 ? -length : length));
  return Math.sqrt(Math.max(0, square));
}

/** One QR step of BᵀB on rows from … to of B itself: rotations from the right and from the left in turn, noted for the rows of V and U. */
function step(
  { d, e }: Bidiagonal,
  from: number,
  to: number,
  shift: number,
  rows: Rotations,
  columns: Rotations,
): void {
  // (d² − shift², d·e) divided by d, without squares.
  let x = shift === 0 ? d[from]! : (Math.abs(d[from]!) - shift) * (Math.sign(d[from]!) + shift / d[from]!);
  let z = e[from]!;
  for (let i = from; i < to; i++) {
    const across = length2(x, z);
    const [c, s] = across === 0 ? [1, 0] : [x / across, z / across];
    if (i > from) e[i - 1] = across;
    columns.set(i, c, s);
    const head = c * d[i]! + s * e[i]!;
    const above = c * e[i]! - s * d[i]!;
    const below = s * d[i + 1]!;
    const next = c * d[i + 1]!;
    const down = length2(head, below);
    const [p, q] = down === 0 ? [1, 0] : [head / down, below / down];
    rows.set(i, p, q);
    d[i] = down;
    e[i] = p * above + q * next;
    d[i + 1] = p * next - q * above;
    x = e[i]!;
    if (i + 1 < to) {
      z = q * e[i + 1]!;
      e[i + 1]! *= p;
    }
  }
}

function makePositive(d: Float64Array, v: Float64Array, n: number): void {
  for (let i = 0; i < n; i++) {
    if (!(d[i]! < 0)) continue;
    d[i] = -d[i]!;
    for (let at = i * n; at < (i + 1) * n; at++) v[at] = -v[at]!;
  }
}
