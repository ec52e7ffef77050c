/** Linear algebra at n = 500 and at condition 1e14: what backward stability promises, in multiples of n·ε, and eigenvalues that are tabulated. */
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../errors.ts';
import { range } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { grad, jvp, vmap } from '../transforms/api.ts';
import { jit } from '../transforms/jit.ts';
import { add, div, mul, sub } from './arithmetic.ts';
import { tensor } from './create.ts';
import { exp, log } from './exponential.ts';
import { take } from './gather.ts';
import { eye } from './iota.ts';
import {
  cholesky,
  eigenvalues,
  eigh,
  expm,
  inverse,
  lstsq,
  pivotedTriangle,
  qr,
  slogdet,
  solve,
  svd,
  triangularSolve,
} from './linalg.ts';
import { matmul } from './matmul.ts';
import { reshape, sliceAxis, stack, swapLast } from './movement.ts';
import { key, normal } from './random.ts';
import { sum } from './reduce.ts';
import { diagonal, tril, triu } from './triangle.ts';

const N = 500;
const EPS = 2 ** -52;
const gaussian = (seed: number, ...shape: number[]): Tensor => normal(key(seed), shape, { dtype: 'f64' });
const list = (x: Tensor): number[] => Array.from(x.readSync());
const doubles = (x: readonly number[]): Tensor => tensor([...x], { dtype: 'f64' });
const t = (x: Tensor): Tensor => swapLast(x);
/** The length of all elements together; infinite where one is not a number. */
const size = (x: Tensor): number => {
  const total = list(x).reduce((s, y) => s + y * y, 0);
  return Number.isNaN(total) ? Infinity : Math.sqrt(total);
};
const gap = (x: Tensor, y: Tensor): number => size(sub(x, y));
/** |QᵀQ − I| for each column. */
const orthogonality = (q: Tensor): number => {
  const n = q.shape.at(-1)!;
  return gap(matmul(q, q, { transposeX: true }), eye(n, 'f64')) / Math.sqrt(n);
};

const a = gaussian(1, N, N);
const left = qr(a).q;
const right = qr(gaussian(2, N, N)).q;
const b = gaussian(3, N, 4);
/** 1 … 10^−decades. */
const grades = (decades: number): Tensor => doubles(range(N).map((i) => 10 ** ((-decades * i) / (N - 1))));
const graded = matmul(mul(left, grades(14)), right);
const positive = (decades: number): Tensor => matmul(mul(left, grades(decades)), left, { transposeY: true });

/** The triangular matrix on which exchange of columns changes nothing, though its least singular value is far below its last pivot. */
function kahan(n: number, s: number): Tensor {
  const c = Math.sqrt(1 - s * s);
  const row = (i: number) => range(n).map((j) => s ** i * (i === j ? 1 + 1e-10 * (n - j) : i < j ? -c : 0));
  return tensor(range(n).map(row), { dtype: 'f64' });
}

describe('at n = 500', () => {
  it('cholesky and triangularSolve', () => {
    for (const p of [positive(2), positive(12)]) {
      const l = cholesky(p);
      expect(gap(matmul(l, l, { transposeY: true }), p)).toBeLessThan(N * EPS * size(p));
      const x = triangularSolve(l, b);
      expect(gap(matmul(tril(l), x), b)).toBeLessThan(N * EPS * (size(l) * size(x) + size(b)));
    }
  });

  it('cholesky at condition 1e14, and its refusal beyond what rounding leaves', () => {
    // At 60 rows the bound n·ε·condition is 1.3: rounding may just reach the least eigenvalue. Graded by powers of two, any condition goes.
    const q = qr(gaussian(30, 60, 60)).q;
    const hard = matmul(mul(q, doubles(range(60).map((i) => 10 ** ((-14 * i) / 59)))), q, { transposeY: true });
    const scale = doubles(range(60).map((i) => 2 ** -i));
    const graded60 = mul(mul(add(matmul(q, q, { transposeY: true }), eye(60, 'f64')), scale), reshape(scale, [60, 1]));
    for (const p of [div(add(hard, t(hard)), 2), div(add(graded60, t(graded60)), 2)]) {
      const l = cholesky(p);
      expect(gap(matmul(l, l, { transposeY: true }), p)).toBeLessThan(60 * EPS * size(p));
    }
    for (const [least, at] of [
      [-1e-12, 59],
      [-1, 0],
      [0, 30],
    ] as const) {
      const values = range(60).map((i) => (i === at ? least : 1 + i));
      const bad = matmul(mul(q, doubles(values)), q, { transposeY: true });
      const whole = at === 30 ? mul(doubles(values), eye(60, 'f64')) : div(add(bad, t(bad)), 2);
      expect(list(cholesky(whole)).every(Number.isNaN)).toBe(true);
    }
  });

  it('has the same bits alone, in a batch, mapped and compiled', () => {
    const both = stack([positive(2), positive(3)]);
    const rows = stack([a, graded]);
    const last = (z: Tensor): Tensor => reshape(sliceAxis(z, 0, 1, 2), z.shape.slice(1));
    const same = (f: (x: Tensor, y: Tensor) => Tensor, x: Tensor, y: Tensor) => {
      const alone = list(f(last(x), last(y)));
      for (const way of [f, vmap(f), jit(f)])
        expect(list(last(way(x, y))).every((v, i) => Object.is(v, alone[i]))).toBe(true);
    };
    same((x) => cholesky(x), both, rows);
    same((x, y) => triangularSolve(x, y), both, rows);
    same((x, y) => solve(y, x), both, rows);
    same((_, y) => qr(y).q, both, rows);
    same((x, y) => lstsq(y, x).x, both, rows);
  }, 120_000);

  it('solve, inverse and slogdet', () => {
    for (const m of [a, graded]) {
      const x = solve(m, b);
      expect(gap(matmul(m, x), b)).toBeLessThan(N * EPS * size(m) * size(x));
    }
    const p = positive(6);
    expect(gap(matmul(p, inverse(p)), eye(N, 'f64'))).toBeLessThan(1e6 * N * EPS * Math.sqrt(N));
    // log det = Σ log of the eigenvalues that went in: −6·ln 10·N/2.
    expect(Math.abs(slogdet(p).logAbs.item() + 3 * Math.LN10 * N)).toBeLessThan(1e6 * N * EPS);
    expect(Math.abs(slogdet(p).logAbs.item() - 2 * sum(log(diagonal(cholesky(p)))).item())).toBeLessThan(1e6 * N * EPS);
  });

  it('qr', () => {
    for (const m of [a, graded]) {
      const { q, r } = qr(m);
      expect(orthogonality(q)).toBeLessThan(N * EPS);
      expect(gap(matmul(q, r), m)).toBeLessThan(N * EPS * size(m));
      expect(size(tril(r, -1))).toBe(0);
    }
  });

  it('eigh, also with eigenvalues over 14 decades', () => {
    const wide = positive(14);
    const [one, two] = [eigh(add(a, t(a))), eigh(wide)];
    for (const [m, { values, vectors }] of [[add(a, t(a)), one] as const, [wide, two] as const]) {
      expect(orthogonality(vectors)).toBeLessThan(N * EPS);
      expect(gap(matmul(m, vectors), mul(vectors, values))).toBeLessThan(N * EPS * size(m));
    }
    const found = list(two.values).reverse();
    for (const [i, g] of list(grades(14)).entries()) expect(Math.abs(found[i]! - g)).toBeLessThan(N * EPS);
  });

  it('svd, also with singular values over 14 decades', () => {
    const { u, s, v } = svd(graded);
    expect(Math.max(orthogonality(u), orthogonality(v))).toBeLessThan(N * EPS);
    expect(gap(matmul(mul(u, s), v, { transposeY: true }), graded)).toBeLessThan(N * EPS * size(graded));
    for (const [i, g] of list(grades(14)).entries()) expect(Math.abs(list(s)[i]! - g)).toBeLessThan(N * EPS);
  });

  it('eigenvalues', () => {
    const [re, im] = eigenvalues(a);
    const squares = list(re).reduce((total, x, i) => total + x * x - list(im)[i]! ** 2, 0);
    expect(Math.abs(sum(re).item() - sum(diagonal(a)).item())).toBeLessThan(N * EPS * size(a));
    expect(Math.abs(sum(im).item())).toBeLessThan(N * EPS * size(a));
    expect(Math.abs(squares - sum(mul(a, t(a))).item())).toBeLessThan(N * EPS * size(a) ** 2);
  });

  it('expm: of a symmetric matrix by its eigenvalues, and of an antisymmetric one a rotation', () => {
    const symmetric = matmul(mul(left, mul(grades(1), -30)), left, { transposeY: true });
    const want = matmul(mul(left, exp(mul(grades(1), -30))), left, { transposeY: true });
    expect(gap(expm(symmetric), want)).toBeLessThan(30 * N * EPS);
    expect(orthogonality(expm(mul(sub(a, t(a)), 0.2)))).toBeLessThan(30 * N * EPS);
  });
});

describe('qr with exchange of columns at n = 500', () => {
  it.each([
    ['random columns', a, N],
    ['singular values over 14 decades', graded, N],
    ['rank 300', matmul(gaussian(31, N, 300), gaussian(32, 300, N)), 300],
    ["Kahan's matrix", kahan(120, 0.6), 120],
  ])('has a falling diagonal and the same product AᵀA for %s', (_, m, rank) => {
    const { r, order } = pivotedTriangle(m);
    const n = m.shape[1]!;
    const places = list(order);
    const squares = matmul(m, m, { transposeX: true });
    const exchanged = take(take(squares, order, 0), order, 1);
    expect([...places].sort((p, q) => p - q)).toEqual(range(n));
    expect(size(tril(r, -1))).toBe(0);
    expect(gap(matmul(r, r, { transposeX: true }), exchanged)).toBeLessThan(n * EPS * size(m) ** 2);
    const pivots = list(diagonal(r)).map(Math.abs);
    for (let i = 1; i < rank; i++) expect(pivots[i]!).toBeLessThan(pivots[i - 1]! * (1 + 1e-6));
    if (rank < n) expect(pivots[rank]!).toBeLessThan(n * EPS * pivots[0]!);
    // What is left of a column behind row i is never longer than pivot i.
    const rows = range(n).map((i) => list(r).slice(i * n, (i + 1) * n));
    for (const i of [0, 1, 31, 32, 33, 64, 100])
      for (const j of [i + 1, n - 1]) {
        const rest = Math.sqrt(rows.slice(i).reduce((sum, row) => sum + row[j]! ** 2, 0));
        expect(rest).toBeLessThan(pivots[i]! * (1 + 1e-6) + n * EPS * pivots[0]!);
      }
  });
});

describe('lstsq at n = 500', () => {
  const tall = matmul(mul(qr(gaussian(4, 600, N)).q, grades(14)), right);
  const y = gaussian(5, 600);

  it('is backward stable at condition 1e14 and full rank', () => {
    // The least norm of a change E for which x solves min |(A + E)x − b| exactly is at most |Aᵀr|/|r|·… : Golub and Van Loan, §5.3.
    const { x, rank } = lstsq(tall, y, { rcond: 0 });
    const rest = sub(y, matmul(tall, x));
    const change = Math.min(size(matmul(tall, rest, { transposeX: true })) / size(rest), size(rest) / size(x));
    expect(rank.item()).toBe(N);
    expect(change).toBeLessThan(N * EPS * size(tall));
  });

  it('has the derivative of full rank there: dA·x and A·dx balance', () => {
    const move = gaussian(6, N, N);
    const target = gaussian(7, N);
    const [x, dx] = jvp((m: Tensor) => lstsq(m, target, { rcond: 0 }).x, graded, move);
    const pushed = matmul(move, x);
    expect(gap(matmul(graded, dx), mul(pushed, -1))).toBeLessThan(N * EPS * (size(graded) * size(dx) + size(pushed)));
  });

  it('cuts at rcond where the singular values pass it', () => {
    const { rank } = lstsq(graded, gaussian(7, N), { rcond: 1e-7 });
    // Pivots of a QR with exchanges follow the singular values within a small factor.
    expect(Math.abs(rank.item() - N / 2)).toBeLessThan(N / 20);
  });

  it('agrees with finite differences where the condition is 1e4', () => {
    const [m, move, target] = [gaussian(8, 30, 12), gaussian(9, 30, 12), gaussian(10, 30)];
    const scaled = mul(m, doubles(range(12).map((j) => 10 ** (-j / 3))));
    const f = (h: number): Tensor => lstsq(add(scaled, mul(move, h)), target).x;
    const [, dx] = jvp((z: Tensor) => lstsq(z, target).x, scaled, move);
    const h = 1e-7;
    const difference = div(sub(f(h), f(-h)), 2 * h);
    expect(gap(difference, dx)).toBeLessThan(1e-4 * size(dx));
  });
});

describe('eigh and svd by steps', () => {
  const steps = { method: 'steps' } as const;

  it("find Wilkinson's W₂₁⁺, whose largest eigenvalues agree to 13 figures", () => {
    // λ₂₁ = 10.746194182903393, λ₂₀ = 10.746194182903322, λ₁ = −1.125441522119985 (Wilkinson, The Algebraic Eigenvalue Problem, 1965; LAPACK agrees).
    const w = tensor(
      range(21).map((i) => range(21).map((j) => (i === j ? Math.abs(i - 10) : Math.abs(i - j) === 1 ? 1 : 0))),
      { dtype: 'f64' },
    );
    for (const options of [steps, { method: 'jacobi' } as const]) {
      const found = list(eigh(w, options).values);
      expect(found[20]).toBeCloseTo(10.746194182903393, 13);
      expect(found[19]).toBeCloseTo(10.746194182903322, 13);
      expect(found[0]).toBeCloseTo(-1.125441522119985, 13);
      expect(orthogonality(eigh(w, options).vectors)).toBeLessThan(20 * EPS * Math.sqrt(21));
    }
  });

  it('agree with Jacobi', () => {
    const x = gaussian(11, 80, 80);
    const m = add(x, t(x));
    const [one, two] = [eigh(m, steps), eigh(m, { method: 'jacobi' })];
    expect(gap(one.values, two.values)).toBeLessThan(80 * EPS * size(m));
    expect(gap(one.vectors, two.vectors)).toBeLessThan(1e-9);
    expect(gap(svd(x, steps).s, svd(x, { method: 'jacobi' }).s)).toBeLessThan(80 * EPS * size(x));
  });

  it.each([
    ['nothing', 5, mul(eye(5, 'f64'), 0)],
    ['one', 1, tensor([[3]], { dtype: 'f64' })],
    ['two', 2, gaussian(12, 2, 2)],
    ['the identity', 40, eye(40, 'f64')],
    [
      'equal eigenvalues',
      40,
      add(eye(40, 'f64'), mul(matmul(gaussian(13, 40, 1), gaussian(13, 40, 1), { transposeY: true }), 1)),
    ],
    ['rank 3', 40, matmul(gaussian(14, 40, 3), gaussian(15, 3, 40))],
    [
      'a shift',
      40,
      triu(
        tril(
          tensor(
            range(40).map((i) => range(40).map((j) => Number(j === i + 1))),
            { dtype: 'f64' },
          ),
          1,
        ),
      ),
    ],
    ['tiny numbers', 40, mul(gaussian(16, 40, 40), 1e-200)],
    ['large numbers', 40, mul(gaussian(17, 40, 40), 1e200)],
  ])('leave residuals of rounding for %s', (_, n, m) => {
    const scale = list(m).reduce((most, x) => Math.max(most, Math.abs(x)), 0) || 1;
    const symmetric = div(add(m, t(m)), 2);
    const { values, vectors } = eigh(symmetric, steps);
    expect(orthogonality(vectors)).toBeLessThan(20 * EPS * Math.sqrt(n));
    expect(gap(div(matmul(symmetric, vectors), scale), div(mul(vectors, values), scale))).toBeLessThan(20 * EPS * n);
    const { u, s, v } = svd(m, steps);
    expect(Math.max(orthogonality(u), orthogonality(v))).toBeLessThan(20 * EPS * Math.sqrt(n));
    expect(gap(div(matmul(m, v), scale), div(mul(u, s), scale))).toBeLessThan(20 * EPS * n);
    expect(list(s)).toEqual([...list(s)].sort((p, q) => q - p));
    expect(Math.min(...list(s))).toBeGreaterThanOrEqual(0);
  });

  it('take tall and wide matrices, and their gradients agree with those of Jacobi', () => {
    for (const shape of [
      [70, 45],
      [45, 70],
    ]) {
      const m = gaussian(18, ...shape);
      const { u, s, v } = svd(m);
      expect(gap(matmul(mul(u, s), v, { transposeY: true }), m)).toBeLessThan(70 * EPS * size(m));
    }
    const m = gaussian(19, 12, 9);
    const of = (method: 'jacobi' | 'steps') =>
      grad((x: Tensor) => sum(mul(svd(x, { method }).u, gaussian(20, 12, 9))))(m);
    expect(gap(of('steps'), of('jacobi'))).toBeLessThan(1e-11);
  });

  it('leave relative accuracy of graded columns to Jacobi', () => {
    // Singular values over 28 decades: their product is the determinant, the product of the diagonal.
    const m = mul(add(triu(gaussian(21, 8, 8), 1), eye(8, 'f64')), doubles(range(8).map((j) => 10 ** (-4 * j))));
    const product = (s: Tensor): number => list(s).reduce((p, x) => p + Math.log10(x), 0);
    expect(product(svd(m, { method: 'jacobi' }).s)).toBeCloseTo(-112, 11);
  });

  it('give NaN for a matrix that has one, and refuse unknown methods', () => {
    const m = add(gaussian(22, 40, 40), mul(eye(40, 'f64'), Number.NaN));
    expect(list(eigh(m).values).every(Number.isNaN)).toBe(true);
    expect(list(svd(m).s).every(Number.isNaN)).toBe(true);
    expect(() => svd(m, { method: 'qr' as 'jacobi' })).toThrow(ConfigError);
  });
});
