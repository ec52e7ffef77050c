/**
 * Triangular form by reflections with exchange of columns, in panels: within a panel only what the choice of the next column needs is brought up to date.
 *
 * Letters  A (m, n) by columns, as in reflections.ts; F collects what the reflections of a panel V take away from the columns behind it: A ← A − F·V.
 * Source   Quintana-Ortí, Sun and Bischof, A BLAS-3 Version of the QR Factorization with Column Pivoting, SIAM J. Sci. Comput. 19, 1998;
 *          lengths: Drmač and Bujanović, On the Failure of Rank-Revealing QR Factorization Software, ACM TOMS 35, 2008, §3.
 */
import { type Block, blockOf, type Desk, partOf, turned } from './block.ts';
import { lengthOf } from './householder.ts';
import { makeReflection, PANEL, type Reflections } from './reflections.ts';

/** Part of a length below which what is left of it is measured again: the square root of the rounding. */
const WORN = 2 ** -26;

interface Progress {
  readonly desk: Desk;
  readonly v: Block;
  /** Column j of the result is column order[j] of A. */
  readonly order: Int32Array;
  readonly betas: Float64Array;
  readonly heads: Float64Array;
  /** Of the columns below the rows that are done: now, and as last measured. */
  readonly lengths: Float64Array;
  readonly measured: Float64Array;
  readonly f: Block;
}

/** Numbers of work space for n columns. */
export const pivotingRoom = (n: number): number => PANEL * (n + PANEL + 2);

/**
 * Replaces the columns of A in the rows of v by the vectors of reflections, and fills r (min(m, n), n), the triangular form of A with its columns in the returned order.
 *
 * Columns from `count` on are moved, but not exchanged. t, where it is given, becomes that of `Reflections`.
 */
export function triangularizePivoted(
  desk: Desk,
  { v, t }: { v: Block; t: Block | null },
  r: Block,
  count: number,
): Int32Array {
  const [n, m] = [v.rows, v.columns];
  const steps = Math.min(m, count);
  const lengths = Float64Array.from({ length: count }, (_, j) => lengthOf(v.data, v.at + j * v.down, m, 1));
  const progress: Progress = {
    desk,
    v,
    order: Int32Array.from({ length: n }, (_, j) => j),
    betas: new Float64Array(steps),
    heads: new Float64Array(steps),
    lengths,
    measured: lengths.slice(),
    f: blockOf(desk.work, n, PANEL),
  };
  for (let from = 0; from < steps; ) from = reduceSome(progress, from, Math.min(steps, from + PANEL));
  takeTriangle(progress, r, steps);
  if (t !== null) fillFactors(progress, { v, t });
  return progress.order;
}

/** Reduces columns from … to − 1, or fewer where a length must be measured again; returns the first that is left. */
function reduceSome(progress: Progress, from: number, to: number): number {
  const { desk, v, f, lengths, measured } = progress;
  let worn: number[] = [];
  let k = from;
  while (k < to && worn.length === 0) {
    exchangeWithLongest(progress, k);
    reduceColumn(progress, from, k);
    worn = shorten(progress, k++);
  }
  const [vectors, rest] = [partOf(v, [from, k], [k, v.columns]), partOf(v, [k, v.rows], [k, v.columns])];
  desk.math.product(rest, partOf(f, [k, v.rows], [0, k - from]), vectors, 'subtract');
  for (const j of worn) measured[j] = lengths[j] = lengthOf(v.data, v.at + j * v.down + k, v.columns - k, 1);
  return k;
}

function exchangeWithLongest({ v, f, order, lengths, measured }: Progress, k: number): void {
  let best = k;
  for (let j = k + 1; j < lengths.length; j++) if (lengths[j]! > lengths[best]!) best = j;
  if (best === k) return;
  lengths[best] = lengths[k]!;
  measured[best] = measured[k]!;
  [order[k], order[best]] = [order[best]!, order[k]!];
  for (const x of [v, f])
    for (let c = 0, p = x.at + k * x.down, q = x.at + best * x.down; c < x.columns; c++, p++, q++)
      [x.data[p], x.data[q]] = [x.data[q]!, x.data[p]!];
}

/** Brings column k up to date, reflects it, and finds column k − from of F and row k of the triangular form. */
function reduceColumn({ desk: { math, work }, v, f, betas, heads }: Progress, from: number, k: number): void {
  const [n, m, i] = [v.rows, v.columns, k - from];
  const [behind, below] = [[k + 1, n] as const, [k, m] as const];
  const column = partOf(v, [k, k + 1], below);
  const before = partOf(v, [from, k], below);
  if (i > 0) math.product(column, partOf(f, [k, k + 1], [0, i]), before, 'subtract');
  const { beta, head } = makeReflection(v.data, column.at, column.at + m - k);
  betas[k] = beta;
  heads[k] = head;
  const found = partOf(f, behind, [i, i + 1]);
  math.product(found, partOf(v, behind, below), turned(column), 'set');
  if (i > 0) {
    const along = blockOf(work, i, 1, PANEL * n);
    math.product(along, before, turned(column), 'set');
    math.product(found, partOf(f, behind, [0, i]), along, 'subtract');
  }
  for (let j = 0, at = found.at; j < found.rows; j++, at += found.down) f.data[at]! *= beta;
  const row = partOf(v, behind, [k, k + 1]);
  math.product(row, partOf(f, behind, [0, i + 1]), partOf(v, [from, k + 1], [k, k + 1]), 'subtract');
}

/** Takes row k away from the lengths behind it; returns those that must be measured again. */
function shorten({ v, lengths, measured }: Progress, k: number): number[] {
  const worn: number[] = [];
  for (let j = k + 1; j < lengths.length; j++) {
    const length = lengths[j]!;
    if (length === 0) continue;
    const part = Math.abs(v.data[v.at + j * v.down + k]!) / length;
    const left = Math.max(0, (1 - part) * (1 + part));
    const against = length / measured[j]!;
    if (left * against * against <= WORN) worn.push(j);
    else lengths[j] = length * Math.sqrt(left);
  }
  return worn;
}

/** Moves what lies above the diagonal, and the heads on it, to r. */
function takeTriangle({ v, heads }: Progress, r: Block, steps: number): void {
  r.data.fill(0, r.at, r.at + r.rows * r.columns);
  for (let j = 0; j < v.rows; j++) {
    const [from, above] = [v.at + j * v.down, Math.min(j, r.rows)];
    for (let i = 0; i < above; i++) r.data[r.at + i * r.down + j] = v.data[from + i]!;
    v.data.fill(0, from, from + above);
    if (j < steps) r.data[r.at + j * (r.down + 1)] = heads[j]!;
  }
}

/** T of each panel from the products of its vectors. */
function fillFactors({ desk: { math, work }, betas }: Progress, { v, t }: Reflections): void {
  t.data.fill(0, t.at, t.at + t.rows * t.columns);
  for (let from = 0; from < betas.length; from += PANEL) {
    const to = Math.min(betas.length, from + PANEL);
    const [size, panel] = [to - from, partOf(v, [from, to], [from, v.columns])];
    const along = blockOf(work, size, size);
    math.product(along, panel, turned(panel), 'set');
    for (let k = 0; k < size; k++) {
      const beta = betas[from + k]!;
      t.data[t.at + (from + k) * t.down + k] = beta;
      for (let j = 0; j < k; j++) {
        let sum = 0;
        for (let l = j; l < k; l++) sum += t.data[t.at + (from + j) * t.down + l]! * along.data[l * size + k]!;
        t.data[t.at + (from + j) * t.down + k] = -beta * sum;
      }
    }
  }
}
