import { describe, expect, it } from 'vitest';
import { ConfigError, ShapeError } from '../engine/errors.ts';
import { rollOut, rungeKutta4 } from './integrator.ts';
import { validPredictionTime } from './prediction-time.ts';

describe('valid prediction time', () => {
  it('of an error that grows like e^{λt} is ln(threshold/ε)/λ, to the next step', () => {
    const [h, lambda, eps] = [0.01, 1.3, 1e-3];
    const times = Array.from({ length: 1000 }, (_, i) => i * h);
    const truth = times.map(() => [0, 0]);
    const predicted = times.map((t) => [eps * Math.exp(lambda * t), eps * Math.exp(lambda * t)]);
    const found = validPredictionTime(predicted, truth, { h, scale: 1 });
    const exact = Math.log(0.5 / eps) / lambda;
    expect(found.isPassed).toBe(true);
    expect(found.time).toBeGreaterThanOrEqual(exact);
    expect(found.time).toBeLessThan(exact + h);
  });

  it('divides by the standard deviation of the truth, component by component', () => {
    const truth = [
      [0, 0],
      [2, 20],
    ]; // deviations 1 and 10
    const found = validPredictionTime(
      [
        [0, 0],
        [3, 30],
      ],
      truth,
      { h: 1, threshold: 0.99 },
    );
    expect(found).toEqual({ time: 1, isPassed: true, errors: [0, 1] });
    expect(validPredictionTime(truth, truth, { h: 1 })).toMatchObject({ time: 1, isPassed: false });
    const own = validPredictionTime(
      [
        [0, 0],
        [3, 30],
      ],
      truth,
      { h: 1, scale: [2, 20] },
    );
    expect(own.errors[1]).toBeCloseTo(0.5, 14);
  });

  it('of a Lorenz run grows with the accuracy of its start by about ln 10 / 0.906 for each digit', () => {
    const lorenz = ([x, y, z]: readonly number[]): number[] => [
      10 * (y! - x!),
      x! * (28 - z!) - y!,
      x! * y! - (8 / 3) * z!,
    ];
    const run = (start: readonly number[]) =>
      rollOut(rungeKutta4<readonly number[]>(lorenz), start, { h: 0.01, steps: 3000 });
    const start = run([1, 1, 1]).at(-1)!;
    const truth = run(start);
    const time = (eps: number): number =>
      validPredictionTime(run([start[0]! + eps, start[1]!, start[2]!]), truth, { h: 0.01 }).time;
    const slope = (time(1e-8) - time(1e-3)) / 5;
    expect(slope).toBeGreaterThan(1.5);
    expect(slope).toBeLessThan(4); // 2.54 on average over the attractor
  });

  it('counts what is not finite as passed, and refuses runs that do not belong together', () => {
    expect(validPredictionTime([[0], [Number.NaN]], [[0], [0]], { h: 2, scale: 1 })).toMatchObject({
      time: 2,
      isPassed: true,
    });
    expect(() => validPredictionTime([[0]], [[0], [1]], { h: 1 })).toThrow(ShapeError);
    expect(() => validPredictionTime([[0]], [[0]], { h: 1 })).toThrow(ConfigError); // a truth that stands still has no deviation
  });
});
