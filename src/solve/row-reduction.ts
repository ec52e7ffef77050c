/**
 * Least squares whose rows come in blocks: each block is absorbed into a triangular factor, so memory is that of the unknowns squared however many rows there are.
 *
 * Solve    the factor once more, with exchange of columns; pivots up to rcond times the first are cut, and of all answers the shortest is taken.
 * Letters  n columns, k right-hand sides, p rows of a block.
 * Source   Golub and Van Loan, Matrix Computations, §5.5.6.
 */
import { ConfigError, concat, fromArray, linalg, ShapeError, scope, sliceAxis, type Tensor } from '../engine/index.ts';
import { reduceTriangle, type SystemSolution } from './triangle.ts';

export type { SystemSolution } from './triangle.ts';

export interface SystemOptions {
  /** Pivots up to this part of the largest count as zero: 1e-13 unless said. */
  readonly rcond?: number;
  /** `columns` exchanges them and cuts the rank; `none` takes the factor as it is, and fails on dependent columns. */
  readonly pivots?: 'columns' | 'none';
}

/** A system of n unknowns and k right-hand sides whose rows are taken in one after another, in f64. */
export class RowReduction {
  readonly columns: number;
  readonly rights: number;
  #rows = 0;
  /** The rows of the factor from their diagonal on, with their right-hand sides, one after another. */
  readonly #packed: Float64Array;
  #residual = 0;

  constructor(columns: number, rights = 1) {
    if (!(Number.isInteger(columns) && columns > 0 && Number.isInteger(rights) && rights > 0))
      throw new ConfigError(`a system needs unknowns and right-hand sides, not ${columns} and ${rights}`, {
        columns,
        rights,
        help: 'give whole numbers of at least 1',
      });
    this.columns = columns;
    this.rights = rights;
    this.#packed = new Float64Array(columns * rights + (columns * (columns + 1)) / 2);
  }

  /** Rows absorbed so far. */
  get rows(): number {
    return this.#rows;
  }

  /** Bytes of the factor and its right-hand sides, however many rows there are. */
  get bytes(): number {
    return this.#packed.byteLength;
  }

  /** Takes in rows a (p, n) with their right-hand sides b (p) or (p, k). */
  absorb(a: Tensor, b: Tensor): void {
    const { columns, rights } = this;
    const p = a.shape[0]!;
    if (a.rank !== 2 || a.shape[1] !== columns || b.size !== p * rights)
      throw new ShapeError(
        `rows (${a.shape}) and (${b.shape}) do not fit ${columns} unknowns and ${rights} right-hand sides`,
        {
          rows: a.shape,
          right: b.shape,
          help: 'a is (rows, unknowns), b (rows) or (rows, right-hand sides)',
        },
      );
    using _ = scope();
    const rows = concat([a, b.reshape([p, rights])], 1);
    const { r, rest } = linalg.absorbRows(fromArray(this.#unpacked(), [columns, columns + rights], 'f64'), rows);
    this.#pack(r.readSync() as Float64Array);
    for (const v of rest.readSync()) this.#residual += v * v;
    this.#rows += p;
  }

  /** The factor R (n, n) and what became of the right-hand sides (n, k), row-major. */
  factor(): { readonly r: Float64Array; readonly right: Float64Array } {
    const { columns: n, rights: k } = this;
    const r = new Float64Array(n * n);
    const right = new Float64Array(n * k);
    const whole = this.#unpacked();
    for (let row = 0; row < n; row++) {
      const at = row * (n + k);
      r.set(whole.subarray(at, at + n), row * n);
      right.set(whole.subarray(at + n, at + n + k), row * k);
    }
    return { r, right };
  }

  /** The factor with zeros below its diagonal, (n, n + k). */
  #unpacked(): Float64Array {
    const width = this.columns + this.rights;
    const whole = new Float64Array(this.columns * width);
    this.#eachRow((at, from, count) => whole.set(this.#packed.subarray(from, from + count), at));
    return whole;
  }

  #pack(whole: Float64Array): void {
    this.#eachRow((at, from, count) => this.#packed.set(whole.subarray(at, at + count), from));
  }

  /** Visits each row: its diagonal in the whole factor, its first place in the packed one, and its numbers. */
  #eachRow(visit: (at: number, from: number, count: number) => void): void {
    const width = this.columns + this.rights;
    for (let row = 0, from = 0; row < this.columns; row++) {
      visit(row * (width + 1), from, width - row);
      from += width - row;
    }
  }

  /** The shortest x that makes |A·x − b| smallest for all rows so far; rows that are not finite are refused here. */
  solve({ rcond = 1e-13, pivots = 'columns' }: SystemOptions = {}): SystemSolution {
    if (!(rcond >= 0 && rcond < 1))
      throw new ConfigError(`rcond is ${rcond}, not a number from 0 to below 1`, {
        rcond,
        help: 'it is the part of the largest pivot up to which others count as zero',
      });
    const { r, right } = this.factor();
    if (!Number.isFinite(this.#residual) || !r.every(Number.isFinite) || !right.every(Number.isFinite))
      throw new ConfigError('the system has rows that are not finite', {
        rows: this.#rows,
        help: 'look for NaN and infinity in the data and the features',
      });
    return reduceTriangle(r, right, { n: this.columns, k: this.rights, rcond, pivots, outside: this.#residual });
  }
}

/** Solves A·x ≈ b for a (m, n) and b (m) or (m, k) in f64, by blocks of rows. */
export function leastSquares(
  a: Tensor,
  b: Tensor,
  options: SystemOptions & { readonly rowBlock?: number } = {},
): SystemSolution {
  if (a.rank !== 2 || b.shape[0] !== a.shape[0])
    throw new ShapeError(`leastSquares: (${a.shape}) and (${b.shape}) do not share their rows`, {
      left: a.shape,
      right: b.shape,
      help: 'a is (rows, unknowns), b (rows) or (rows, right-hand sides)',
    });
  const { rowBlock = 1024, ...rest } = options;
  const [m, n] = a.shape as [number, number];
  const system = new RowReduction(n, b.size / m);
  for (let row = 0; row < m; row += rowBlock) {
    using _ = scope();
    const last = Math.min(m, row + rowBlock);
    system.absorb(sliceAxis(a, 0, row, last), sliceAxis(b, 0, row, last));
  }
  return system.solve(rest);
}
