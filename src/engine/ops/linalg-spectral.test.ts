/** Eigenvalues and singular values: residuals at sizes of use, closed forms, equal and vanishing values. */
import { describe, expect, it } from 'vitest';
import { UnsupportedError } from '../errors.ts';
import { range } from '../shape.ts';
import type { Tensor } from '../tensor.ts';
import { grad } from '../transforms/api.ts';
import { add, mul, sub } from './arithmetic.ts';
import { tensor } from './create.ts';
import { eye } from './iota.ts';
import { eigenvalues, eigh, expm, inverse, qr, svd } from './linalg.ts';
import { matmul } from './matmul.ts';
import { swapLast } from './movement.ts';
import { key, normal } from './random.ts';
import { sum } from './reduce.ts';
import { diag } from './triangle.ts';

const gaussian = (seed: number, ...shape: number[]): Tensor => normal(key(seed), shape, { dtype: 'f64' });
const list = (x: Tensor): number[] => Array.from(x.readSync());
const doubles = (x: readonly number[]): Tensor => tensor([...x], { dtype: 'f64' });
const largest = (x: Tensor): number =>
  list(x).reduce((m, y) => (Number.isFinite(y) ? Math.max(m, Math.abs(y)) : Infinity), 0);
const gap = (x: Tensor, y: Tensor): number => largest(sub(x, y));
const orthogonality = (q: Tensor): number => gap(matmul(q, q, { transposeX: true }), eye(q.shape.at(-1)!, 'f64'));
/** 2 on the diagonal, −1 beside it: eigenvalues 4·sin²(kπ/2(n + 1)). */
const secondDifference = (n: number): Tensor =>
  tensor(
    range(n).map((i) => range(n).map((j) => (i === j ? 2 : Math.abs(i - j) === 1 ? -1 : 0))),
    { dtype: 'f64' },
  );
const hilbert = (n: number): Tensor =>
  tensor(
    range(n).map((i) => range(n).map((j) => 1 / (i + j + 1))),
    { dtype: 'f64' },
  );

describe('eigh', () => {
  it('leaves residuals of rounding at n = 120', () => {
    const x = gaussian(1, 120, 120);
    const a = add(x, swapLast(x));
    const { values, vectors } = eigh(a);
    expect(orthogonality(vectors)).toBeLessThan(1e-13);
    expect(gap(matmul(a, vectors), mul(vectors, values))).toBeLessThan(2e-12);
    expect(list(values)).toEqual([...list(values)].sort((p, q) => p - q));
  });

  it('finds the eigenvalues of the second difference', () => {
    const found = list(eigh(secondDifference(50)).values);
    for (const [k, value] of found.entries()) {
      const s = Math.sin(((k + 1) * Math.PI) / 102);
      expect(Math.abs(value - 4 * s * s)).toBeLessThan(50 * 4 * 2 ** -52); // n·|A|·ε
    }
  });

  it('has a finite derivative of the values where two are equal', () => {
    const back = grad((a: Tensor) => sum(eigh(a).values))(diag(doubles([3, 3, 1])));
    expect(gap(back, eye(3, 'f64'))).toBeLessThan(1e-15);
  });

  it('makes the largest element of each vector positive', () => {
    expect(list(eigh(diag(doubles([-2, 5, 1]))).vectors)).toEqual([1, 0, 0, 0, 0, 1, 0, 1, 0]);
  });
});

describe('svd', () => {
  it.each([
    [100, 100],
    [150, 40],
    [40, 150],
  ])('factors %i × %i', (m, n) => {
    const a = gaussian(2, m, n);
    const { u, s, v } = svd(a);
    expect([u.shape, s.shape, v.shape]).toEqual([[m, Math.min(m, n)], [Math.min(m, n)], [n, Math.min(m, n)]]);
    expect(Math.max(orthogonality(u), orthogonality(v))).toBeLessThan(1e-13);
    expect(gap(matmul(mul(u, s), v, { transposeY: true }), a)).toBeLessThan(1e-12);
  });

  it('finds graded singular values down to 1e-14', () => {
    const scale = doubles(range(15).map((i) => 10 ** -i));
    const a = matmul(mul(qr(gaussian(3, 30, 15)).q, scale), qr(gaussian(4, 15, 15)).q);
    const found = list(svd(a).s);
    for (const [i, s] of found.entries()) expect(Math.abs(s - 10 ** -i)).toBeLessThan(1e-15);
  });

  it('knows the condition of the Hilbert matrix', () => {
    // cond₂(H₅) = 4.76607250242561e5, as tabulated
    const s = list(svd(hilbert(5)).s);
    expect(s[0]! / s[4]! / 4.76607250242561e5).toBeCloseTo(1, 10);
  });

  it('keeps U orthonormal where singular values vanish, at any scale', () => {
    const a = matmul(gaussian(5, 9, 2), gaussian(6, 2, 5));
    const { u, s, v } = svd(mul(a, 1e200));
    expect(Math.max(orthogonality(u), orthogonality(v))).toBeLessThan(1e-13);
    expect(
      list(s)
        .slice(2)
        .every((x) => x < 1e186),
    ).toBe(true);
    const none = svd(mul(a, 0));
    expect(orthogonality(none.u)).toBeLessThan(1e-15);
    expect(list(none.s)).toEqual([0, 0, 0, 0, 0]);
  });

  it('gives the nuclear norm the derivative U·Vᵀ', () => {
    const a = gaussian(7, 6, 4);
    const { u, v } = svd(a);
    expect(gap(grad((x: Tensor) => sum(svd(x).s))(a), matmul(u, v, { transposeY: true }))).toBeLessThan(1e-13);
  });
});

describe('eigenvalues', () => {
  const near = (found: readonly [Tensor, Tensor], re: readonly number[], im: readonly number[], tolerance: number) => {
    const [a, b] = found.map(list) as [number[], number[]];
    for (const [i, x] of re.entries()) expect(Math.hypot(a[i]! - x, b[i]! - im[i]!)).toBeLessThan(tolerance);
  };

  it('finds the roots of unity of a shift', () => {
    const n = 7;
    const shift = tensor(
      range(n).map((i) => range(n).map((j) => Number(j === (i + 1) % n))),
      { dtype: 'f64' },
    );
    const roots = range(n).map((k) => [Math.cos((2 * Math.PI * k) / n), Math.sin((2 * Math.PI * k) / n)] as const);
    roots.sort(([a, b], [c, d]) => (Math.abs(a - c) > 1e-9 ? a - c : b - d));
    const found = eigenvalues(shift);
    near(
      found,
      roots.map((r) => r[0]),
      roots.map((r) => r[1]),
      1e-14,
    );
  });

  it('finds what a similarity hides: 1 … 30 and a spiral', () => {
    const turn = gaussian(8, 30, 30);
    const hidden = matmul(matmul(turn, diag(doubles(range(30, 1)))), inverse(turn));
    near(
      eigenvalues(hidden),
      range(30, 1),
      range(30).map(() => 0),
      1e-9,
    );
    near(
      eigenvalues(
        tensor(
          [
            [1, -2],
            [2, 1],
          ],
          { dtype: 'f64' },
        ),
      ),
      [1, 1],
      [-2, 2],
      1e-15,
    );
  });

  it('keeps trace and squares at n = 200, in conjugate pairs', () => {
    const a = gaussian(9, 200, 200);
    const [re, im] = eigenvalues(a).map(list) as [number[], number[]];
    const total = (x: readonly number[]) => x.reduce((s, y) => s + y, 0);
    expect(total(re)).toBeCloseTo(sum(mul(a, eye(200, 'f64'))).item(), 10);
    expect(total(im)).toBeCloseTo(0, 12);
    const squares = total(re.map((x, i) => x * x - im[i]! * im[i]!));
    expect(squares).toBeCloseTo(sum(mul(a, swapLast(a))).item(), 8);
  });

  it('agrees with eigh on a symmetric matrix and refuses derivatives', () => {
    const x = gaussian(10, 40, 40);
    const a = add(x, swapLast(x));
    expect(gap(eigenvalues(a)[0], eigh(a).values)).toBeLessThan(1e-12);
    expect(() => grad((y: Tensor) => sum(eigenvalues(y)[0]))(a)).toThrow(UnsupportedError);
  });
});

describe('expm', () => {
  it('turns: the exponential of a quarter turn and of many', () => {
    for (const angle of [0.1, Math.PI / 2, 40]) {
      const found = list(
        expm(
          tensor(
            [
              [0, -angle],
              [angle, 0],
            ],
            { dtype: 'f64' },
          ),
        ),
      );
      const want = [Math.cos(angle), -Math.sin(angle), Math.sin(angle), Math.cos(angle)];
      for (const [i, y] of want.entries()) expect(Math.abs(found[i]! - y)).toBeLessThan(1e-13);
    }
  });

  it('is the finite sum of a nilpotent matrix, and exp on a diagonal', () => {
    const found = list(
      expm(
        tensor(
          [
            [0, 1, 2],
            [0, 0, 3],
            [0, 0, 0],
          ],
          { dtype: 'f64' },
        ),
      ),
    );
    for (const [i, y] of [1, 1, 3.5, 0, 1, 3, 0, 0, 1].entries()) expect(found[i]).toBeCloseTo(y, 14);
    const powers = list(expm(diag(doubles([-20, 1, 10]))));
    for (const [i, x] of [-20, 1, 10].entries()) expect(powers[4 * i]! / Math.exp(x)).toBeCloseTo(1, 12);
  });

  it('undoes itself with the sign changed at n = 60', () => {
    const a = mul(gaussian(11, 60, 60), 0.2);
    const scale = largest(expm(a)) * largest(expm(mul(a, -1)));
    expect(gap(matmul(expm(a), expm(mul(a, -1))), eye(60, 'f64'))).toBeLessThan(1e-14 * scale);
  });
});
