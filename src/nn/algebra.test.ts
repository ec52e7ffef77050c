import { describe, expect, it } from 'vitest';
import type { Tensor } from '../engine/index.ts';
import { checkGradients, concat, conv2d, grad, matmul, sliceAxis, sum, tensor } from '../engine/index.ts';
import type { Components } from './algebra.ts';
import { algebraNamed, complex, quaternion } from './algebra.ts';
import { differenceOf, gaussian, inF64 } from './testing.ts';

const numbers = (...xs: number[]): Components => xs.map((x) => tensor([x], { dtype: 'f64' }));
const values = (x: Components): number[] => x.map((c) => (c.toArray() as number[])[0]! + 0); // −0 becomes 0
const some = (dimension: number, shape: number[], seed: number): Components =>
  Array.from({ length: dimension }, (_, i) => gaussian(shape, seed * 10 + i));

describe('tables', () => {
  it('complex products by hand', () => {
    expect(values(complex.mul(numbers(2, 3), numbers(-1, 4)))).toEqual([-14, 5]);
    expect(values(complex.conj(numbers(2, 3)))).toEqual([2, -3]);
    expect(values(complex.inverse(numbers(3, 4)))).toEqual([0.12, -0.16]);
  });

  it('Hamilton’s i² = j² = k² = ijk = −1, and ij = k = −ji', () => {
    const [i, j, k] = [numbers(0, 1, 0, 0), numbers(0, 0, 1, 0), numbers(0, 0, 0, 1)];
    const times = (a: Components, b: Components): number[] => values(quaternion.mul(a, b));
    for (const unit of [i, j, k, quaternion.mul(quaternion.mul(i, j), k)])
      expect(unit === i || unit === j || unit === k ? times(unit, unit) : values(unit)).toEqual([-1, 0, 0, 0]);
    expect(times(i, j)).toEqual([0, 0, 0, 1]);
    expect(times(j, i)).toEqual([0, 0, 0, -1]);
  });
});

describe.each([complex, quaternion])('$name', (algebra) => {
  const { dimension } = algebra;
  const [x, y, z] = [1, 2, 3].map((seed) => some(dimension, [5], seed)) as [Components, Components, Components];

  it('multiplies norms, turns products round under conjugation, and is associative', () => {
    inF64(() => {
      const xy = algebra.mul(x, y);
      expect(differenceOf(algebra.norm(xy), algebra.norm(x).mul(algebra.norm(y)))).toBeLessThan(1e-14);
      expect(differenceOf(algebra.conj(xy), algebra.mul(algebra.conj(y), algebra.conj(x)))).toBeLessThan(1e-14);
      expect(differenceOf(algebra.mul(xy, z), algebra.mul(x, algebra.mul(y, z)))).toBeLessThan(1e-13);
      const one = algebra.mul(x, algebra.inverse(x)).map((c) => c.toArray() as number[]);
      one.forEach((component, i) => {
        for (const v of component) expect(v).toBeCloseTo(i === 0 ? 1 : 0, 13);
      });
    });
  });

  it('rotates lengths nowhere: |q·x·q⁻¹| = |x|', () => {
    inF64(() => {
      const turned = algebra.mul(algebra.mul(y, x), algebra.inverse(y));
      expect(differenceOf(algebra.squaredNorm(turned), algebra.squaredNorm(x))).toBeLessThan(1e-13);
    });
  });

  it('matrix products equal one real product, with weights on the right and on the left', () => {
    inF64(() => {
      const rows = some(dimension, [4, 3], 5);
      const w = some(dimension, [3, 2], 6);
      const joined = matmul(concat(rows, 1), algebra.realMatrix(w)); // (4, d·2)
      const parts = Array.from({ length: dimension }, (_, k) => sliceAxis(joined, 1, 2 * k, 2 * k + 2));
      expect(differenceOf(parts, algebra.matmul(rows, w))).toBeLessThan(1e-13);
      const left = matmul(concat(rows, 1), algebra.realMatrixLeft(w));
      const flipped = algebra.mul(w, rows, (a, b) => matmul(b, a)); // Σⱼ wⱼ·xⱼ
      expect(
        differenceOf(
          Array.from({ length: dimension }, (_, k) => sliceAxis(left, 1, 2 * k, 2 * k + 2)),
          flipped,
        ),
      ).toBeLessThan(1e-13);
    });
  });

  it('takes any bilinear map: a convolution with one number is a scaling', () => {
    inF64(() => {
      const images = some(dimension, [1, 1, 3, 3], 7);
      const kernel = some(dimension, [1, 1, 1, 1], 8);
      const product = algebra.mul(images, kernel, conv2d);
      expect(differenceOf(product, algebra.mul(images, kernel))).toBeLessThan(1e-14);
    });
  });

  it('differentiates: the gradient of |x·y|² in x is 2·x·|y|²', () => {
    inF64(() => {
      const f = (v: Components): Tensor => sum(algebra.squaredNorm(algebra.mul(v, y)));
      const wanted = algebra.scale(x, algebra.squaredNorm(y).mul(2));
      expect(differenceOf(grad(f)(x), wanted)).toBeLessThan(1e-13);
      const errors = checkGradients(
        (a: Components, b: Components) => [algebra.mul(a, algebra.inverse(b)), algebra.norm(a)],
        [x, y],
      );
      expect(
        Math.max(errors.forward!, errors.reverse!, errors.forwardOverReverse!, errors.reverseOverReverse!),
      ).toBeLessThan(1e-5);
    });
  });
});

it('refuses a wrong number of components and unknown names', () => {
  expect(() => quaternion.mul(numbers(1, 2), numbers(1, 2))).toThrow(/4 components, not 2/);
  expect(() => algebraNamed('octonion' as never)).toThrow(/choose complex or quaternion/);
});
