import { describe, expect, it } from 'vitest';
import { ConfigError, ShapeError } from '../engine/errors.ts';
import { add, mul, sub, sum, type Tensor, tensor, valueAndGrad } from '../engine/index.ts';
import { boundedLbfgs } from './bounded-lbfgs.ts';
import { type LbfgsMemory, lbfgs, lbfgsDirection, lbfgsMemory, remember } from './lbfgs.ts';
import { armijo, strongWolfe } from './line-search.ts';
import { pointAt } from './objective.ts';

type Vector = readonly number[];
const f64 = (...values: number[]): Tensor => tensor(values, { dtype: 'f64' });

/** Rosenbrock's valley in n dimensions (the chained form); least at (1, …, 1). */
function rosenbrock(x: Vector): [number, number[]] {
  const gradient = x.map(() => 0);
  let value = 0;
  for (let i = 0; i + 1 < x.length; i++) {
    const bend = x[i + 1]! - x[i]! ** 2;
    value += 100 * bend ** 2 + (1 - x[i]!) ** 2;
    gradient[i]! += -400 * x[i]! * bend - 2 * (1 - x[i]!);
    gradient[i + 1]! += 200 * bend;
  }
  return [value, gradient];
}

describe('line searches', () => {
  const parabola = (x: number): [number, number] => [(x - 1) ** 2, 2 * (x - 1)];

  it('Armijo halves until the decrease is a share of the promise', () => {
    // from 0 along 8: value (8t − 1)² ≤ 1 − 1e-4·16t first at t = 1/8 or above 1/4·(1 − 1e-4): 1, ½, ¼ fail
    const found = armijo((x: number) => parabola(x)[0], { x: 0, value: 1 }, 8, -16);
    expect(found).toEqual({ step: 1 / 8, x: 1, value: 0, evaluations: 4 });
    expect(armijo(() => 2, { x: 0, value: 1 }, 1, -1, { maxTries: 3 })).toEqual({
      step: 0,
      x: 0,
      value: 1,
      evaluations: 3,
    });
    expect(() => armijo((x: number) => x, { x: 0, value: 0 }, 1, 1)).toThrow(ConfigError);
  });

  it('strong Wolfe meets both conditions from any first step', () => {
    const wave = (x: number): [number, number] => [x ** 4 / 4 - Math.sin(3 * x) - x, x ** 3 - 3 * Math.cos(3 * x) - 1];
    for (const f of [parabola, wave]) {
      for (const firstStep of [1e-4, 0.1, 1, 30, 1e4]) {
        for (const curvature of [0.9, 0.1, 1e-3]) {
          const from = pointAt(f, 0);
          const direction = -from.gradient;
          const found = strongWolfe(f, from, direction, { firstStep, curvature, maxEvaluations: 60 });
          const slope = from.gradient * direction;
          expect(found.met).toBe('both');
          expect(found.point.value).toBeLessThanOrEqual(from.value + 1e-4 * found.step * slope);
          expect(Math.abs(f(found.step * direction)[1] * direction)).toBeLessThanOrEqual(curvature * Math.abs(slope));
        }
      }
    }
  });

  it('strong Wolfe steps back from where the function is not defined', () => {
    const f = (x: number): [number, number] => [
      x < 1 ? -Math.log(1 - x) - 3 * x : Number.NaN,
      x < 1 ? 1 / (1 - x) - 3 : Number.NaN,
    ];
    const found = strongWolfe(f, pointAt(f, 0), 1, { firstStep: 64, curvature: 0.01 });
    expect(found).toMatchObject({ met: 'both' });
    expect(found.point.x).toBeCloseTo(2 / 3, 1);
  });

  it('strong Wolfe returns the start where there is no bottom to be found', () => {
    const found = strongWolfe((x: number) => [Math.abs(x), -1], { x: 0, value: 0, gradient: -1 }, 1, {
      maxEvaluations: 8,
    });
    expect([found.met, found.point.x, found.evaluations]).toEqual(['none', 0, 8]);
    expect(() => strongWolfe(parabola, pointAt(parabola, 0), -1)).toThrow('the slope along it is 2');
  });
});

describe('the two-loop recursion', () => {
  it('meets the secant equation H·y = s of the newest pair, and is the BFGS inverse for one pair', () => {
    const [s, y, g] = [
      [1, 2, -1],
      [3, 1, 0.5],
      [0.3, -2, 1],
    ];
    const memory = remember(lbfgsMemory<Vector>(5), s!, y!);
    const back = lbfgsDirection(memory, y!);
    for (const [i, v] of back.entries()) expect(v).toBeCloseTo(-s![i]!, 14);
    // H = (I − ρsyᵀ)·γ·(I − ρysᵀ) + ρssᵀ, ρ = 1/sᵀy, γ = sᵀy/yᵀy
    const dot = (a: Vector, b: Vector) => a.reduce((t, v, i) => t + v * b[i]!, 0);
    const [rho, gamma] = [1 / dot(s!, y!), dot(s!, y!) / dot(y!, y!)];
    const u = g!.map((v, i) => gamma * (v - rho * dot(s!, g!) * y![i]!));
    const h = u.map((v, i) => v - rho * dot(y!, u) * s![i]! + rho * dot(s!, g!) * s![i]!);
    for (const [i, v] of lbfgsDirection(memory, g!).entries()) expect(v).toBeCloseTo(-h[i]!, 13);
  });

  it('forgets the oldest pair and refuses pairs without curvature', () => {
    let memory: LbfgsMemory<Vector> = lbfgsMemory(2);
    expect(lbfgsDirection(memory, [3, -1])).toEqual([-3, 1]);
    memory = remember(memory, [1, 0], [-1, 0]);
    expect(memory.pairs).toHaveLength(0);
    for (const k of [1, 2, 3]) memory = remember(memory, [k, 0], [k, 1]);
    expect(memory.pairs.map(({ s }) => s[0])).toEqual([2, 3]);
    expect(() => lbfgsMemory(0)).toThrow(ConfigError);
  });
});

describe('L-BFGS', () => {
  for (const lineSearch of ['wolfe', 'armijo'] as const) {
    it(`with ${lineSearch} finds Rosenbrock’s minimum in 2 and 20 dimensions`, () => {
      const two = lbfgs(rosenbrock, [-1.2, 1], { lineSearch });
      expect(two.exit).toBe('converged');
      expect(two.iterations).toBeLessThan(80);
      for (const v of two.x) expect(v).toBeCloseTo(1, 8);
      const many = lbfgs(
        rosenbrock,
        Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? -1.2 : 1)),
        { lineSearch },
      );
      expect(many.exit).toBe('converged');
      expect(many.value).toBeLessThan(1e-12);
    });
  }

  it('takes trees of tensors, as valueAndGrad gives them, with the path of the numbers', () => {
    const loss = ({ a, b }: { a: Tensor; b: Tensor }) => {
      const bend = sub(b, mul(a, a));
      const rest = sub(1, a);
      return add(mul(100, sum(mul(bend, bend))), sum(mul(rest, rest)));
    };
    for (const lineSearch of ['wolfe', 'armijo'] as const) {
      const onTrees = lbfgs(valueAndGrad(loss), { a: f64(-1.2), b: f64(1) }, { lineSearch });
      expect([onTrees.x.a.item(), onTrees.x.b.item()]).toEqual([expect.closeTo(1, 8), expect.closeTo(1, 8)]);
      expect(onTrees.iterations).toBe(lbfgs(rosenbrock, [-1.2, 1], { lineSearch }).iterations);
    }
  });

  it('says when it stalls or runs out of iterations', () => {
    expect(lbfgs(rosenbrock, [-1.2, 1], { maxIterations: 3 })).toMatchObject({ exit: 'iterations', iterations: 3 });
    const kink = (x: number): [number, number] => [Math.abs(x), x < 0 ? -1 : 1];
    expect(lbfgs(kink, 1).exit).toBe('stalled');
    expect(lbfgs((x: number) => [x * x, 2 * x], 0)).toMatchObject({ exit: 'converged', evaluations: 1 });
  });
});

describe('L-BFGS with bounds', () => {
  it('is plain minimisation where no bound holds', () => {
    const found = boundedLbfgs(rosenbrock, [-1.2, 1], { lower: -5, upper: 5 });
    expect(found.exit).toBe('converged');
    for (const v of found.x) expect(v).toBeCloseTo(1, 7);
  });

  it('ends at a bound where Rosenbrock’s minimum lies outside: y = x² = 0.25 at x ≤ ½', () => {
    const found = boundedLbfgs(rosenbrock, [-1.2, 1], { upper: [0.5, Infinity] });
    expect(found.exit).toBe('converged');
    expect(found.x).toEqual([0.5, expect.closeTo(0.25, 8)]);
    expect(found.value).toBeCloseTo(0.25, 12);
  });

  it('solves a bounded least-squares problem: the conditions of Karush, Kuhn and Tucker hold', () => {
    const n = 30;
    const target = Array.from({ length: n }, (_, i) => 3 * Math.sin(1.7 * i));
    // ½‖Lx − c‖², L = bidiagonal (2, 1): coupled, convex
    const objective = (x: Vector): [number, number[]] => {
      const r = x.map((v, i) => 2 * v + (x[i + 1] ?? 0) - target[i]!);
      return [r.reduce((t, v) => t + (v * v) / 2, 0), r.map((v, i) => 2 * v + (i > 0 ? r[i - 1]! : 0))];
    };
    const found = boundedLbfgs(objective, new Array<number>(n).fill(0.5), { lower: 0, upper: 1 });
    expect(found.exit).toBe('converged');
    const kinds = found.x.map((v, i) => {
      const g = found.gradient[i]!;
      if (v === 0) return g >= -1e-8 ? 'lower' : 'wrong';
      if (v === 1) return g <= 1e-8 ? 'upper' : 'wrong';
      return Math.abs(g) < 1e-7 && v > 0 && v < 1 ? 'free' : 'wrong';
    });
    expect(new Set(kinds)).toEqual(new Set(['lower', 'upper', 'free']));
  });

  it('keeps fixed variables, starts inside, and refuses an empty box', () => {
    const bowl = (x: Vector): [number, number[]] => [x.reduce((t, v) => t + v * v, 0), x.map((v) => 2 * v)];
    expect(boundedLbfgs(bowl, [9, 9], { lower: [2, -1], upper: [2, 1] }).x).toEqual([2, expect.closeTo(0, 8)]);
    expect(() => boundedLbfgs(bowl, [0, 0], { lower: 1, upper: -1 })).toThrow('variable 0 cannot lie between 1 and -1');
    expect(() => boundedLbfgs(bowl, [0, 0], { lower: [1] })).toThrow(ShapeError);
  });
});
