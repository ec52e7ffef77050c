/** Factorizations and solvers: residuals at sizes of use, exact answers, systems that are nearly or wholly singular. */
import { describe, expect, it } from 'vitest';
import { DtypeError, ShapeError } from '../errors.ts';
import type { Tensor } from '../tensor.ts';
import { jit } from '../transforms/jit.ts';
import { add, mul, sub } from './arithmetic.ts';
import { tensor } from './create.ts';
import { eye } from './iota.ts';
import { cholesky, inverse, lstsq, pinv, qr, slogdet, solve, triangularSolve } from './linalg.ts';
import { matmul } from './matmul.ts';
import { reshape, sliceAxis, swapLast } from './movement.ts';
import { key, normal } from './random.ts';
import { diag, tril, triu } from './triangle.ts';

const EPS = 2 ** -52;
const gaussian = (seed: number, ...shape: number[]): Tensor => normal(key(seed), shape, { dtype: 'f64' });
const doubles = (x: readonly (readonly number[])[]): Tensor =>
  tensor(
    x.map((row) => [...row]),
    { dtype: 'f64' },
  );
const list = (x: Tensor): number[] => Array.from(x.readSync());
const largest = (x: Tensor): number =>
  list(x).reduce((m, y) => Math.max(m, Number.isNaN(y) ? Infinity : Math.abs(y)), 0);
const gap = (x: Tensor, y: Tensor): number => largest(sub(x, y));
const orthogonality = (q: Tensor): number => gap(matmul(q, q, { transposeX: true }), eye(q.shape.at(-1)!, 'f64'));
/** Singular values 1 … 10^−decades. */
const graded = (n: number, decades: number): Tensor => {
  const scale = tensor(
    Array.from({ length: n }, (_, i) => 10 ** ((-decades * i) / (n - 1))),
    { dtype: 'f64' },
  );
  return matmul(mul(qr(gaussian(1, n, n)).q, scale), qr(gaussian(2, n, n)).q);
};
const hilbert = (n: number): Tensor =>
  doubles(Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => 1 / (i + j + 1))));

describe('cholesky', () => {
  it('finds the whole numbers of a known factor', () => {
    const a = doubles([
      [4, 12, -16],
      [12, 37, -43],
      [-16, -43, 98],
    ]);
    expect(list(cholesky(a))).toEqual([2, 0, 0, 6, 1, 0, -8, 5, 3]);
  });

  it('gives back the matrix at n = 200', () => {
    const x = gaussian(3, 200, 200);
    const a = add(matmul(x, x, { transposeY: true }), eye(200, 'f64'));
    const l = cholesky(a);
    expect(gap(matmul(l, l, { transposeY: true }), a)).toBeLessThan(200 * EPS * largest(a));
    expect(largest(triu(l, 1))).toBe(0);
  });

  it('gives NaN for a matrix that is not positive definite, and leaves its neighbours alone', () => {
    const both = tensor([1, 2, 2, 1, 4, 0, 0, 9], { shape: [2, 2, 2], dtype: 'f64' });
    expect(list(cholesky(both))).toEqual([NaN, NaN, NaN, NaN, 2, 0, 0, 3]);
  });

  it('rounds an f32 result once', () => {
    const x = tensor(
      [
        [2, 1],
        [1, 3],
      ],
      { dtype: 'f32' },
    );
    expect(list(cholesky(x))).toEqual([Math.SQRT2, 0, Math.SQRT1_2, Math.sqrt(2.5)].map(Math.fround));
  });
});

describe('triangularSolve', () => {
  it.each([
    { lower: true, transpose: false },
    { lower: true, transpose: true },
    { lower: false, transpose: false },
    { lower: false, transpose: true },
  ])('solves at n = 150 with %o', (options) => {
    const full = add(gaussian(4, 150, 150), mul(40, eye(150, 'f64')));
    const part = options.lower ? tril(full) : triu(full);
    const x = gaussian(5, 150, 3);
    const b = matmul(part, x, { transposeX: options.transpose });
    expect(gap(triangularSolve(full, b, options), x)).toBeLessThan(1e-13);
  });
});

describe('solve, inverse, slogdet', () => {
  it('leave a residual of rounding at n = 200', () => {
    const a = gaussian(6, 200, 200);
    const b = gaussian(7, 200, 2);
    const x = solve(a, b);
    expect(gap(matmul(a, x), b)).toBeLessThan(200 * EPS * largest(a) * largest(x) * 10);
    expect(gap(matmul(a, solve(a, b, { transpose: true }), { transposeX: true }), b)).toBeLessThan(1e-10);
    expect(gap(matmul(a, inverse(a)), eye(200, 'f64'))).toBeLessThan(1e-10);
  });

  it('stay backward stable at condition 1e14', () => {
    const a = graded(60, 14);
    const b = gaussian(8, 60);
    const x = solve(a, b);
    expect(gap(matmul(a, x), b)).toBeLessThan(60 * EPS * largest(a) * largest(x) * 60);
  });

  it('invert the Hilbert matrix as its closed form says', () => {
    // (H₅⁻¹)₁ⱼ = 25, −300, 1050, −1400, 630
    const row = list(sliceAxis(inverse(hilbert(5)), 0, 0, 1));
    for (const [i, want] of [25, -300, 1050, -1400, 630].entries()) expect(row[i]! / want).toBeCloseTo(1, 10);
  });

  it('know determinants of either sign, of none, and beyond the range of numbers', () => {
    const of = (a: Tensor) => {
      const { sign, logAbs } = slogdet(a);
      return [sign.item(), logAbs.item()];
    };
    expect(
      of(
        doubles([
          [0, 2],
          [3, 0],
        ]),
      ),
    ).toEqual([-1, Math.log(6)]);
    expect(
      of(
        doubles([
          [0, 0, 1],
          [1, 0, 0],
          [0, 1, 0],
        ]),
      ),
    ).toEqual([1, 0]);
    expect(
      of(
        doubles([
          [1, 2],
          [2, 4],
        ]),
      ),
    ).toEqual([0, -Infinity]);
    expect(of(mul(1e-300, eye(4, 'f64')))[1]).toBeCloseTo(-1200 * Math.LN10, 9);
  });

  it('take vectors and broadcast leading axes', () => {
    const a = gaussian(9, 2, 1, 3, 3);
    const b = gaussian(10, 4, 3, 2);
    expect(solve(a, b).shape).toEqual([2, 4, 3, 2]);
    expect(gap(matmul(a, solve(a, b)), b)).toBeLessThan(1e-13);
    expect(solve(a, gaussian(11, 3)).shape).toEqual([2, 1, 3]);
  });

  it('refuse what does not fit', () => {
    expect(() => solve(gaussian(1, 3, 2), gaussian(1, 3))).toThrow(ShapeError);
    expect(() => solve(gaussian(1, 3, 3), gaussian(1, 2))).toThrow(ShapeError);
    expect(() => solve(gaussian(1, 3, 3), tensor([1, 2, 3], { dtype: 'f32' }))).toThrow(DtypeError);
    expect(() => cholesky(tensor([[1]], { dtype: 'i32' }))).toThrow(DtypeError);
  });

  it('run inside a program', () => {
    const run = jit((a: Tensor, b: Tensor) => [solve(a, b), slogdet(a).logAbs]);
    const [a, b] = [gaussian(12, 5, 5), gaussian(13, 5)];
    const [x, log] = run(a, b) as [Tensor, Tensor];
    expect(list(x)).toEqual(list(solve(a, b)));
    expect(log.item()).toBe(slogdet(a).logAbs.item());
  });
});

describe('qr', () => {
  it('finds the whole numbers of a known factor', () => {
    const { r } = qr(
      doubles([
        [12, -51, 4],
        [6, 167, -68],
        [-4, 24, -41],
      ]),
    );
    for (const [i, want] of [14, 21, -14, 0, 175, -70, 0, 0, 35].entries()) expect(list(r)[i]).toBeCloseTo(want, 11);
  });

  it.each([
    [200, 200],
    [200, 40],
    [40, 200],
  ])('factors %i × %i', (m, n) => {
    const a = gaussian(14, m, n);
    const { q, r } = qr(a);
    expect(q.shape).toEqual([m, Math.min(m, n)]);
    expect(orthogonality(q)).toBeLessThan(1e-13);
    expect(gap(matmul(q, r), a)).toBeLessThan(1e-13 * largest(a) * 4);
    expect(largest(tril(r, -1))).toBe(0);
  });

  it('keeps Q orthonormal where columns depend on each other', () => {
    const a = matmul(gaussian(15, 30, 4), gaussian(16, 4, 10));
    const { q, r } = qr(a);
    expect(orthogonality(q)).toBeLessThan(1e-14 * 30);
    expect(gap(matmul(q, r), a)).toBeLessThan(1e-13);
    expect(orthogonality(qr(diag(tensor([0, 1, 0], { dtype: 'f64' }))).q)).toBe(0);
  });
});

describe('lstsq', () => {
  it.each([
    [200, 60],
    [60, 200],
    [80, 80],
  ])('solves %i × %i: what is left is orthogonal, and x lies in the rows', (m, n) => {
    const [a, b] = [gaussian(17, m, n), gaussian(18, m, 2)];
    const { x, rank } = lstsq(a, b);
    expect(rank.item()).toBe(Math.min(m, n));
    expect(largest(matmul(a, sub(b, matmul(a, x)), { transposeX: true }))).toBeLessThan(1e-10);
    const back = matmul(pinv(a), matmul(a, x));
    expect(gap(back, x)).toBeLessThan(1e-10);
  });

  it('finds the rank, and the shortest of many answers', () => {
    const a = matmul(gaussian(19, 40, 5), gaussian(20, 5, 12));
    const b = gaussian(21, 40);
    const { x, rank } = lstsq(a, b);
    expect(rank.item()).toBe(5);
    // the normal equations of the two thin factors, A⁺ = Cᵀ(CCᵀ)⁻¹(BᵀB)⁻¹Bᵀ for A = B·C
    const [left, right] = [gaussian(19, 40, 5), gaussian(20, 5, 12)];
    const inner = solve(
      matmul(left, left, { transposeX: true }),
      matmul(left, reshape(b, [40, 1]), { transposeX: true }),
    );
    const want = matmul(right, solve(matmul(right, right, { transposeY: true }), inner), { transposeX: true });
    expect(gap(x, reshape(want, [12]))).toBeLessThan(1e-12);
  });

  it('cuts at rcond, and has the four properties of a pseudo-inverse', () => {
    const a = graded(20, 14);
    expect(lstsq(a, gaussian(22, 20), { rcond: 1e-7 }).rank.item()).toBeLessThan(14);
    const b = matmul(gaussian(23, 9, 3), gaussian(24, 3, 7));
    const p = pinv(b);
    expect(gap(matmul(matmul(b, p), b), b)).toBeLessThan(1e-12);
    expect(gap(matmul(matmul(p, b), p), p)).toBeLessThan(1e-12);
    expect(gap(matmul(b, p), swapLast(matmul(b, p)))).toBeLessThan(1e-12);
    expect(gap(matmul(p, b), swapLast(matmul(p, b)))).toBeLessThan(1e-12);
  });

  it('fits a line as the textbook does, and nothing to zeros', () => {
    const a = doubles([
      [1, 0],
      [1, 1],
      [1, 2],
    ]);
    const { x } = lstsq(a, tensor([6, 0, 0], { dtype: 'f64' }));
    expect(list(x)[0]).toBeCloseTo(5, 13);
    expect(list(x)[1]).toBeCloseTo(-3, 13);
    const none = lstsq(mul(a, 0), tensor([6, 0, 0], { dtype: 'f64' }));
    expect([none.rank.item(), ...list(none.x)]).toEqual([0, 0, 0]);
  });
});
