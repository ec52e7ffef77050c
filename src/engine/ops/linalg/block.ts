/**
 * Dense f64 blocks inside larger arrays, and what all factorizations are built from: products of blocks and triangular systems.
 *
 * The same blocked algorithm runs on every backend; `BlockMath` is what differs: plain loops here, the kernels of the matrix product on wasm.
 */

/** A matrix whose element (i, j) is data[at + i·down + j·across]. */
export interface Block {
  readonly data: Float64Array;
  readonly at: number;
  readonly rows: number;
  readonly columns: number;
  readonly down: number;
  readonly across: number;
}

export interface BlockMath {
  /** c ← a·b, c + a·b or c − a·b; c overlaps neither. */
  product(c: Block, a: Block, b: Block, mode: 'set' | 'add' | 'subtract'): void;
  /** x ← T⁻¹·x with T the lower triangle of a; the rows of x are contiguous. */
  substitute(a: Block, x: Block, hasUnitDiagonal: boolean): void;
  /** Rotates rows i and i + 1 of x by (c, s) in column i of `angles`: x ← c·x + s·y, y ← c·y − s·x for i = from … to − 1, or back; rows are contiguous. */
  rotate(x: Block, angles: Block, range: readonly [from: number, to: number], isUp: boolean): void;
}

/** What an op's loops may use besides their operands. */
export interface Desk {
  readonly math: BlockMath;
  /** As many numbers as the op asked for; they hold anything. */
  readonly work: Float64Array;
}

/** Rows of `columns` numbers one after another. */
export const blockOf = (data: Float64Array, rows: number, columns: number, at = 0): Block => ({
  data,
  at,
  rows,
  columns,
  down: columns,
  across: 1,
});

/** Rows [i0, i1) and columns [j0, j1). */
export const partOf = (x: Block, [i0, i1]: readonly [number, number], [j0, j1]: readonly [number, number]): Block => ({
  data: x.data,
  at: x.at + i0 * x.down + j0 * x.across,
  rows: i1 - i0,
  columns: j1 - j0,
  down: x.down,
  across: x.across,
});

export const turned = ({ data, at, rows, columns, down, across }: Block): Block => ({
  data,
  at,
  rows: columns,
  columns: rows,
  down: across,
  across: down,
});

/** Pieces of these lengths one after another, and the rest. */
export function sheets<const T extends readonly number[]>(
  room: Float64Array,
  ...lengths: T
): [...{ -readonly [K in keyof T]: Float64Array }, Float64Array] {
  let at = 0;
  const pieces = lengths.map((length) => {
    at += length;
    return room.subarray(at - length, at);
  });
  return [...pieces, room.subarray(at)] as [...{ -readonly [K in keyof T]: Float64Array }, Float64Array];
}

/** Rows from the last to the first and, for a square matrix, columns too: an upper triangle becomes a lower one. */
const reversed = (x: Block, hasColumns: boolean): Block => ({
  ...x,
  at: x.at + (x.rows - 1) * x.down + (hasColumns ? (x.columns - 1) * x.across : 0),
  down: -x.down,
  across: hasColumns ? -x.across : x.across,
});

/** Rows that substitution takes without a product. */
const LEAF = 16;

/** x ← T⁻¹·x with T the lower triangle of a, halved until products do most of the work. */
export function solveLower(math: BlockMath, a: Block, x: Block, hasUnitDiagonal = false): void {
  const n = a.rows;
  if (n === 0 || x.columns === 0) return;
  if (n <= LEAF) {
    math.substitute(a, x, hasUnitDiagonal);
    return;
  }
  const half = LEAF * Math.ceil(n / (2 * LEAF));
  const [first, rest, all] = [[0, half] as const, [half, n] as const, [0, x.columns] as const];
  const top = partOf(x, first, all);
  const bottom = partOf(x, rest, all);
  solveLower(math, partOf(a, first, first), top, hasUnitDiagonal);
  math.product(bottom, partOf(a, rest, first), top, 'subtract');
  solveLower(math, partOf(a, rest, rest), bottom, hasUnitDiagonal);
}

/** The same with the upper triangle of a. */
export const solveUpper = (math: BlockMath, a: Block, x: Block, hasUnitDiagonal = false): void =>
  solveLower(math, reversed(a, true), reversed(x, false), hasUnitDiagonal);

/** Fills x (n, n), of contiguous rows that hold zeros, with the inverse of the upper triangle of a. */
export function invertUpper(math: BlockMath, a: Block, x: Block): void {
  const n = a.rows;
  if (n <= LEAF) {
    for (let i = 0; i < n; i++) x.data[x.at + i * (x.down + x.across)] = 1;
    solveUpper(math, a, x);
    return;
  }
  const half = LEAF * Math.ceil(n / (2 * LEAF));
  const [first, rest] = [[0, half] as const, [half, n] as const];
  const [corner, side, below] = [partOf(x, first, first), partOf(x, first, rest), partOf(x, rest, rest)];
  invertUpper(math, partOf(a, first, first), corner);
  invertUpper(math, partOf(a, rest, rest), below);
  // The rows under the corner are zeros and free until the end.
  const middle = turned(partOf(x, rest, first));
  math.product(middle, partOf(a, first, rest), below, 'set');
  math.product(side, corner, middle, 'subtract');
  for (let i = half; i < n; i++) x.data.fill(0, x.at + i * x.down, x.at + i * x.down + half);
}

/** The product of two contiguous vectors, in four chains, so that additions need not wait for one another. */
export function dotOf(data: Float64Array, x: number, y: number, n: number): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  let i = 0;
  for (; i + 3 < n; i += 4) {
    a += data[x + i]! * data[y + i]!;
    b += data[x + i + 1]! * data[y + i + 1]!;
    c += data[x + i + 2]! * data[y + i + 2]!;
    d += data[x + i + 3]! * data[y + i + 3]!;
  }
  for (; i < n; i++) a += data[x + i]! * data[y + i]!;
  return a + b + (c + d);
}

const TILE = 16;

/** y ← xᵀ for y (rows, columns), both in contiguous rows, tile by tile. */
export function transposeInto(y: Float64Array, x: Float64Array, rows: number, columns: number): void {
  for (let i0 = 0; i0 < rows; i0 += TILE)
    for (let j0 = 0; j0 < columns; j0 += TILE) {
      const [i1, j1] = [Math.min(rows, i0 + TILE), Math.min(columns, j0 + TILE)];
      for (let i = i0; i < i1; i++) for (let j = j0; j < j1; j++) y[i * columns + j] = x[j * rows + i]!;
    }
}

/** Loops in f64. */
export const plainMath: BlockMath = {
  product(c, a, b, mode) {
    const sign = mode === 'subtract' ? -1 : 1;
    for (let i = 0; i < c.rows; i++) {
      if (mode === 'set') for (let j = 0, to = c.at + i * c.down; j < c.columns; j++, to += c.across) c.data[to] = 0;
      for (let p = 0; p < a.columns; p++) {
        const factor = sign * a.data[a.at + i * a.down + p * a.across]!;
        let to = c.at + i * c.down;
        let from = b.at + p * b.down;
        for (let j = 0; j < c.columns; j++, to += c.across, from += b.across) c.data[to]! += factor * b.data[from]!;
      }
    }
  },
  substitute(a, x, hasUnitDiagonal) {
    for (let i = 0; i < a.rows; i++) {
      const to = x.at + i * x.down;
      for (let j = 0; j < i; j++) {
        const factor = a.data[a.at + i * a.down + j * a.across]!;
        const from = x.at + j * x.down;
        for (let c = 0; c < x.columns; c++) x.data[to + c]! -= factor * x.data[from + c]!;
      }
      if (hasUnitDiagonal) continue;
      const pivot = a.data[a.at + i * (a.down + a.across)]!;
      for (let c = 0; c < x.columns; c++) x.data[to + c]! /= pivot;
    }
  },
  rotate(x, angles, [from, to], isUp) {
    for (let turn = from; turn < to; turn++) {
      const i = isUp ? from + to - 1 - turn : turn;
      const [c, s] = [angles.data[angles.at + i]!, angles.data[angles.at + angles.down + i]!];
      for (let j = 0, p = x.at + i * x.down, q = p + x.down; j < x.columns; j++, p++, q++) {
        const [one, two] = [x.data[p]!, x.data[q]!];
        x.data[p] = c * one + s * two;
        x.data[q] = c * two - s * one;
      }
    }
  },
};
