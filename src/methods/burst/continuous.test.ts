import { describe, expect, it } from 'vitest';
import { fromArray, random, type Tensor } from '../../engine/index.ts';
import { inF64, numbersOf } from '../testing/cases.ts';
import { type ContinuousBurstOptions, continuousBurst, restingNetwork } from './continuous.ts';

const sigma = (x: number): number => 1 / (1 + Math.exp(-x));
const STEPS = 40;
const inputs = Array.from({ length: STEPS }, (_, k) => Math.cos(0.3 * k));
const targets = Array.from({ length: STEPS }, (_, k) => 0.5 + 0.3 * Math.sin(0.3 * k));
const stream = () => ({
  inputs: fromArray(Float64Array.from(inputs), [STEPS, 1], 'f64'),
  targets: fromArray(Float64Array.from(targets), [STEPS, 1], 'f64'),
});

interface Unit {
  w: number;
  c: number;
  v: number;
  e: number;
  p: number;
  u: number;
  me: number;
  mb: number;
}

/** A chain of single units, written out. */
function written(rule: 'burst-cortico-cortical' | 'burstprop', [w1, w2]: readonly [number, number]): [Unit, Unit] {
  const unit = (w: number): Unit => ({ w, c: 0, v: 0, e: 0.5, p: 0.5, u: 0, me: 0.5, mb: 0.25 });
  let [hidden, out] = [unit(w1), unit(w2)];
  const [alpha, beta, mean, eta] = [0.5, 0.25, 0.1, 0.1];
  const isMean = rule === 'burstprop';
  for (let k = 0; k < STEPS; k++) {
    const [h, o] = [{ ...hidden }, { ...out }];
    for (const [next, was] of [
      [h, hidden],
      [o, out],
    ] as const) {
      next.me = (1 - mean) * was.me + mean * was.e;
      next.mb = (1 - mean) * was.mb + mean * was.p * was.e;
    }
    h.v = (1 - alpha) * hidden.v + alpha * (inputs[k]! * hidden.w + hidden.c);
    h.e = sigma(h.v);
    o.v = (1 - alpha) * out.v + alpha * (h.e * out.w + out.c);
    o.e = sigma(o.v);
    const rate = isMean ? out.me : o.e;
    o.p = 0.5 + 0.5 * (targets[k]! - rate) * (1 - rate);
    const drive = isMean
      ? (1 - hidden.e) * out.w * out.p * out.e
      : 4 * (1 - hidden.e) * (out.w * out.p * out.e - 0.5 * out.w * out.e);
    h.u = (1 - beta) * hidden.u + beta * drive;
    h.p = sigma(h.u);
    const [hm, om] = isMean ? [hidden.mb / hidden.me, out.mb / out.me] : [0.5, 0.5];
    const [dh, dOut] = [(hidden.p - hm) * hidden.e * eta, (out.p - om) * out.e * eta];
    h.w += dh * inputs[k]!;
    h.c += dh;
    o.w += dOut * h.e;
    o.c += dOut;
    [hidden, out] = [h, o];
  }
  return [hidden, out];
}

const settings: ContinuousBurstOptions = {
  timeStep: 0.1,
  somaticTime: 0.2,
  apicalTime: 0.4,
  averageTime: 1,
  weightTime: 1,
};

describe('continuousBurst', () => {
  it('follows the equations, unit by unit', () => {
    inF64(() => {
      for (const rule of ['burst-cortico-cortical', 'burstprop'] as const) {
        const start = restingNetwork(random.key(4), [1, 1, 1]);
        const weights = start.map(({ w }) => w.item()) as [number, number];
        const [after] = continuousBurst({ ...settings, rule })(start, stream(), true);
        const expected = written(rule, weights);
        after.forEach((units, l) => {
          const { w, c, v, e, p, u, me, mb } = expected[l]!;
          const found = [units.w, units.c, units.v, units.e, units.p, units.u, units.meanEvents, units.meanBursts].map(
            (t: Tensor) => t.item(),
          );
          [w, c, v, e, p, u, me, mb].forEach((value, i) => {
            expect(found[i], `${rule}, layer ${l}, ${i}`).toBeCloseTo(value, 12);
          });
        });
      }
    });
  });

  it('is silent without a teacher: no apical potential, no burst beyond the baseline, no change', () => {
    inF64(() => {
      const start = restingNetwork(random.key(4), [1, 5, 1]);
      const [after, errors] = continuousBurst(settings)(start, stream(), false);
      for (const [l, units] of after.entries()) {
        expect(numbersOf(units.w)).toEqual(numbersOf(start[l]!.w));
        expect(new Set(numbersOf(units.u))).toEqual(new Set([0]));
        expect(new Set(numbersOf(units.p))).toEqual(new Set([0.5]));
      }
      expect(errors.shape).toEqual([STEPS]);
    });
  });

  it('refuses a step longer than a time constant', () => {
    expect(() => continuousBurst({ timeStep: 1 })).toThrowError(expect.objectContaining({ code: 'ConfigError' }));
    expect(() => continuousBurst({ rule: 'other' as never })).toThrowError(
      expect.objectContaining({ code: 'ConfigError' }),
    );
  });
});
