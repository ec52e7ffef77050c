/** Sets of tangents have the lengths and angles that their law names. */
import { describe, expect, it } from 'vitest';
import { ConfigError, linalg, matmul, norm, random, type Tensor } from '../../engine/index.ts';
import { checkTangentLaw, type TangentLaw, type TangentOptions, tangentRows } from './tangents.ts';

const rowsOf = (law: TangentLaw, k: number, n: number, options: TangentOptions = {}): Tensor =>
  tangentRows(random.key(3), k, n, { law, dtype: 'f64', ...options });
const lengths = (rows: Tensor): number[] => [...norm(rows, 1).readSync()];
const gram = (rows: Tensor): number[][] => matmul(rows, rows, { transposeY: true }).toArray() as number[][];

describe('sets of tangents', () => {
  it.each(['gaussian', 'sphere', 'uniform', 'coordinate', 'sparse-0.25'] as const)('rows of %s differ', (law) => {
    const rows = rowsOf(law, 3, 40);
    expect(rows.shape).toEqual([3, 40]);
    expect(new Set((rows.toArray() as number[][]).map(String)).size).toBe(3);
  });

  it('stand at the angle to the first', () => {
    for (const degrees of [15, 30, 60, 90]) {
      const g = gram(rowsOf(`angle-${degrees}`, 8, 64));
      for (let j = 0; j < 8; j++) expect(g[j]![j]).toBeCloseTo(1, 12);
      for (let j = 1; j < 8; j++) expect(g[0]![j]).toBeCloseTo(Math.cos((degrees * Math.PI) / 180), 12);
    }
  });

  it('have different places and lengths in [1, s]', () => {
    const rows = rowsOf('length-10', 6, 9);
    const all = lengths(rows);
    expect(Math.min(...all)).toBeGreaterThanOrEqual(1);
    expect(Math.max(...all)).toBeLessThanOrEqual(10);
    const g = gram(rows);
    for (let i = 0; i < 6; i++) for (let j = 0; j < i; j++) expect(g[i]![j]).toBe(0);
  });

  it('are the first unit vectors, normalised or orthonormal where that is asked', () => {
    expect(rowsOf('basis', 2, 3).toArray()).toEqual([
      [1, 0, 0],
      [0, 1, 0],
    ]);
    for (const length of lengths(rowsOf('gaussian', 4, 20, { normalize: true }))) expect(length).toBeCloseTo(1, 14);
    const g = gram(rowsOf('gaussian', 4, 20, { orthonormal: true }));
    for (let i = 0; i < 4; i++) for (let j = 0; j <= i; j++) expect(g[i]![j]).toBeCloseTo(i === j ? 1 : 0, 14);
  });

  it('of signs are drawn again until they are independent', () => {
    for (let seed = 0; seed < 20; seed++) {
      const rows = tangentRows(random.key(seed), 4, 4, { law: 'rademacher', dtype: 'f64' });
      const diagonal = (linalg.gramSchmidt(rows).l.toArray() as number[][]).map((row, i) => row[i]!);
      expect(Math.min(...diagonal), String(seed)).toBeGreaterThan(0);
      expect(new Set((rows.toArray() as number[][]).flat())).toEqual(new Set([-1, 1]));
    }
  });

  it('refuse laws that are not known and more different unit vectors than there are', () => {
    for (const law of ['cauchy', 'angle', 'angle-x', 'sparse-2', 'sparse-0'])
      expect(() => checkTangentLaw(law)).toThrow(ConfigError);
    for (const law of ['basis', 'length-2'] as const) expect(() => rowsOf(law, 4, 3)).toThrow(ConfigError);
    for (const law of ['angle-30', 'length-2.5', 'sparse-0.5', 'sphere', 'basis'])
      expect(() => checkTangentLaw(law)).not.toThrow();
  });
});
