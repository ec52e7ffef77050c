/** Fixed points against closed forms: x = cos(p·x) and x = A·x + b. */
import { afterEach, describe, expect, it } from 'vitest';
import type { Tensor } from '../index.ts';
import * as c from '../index.ts';

afterEach(() => c.setBackend('wasm'));

const at = (v: number): Tensor => c.tensor(v, { dtype: 'f64' });
const options = { tolerance: 1e-14, maxIterations: 500 };
const dottie = (p: Tensor): Tensor =>
  c.fixedPoint((x: Tensor, q: Tensor) => c.cos(c.mul(q, x)), c.mul(p, 0), p, options)[0];

/** x = cos(p·x) by Newton's method, and dx/dp = −x·s/(1 + p·s) with s = sin(p·x). */
function solved(p: number): { x: number; slope: number } {
  let x = 0.7;
  for (let i = 0; i < 50; i++) x -= (x - Math.cos(p * x)) / (1 + p * Math.sin(p * x));
  const s = Math.sin(p * x);
  return { x, slope: (-x * s) / (1 + p * s) };
}

for (const backend of ['js', 'wasm'] as const) {
  describe(`fixedPoint on ${backend}`, () => {
    it('value, report, jvp and gradient are the closed forms', () => {
      c.setBackend(backend);
      const { x, slope } = solved(0.8);
      expect(dottie(at(0.8)).item()).toBeCloseTo(x, 12);
      expect(c.grad(dottie)(at(0.8)).item()).toBeCloseTo(slope, 11);
      expect(c.jvp(dottie, at(0.8), at(2))[1].item()).toBeCloseTo(2 * slope, 11);
      const report = c.fixedPoint((y: Tensor) => c.cos(y), at(1), null, { tolerance: 1e-10 })[1];
      expect(report.converged.item()).toBe(1);
      expect(report.iterations.item()).toBeGreaterThan(20);
      const lost = c.fixedPoint((y: Tensor) => c.mul(y, 2), at(1), null, { maxIterations: 5 })[1];
      expect([lost.converged.item(), lost.iterations.item(), lost.residual.item()]).toEqual([0, 5, 16]);
    });

    it('second derivatives, jit and vmap', () => {
      c.setBackend(backend);
      const h = 1e-4;
      const second = (solved(0.8 + h).slope - solved(0.8 - h).slope) / (2 * h);
      expect(c.grad(c.grad(dottie))(at(0.8)).item()).toBeCloseTo(second, 6);
      expect(c.hvp(dottie, at(0.8), at(1)).item()).toBeCloseTo(second, 6);
      expect(c.jit(c.grad(dottie))(at(0.8)).item()).toBeCloseTo(solved(0.8).slope, 11);
      const ps = [0.2, 0.8, 1];
      const slopes = c
        .vmap(c.grad(dottie))(c.tensor(ps, { dtype: 'f64' }))
        .readSync();
      ps.forEach((p, i) => {
        expect(slopes[i]).toBeCloseTo(solved(p).slope, 10);
      });
    });

    it('the derivative of a solve that does not converge is NaN where that is asked for', () => {
      c.setBackend(backend);
      const { slope } = solved(0.8);
      const run = (derivative: NonNullable<c.FixedPointOptions['derivative']>) => (p: Tensor) =>
        c.fixedPoint((x: Tensor, q: Tensor) => c.cos(c.mul(q, x)), c.mul(p, 0), p, { ...options, derivative })[0];
      const enough = run({ unconverged: 'nan' });
      const short = run({ unconverged: 'nan', maxIterations: 3 });
      expect(c.grad(enough)(at(0.8)).item()).toBeCloseTo(slope, 11);
      expect(c.hvp(enough, at(0.8), at(1)).item()).toBeCloseTo(c.hvp(dottie, at(0.8), at(1)).item(), 10);
      expect(short(at(0.8)).item()).toBeCloseTo(solved(0.8).x, 12);
      for (const broken of [
        c.grad(short)(at(0.8)),
        c.jit(c.grad(short))(at(0.8)),
        c.jvp(short, at(0.8), at(1))[1],
        c.linearize(short, at(0.8))[1](at(1)),
      ])
        expect(broken.item()).toBeNaN();
      // at p = 0 the map does not depend on x: its solve is done after two steps, that of the other instance is not
      const [done, lost] = c
        .vmap(c.grad(short))(c.tensor([0, 0.8], { dtype: 'f64' }))
        .readSync();
      expect(done).toBeCloseTo(0, 15);
      expect(lost).toBeNaN();
      const last = c
        .grad(run({ maxIterations: 3 }))(at(0.8))
        .item();
      expect(Math.abs(last - slope)).toBeGreaterThan(1e-3);
    });

    it('a linear map gives (I − A)⁻¹b and the transposed solve', () => {
      c.setBackend(backend);
      const A = c.tensor(
        [
          [0.2, 0.3],
          [-0.1, 0.4],
        ],
        { dtype: 'f64' },
      );
      const f = (b: Tensor): Tensor =>
        c.fixedPoint((x: Tensor, p: Tensor) => c.add(c.matmul(A, x), p), c.mul(b, 0), b, options)[0];
      const b = c.tensor([1, 2], { dtype: 'f64' });
      const det = 0.8 * 0.6 + 0.3 * 0.1;
      const inverse = [0.6 / det, 0.3 / det, -0.1 / det, 0.8 / det];
      const x = f(b).readSync();
      expect(x[0]).toBeCloseTo(inverse[0]! + 2 * inverse[1]!, 12);
      expect(x[1]).toBeCloseTo(inverse[2]! + 2 * inverse[3]!, 12);
      const g = c
        .vjp(f, b)[1](c.tensor([1, -1], { dtype: 'f64' }))
        .readSync();
      expect(g[0]).toBeCloseTo(inverse[0]! - inverse[2]!, 11);
      expect(g[1]).toBeCloseTo(inverse[1]! - inverse[3]!, 11);
    });
  });
}

describe('fixedPoint', () => {
  it('refuses limits that end no iteration, those of derivatives too', () => {
    const run = (options: object) => () => c.fixedPoint((x: Tensor) => c.cos(x), at(1), null, options);
    for (const wrong of [{ tolerance: 0 }, { maxIterations: 0.5 }, { unconverged: 'throw' }])
      expect(run({ derivative: wrong })).toThrow(c.ConfigError);
    expect(run({ tolerance: -1 })).toThrow(c.ConfigError);
  });
});
