import { describe, expect, it } from 'vitest';
import { ConfigError } from '../engine/errors.ts';
import { matmul, mul, type Tensor, tensor } from '../engine/index.ts';
import { conjugateGradient } from './conjugate-gradient.ts';
import { powerIteration, spectralNorm } from './power-iteration.ts';
import { spaceOf } from './space.ts';

type Vector = readonly number[];
const f64 = (...values: number[]): Tensor => tensor(values, { dtype: 'f64' });

/** −u″ on n points with zero ends: eigenvalues 2 − 2·cos(kπ/(n + 1)). */
const laplace = (x: Vector): number[] => x.map((v, i) => 2 * v - (x[i - 1] ?? 0) - (x[i + 1] ?? 0));
const diagonal = (d: Vector) => (x: Vector) => x.map((v, i) => d[i]! * v);

describe('conjugate gradients', () => {
  it('solve −u″ = 1 exactly: u = i(n + 1 − i)/2', () => {
    const n = 25;
    const found = conjugateGradient(laplace, new Array<number>(n).fill(1), { tolerance: 1e-12 });
    expect(found.exit).toBe('converged');
    for (let i = 0; i < n; i++) expect(found.x[i]).toBeCloseTo(((i + 1) * (n - i)) / 2, 9);
    expect(found.iterations).toBeLessThanOrEqual(13); // a symmetric right-hand side sees half of the eigenvectors
  });

  it('end after as many steps as there are different eigenvalues', () => {
    const d = [1, 1, 1, 5, 5, 9];
    const found = conjugateGradient(diagonal(d), [1, 2, 3, 4, 5, 6], { tolerance: 1e-12 });
    expect([found.exit, found.iterations]).toEqual(['converged', 3]);
    const preconditioned = conjugateGradient(diagonal(d), [1, 2, 3, 4, 5, 6], {
      precondition: (r: Vector) => r.map((v, i) => v / d[i]!),
    });
    expect(preconditioned.iterations).toBe(1);
    for (const [i, v] of preconditioned.x.entries()) expect(v).toBeCloseTo((i + 1) / d[i]!, 14);
  });

  it('add damping to the diagonal, and start where told', () => {
    const found = conjugateGradient(diagonal([1, 3]), [6, 10], { damping: 2 });
    expect(found.x).toEqual([expect.closeTo(2, 12), expect.closeTo(2, 12)]);
    expect(conjugateGradient(diagonal([1, 3]), [6, 12], { start: [6, 4] })).toMatchObject({
      iterations: 0,
      x: [6, 4],
      residual: 0,
    });
    expect(conjugateGradient(diagonal([1, 3]), [0, 0]).x).toEqual([0, 0]);
  });

  it('keep the last iterate at negative curvature and show the direction', () => {
    const at = conjugateGradient(diagonal([-1, -1]), [1, 2]);
    expect(at).toMatchObject({ exit: 'negative-curvature', x: [0, 0], direction: [1, 2], iterations: 0, residual: 1 });
    // the first step sees ⟨p, Ap⟩ = 10 − 1 > 0, the second must meet −1
    const later = conjugateGradient(diagonal([10, -1]), [1, 1]);
    expect([later.exit, later.iterations]).toEqual(['negative-curvature', 1]);
    for (const v of later.x) expect(v).toBeCloseTo(2 / 9, 14);
    const [p, q] = later.direction!;
    expect(10 * p! * p! - q! * q!).toBeLessThan(0);
    expect(conjugateGradient(diagonal([10, -1]), [1, 1], { damping: 2 }).exit).toBe('converged');
  });

  it('say how far they came', () => {
    const found = conjugateGradient(
      laplace,
      Array.from({ length: 40 }, (_, i) => Math.sin(i * i)),
      { maxIterations: 5 },
    );
    expect([found.exit, found.iterations]).toEqual(['iterations', 5]);
    const rest = laplace(found.x).map((v, i) => Math.sin(i * i) - v);
    const norm = (v: Vector) => Math.hypot(...v);
    expect(found.residual).toBeCloseTo(norm(rest) / norm(rest.map((_, i) => Math.sin(i * i))), 12);
  });

  it('take trees of tensors', () => {
    const apply = ({ u, v }: { u: Tensor; v: Tensor[] }) => ({ u: mul(u, 2), v: v.map((x) => mul(x, f64(4, 5))) });
    const found = conjugateGradient(apply, { u: f64(2), v: [f64(4, 10)] });
    expect(found.iterations).toBe(3);
    expect(found.x.u.item()).toBeCloseTo(1, 12);
    expect([...found.x.v[0]!.readSync()]).toEqual([expect.closeTo(1, 12), expect.closeTo(2, 12)]);
  });
});

describe('power iteration', () => {
  it('finds the largest eigenvalue of −u″ and its wave', () => {
    const n = 9;
    const found = powerIteration(
      laplace,
      Array.from({ length: n }, (_, i) => 1 / (i + 1)),
      { tolerance: 1e-9 },
    );
    expect(found.converged).toBe(true);
    expect(found.value).toBeCloseTo(2 - 2 * Math.cos((n * Math.PI) / (n + 1)), 12);
    const wave = found.vector.map((_, i) => Math.sqrt(2 / (n + 1)) * Math.sin(((i + 1) * n * Math.PI) / (n + 1)));
    const overlap = wave.reduce((t, v, i) => t + v * found.vector[i]!, 0);
    expect(Math.abs(overlap)).toBeCloseTo(1, 12);
  });

  it('keeps the sign, and the residual bounds the error', () => {
    const found = powerIteration(diagonal([-3, 2, 1]), [1, 1, 1], { maxIterations: 20 });
    expect([found.converged, found.iterations]).toEqual([false, 20]);
    expect(Math.abs(found.value + 3)).toBeLessThanOrEqual(found.residual);
    expect(powerIteration(diagonal([0, 0]), [1, 1])).toMatchObject({ value: 0, converged: true });
    expect(() => powerIteration(diagonal([1, 2]), [0, 0])).toThrow(ConfigError);
  });

  it('gives the largest singular value of a tensor: √(½(Σ + √(Σ² − 4·det²))) for 2×2', () => {
    const w = tensor([[1, 2], [3, 4]], { dtype: 'f64' }); // biome-ignore format: a matrix
    const norm = spectralNorm((x: Tensor) => matmul(w, x), (y: Tensor) => matmul(w, y, { transposeX: true }), f64(1, 1)); // biome-ignore format: short
    expect(norm).toBeCloseTo(Math.sqrt((30 + Math.sqrt(900 - 16)) / 2), 12);
  });
});

describe('spaces', () => {
  it('agree between numbers, vectors and trees', () => {
    const vectors = spaceOf<Vector>([1]);
    const onTrees = spaceOf({ a: f64(1), b: f64(1) });
    const tree = ([a, b]: Vector) => ({ a: f64(a!), b: f64(b!) });
    const [x, y, e] = [
      [1, -4],
      [-2, 3],
      [0.1, 0.2],
    ];
    expect(vectors.dot(x!, y!)).toBe(-14);
    expect(onTrees.dot(tree(x!), tree(y!))).toBe(-14);
    expect([vectors.maxAbs(x!), onTrees.maxAbs(tree(x!)), spaceOf(1).maxAbs(-3)]).toEqual([4, 4, 3]);
    const expected = Math.sqrt(((0.1 / 2.1) ** 2 + (0.2 / 4.1) ** 2) / 2); // absolute 0.1, relative 1
    expect(vectors.scaledError(e!, x!, y!, 0.1, 1)).toBeCloseTo(expected, 14);
    expect(onTrees.scaledError(tree(e!), tree(x!), tree(y!), 0.1, 1)).toBeCloseTo(expected, 14);
    expect(spaceOf(1).scaledError(0.1, 1, -2, 0.1, 1)).toBeCloseTo(0.1 / 2.1, 14);
    expect(vectors.maxAbs([1, Number.NaN, 2])).toBeNaN();
  });
});
