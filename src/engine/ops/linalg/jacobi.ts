/** Jacobi's rotations, two-sided for symmetric matrices and one-sided for singular values: slow for large matrices, and accurate to the last digits. */
import { jacobiRotation, rotate } from './rotations.ts';

const SWEEPS = 60;
const ROUNDING = 2 ** -52;

/** Makes a symmetric a (n, n) diagonal; the rows of v become its eigenvectors. */
export function diagonalize(a: Float64Array, v: Float64Array, n: number): void {
  for (let i = 0; i < n; i++) v[i * (n + 1)] = 1;
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    let rotations = 0;
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) rotations += Number(annihilate(a, v, n, p, q));
    if (rotations === 0) return;
  }
}

function annihilate(a: Float64Array, v: Float64Array, n: number, p: number, q: number): boolean {
  const [pp, pq, qq] = [a[p * (n + 1)]!, a[p * n + q]!, a[q * (n + 1)]!];
  // Nothing is gained once the element disappears beside both diagonals.
  if (Math.abs(pp) + Math.abs(pq) === Math.abs(pp) && Math.abs(qq) + Math.abs(pq) === Math.abs(qq)) return false;
  const turn = jacobiRotation(pp, pq, qq);
  rotate(a, [p * n, q * n, 1, n], turn);
  rotate(a, [p, q, n, n], turn);
  a[p * n + q] = 0;
  a[q * n + p] = 0;
  rotate(v, [p * n, q * n, 1, n], turn);
  return true;
}

/** Rotates the n rows of w (n, m) until they are orthogonal, and those of v (n, n) with them. */
export function orthogonalize(w: Float64Array, v: Float64Array, n: number, m: number): void {
  for (let i = 0; i < n; i++) v[i * (n + 1)] = 1;
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    let rotations = 0;
    for (let p = 0; p < n; p++) for (let q = p + 1; q < n; q++) rotations += Number(separate(w, v, n, m, p, q));
    if (rotations === 0) return;
  }
}

function separate(w: Float64Array, v: Float64Array, n: number, m: number, p: number, q: number): boolean {
  let [pp, pq, qq] = [0, 0, 0];
  for (let k = 0; k < m; k++) {
    const [x, y] = [w[p * m + k]!, w[q * m + k]!];
    pp += x * x;
    pq += x * y;
    qq += y * y;
  }
  if (!(Math.abs(pq) > ROUNDING * Math.sqrt(pp) * Math.sqrt(qq))) return false;
  const turn = jacobiRotation(pp, pq, qq);
  rotate(w, [p * m, q * m, 1, m], turn);
  rotate(v, [p * n, q * n, 1, n], turn);
  return true;
}
