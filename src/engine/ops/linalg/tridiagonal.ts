/**
 * Eigenvectors of symmetric matrices by way of a tridiagonal form: reflections from both sides, then QR steps with implicit shifts.
 *
 * Letters  A = Qᵀ·T·Q with Q orthogonal, kept by rows; T has diagonal d and e beside it, eᵢ between dᵢ and dᵢ₊₁.
 * Source   Golub and Van Loan, Matrix Computations, §8.3.
 */
import type { Desk } from './block.ts';
import { type Reflection, reflectionOf, reflectRows } from './householder.ts';
import { length2, Rotations } from './rotations.ts';

const ROUNDING = 2 ** -52;
/** Steps for each eigenvalue, on average, after which all is given up. */
const PATIENCE = 60;

interface Tridiagonal {
  readonly d: Float64Array;
  readonly e: Float64Array;
}

/** Fills the rows of q (n, n) with eigenvectors of a, whose lower triangle is used up, and returns the eigenvalues beside them; NaN where no step converges. The desk has room for 2·n numbers. */
export function eigenRows({ math, work }: Desk, a: Float64Array, q: Float64Array, n: number): Float64Array {
  const t: Tridiagonal = { d: new Float64Array(n), e: new Float64Array(n) };
  const reflections = tridiagonalize(a, n, t);
  for (let i = 0; i < n; i++) q[i * (n + 1)] = 1;
  for (let k = n - 3; k >= 0; k--) reflectRows(reflections[k]!, q, n, k + 1, n);
  diagonalizeSteps(t, q, n, new Rotations(math, work.subarray(0, 2 * n)));
  return t.d;
}

function tridiagonalize(a: Float64Array, n: number, { d, e }: Tridiagonal): Reflection[] {
  const reflections: Reflection[] = [];
  const work = new Float64Array(n);
  for (let k = 0; k + 2 < n; k++) {
    const reflection = reflectionOf(a, { start: k, stride: n, from: k + 1, to: n });
    e[k] = reflection.head;
    mirrorBothSides(a, n, k + 1, reflection, work);
    reflections.push(reflection);
  }
  if (n > 1) e[n - 2] = a[(n - 1) * n + n - 2]!;
  for (let i = 0; i < n; i++) d[i] = a[i * (n + 1)]!;
  return reflections;
}

/** A ← H·A·H on the lower triangle from row and column `from` on: with p = β·A·v and w = p − β/2·(p·v)·v, A −= v·wᵀ + w·vᵀ. */
function mirrorBothSides(a: Float64Array, n: number, from: number, { v, beta }: Reflection, w: Float64Array): void {
  if (beta === 0) return;
  timesSymmetric(a, n, from, v, w);
  let along = 0;
  for (let i = from; i < n; i++) along += w[i]! * v[i]!;
  const half = (beta * beta * along) / 2;
  for (let i = from; i < n; i++) w[i] = beta * w[i]! - half * v[i]!;
  for (let i = from; i < n; i++) {
    const [x, y] = [v[i]!, w[i]!];
    for (let j = from, at = i * n + from; j <= i; j++, at++) a[at]! -= x * w[j]! + y * v[j]!;
  }
}

/** w = A·v from the lower triangle, which is read once. */
function timesSymmetric(a: Float64Array, n: number, from: number, v: Float64Array, w: Float64Array): void {
  for (let i = from; i < n; i++) {
    const x = v[i]!;
    let along = 0;
    for (let j = from, at = i * n + from; j < i; j++, at++) {
      const y = a[at]!;
      along += y * v[j]!;
      w[j]! += y * x;
    }
    w[i] = along + a[i * (n + 1)]! * x;
  }
}

function diagonalizeSteps(t: Tridiagonal, q: Float64Array, n: number, rotations: Rotations): void {
  const { d, e } = t;
  const isSplit = (i: number): boolean => Math.abs(e[i]!) <= ROUNDING * (Math.abs(d[i]!) + Math.abs(d[i + 1]!));
  for (let to = n - 1, steps = 0; to > 0; ) {
    let from = to;
    while (from > 0 && !isSplit(from - 1)) from--;
    if (from === to) to--;
    else if (steps++ > PATIENCE * n) {
      d.fill(Number.NaN);
      return;
      // The step ends at the smaller side, whose eigenvalue it finds.
    } else if (Math.abs(d[to]!) <= Math.abs(d[from]!)) {
      step(t, from, to, rotations);
      rotations.down(q, n, from, to);
    } else {
      step(t, to, from, rotations);
      rotations.up(q, n, from, to);
    }
  }
}

/** One QR step with the shift of its last two elements, from `start` to `end` in either direction: T ← G·T·Gᵀ with each rotation G noted for the rows of Q. */
function step({ d, e }: Tridiagonal, start: number, end: number, rotations: Rotations): void {
  const by = start < end ? 1 : -1;
  const beside = by > 0 ? 0 : -1; // e[i + beside] stands between i and i + by
  let x = d[start]! - shiftOf(d[end - by]!, e[end - by + beside]!, d[end]!);
  let z = e[start + beside]!;
  for (let i = start; i !== end; i += by) {
    const length = length2(x, z);
    const [c, s] = length === 0 ? [1, 0] : [x / length, z / length];
    if (i !== start) e[i - by + beside] = length;
    const side = e[i + beside]!;
    const turned = s * (d[i + by]! - d[i]!) + 2 * c * side;
    d[i]! += s * turned;
    d[i + by]! -= s * turned;
    x = c * turned - side;
    e[i + beside] = x;
    if (i + by !== end) {
      z = s * e[i + by + beside]!;
      e[i + by + beside]! *= c;
    }
    rotations.set(i + beside, c, by * s);
  }
}

/** The eigenvalue of [[far, side], [side, near]] that is closest to `near`. */
function shiftOf(far: number, side: number, near: number): number {
  const half = (far - near) / 2;
  const length = length2(half, side);
  return length === 0 ? near : near - (side * side) / (half + (half < 0 ? -length : length));
}
