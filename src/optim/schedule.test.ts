import { describe, expect, it } from 'vitest';
import type { Tensor } from '../engine/index.ts';
import { jit, tensor } from '../engine/index.ts';
import type { Schedule } from './schedule.ts';
import {
  constant,
  cosine,
  exponential,
  inverseSqrt,
  linearDecay,
  oneCycle,
  piecewise,
  stepDecay,
  warmup,
} from './schedule.ts';

/** Closed forms in plain Math. */
const rows: Record<string, [Schedule, (t: number) => number]> = {
  constant: [constant(0.3), () => 0.3],
  stepDecay: [stepDecay({ rate: 0.5, every: 4, factor: 0.5 }), (t) => 0.5 * 0.5 ** Math.floor(t / 4)],
  exponential: [exponential({ rate: 0.5, factor: 0.9 }), (t) => 0.5 * 0.9 ** t],
  cosine: [
    cosine({ rate: 1, steps: 12, final: 0.1 }),
    (t) => 0.1 + 0.45 * (1 + Math.cos((Math.PI * Math.min(t, 12)) / 12)),
  ],
  linearDecay: [linearDecay({ rate: 1, steps: 10 }), (t) => Math.max(0, 1 - t / 10)],
  warmup: [warmup(5, exponential({ rate: 1, factor: 0.5 })), (t) => (t < 5 ? (t + 1) / 5 : 0.5 ** (t - 5))],
  inverseSqrt: [inverseSqrt({ rate: 2, warmup: 4 }), (t) => (t < 3 ? (2 * (t + 1)) / 4 : 2 * Math.sqrt(4 / (t + 1)))],
  piecewise: [piecewise({ boundaries: [3, 7], rates: [1, 0.25, 2] }), (t) => (t < 3 ? 1 : t < 7 ? 0.25 : 2)],
};

describe('schedules', () => {
  for (const [name, [schedule, formula]] of Object.entries(rows)) {
    it(`${name} has its closed form, on numbers and under jit`, () => {
      const compiled = jit((t: Tensor) => schedule.at(t));
      for (let t = 0; t < 20; t++) {
        expect(schedule.at(t)).toBeCloseTo(formula(t), 14);
        expect(compiled(tensor(new Int32Array([t]), { shape: [] })).item()).toBeCloseTo(formula(t), 14);
      }
    });
  }

  it('one cycle passes through its corners and the middle of its flanks', () => {
    const cycle = oneCycle({ rate: 1, steps: 21, rise: 1 / 3, startDivisor: 10, finalDivisor: 100 });
    expect(cycle.at(0)).toBeCloseTo(0.1, 14);
    expect(cycle.at(3)).toBeCloseTo(0.55, 14);
    expect(cycle.at(6)).toBeCloseTo(1, 14);
    expect(cycle.at(13)).toBeCloseTo((1 + 0.001) / 2, 14);
    expect(cycle.at(20)).toBeCloseTo(0.001, 14);
  });

  it('refuses cycles and boundaries that cannot be', () => {
    expect(() => oneCycle({ rate: 1, steps: 2 })).toThrow(/no room/);
    expect(() => piecewise({ boundaries: [1], rates: [1] })).toThrow(/need 2 rates/);
    expect(() => cosine({ rate: 1, steps: 0 })).toThrow(/whole number/);
  });
});
