import { describe, expect, it } from 'vitest';
import type { Tensor } from '../engine/index.ts';
import { add, checkGradients, diag, exp, grad, matmul, mul, random, square, sum, tensor } from '../engine/index.ts';
import type { DiagonalGaussian, FullGaussian } from './latent.ts';
import {
  elbo,
  entropyDiagonal,
  entropyFull,
  factorFrom,
  gaussianNoise,
  importanceBound,
  klDiagonal,
  klFull,
  logProbDiagonal,
  logProbFull,
  logProbIsotropic,
  reparameterise,
  reparameteriseFull,
} from './latent.ts';
import { differenceOf, gaussian, inF64 } from './testing.ts';

const f64 = (x: number | readonly unknown[]): Tensor => tensor(x as number[], { dtype: 'f64' });
const single = (mean: number, logVariance: number): DiagonalGaussian => ({
  mean: f64([mean]),
  logVariance: f64([logVariance]),
});
const density = (x: number, mean: number, logVariance: number): number =>
  Math.exp(-0.5 * ((x - mean) ** 2 / Math.exp(logVariance) + logVariance + Math.log(2 * Math.PI)));

/** ∫ f by the trapezoid rule, which converges exponentially for functions that vanish at both ends. */
function integral(f: (x: number) => number): number {
  const h = 1 / 64;
  let total = 0;
  for (let x = -16; x <= 16; x += h) total += f(x) * h;
  return total;
}

describe('one Gaussian variable against integrals', () => {
  const [q, p] = [single(0.3, -0.5), single(-0.7, 0.4)];
  const [dq, dp] = [(x: number) => density(x, 0.3, -0.5), (x: number) => density(x, -0.7, 0.4)];

  it('divergence, entropy and log-density', () => {
    inF64(() => {
      expect(klDiagonal(q, p).item()).toBeCloseTo(
        integral((x) => dq(x) * Math.log(dq(x) / dp(x))),
        12,
      );
      expect(klDiagonal(q).item()).toBeCloseTo(
        integral((x) => dq(x) * Math.log(dq(x) / density(x, 0, 0))),
        12,
      );
      expect(entropyDiagonal(q).item()).toBeCloseTo(-integral((x) => dq(x) * Math.log(dq(x))), 12);
      expect(logProbDiagonal(f64([1.1]), q).item()).toBeCloseTo(Math.log(dq(1.1)), 13);
      expect(logProbIsotropic(f64([1.1, 0.2]), f64([0, 0]), 0.5).item()).toBeCloseTo(
        Math.log(density(1.1, 0, 2 * Math.log(0.5)) * density(0.2, 0, 2 * Math.log(0.5))),
        13,
      );
    });
  });
});

describe('full covariance', () => {
  const gaussianOf = (seed: number): FullGaussian => ({
    mean: gaussian([3], seed),
    factor: factorFrom(mul(gaussian([3, 3], seed + 1), 0.5)),
  });

  it('with a diagonal factor equals the diagonal forms', () => {
    inF64(() => {
      const [q, p] = [gaussian([2, 3], 1), gaussian([2, 3], 2)].map((mean, i) => ({
        mean,
        logVariance: gaussian([2, 3], i + 3),
      }));
      const full = ({ mean, logVariance }: DiagonalGaussian): FullGaussian => ({
        mean,
        factor: diag(exp(mul(logVariance, 0.5))),
      });
      const same = (x: Tensor, y: Tensor): void => expect(differenceOf(x, y)).toBeLessThan(1e-12);
      same(klFull(full(q!), full(p!)), klDiagonal(q!, p));
      same(klFull(full(q!)), klDiagonal(q!));
      same(entropyFull(full(q!)), entropyDiagonal(q!));
      same(logProbFull(gaussian([2, 3], 7), full(q!)), logProbDiagonal(gaussian([2, 3], 7), q!));
      same(reparameteriseFull(full(q!), gaussian([2, 3], 8)), reparameterise(q!, gaussian([2, 3], 8)));
    });
  });

  it('divergence does not change under a linear map of the space', () => {
    inF64(() => {
      const [q, p, map] = [gaussianOf(1), gaussianOf(5), factorFrom(gaussian([3, 3], 9))];
      const moved = ({ mean, factor }: FullGaussian): FullGaussian => ({
        mean: matmul(map, mean.reshape([3, 1])).reshape([3]),
        factor: matmul(map, factor), // lower triangular again
      });
      expect(klFull(moved(q), moved(p)).item()).toBeCloseTo(klFull(q, p).item(), 10);
    });
  });

  it('log-density of two variables by the explicit inverse', () => {
    inF64(() => {
      const [a, b, c] = [1.3, -0.4, 0.7]; // L = [[a, 0], [b, c]]
      const [x, y] = [0.5, -1.2];
      const [s11, s12, s22] = [a * a, a * b, b * b + c * c];
      const determinant = s11 * s22 - s12 * s12;
      const form = (s22 * x * x - 2 * s12 * x * y + s11 * y * y) / determinant;
      const wanted = -0.5 * (form + Math.log(determinant)) - Math.log(2 * Math.PI);
      const found = logProbFull(f64([x, y]), {
        mean: f64([0, 0]),
        factor: f64([
          [a, 0],
          [b, c],
        ]),
      });
      expect(found.item()).toBeCloseTo(wanted, 13);
    });
  });

  it('has derivatives that agree with differences', () => {
    inF64(() => {
      const f = (mean: Tensor, free: Tensor, z: Tensor): Tensor => {
        const q = { mean, factor: factorFrom(free) };
        return sum(add(add(klFull(q, gaussianOf(5)), logProbFull(z, q)), square(reparameteriseFull(q, z))));
      };
      const errors = checkGradients(f, [gaussian([3], 1), mul(gaussian([3, 3], 2), 0.3), gaussian([3], 3)]);
      expect(
        Math.max(errors.forward!, errors.reverse!, errors.forwardOverReverse!, errors.reverseOverReverse!),
      ).toBeLessThan(1e-6);
    });
  });
});

describe('noise and bounds', () => {
  it('antithetic noise sums to nothing', () => {
    const noise = gaussianNoise(random.key(1), [6, 2], { isAntithetic: true }).toArray() as number[][];
    expect(noise.slice(0, 3)).toEqual(noise.slice(3).map((row) => row.map((v) => -v)));
    expect(new Set(noise.flat().map(Math.abs)).size).toBe(6);
  });

  it('the reparameterised gradient of E[z²] is 2μ and σ² with antithetic draws of unit variance', () => {
    inF64(() => {
      const noise = f64([[1], [-1]]);
      const q = { mean: f64([0.8]), logVariance: f64([-0.6]) };
      const g = grad((p: DiagonalGaussian) => mul(sum(square(reparameterise(p, noise))), 0.5))(q);
      expect(g.mean.item()).toBeCloseTo(1.6, 14);
      expect(g.logVariance.item()).toBeCloseTo(Math.exp(-0.6), 14);
    });
  });

  it('the bound of one draw is the lower bound, and more draws raise it', () => {
    inF64(() => {
      const weights = f64([-1, -3, -0.5]);
      expect(importanceBound(f64([-2])).item()).toBeCloseTo(-2, 14);
      expect(importanceBound(weights).item()).toBeCloseTo(
        Math.log((Math.exp(-1) + Math.exp(-3) + Math.exp(-0.5)) / 3),
        14,
      );
      expect(importanceBound(weights).item()).toBeGreaterThan(-1.5);
    });
  });

  it('the lower bound of a linear Gaussian model is tight at the exact posterior', () => {
    inF64(() => {
      // z ~ N(0, 1), x = 2z + 0.5·noise: p(z|x) = N(2x/4.25, 0.25/4.25), p(x) = N(0, 4.25); E log p(x|z) in closed form.
      const [x, mean, variance] = [1.7, (2 * 1.7) / 4.25, 0.25 / 4.25];
      const expected = -0.5 * (((x - 2 * mean) ** 2 + 4 * variance) / 0.25 + Math.log(2 * Math.PI * 0.25));
      const bound = elbo(f64(expected), klDiagonal(single(mean, Math.log(variance)))).item();
      expect(bound).toBeCloseTo(Math.log(density(x, 0, Math.log(4.25))), 13);
    });
  });
});
