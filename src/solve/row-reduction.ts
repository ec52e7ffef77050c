/**
 * Least squares whose rows come in blocks: each block is absorbed into a triangular factor, so memory is that of the unknowns squared however many rows there are.
 *
 * Plan     for every panel of columns, reflections that act on one row of the factor and on the block; their product I − V·T·Vᵀ moves what lies to the right by three matrix products of the engine.
 * Solve    the factor once more, with exchange of columns; pivots up to rcond times the first are cut, and of all answers the shortest is taken.
 * Letters  n columns, k right-hand sides, p rows of a block, b columns of a panel; V = (I; W), W (p, b).
 * Source   Schreiber and Van Loan, A Storage-Efficient WY Representation, SIAM J. Sci. Stat. Comput. 10, 1989; Golub and Van Loan, Matrix Computations, §5.5.6.
 */
import {
  add,
  ConfigError,
  concat,
  fromArray,
  matmul,
  ShapeError,
  scope,
  sliceAxis,
  sub,
  type Tensor,
} from '../engine/index.ts';
import { reduceTriangle, type SystemSolution } from './triangle.ts';

export type { SystemSolution } from './triangle.ts';

export interface SystemOptions {
  /** Pivots up to this part of the largest count as zero: 1e-13 unless said. */
  readonly rcond?: number;
  /** `columns` exchanges them and cuts the rank; `none` takes the factor as it is, and fails on dependent columns. */
  readonly pivots?: 'columns' | 'none';
}

/** Columns of a panel: wide enough for the matrix products, narrow enough for what is done in loops. */
const PANEL = 32;

/** A system of n unknowns and k right-hand sides whose rows are taken in one after another, in f64. */
export class RowReduction {
  readonly columns: number;
  readonly rights: number;
  #rows = 0;
  /** For each panel the b rows of the factor, from its first column on: (b, n + k − first). */
  readonly #tops: Float64Array[];
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
    this.#tops = panels(columns).map(([from, to]) => new Float64Array((to - from) * (columns + rights - from)));
  }

  /** Rows absorbed so far. */
  get rows(): number {
    return this.#rows;
  }

  /** Bytes of the factor and its right-hand sides, however many rows there are. */
  get bytes(): number {
    return this.#tops.reduce((total, top) => total + top.byteLength, 0);
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
    let block = concat([a, b.reshape([p, rights])], 1);
    panels(columns).forEach(([from, to], i) => {
      const top = fromArray(this.#tops[i]!, [to - from, columns + rights - from], 'f64');
      const [reduced, rest] = reducePanel(top, block, to - from);
      this.#tops[i]!.set(reduced.readSync());
      block = rest;
    });
    for (const v of block.readSync()) this.#residual += v * v;
    this.#rows += p;
  }

  /** The factor R (n, n) and what became of the right-hand sides (n, k), row-major. */
  factor(): { readonly r: Float64Array; readonly right: Float64Array } {
    const { columns: n, rights: k } = this;
    const r = new Float64Array(n * n);
    const right = new Float64Array(n * k);
    panels(n).forEach(([from, to], i) => {
      const top = this.#tops[i]!;
      const width = n + k - from;
      for (let row = from; row < to; row++) {
        const at = (row - from) * width;
        r.set(top.subarray(at + row - from, at + n - from), row * n + row);
        right.set(top.subarray(at + n - from, at + width), row * k);
      }
    });
    return { r, right };
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

const panels = (n: number): [from: number, to: number][] =>
  Array.from({ length: Math.ceil(n / PANEL) }, (_, i) => [i * PANEL, Math.min(n, (i + 1) * PANEL)]);

/** Eliminates the block's first b columns; returns the panel's new rows of the factor and what is left of the block. */
function reducePanel(top: Tensor, block: Tensor, b: number): [top: Tensor, rest: Tensor] {
  const p = block.shape[0]!;
  const width = block.shape[1]!;
  const head = Float64Array.from(sliceAxis(top, 1, 0, b).readSync());
  const { w, beta } = reflect(head, sliceAxis(block, 1, 0, b).readSync(), p, b);
  const wide = fromArray(w, [p, b], 'f64');
  const gram = matmul(wide, wide, { transposeX: true }).readSync();
  const t = fromArray(blockFactor(gram, beta, b), [b, b], 'f64');
  const [over, below] = [sliceAxis(top, 1, b, width), sliceAxis(block, 1, b, width)];
  const y = matmul(t, add(over, matmul(wide, below, { transposeX: true })), { transposeX: true }); // (b, width − b)
  return [concat([fromArray(head, [b, b], 'f64'), sub(over, y)], 1), sub(below, matmul(wide, y))];
}

/** Reflections I − β·v·vᵀ, v = (unit vector j; column j of w), that clear the columns of a block under the triangle `head`, which changes in place. */
function reflect(
  head: Float64Array,
  rows: ArrayLike<number>,
  p: number,
  b: number,
): { readonly w: Float64Array; readonly beta: Float64Array } {
  const columns = Array.from({ length: b }, (_, j) => Float64Array.from({ length: p }, (_, i) => rows[i * b + j]!));
  const beta = new Float64Array(b);
  for (let j = 0; j < b; j++) {
    const x = columns[j]!;
    const below = Math.sqrt(dot(x, x));
    if (below === 0) continue;
    const first = head[j * b + j]!;
    const length = Math.hypot(first, below);
    const turned = first > 0 ? -length : length;
    const scale = 1 / (first - turned);
    for (let i = 0; i < p; i++) x[i]! *= scale;
    beta[j] = (turned - first) / turned;
    head[j * b + j] = turned;
    for (let l = j + 1; l < b; l++) {
      const y = columns[l]!;
      const along = beta[j]! * (head[j * b + l]! + dot(x, y));
      head[j * b + l]! -= along;
      for (let i = 0; i < p; i++) y[i]! -= along * x[i]!;
    }
  }
  const w = new Float64Array(p * b);
  for (let j = 0; j < b; j++) if (beta[j] !== 0) for (let i = 0; i < p; i++) w[i * b + j] = columns[j]![i]!;
  return { w, beta };
}

/** Four chains, so that additions need not wait for one another. */
function dot(x: Float64Array, y: Float64Array): number {
  let [a, b, c, d] = [0, 0, 0, 0];
  const whole = x.length & ~3;
  for (let i = 0; i < whole; i += 4) {
    a += x[i]! * y[i]!;
    b += x[i + 1]! * y[i + 1]!;
    c += x[i + 2]! * y[i + 2]!;
    d += x[i + 3]! * y[i + 3]!;
  }
  for (let i = whole; i < x.length; i++) a += x[i]! * y[i]!;
  return a + b + (c + d);
}

/** T of the product I − V·T·Vᵀ of all reflections: upper triangular, from the products of their vectors. */
function blockFactor(gram: ArrayLike<number>, beta: Float64Array, b: number): Float64Array {
  const t = new Float64Array(b * b);
  for (let j = 0; j < b; j++) {
    t[j * b + j] = beta[j]!;
    for (let i = 0; i < j; i++) {
      let sum = 0;
      for (let l = i; l < j; l++) sum += t[i * b + l]! * gram[l * b + j]!;
      t[i * b + j] = -beta[j]! * sum;
    }
  }
  return t;
}
