/** Descent by estimates counts as plain loops do, and as many tangents as variables are gradient descent. */
import { describe, expect, it } from 'vitest';
import { random, setDefaultDtype, square, sum, type Tensor } from '../../engine/index.ts';
import { type DescentOptions, descend } from './descent.ts';

const sphere = (x: Tensor): Tensor => sum(square(x));

function run(options: Partial<DescentOptions>) {
  setDefaultDtype('f64');
  try {
    return descend({
      value: sphere,
      start: [1, -2, 3],
      rates: [0.1],
      seeds: 1,
      steps: 30,
      by: 'gradient',
      key: random.key(1),
      ...options,
    });
  } finally {
    setDefaultDtype('f32');
  }
}

describe('descent', () => {
  it('by the gradient follows (1 − 2η)^2t, rate by rate', () => {
    const runs = run({ rates: [0.1, 0.3] });
    runs.forEach(({ value, rate, steps, rises }) => {
      expect(value / (14 * (1 - 2 * rate) ** 60)).toBeCloseTo(1, 10);
      expect([steps, rises]).toEqual([30, 0]);
    });
  });

  it('by frog with as many tangents as variables is the same', () => {
    expect(run({ by: 'frog', k: 3 })[0]!.value / run({})[0]!.value).toBeCloseTo(1, 8);
  });

  it('shrinks by 1 − k/n a step in the mean at the rate ½', () => {
    const start = Array.from({ length: 32 }, () => 1);
    const logs = run({ by: 'frog', k: 8, start, rates: [0.5], seeds: 20, steps: 40 }).map(
      ({ value }) => Math.log(value / 32) / 40,
    );
    const mean = logs.reduce((a, b) => a + b, 0) / logs.length;
    expect(mean).toBeLessThan(Math.log(1 - 8 / 32) + 0.01); // the logarithm of the mean lies above the mean of the logarithm
    expect(mean).toBeGreaterThan(Math.log(1 - 8 / 32) - 0.05);
  });

  it('counts rises, and stops where there is no decrease for as long as its patience', () => {
    const [away] = run({ rates: [1.5], steps: 20 });
    expect([away!.rises, away!.steps]).toEqual([20, 20]);
    const [patient] = run({ rates: [1.5], steps: 20, patience: 5 });
    expect(patient!.steps).toBeLessThan(7);
  });

  it('draws the same tangents at every rate, others for every seed', () => {
    const runs = run({ by: 'mean', k: 2, rates: [0.01, 0.01], seeds: 2 });
    expect(runs[0]!.value).toBe(runs[1]!.value);
    expect(runs[0]!.value).not.toBe(runs[2]!.value);
  });
});
