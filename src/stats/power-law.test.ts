/** Power laws: exact data give exact laws, and a crossing is one. */
import { describe, expect, it } from 'vitest';
import { HostRandom, keyFrom } from '../engine/threefry.ts';
import {
  costFor,
  fitPowerLaw,
  interpolateCost,
  interpolateLoss,
  logCrossing,
  lossAt,
  lowerEnvelope,
} from './power-law.ts';

const costs = [1e9, 3e9, 1e10, 3e10, 1e11, 3e11];
const of = (exponent: number, scale: number, floor = 0) =>
  costs.map((cost) => ({ cost, loss: floor + (scale / cost) ** exponent }));

describe('the frontier', () => {
  it('keeps a point below every cheaper one, whatever run it is from', () => {
    const points = [
      { cost: 4, loss: 2 },
      { cost: 1, loss: 3 },
      { cost: 2, loss: 3.1 },
      { cost: 3, loss: 2 },
      { cost: 5, loss: 1 },
      { cost: 5, loss: 1.5 },
    ];
    expect(lowerEnvelope(points)).toEqual([
      { cost: 1, loss: 3 },
      { cost: 3, loss: 2 },
      { cost: 5, loss: 1 },
    ]);
    expect(lowerEnvelope([])).toEqual([]);
  });
});

describe('a power law', () => {
  it('is found in its own points, with and without a floor', () => {
    const law = fitPowerLaw(of(0.071, 1e15));
    expect(law.exponent).toBeCloseTo(0.071, 12);
    expect(law.logScale).toBeCloseTo(Math.log(1e15), 9);
    expect(law.r2).toBeCloseTo(1, 12);
    const raised = fitPowerLaw(of(0.3, 1e10, 1.7), { floor: 'fitted' });
    expect(raised.floor).toBeCloseTo(1.7, 5);
    expect(raised.exponent).toBeCloseTo(0.3, 5);
  });

  it('has an interval that covers the exponent as often as it says', () => {
    const random = new HostRandom(keyFrom(5));
    const normal = () => Math.sqrt(-2 * Math.log(1 - random.uniform())) * Math.cos(2 * Math.PI * random.uniform());
    let covered = 0;
    for (let i = 0; i < 400; i++) {
      const noisy = of(0.05, 1e18).map((p) => ({ ...p, loss: p.loss * Math.exp(0.02 * normal()) }));
      const [low, high] = fitPowerLaw(noisy).interval!;
      if (low < 0.05 && 0.05 < high) covered++;
    }
    expect(Math.abs(covered / 400 - 0.95)).toBeLessThan(4 * Math.sqrt((0.95 * 0.05) / 400));
  });

  it('gives costs for losses and back', () => {
    const law = fitPowerLaw(of(0.3, 1e10, 0.5), { floor: 0.5 });
    expect(costFor(law, lossAt(law, 7e10))).toBeCloseTo(7e10, -2);
    expect(costFor(law, 0.5)).toBe(Number.POSITIVE_INFINITY);
  });

  it('crosses another where both give the same loss, the first at its share of the cost', () => {
    const [a, b] = [fitPowerLaw(of(0.04, 1e21)), fitPowerLaw(of(0.07, 1e15))];
    for (const share of [1, 1 / 3]) {
      const cost = Math.exp(logCrossing(a, b, share)!);
      expect(lossAt(a, cost / share)).toBeCloseTo(lossAt(b, cost), 10);
    }
    expect(logCrossing(a, a)).toBeNull();
    expect(() => logCrossing(a, fitPowerLaw(of(0.07, 1e15, 1), { floor: 1 }))).toThrow(/no formula/);
  });

  it('refuses losses that are all equal, at or below the floor, or too few', () => {
    expect(() => fitPowerLaw(costs.map((cost) => ({ cost, loss: 2 })))).toThrow(/no power/);
    expect(() => fitPowerLaw(of(0.1, 1e10), { floor: 5 })).toThrow(/positive/);
    expect(() => fitPowerLaw(of(0.1, 1e10).slice(0, 1))).toThrow();
  });
});

it('interpolation between points follows straight lines in logarithms, and stops at the ends', () => {
  const curve = of(0.1, 1e12);
  expect(interpolateLoss(curve, 5e9)).toBeCloseTo((1e12 / 5e9) ** 0.1, 10);
  expect(interpolateCost(curve, (1e12 / 5e9) ** 0.1)! / 5e9).toBeCloseTo(1, 10);
  expect(interpolateLoss(curve, 5e8)).toBeNull();
  expect(interpolateCost(curve, 100)).toBeNull();
});
