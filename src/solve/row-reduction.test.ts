/** Least squares by blocks of rows against the engine's own and against what defines an answer. */
import { describe, expect, it } from 'vitest';
import { fromArray, linalg, matmul, type Tensor } from '../engine/index.ts';
import { HostRandom, keyFrom } from '../engine/threefry.ts';
import { leastSquares, RowReduction } from './row-reduction.ts';

function gaussian(seed: number, m: number, n: number): Tensor {
  const draw = new HostRandom(keyFrom(seed));
  return fromArray(
    Float64Array.from({ length: m * n }, () => draw.normal()),
    [m, n],
    'f64',
  );
}

const apart = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((most, v, i) => Math.max(most, Math.abs(v - b[i]!)), 0);

describe('leastSquares', () => {
  it.each([
    [200, 70, 1, 64],
    [90, 33, 3, 1024],
    [40, 64, 2, 16],
    [5, 1, 1, 2],
  ])(
    '%i rows, %i unknowns, %i right-hand sides in blocks of %i: the shortest answer of the engine',
    (m, n, k, rowBlock) => {
      const [a, b] = [gaussian(1, m, n), gaussian(2, m, k)];
      const { x, rank, residual } = leastSquares(a, b, { rowBlock });
      expect(rank).toBe(Math.min(m, n));
      expect(apart(x, linalg.lstsq(a, b, { rcond: 1e-13 }).x.readSync())).toBeLessThan(1e-10);
      const left = matmul(a, fromArray(x, [n, k], 'f64'))
        .sub(b)
        .readSync();
      expect(residual).toBeCloseTo(Math.hypot(...left), 10);
    },
  );

  it('cuts dependent columns and gives the shortest answer, where no exchange gives none that is of use', () => {
    const half = gaussian(3, 120, 40);
    const a = matmul(half, gaussian(4, 40, 60)); // rank 40
    const b = gaussian(5, 120, 1);
    const { x, rank, condition } = leastSquares(a, b, { rowBlock: 50 });
    expect(rank).toBe(40);
    expect(condition).toBeLessThan(1e4);
    expect(apart(x, matmul(linalg.pinv(a, { rcond: 1e-10 }), b).readSync())).toBeLessThan(1e-10);
    const plain = leastSquares(a, b, { pivots: 'none' });
    expect(Math.hypot(...plain.x)).toBeGreaterThan(1e6 * Math.hypot(...x));
  });

  it('gives zero for a matrix of zeros', () => {
    const { x, rank } = leastSquares(gaussian(1, 9, 4).mul(0), gaussian(2, 9, 1));
    expect(rank).toBe(0);
    expect([...x]).toEqual([0, 0, 0, 0]);
  });
});

describe('RowReduction', () => {
  it('has the triangular factor of all rows, whatever their blocks', () => {
    const [a, b] = [gaussian(6, 100, 45), gaussian(7, 100, 1)];
    const system = new RowReduction(45);
    for (const [from, to] of [
      [0, 7],
      [7, 60],
      [60, 100],
    ] as const)
      system.absorb(a.slice([from, 0], [to, 45]), b.slice([from, 0], [to, 1]));
    const r = fromArray(system.factor().r, [45, 45], 'f64');
    const gram = (z: Tensor): Tensor => matmul(z, z, { transposeX: true });
    expect(system.rows).toBe(100);
    expect(apart(gram(r).readSync(), gram(a).readSync())).toBeLessThan(1e-11);
  });

  it('refuses rows of another width, numbers that are not finite, and a strange rcond', () => {
    const system = new RowReduction(3);
    expect(() => system.absorb(gaussian(1, 4, 2), gaussian(1, 4, 1))).toThrow(/do not fit 3 unknowns/);
    expect(() => system.solve({ rcond: 2 })).toThrow(/rcond is 2/);
    system.absorb(gaussian(1, 4, 3).mul(Number.NaN), gaussian(1, 4, 1));
    expect(() => system.solve()).toThrow(/not finite/);
    expect(() => new RowReduction(0)).toThrow(/unknowns/);
  });
});
