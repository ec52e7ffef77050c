/**
 * A triangular factor that takes in more rows: reflections of one row of the factor and all of the block clear the block column by column, in panels.
 *
 * Letters  R (n, n + k) with right-hand sides behind column n; block B (p, n + k), kept by columns: row j of the array is column j. Reflection j is that of v = (unit vector j; wⱼ), wⱼ in row j where
 *          column j was; a panel of them is I − VᵀTV, V = (I; W).
 * Source   Schreiber and Van Loan, A Storage-Efficient WY Representation, 1989; Golub and Van Loan, Matrix Computations, §5.5.6.
 */
import type { CheckRow } from '../../check-row.ts';
import type { TypedArray } from '../../dtype.ts';
import { ShapeError, UnsupportedError } from '../../errors.ts';
import type { Op } from '../../op.ts';
import { showShape, sizeOf } from '../../shape.ts';
import type { Tensor } from '../../tensor.ts';
import { bind } from '../../trace.ts';
import { cast } from '../cast.ts';
import { NONE, type None } from '../makers.ts';
import { type Block, blockOf, type Desk, dotOf, partOf, sheets, transposeInto, turned } from './block.ts';
import { lengthOf } from './householder.ts';
import { matrixOp } from './matrix-op.ts';
import { PANEL, reflectionRoom } from './reflections.ts';

const LEAF = 4;

interface Growing {
  readonly desk: Desk;
  readonly r: Block;
  readonly b: Block;
}

type Range = readonly [from: number, to: number];

function absorb({ math, work }: Desk, r: Block, block: TypedArray, rest: Float64Array): void {
  const [n, width] = [r.rows, r.columns];
  const p = block.length / width;
  const [columns, factor, free] = sheets(work, block.length, PANEL * PANEL);
  transposeInto(columns, block as Float64Array, width, p);
  const growing = { desk: { math, work: free }, r, b: blockOf(columns, width, p) };
  for (let from = 0; from < n; from += PANEL) {
    const panel = [from, Math.min(n, from + PANEL)] as const;
    const size = panel[1] - from;
    const t = blockOf(factor.fill(0), size, size);
    clearPanel(growing, t, panel);
    movePanel(growing, t, panel, [panel[1], width]);
  }
  transposeInto(rest, columns.subarray(n * p), p, width - n);
}

const vectorsOf = (b: Block, range: Range): Block => partOf(b, range, [0, b.columns]);

function clearPanel(growing: Growing, t: Block, [from, to]: Range): void {
  if (to - from <= LEAF) {
    for (let j = from; j < to; j++) clearColumn(growing, t, j - from, [j, to]);
    return;
  }
  const half = LEAF * Math.ceil((to - from) / (2 * LEAF));
  const [left, right] = [[from, from + half] as const, [from + half, to] as const];
  const [first, second] = [[0, half] as const, [half, to - from] as const];
  const { desk, b } = growing;
  clearPanel(growing, partOf(t, first, first), left);
  movePanel(growing, partOf(t, first, first), left, right);
  clearPanel(growing, partOf(t, second, second), right);
  // The corner of T: −T₁·W₁·W₂ᵀ·T₂; the unit vectors of the halves are orthogonal.
  const [along, moved] = [0, 1].map((i) => blockOf(desk.work, half, to - from - half, i * PANEL * PANEL)) as [
    Block,
    Block,
  ];
  desk.math.product(along, vectorsOf(b, left), turned(vectorsOf(b, right)), 'set');
  desk.math.product(moved, partOf(t, first, first), along, 'set');
  desk.math.product(partOf(t, first, second), moved, partOf(t, second, second), 'subtract');
}

/** Makes reflection j, moves the columns up to `to` by it, and fills column i of T. */
function clearColumn({ r, b }: Growing, t: Block, i: number, [j, to]: Range): void {
  const [data, p, w] = [b.data, b.columns, b.at + j * b.down];
  const below = lengthOf(data, w, p, 1);
  if (below === 0) return;
  const diagonal = r.at + j * (r.down + 1);
  const first = r.data[diagonal]!;
  const length = Math.hypot(first, below);
  const head = first > 0 ? -length : length;
  const beta = (head - first) / head;
  const scale = first - head;
  for (let c = w; c < w + p; c++) data[c]! /= scale;
  r.data[diagonal] = head;
  for (let l = j + 1; l < to; l++) {
    const [above, from] = [diagonal + l - j, b.at + l * b.down];
    const along = beta * (r.data[above]! + dotOf(data, w, from, p));
    r.data[above]! -= along;
    for (let c = 0; c < p; c++) data[from + c]! -= along * data[w + c]!;
  }
  const products = Float64Array.from({ length: i }, (_, l) => dotOf(data, w - (i - l) * b.down, w, p));
  t.data[t.at + i * (t.down + 1)] = beta;
  for (let l = 0; l < i; l++) {
    let sum = 0;
    for (let m = l; m < i; m++) sum += t.data[t.at + l * t.down + m]! * products[m]!;
    t.data[t.at + l * t.down + i] = -beta * sum;
  }
}

/** Columns [from, to) of factor and block lose V·Tᵀ·Vᵀ of themselves. */
function movePanel({ desk: { math, work }, r, b }: Growing, t: Block, panel: Range, columns: Range): void {
  const [count, size] = [columns[1] - columns[0], panel[1] - panel[0]];
  if (count === 0) return;
  const top = turned(partOf(r, panel, columns));
  const [along, moved] = [blockOf(work, count, size), blockOf(work, count, size, count * size)];
  eachOf(along, top, (y, x) => {
    along.data[y] = top.data[x]!;
  });
  math.product(along, vectorsOf(b, columns), turned(vectorsOf(b, panel)), 'add');
  math.product(moved, along, t, 'set');
  eachOf(moved, top, (y, x) => {
    top.data[x]! -= moved.data[y]!;
  });
  math.product(vectorsOf(b, columns), moved, vectorsOf(b, panel), 'subtract');
}

/** Visits the places of the elements of two blocks of one shape, along the rows of the second as they lie. */
function eachOf(y: Block, x: Block, visit: (y: number, x: number) => void): void {
  for (let j = 0; j < y.columns; j++)
    for (let i = 0; i < y.rows; i++) visit(y.at + i * y.down + j * y.across, x.at + i * x.down + j * x.across);
}

/** R (n, n + k), rows (p, n + k) → the factor of both, and what is left of the rows behind column n, (p, k). */
export const absorbRowsOp: Op<None> = /* @__PURE__ */ matrixOp<None>('absorbRows', {
  cores: [2, 2],
  results: ([r, b]) => {
    if (r![1] !== b![1] || r![0]! > r![1]!)
      throw new ShapeError(`absorbRows: ${showShape(r!)} and ${showShape(b!)} are not (n, n + k) and (p, n + k)`, {
        left: r!,
        right: b!,
      });
    return [
      { shape: r!, dtype: 'f64' },
      { shape: [b![0]!, r![1]! - r![0]!], dtype: 'f64' },
    ];
  },
  jvp: () => {
    throw new UnsupportedError('absorbRows: the factor of a growing system has no derivative here', {
      help: 'lstsq differentiates the solution of a system',
    });
  },
  kernel: ([r, b], [grown, rest], [size], _, desk) => {
    grown!.set(r!);
    absorb(desk, blockOf(grown as Float64Array, size![0]!, size![1]!), b!, rest as Float64Array);
  },
  room: ([r, b]) => sizeOf(b!) + PANEL * PANEL + reflectionRoom(r![1]!),
  flops: ([r, b]) => 2 * sizeOf(r!) * b![0]!,
});

/**
 * The triangular factor of a system that takes in more rows: r (n, n + k) is upper triangular in its first n columns, with k right-hand sides behind; rows (p, n + k) come in.
 *
 * Returns the factor of all rows, and what is left of the new right-hand sides (p, k): its squares are what the sum of squared residuals grows by. In f64, without a derivative.
 */
export function absorbRows(r: Tensor, rows: Tensor): { readonly r: Tensor; readonly rest: Tensor } {
  const [grown, rest] = bind(absorbRowsOp, [r, rows], NONE) as [Tensor, Tensor];
  return { r: grown, rest };
}

export const absorbRowsChecks: readonly CheckRow[] = [
  {
    name: 'absorbRows',
    f: (r, b) => absorbRows(cast(r!, 'f64'), cast(b!, 'f64')).r,
    args: [{ shape: [2, 3, 4] }, { shape: [2, 5, 4] }],
    order: 0,
  },
  {
    name: 'absorbRows.rest',
    f: (r, b) => absorbRows(cast(r!, 'f64'), cast(b!, 'f64')).rest,
    args: [{ shape: [3, 5] }, { shape: [2, 5] }],
    order: 0,
  },
];
