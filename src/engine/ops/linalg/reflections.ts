/**
 * Triangular form by blocks of reflections, without exchange of columns, and what their product does to other matrices.
 *
 * Letters  A (m, n) with m ≥ n, kept by columns: row j of the array is column j. Reflection k is I − βₖ·vₖ·vₖᵀ; a panel of them is I − Vᵀ·T·V with the vectors in the rows of V and T upper triangular.
 * Source   Schreiber and Van Loan, A Storage-Efficient WY Representation, SIAM J. Sci. Stat. Comput. 10, 1989; panels by halves: Elmroth and Gustavson, 2000.
 */
import { type Block, blockOf, type Desk, dotOf, partOf, turned } from './block.ts';
import { lengthOf } from './householder.ts';

/** Reflections that act together. */
export const PANEL = 32;
const LEAF = 4;

export interface Reflections {
  /** (n, m): vector k in row k, zero in front of element k. */
  readonly v: Block;
  /** (n, PANEL): T of the panel that begins at row k in its rows and first columns. */
  readonly t: Block;
}

/** Numbers of work space that products with reflections need for matrices of `lines` rows or columns. */
export const reflectionRoom = (lines: number): number => 2 * PANEL * Math.max(lines, PANEL);

const panelsOf = (n: number): (readonly [from: number, to: number])[] =>
  Array.from({ length: Math.ceil(n / PANEL) }, (_, i) => [i * PANEL, Math.min(n, (i + 1) * PANEL)] as const);

/** T of the panel [from, to). */
const factorOf = ({ t }: Reflections, [from, to]: readonly [number, number]): Block =>
  partOf(t, [from, to], [0, to - from]);

/** Replaces the columns of A in the rows of v by the vectors of reflections, and fills t and r (n, n), the triangular form. */
export function triangularize(desk: Desk, all: Reflections, r: Block): void {
  const { v, t } = all;
  t.data.fill(0, t.at, t.at + t.rows * t.columns);
  r.data.fill(0, r.at, r.at + r.rows * r.columns);
  for (const panel of panelsOf(v.rows)) {
    const factor = factorOf(all, panel);
    reducePanel(desk, v, r, factor, panel);
    const rest = partOf(v, [panel[1], v.rows], [panel[0], v.columns]);
    applyPanel(desk, vectorsOf(v, panel), factor, rest);
  }
}

const vectorsOf = (v: Block, [from, to]: readonly [number, number]): Block => partOf(v, [from, to], [from, v.columns]);

/** x ← x·(I − Vᵀ·T·V) for x of as many columns as V. */
function applyPanel({ math, work }: Desk, v: Block, t: Block, x: Block): void {
  if (x.rows === 0) return;
  const [along, moved] = [0, 1].map((i) => {
    const at = i * PANEL * x.rows;
    return x.across === 1 ? blockOf(work, x.rows, v.rows, at) : turned(blockOf(work, v.rows, x.rows, at));
  }) as [Block, Block];
  math.product(along, x, turned(v), 'set');
  math.product(moved, along, t, 'set');
  math.product(x, moved, v, 'subtract');
}

function reducePanel(desk: Desk, v: Block, r: Block, t: Block, [from, to]: readonly [number, number]): void {
  if (to - from <= LEAF) {
    for (let k = from; k < to; k++) reduceColumn(v, r, t, [k - from, k, to]);
    return;
  }
  const half = LEAF * Math.ceil((to - from) / (2 * LEAF));
  const [left, right] = [
    [from, from + half],
    [from + half, to],
  ] as const;
  const [first, second] = [
    [0, half],
    [half, to - from],
  ] as const;
  reducePanel(desk, v, r, partOf(t, first, first), left);
  applyPanel(desk, vectorsOf(v, left), partOf(t, first, first), partOf(v, right, [from, v.columns]));
  reducePanel(desk, v, r, partOf(t, second, second), right);
  joinFactors(desk, v, t, left, right);
}

/** The corner of T that joins two halves: −T₁·V₁·V₂ᵀ·T₂. */
function joinFactors(
  { math, work }: Desk,
  v: Block,
  t: Block,
  left: readonly [number, number],
  right: readonly [number, number],
): void {
  const [p, q] = [left[1] - left[0], right[1] - right[0]];
  const [first, second] = [[0, p] as const, [p, p + q] as const];
  const [along, moved] = [blockOf(work, p, q), blockOf(work, p, q, p * q)];
  math.product(along, partOf(v, left, [right[0], v.columns]), turned(partOf(v, right, [right[0], v.columns])), 'set');
  math.product(moved, partOf(t, first, first), along, 'set');
  math.product(partOf(t, first, second), moved, partOf(t, second, second), 'subtract');
}

/** Makes reflection k, moves the columns up to `to` by it, and fills column i of T. */
function reduceColumn(v: Block, r: Block, t: Block, [i, k, to]: readonly [i: number, k: number, to: number]): void {
  const [data, start, m] = [v.data, v.at + k * v.down, v.columns];
  for (let j = 0; j < k; j++) {
    r.data[r.at + j * r.down + k] = data[start + j]!;
    data[start + j] = 0;
  }
  const { beta, head } = makeReflection(data, start + k, start + m);
  r.data[r.at + k * (r.down + 1)] = head;
  const vector = partOf(v, [k, k + 1], [k, m]);
  for (let j = k + 1; j < to; j++) moveAlong(data, vector.at, v.at + j * v.down + k, m - k, beta);
  t.data[t.at + i * (t.down + 1)] = beta;
  if (i === 0 || beta === 0) return;
  // Column i of T: −β·T·V·v.
  const along = Float64Array.from({ length: i }, (_, j) =>
    dotOf(data, v.at + (k - i + j) * v.down + k, vector.at, m - k),
  );
  for (let j = 0; j < i; j++) {
    let sum = 0;
    for (let l = j; l < i; l++) sum += t.data[t.at + j * t.down + l]! * along[l]!;
    t.data[t.at + j * t.down + i] = -beta * sum;
  }
}

/** Replaces x[from … to) by the v of the reflection that takes it to head·(1, 0, 0, …). */
export function makeReflection(
  x: Float64Array,
  from: number,
  to: number,
): { readonly beta: number; readonly head: number } {
  const length = lengthOf(x, from, to - from, 1);
  if (length === 0) return { beta: 0, head: 0 };
  const first = x[from]! / length;
  for (let i = from; i < to; i++) x[i]! /= length;
  x[from] = first < 0 ? first - 1 : first + 1;
  return { beta: 1 / (1 + Math.abs(first)), head: first < 0 ? length : -length }; // |v|² = 2·(1 + |first|)
}

function moveAlong(data: Float64Array, v: number, x: number, n: number, beta: number): void {
  if (beta === 0) return;
  const factor = beta * dotOf(data, v, x, n);
  for (let i = 0; i < n; i++) data[x + i]! -= factor * data[v + i]!;
}

/** Fills row j of q (n, m) with column j of the product of the reflections. */
export function orthonormalRows(desk: Desk, all: Reflections, q: Block): void {
  q.data.fill(0, q.at, q.at + q.rows * q.columns);
  for (let j = 0; j < q.rows; j++) q.data[q.at + j * (q.down + 1)] = 1;
  for (const panel of panelsOf(all.v.rows).reverse()) {
    const rest = partOf(q, [panel[0], q.rows], [panel[0], q.columns]);
    applyPanel(desk, vectorsOf(all.v, panel), turned(factorOf(all, panel)), rest);
  }
}

/** b ← Qᵀ·b, or Q·b, for b (m, k) and Q the product of the reflections. */
export function applyOrthonormal(desk: Desk, all: Reflections, b: Block, isTransposed: boolean): void {
  const panels = panelsOf(all.v.rows);
  for (const panel of isTransposed ? panels : panels.reverse()) {
    const factor = factorOf(all, panel);
    const rows = partOf(b, [panel[0], b.rows], [0, b.columns]);
    applyPanel(desk, vectorsOf(all.v, panel), isTransposed ? factor : turned(factor), turned(rows));
  }
}
