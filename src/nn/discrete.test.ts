import { describe, expect, it } from 'vitest';
import type { Tensor } from '../engine/index.ts';
import {
  ConfigError,
  checkGradients,
  full,
  grad,
  jvp,
  mean,
  mul,
  ones,
  random,
  softmax,
  square,
  sum,
  tensor,
} from '../engine/index.ts';
import {
  gumbelSoftmax,
  mapBernoulli,
  mapCategorical,
  perturbAndMap,
  roundThrough,
  signThrough,
  straightThrough,
} from './discrete.ts';
import { surrogateNamed, surrogateNames, surrogateStep } from './surrogate.ts';
import { differenceOf, gaussian, inF64 } from './testing.ts';

const f64 = (x: readonly unknown[]): Tensor => tensor(x as number[], { dtype: 'f64' });
const logistic = (z: number): number => 1 / (1 + Math.exp(-z));

describe('surrogates', () => {
  for (const name of surrogateNames) {
    it(`${name}: ψ is the derivative of its primitive, and the step’s`, () => {
      inF64(() => {
        const { derivative, primitive } = surrogateNamed(name, 1.7);
        const u = f64([-2, -0.41, -0.1, 0.05, 0.2, 3]);
        const one = ones(u.shape, 'f64');
        expect(differenceOf(jvp(primitive, u, one)[1], derivative(u))).toBeLessThan(1e-14);
        const errors = checkGradients((v: Tensor) => primitive(v), [u], { order: 1 });
        expect(Math.max(errors.forward!, errors.reverse!)).toBeLessThan(1e-6);
        const step = (v: Tensor): Tensor => surrogateStep(v, { surrogate: name, sharpness: 1.7 });
        expect(step(u).toArray()).toEqual([0, 0, 0, 1, 1, 1]);
        expect(grad((v: Tensor) => sum(step(v)))(u).toArray()).toEqual(derivative(u).toArray());
        const slope = (v: Tensor): Tensor => jvp(step, v, one)[1];
        expect(differenceOf(jvp(slope, u, one)[1], jvp(derivative, u, one)[1])).toBeLessThan(1e-14);
      });
    });

    it(`${name}: its area is ${name === 'fastSigmoid' ? '2/a' : '1'}, its peak at 0`, () => {
      inF64(() => {
        const { derivative, primitive } = surrogateNamed(name, 3);
        const [low, high] = primitive(f64([-1e6, 1e6])).toArray() as [number, number];
        expect(high - low).toBeCloseTo(name === 'fastSigmoid' ? 2 / 3 : 1, 5);
        const [peak, ...others] = derivative(f64([0, 0.3, -0.3, 1])).toArray() as number[];
        for (const other of others) expect(other).toBeLessThan(peak!);
      });
    });
  }

  it('the default peaks at 1; unknown names and sharpness are refused', () => {
    expect(
      surrogateNamed('logistic', 4)
        .derivative(tensor([0]))
        .toArray(),
    ).toEqual([1]);
    expect(surrogateStep(tensor([0])).toArray()).toEqual([1]);
    expect(() => surrogateNamed('box' as never, 1)).toThrow(/choose one of logistic/);
    expect(() => surrogateNamed('arctan', 0)).toThrow(ConfigError);
  });
});

describe('straight through', () => {
  it('has the value of the hard and the derivative of the soft, exactly', () => {
    const x = tensor([0.1, -1.7, 2.5, 0.5]);
    expect(roundThrough(x).toArray()).toEqual([0, -2, 2, 0]);
    expect(grad((v: Tensor) => sum(mul(roundThrough(v), v)))(x).toArray()).toEqual(
      [0.1, -1.7, 2.5, 0.5].map((v, i) => Math.fround(Math.fround(v) + [0, -2, 2, 0][i]!)),
    );
    expect(signThrough(x).toArray()).toEqual([1, -1, 1, 1]);
    expect(grad((v: Tensor) => sum(signThrough(v)))(x).toArray()).toEqual([1, 0, 0, 1]);
    expect(straightThrough(tensor([7]), tensor([1e9])).toArray()).toEqual([7]);
  });
});

describe('Gumbel-softmax', () => {
  const logits = f64([0.5, -1, 1.5]);

  it('is a point of the simplex with exact derivatives at its key', () => {
    inF64(() => {
      const f = (z: Tensor): Tensor => square(gumbelSoftmax(random.key(2), z, { temperature: 0.7 }));
      expect(sum(gumbelSoftmax(random.key(2), logits)).item()).toBeCloseTo(1, 14);
      const errors = checkGradients(f, [logits]);
      expect(
        Math.max(errors.forward!, errors.reverse!, errors.forwardOverReverse!, errors.reverseOverReverse!),
      ).toBeLessThan(1e-6);
    });
  });

  it('hard samples occur as often as softmax says', () => {
    const n = 20_000;
    const many = mul(ones([n, 1]), logits.cast('f32'));
    const counts = mean(gumbelSoftmax(random.key(3), many, { isHard: true }), 0).toArray() as number[];
    (softmax(logits).toArray() as number[]).forEach((p, i) => {
      expect(Math.abs(counts[i]! - p)).toBeLessThan(5 * Math.sqrt((p * (1 - p)) / n));
    });
    const soft = grad((z: Tensor) => sum(mul(gumbelSoftmax(random.key(3), z), f64([1, 2, 3]))))(logits);
    const hard = grad((z: Tensor) => sum(mul(gumbelSoftmax(random.key(3), z, { isHard: true }), f64([1, 2, 3]))))(
      logits,
    );
    expect(hard.toArray()).toEqual(soft.toArray());
  });
});

describe('perturb and MAP', () => {
  const theta = f64([-0.6, 0.2, 1.1]);
  const g = f64([0.8, -1.5, 0.4]);
  const [temperature, step, n] = [1.3, 0.9, 40_000];

  it('with logistic noise samples independent bits exactly', () => {
    const noise = random.logistic(random.key(4), [n, 3], { dtype: 'f64' });
    const found = mean(perturbAndMap(mapBernoulli, theta, { noise, temperature }), 0).toArray() as number[];
    (theta.toArray() as number[]).forEach((t, i) => {
      const p = logistic(t / temperature);
      expect(Math.abs(found[i]! - p)).toBeLessThan(5 * Math.sqrt((p * (1 - p)) / n));
    });
  });

  it('straight-through passes g/τ; I-MLE has the expectation of its closed form', () => {
    inF64(() => {
      const noise = random.logistic(random.key(5), [n, 3], { dtype: 'f64' });
      const credit = (estimator: 'straightThrough' | 'imle'): number[] =>
        grad((t: Tensor) =>
          mul(sum(mul(perturbAndMap(mapBernoulli, t, { noise, temperature, estimator, step: step * n }), g)), 1 / n),
        )(theta).toArray() as number[]; // each draw has the cotangent g/n; λ·n makes the step of each λ·g
      const [thetas, gs] = [theta.toArray() as number[], g.toArray() as number[]];
      credit('straightThrough').forEach((v, i) => {
        expect(v).toBeCloseTo(gs[i]! / temperature, 12);
      });
      credit('imle').forEach((v, i) => {
        const t = thetas[i]!;
        const wanted =
          (logistic(t / temperature) - logistic((t - step * temperature * gs[i]!) / temperature)) /
          (step * temperature);
        expect(Math.abs(v - wanted)).toBeLessThan(5 / Math.sqrt(n) / (step * temperature));
      });
    });
  });

  it('takes any solver: the best of a group', () => {
    const z = perturbAndMap(mapCategorical, gaussian([4, 3], 1), { noise: gaussian([5, 4, 3], 2) });
    expect(z.shape).toEqual([5, 4, 3]);
    expect(sum(z, -1).toArray()).toEqual(full([5, 4], 1).toArray());
    expect(() => perturbAndMap(mapCategorical, theta, { noise: theta, temperature: 0 })).toThrow(ConfigError);
  });
});
