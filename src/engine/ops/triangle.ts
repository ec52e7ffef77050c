/** Triangles and diagonals of the matrices in the last two axes. */
import type { CheckRow } from '../check-row.ts';
import { ShapeError } from '../errors.ts';
import { showShape } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { add } from './arithmetic.ts';
import { eq, ge, le } from './compare.ts';
import type { TensorLike } from './constant.ts';
import { iota } from './iota.ts';
import { where } from './logic.ts';
import { expandDims, reshape, slice } from './movement.ts';
import { asTensor } from './promote.ts';
import { sum } from './reduce.ts';

/** Compares column numbers with row numbers + k, as a mask (m, n). */
function masked(name: string, x: Tensor, k: number, compare: (column: Tensor, limit: Tensor) => Tensor): Tensor {
  const [m, n] = planeOf(name, x);
  const limit = add(expandDims(iota(m), 1), k); // (m, 1)
  return where(compare(iota(n), limit), x, 0);
}

function planeOf(name: string, x: Tensor): [rows: number, columns: number] {
  if (x.rank < 2)
    throw new ShapeError(`${name}: ${showShape(x.shape)} has no matrix in its last two axes`, {
      shape: x.shape,
      help: 'diag(x) makes a matrix of a vector',
    });
  return [x.shape.at(-2)!, x.shape.at(-1)!];
}

/** x with zeros above the k-th diagonal of each matrix (…, m, n); k = 1 is the diagonal above the main one. */
export const tril = (x: TensorLike, k = 0): Tensor => masked('tril', asTensor(x), k, le);
/** x with zeros below the k-th diagonal of each matrix (…, m, n). */
export const triu = (x: TensorLike, k = 0): Tensor => masked('triu', asTensor(x), k, ge);

/** Square matrices with x on the diagonal: (…, n) → (…, n, n). */
export function diag(x: TensorLike): Tensor {
  const t = asTensor(x);
  if (t.rank === 0) throw new ShapeError('diag: a scalar has no axis to put on a diagonal', { shape: t.shape });
  const n = iota(t.shape.at(-1)!);
  return where(eq(expandDims(n, 1), n), expandDims(t, t.rank), 0);
}

/** The main diagonals of matrices: (…, m, n) → (…, min(m, n)). */
export function diagonal(x: TensorLike): Tensor {
  const t = asTensor(x);
  const [m, n] = planeOf('diagonal', t);
  const lead = t.shape.slice(0, -2);
  const flat = reshape(t, [...lead, m * n]);
  const stop = Math.min(m, n) === 0 ? 0 : (Math.min(m, n) - 1) * (n + 1) + 1;
  return slice(flat, [...lead.map(() => 0), 0], [...lead, stop], [...lead.map(() => 1), n + 1]);
}

/** The sum of the main diagonal: (…, m, n) → (…). */
export const trace = (x: TensorLike): Tensor => sum(diagonal(x), -1);

export const triangleChecks: readonly CheckRow[] = [
  { name: 'tril', f: (x) => tril(x!, -1), args: [{ shape: [2, 3, 4] }] },
  { name: 'triu', f: (x) => triu(x!, 1), args: [{ shape: [4, 3] }] },
  { name: 'diag', f: (x) => diag(x!), args: [{ shape: [2, 3] }] },
  { name: 'diagonal', f: (x) => diagonal(x!), args: [{ shape: [2, 3, 4] }] },
  { name: 'diagonal.tall', f: (x) => diagonal(x!), args: [{ shape: [4, 3] }] },
];
