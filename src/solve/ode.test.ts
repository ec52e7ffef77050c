import { describe, expect, it } from 'vitest';
import { ConfigError, DivergedError } from '../engine/errors.ts';
import { cos, grad, jit, mul, neg, sin, sum, type Tensor, tensor } from '../engine/index.ts';
import { dormandPrince } from './dormand-prince.ts';
import { leapfrog, type Phase, palindromic, rollOut, rungeKutta4, type Step, symplecticEuler } from './integrator.ts';

const f64 = (...values: number[]): Tensor => tensor(values, { dtype: 'f64' });

/** The slope of ln(error) against ln(h) between two step lengths. */
function order(error: (steps: number) => number, steps: number): number {
  return Math.log2(error(steps) / error(2 * steps));
}

describe('steps of fixed length', () => {
  const pendulum = { velocity: (p: number) => p, force: (q: number) => -Math.sin(q) };
  const energy = ({ q, p }: Phase<number>) => (p * p) / 2 - Math.cos(q);
  const oscillator = { velocity: (p: number) => p, force: (q: number) => -q };
  const afterOne = (step: Step<Phase<number>>) => (steps: number) => {
    const { q, p } = rollOut(step, { q: 1, p: 0 }, { h: 1 / steps, steps }).at(-1)!;
    return Math.hypot(q - Math.cos(1), p + Math.sin(1));
  };

  it('converge with their orders', () => {
    const rk4 = rungeKutta4((y: number, t) => y * Math.cos(t)); // y = exp(sin t)
    const error = (steps: number) => Math.abs(rollOut(rk4, 1, { h: 2 / steps, steps }).at(-1)! - Math.exp(Math.sin(2)));
    expect(order(error, 40)).toBeCloseTo(4, 1);
    expect(order(afterOne(symplecticEuler(oscillator)), 100)).toBeCloseTo(1, 1);
    expect(order(afterOne(leapfrog(oscillator)), 100)).toBeCloseTo(2, 2);
  });

  it('meet one symplectic Euler step by hand: q moves first, p hears the new q', () => {
    expect(symplecticEuler(oscillator)({ q: 1, p: 2 }, 0, 0.5)).toEqual({ q: 2, p: 1 });
  });

  it('leapfrog goes back where it came from', () => {
    const step = leapfrog(pendulum);
    const there = rollOut(step, { q: 1, p: 0.5 }, { h: 0.1, steps: 200 }).at(-1)!;
    const back = rollOut(step, there, { h: -0.1, steps: 200 }).at(-1)!;
    expect([back.q, back.p]).toEqual([expect.closeTo(1, 12), expect.closeTo(0.5, 12)]);
  });

  it('symplectic ones keep the energy bounded over 1,600 periods; Runge–Kutta drifts', () => {
    const drift = (step: Step<Phase<number>>) => {
      const states = rollOut(step, { q: 1, p: 0 }, { h: 0.2, steps: 50_000 });
      const error = (from: number) =>
        Math.max(...states.slice(from, from + 500).map((s) => Math.abs(energy(s) - energy(states[0]!))));
      return { early: error(0), late: error(49_500) };
    };
    for (const step of [symplecticEuler(pendulum), leapfrog(pendulum)]) {
      const { early, late } = drift(step);
      expect(late / early).toBeLessThan(1.05);
    }
    const rk4 = rungeKutta4((y: readonly number[]) => [y[1]!, -Math.sin(y[0]!)]);
    const states = rollOut(rk4, [1, 0], { h: 0.2, steps: 50_000 });
    const lost = (i: number) => Math.abs(energy({ q: states[i]![0]!, p: states[i]![1]! }) + Math.cos(1));
    expect(lost(50_000) / lost(5_000)).toBeGreaterThan(5);
  });

  it('a palindromic composition of kick and drift is leapfrog', () => {
    const kick: Step<Phase<number>> = ({ q, p }, _, h) => ({ q, p: p - h * Math.sin(q) });
    const drift: Step<Phase<number>> = ({ q, p }, _, h) => ({ q: q + h * p, p });
    const split = palindromic([kick, drift])({ q: 1, p: 0.3 }, 0, 0.1);
    expect(split).toEqual(leapfrog(pendulum)({ q: 1, p: 0.3 }, 0, 0.1));
  });

  it('a palindromic composition of three flows that do not commute is reversible and of order 2', () => {
    // y′ = (A + B + C)·y with nilpotent parts, whose flows are exact: y + h·M·y.
    const parts = [
      [
        [0, 1, 0],
        [0, 0, 0],
        [0, 0, 0],
      ],
      [
        [0, 0, 0],
        [0, 0, 1],
        [0, 0, 0],
      ],
      [
        [0, 0, 0],
        [0, 0, 0],
        [-1, 0, 0],
      ],
    ];
    const flows = parts.map(
      (m): Step<readonly number[]> =>
        (y, _, h) =>
          y.map((v, i) => v + h * m[i]!.reduce((z, a, j) => z + a * y[j]!, 0)),
    );
    const step = palindromic(flows);
    const there = step([1, 2, -1], 0, 0.3);
    expect(step(there, 0.3, -0.3)).toEqual([1, 2, -1].map((v) => expect.closeTo(v, 14)));
    const field = (y: readonly number[]) => [y[1]!, y[2]!, -y[0]!]; // the sum of the parts
    const exact = rollOut(rungeKutta4(field), [1, 2, -1], { h: 1 / 4096, steps: 4096 }).at(-1)!;
    const error = (steps: number) => {
      const end = rollOut(step, [1, 2, -1], { h: 1 / steps, steps }).at(-1)!;
      return Math.hypot(...end.map((v, i) => v - exact[i]!));
    };
    expect(Math.log2(error(16) / error(32))).toBeCloseTo(2, 1);
  });

  it('on tensors give the numbers’ results, differentiate and compile', () => {
    const step = rungeKutta4((y: { a: Tensor }) => ({ a: neg(y.a) }));
    const end = (y: { a: Tensor }) => rollOut(step, y, { h: 0.1, steps: 10 }).at(-1)!;
    const rate = 1 - 0.1 + 0.1 ** 2 / 2 - 0.1 ** 3 / 6 + 0.1 ** 4 / 24; // RK4's factor for y′ = −y
    const [value] = [...jit(end)({ a: f64(2) }).a.readSync()];
    expect(value).toBeCloseTo(2 * rate ** 10, 14);
    const sensitivity = grad((y: { a: Tensor }) => sum(end(y).a))({ a: f64(2, 3) });
    for (const s of sensitivity.a.readSync()) expect(s).toBeCloseTo(rate ** 10, 14);
    const phase = leapfrog({ velocity: (p: Tensor) => p, force: (q: Tensor) => neg(sin(q)) });
    const { q } = phase({ q: f64(1), p: f64(0.3) }, 0, 0.1);
    expect(q.item()).toBeCloseTo(leapfrog(pendulum)({ q: 1, p: 0.3 }, 0, 0.1).q, 15);
  });
});

describe('Dormand–Prince 45', () => {
  const circle = (y: readonly number[]) => [y[1]!, -y[0]!];

  it('has order 5 when its steps are held fixed', () => {
    const error = (steps: number) => {
      let y: readonly number[] = [1, 0];
      const h = 2 / steps;
      for (let i = 0; i < steps; i++) {
        y = dormandPrince(circle, y, [i * h, (i + 1) * h], { firstStep: h, relative: 1e9, absolute: 1e9 }).y;
      }
      return Math.hypot(y[0]! - Math.cos(2), y[1]! + Math.sin(2));
    };
    expect(order(error, 10)).toBeCloseTo(5, 0);
  });

  it('keeps to the tolerance, with work that grows as its fifth root', () => {
    const runs = [1e-6, 1e-11].map((tolerance) => {
      const found = dormandPrince(circle, [1, 0], [0, 20], { relative: tolerance, absolute: tolerance });
      expect(Math.hypot(found.y[0]! - Math.cos(20), found.y[1]! + Math.sin(20))).toBeLessThan(100 * tolerance);
      expect(found.times.at(-1)).toBe(20);
      return found.times.length;
    });
    expect(runs[1]! / runs[0]!).toBeGreaterThan(6);
    expect(runs[1]! / runs[0]!).toBeLessThan(14);
  });

  it('its continuous output has order 4 between the steps', () => {
    const worst = (steps: number) => {
      const h = 2 / steps;
      const found = dormandPrince(circle, [1, 0], [0, h], { firstStep: h, relative: 1e9, absolute: 1e9 });
      return Math.max(
        ...[0.2, 0.5, 0.8].map((x) =>
          Math.hypot(found.at(x * h)[0]! - Math.cos(x * h), found.at(x * h)[1]! + Math.sin(x * h)),
        ),
      );
    };
    expect(order(worst, 10)).toBeCloseTo(5, 0); // one step of an interpolant of order 4 has an error of h⁵
    const found = dormandPrince(circle, [1, 0], [0, 10], { relative: 1e-8, absolute: 1e-8 });
    for (const t of [0, 0.37, 5.5, 9.99, 10]) expect(found.at(t)[0]).toBeCloseTo(Math.cos(t), 6);
    expect(() => found.at(10.1)).toThrow(ConfigError);
  });

  it('goes backwards, and on numbers', () => {
    const found = dormandPrince((y: number, t) => -2 * t * y, Math.exp(-4), [2, -1], {
      relative: 1e-9,
      absolute: 1e-12,
    });
    expect(found.y).toBeCloseTo(Math.exp(-1), 7);
    expect(found.at(0)).toBeCloseTo(1, 6);
  });

  it('counts every call of the field', () => {
    let calls = 0;
    const stiffening = (y: number, t: number) => {
      calls++;
      return -50 * (1 + t * t) * (y - Math.cos(t));
    };
    const found = dormandPrince(stiffening, 0, [0, 3], { firstStep: 1 });
    expect(found.evaluations).toBe(calls);
    expect(found.rejected).toBeGreaterThan(0);
  });

  it('takes trees of tensors', () => {
    const field = ({ q, p }: { q: Tensor; p: Tensor }) => ({ q: p, p: neg(q) });
    const found = dormandPrince(field, { q: f64(1, 0), p: f64(0, 1) }, [0, 3], { relative: 1e-9, absolute: 1e-9 });
    const [a, b] = found.y.q.readSync();
    expect([a, b]).toEqual([expect.closeTo(Math.cos(3), 7), expect.closeTo(Math.sin(3), 7)]);
    const onVectors = dormandPrince((y: readonly number[]) => [y[2]!, y[3]!, -y[0]!, -y[1]!], [1, 0, 0, 1], [0, 3], {
      relative: 1e-9,
      absolute: 1e-9,
    });
    expect(found.times.length).toBe(onVectors.times.length);
    expect(found.at(1).p.readSync()[0]).toBeCloseTo(-Math.sin(1), 6);
    const driven = dormandPrince((y: Tensor, t) => mul(y, Math.cos(t)), cos(f64(0)), [0, 1], { relative: 1e-9 });
    expect(driven.y.item()).toBeCloseTo(Math.exp(Math.sin(1)), 7);
  });

  it('stops at a singularity and says where', () => {
    const blowUp = () => dormandPrince((y: number) => y * y, 1, [0, 2]); // 1/(1 − t)
    expect(blowUp).toThrow(DivergedError);
    expect(blowUp).toThrow(/t = (1\.0|0\.9)/);
    expect(() => dormandPrince((y: number) => y, 1, [0, 0])).toThrow(ConfigError);
    expect(() => dormandPrince((y: number) => y, 1, [0, 1], { maxSteps: 1, firstStep: 1e-3 })).toThrow(
      '1 steps were not enough',
    );
  });
});
