/** Gram–Schmidt against QR and against what it is for: bases of rows that nearly or wholly depend on one another. */
import { describe, expect, it } from 'vitest';
import type { Tensor } from '../tensor.ts';
import { add, mul, sub } from './arithmetic.ts';
import { eye } from './iota.ts';
import { gramSchmidt, qr } from './linalg.ts';
import { matmul } from './matmul.ts';
import { concat, sliceAxis, swapLast } from './movement.ts';
import { key, normal } from './random.ts';
import { diagonal } from './triangle.ts';

const gaussian = (seed: number, ...shape: number[]): Tensor => normal(key(seed), shape, { dtype: 'f64' });
const largest = (x: Tensor): number => Math.max(0, ...Array.from(x.readSync(), Math.abs));
const gap = (x: Tensor, y: Tensor): number => largest(sub(x, y));
const gramOf = (q: Tensor): Tensor => matmul(q, q, { transposeY: true });

/** Row 1 is row 0 and ε times noise; the noise too. */
function nearlyDependent(eps: number): { rows: Tensor; instead: Tensor } {
  const [rows, noise] = [gaussian(4, 8, 200), gaussian(5, 1, 200)];
  const [first, rest] = [sliceAxis(rows, 0, 0, 1), sliceAxis(rows, 0, 2)];
  return { rows: concat([first, add(first, mul(eps, noise)), rest]), instead: concat([first, noise, rest]) };
}

const projector = (v: Tensor): Tensor => {
  const { q } = gramSchmidt(v);
  return matmul(swapLast(q), q);
};

describe('gramSchmidt', () => {
  it('has the factors of QR', () => {
    const v = gaussian(1, 3, 20, 50);
    const { q, l } = gramSchmidt(v);
    const other = qr(swapLast(v));
    expect(gap(q, swapLast(other.q))).toBeLessThan(1e-13);
    expect(gap(l, swapLast(other.r))).toBeLessThan(1e-13);
    expect(gap(matmul(l, q), v)).toBeLessThan(1e-13);
  });

  it.each([1e-6, 1e-8])('stays orthonormal and spans the right space where two rows differ by %d', (eps) => {
    const { rows, instead } = nearlyDependent(eps);
    expect(gap(gramOf(gramSchmidt(rows).q), eye(8, 'f64'))).toBeLessThan(1e-14);
    expect(gap(projector(rows), projector(instead))).toBeLessThan(1e-6);
  });

  it('leaves out a row that depends on the others, in the middle and beyond the dimension', () => {
    const { rows } = nearlyDependent(0);
    const { q, l } = gramSchmidt(rows);
    expect(largest(sliceAxis(q, 0, 1, 2))).toBe(0);
    expect([...diagonal(l).readSync()].filter((x) => x !== 0)).toHaveLength(7);
    expect(gap(projector(rows), projector(concat([sliceAxis(rows, 0, 0, 1), sliceAxis(rows, 0, 2)])))).toBeLessThan(
      1e-14,
    );
    const tall = gramSchmidt(gaussian(6, 9, 5));
    expect([...diagonal(tall.l).readSync()].map((x) => x !== 0)).toEqual(Array.from({ length: 9 }, (_, i) => i < 5));
  });
});
