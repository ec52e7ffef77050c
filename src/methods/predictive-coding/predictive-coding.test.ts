/** Predictive coding: what its relaxation is, when it is backprop, and when it is not. */
import { describe, expect, it } from 'vitest';
import type { Tensor } from '../../engine/index.ts';
import { add, grad, matmul, oneHot, trees } from '../../engine/index.ts';
import { conv2d, crossEntropy, dense, flatten, model, mse } from '../../nn/index.ts';
import type { Tree } from '../../nn/layer.ts';
import { backprop } from '../backprop.ts';
import { levelled, networkOf } from '../energy/build.ts';
import { contrast, nudged, settle } from '../energy/energy.ts';
import { forwardValues, type Network } from '../energy/network.ts';
import { predictionEnergy } from '../energy/prediction.ts';
import type { CreditCall, CreditRule } from '../rule.ts';
import { callOf, creditOf, distance, inF64, kinds, numbersOf } from '../testing/cases.ts';
import { type Matrix, product, transposed } from '../testing/oracle.ts';
import { autonomousInferenceLearning } from './autonomous.ts';
import { surroundingsOf } from './credit.ts';
import { inferenceLearning } from './inference-learning.ts';
import { predictiveCodingNudge } from './nudge.ts';
import { infer } from './relaxation.ts';
import { outputError } from './wave.ts';
import { zeroDivergence, zeroDivergenceCredit } from './zero-divergence.ts';

/** Backprop on a network by one derivative through all of it: the oracle for graphs that no model describes. */
function distanceOn(net: Network, call: CreditCall<null>): number {
  const loss = (params: Tree): Tensor => {
    const { values } = forwardValues(net, { ...surroundingsOf(call), params });
    return call.loss.value(values.at(-1)!, call.batch);
  };
  const { credit } = zeroDivergenceCredit(call, net, { step: 1, timing: 'own', startNoise: 0 });
  return distance(numbersOf(credit), numbersOf(grad(loss)(call.params)));
}

const errorOf = (rule: CreditRule<null>, make = kinds.mlp!, loss = crossEntropy()): number => {
  const call = callOf(rule, make(), { loss });
  return distance(numbersOf(creditOf(rule, call).credit), numbersOf(creditOf(backprop(), call).credit));
};

describe('PC-Nudge', () => {
  const settled = { steps: 350, rate: 0.25 };

  it.each(Object.entries(kinds))(
    'tends to backprop in proportion to λ, %s',
    (_, make) => {
      inF64(() => {
        const [weak, weaker] = [1e-3, 1e-4].map((nudge) => errorOf(predictiveCodingNudge({ nudge, ...settled }), make));
        expect(weak).toBeLessThan(2e-2);
        expect(weak! / weaker!).toBeGreaterThan(9);
        expect(weak! / weaker!).toBeLessThan(11);
      });
    },
    30_000,
  );

  it('settles where the energy with a free output settles, at λ = β/(1 + β)', () => {
    inF64(() => {
      const beta = 0.25;
      const call = callOf(backprop(), kinds.mlp!(), { loss: mse({ features: 'half-sum' }) });
      const [net, around] = [networkOf(call.model), surroundingsOf(call)];
      const energy = predictionEnergy(net, around, call.loss, call.batch);
      const start = forwardValues(net, around).values;
      const { state } = settle(energy, call.params, start, nudged(beta), { steps: 800, rate: 0.4 });
      const other = infer(net, around, { ...call, nudge: beta / (1 + beta) }, { steps: 800, rate: 0.4 });
      expect(distance(numbersOf(state.slice(0, -1)), numbersOf(other.values.slice(0, -1)))).toBeLessThan(1e-12);
      const generic = contrast(energy, call.params, { state, nudge: beta }, { state: start, nudge: 0 });
      const own = creditOf(predictiveCodingNudge({ nudge: beta / (1 + beta), steps: 800, rate: 0.4 }), call).credit;
      const ratio = trees.scale(generic, (1 + beta) / call.batch.x.shape[0]!);
      expect(distance(numbersOf(ratio), numbersOf(own))).toBeLessThan(1e-11);
    });
  });

  it('loses no digits to a weak nudge in f32', () => {
    const call = callOf(backprop(), kinds.mlp!());
    const credit = (nudge: number) => numbersOf(creditOf(predictiveCodingNudge({ nudge, ...settled }), call).credit);
    expect(distance(credit(1e-6), numbersOf(creditOf(backprop(), call).credit))).toBeLessThan(1e-5);
  });

  it('says whether it reached the equilibrium', () => {
    const call = callOf(backprop(), kinds.mlp!());
    const [short, long] = [5, 100].map((steps) => creditOf(predictiveCodingNudge({ steps, rate: 0.3 }), call).metrics);
    expect([short!.settled!.item(), long!.settled!.item()]).toEqual([0, 1]);
    expect(long!.residual!.item()).toBeLessThan(1e-3);
  });

  it('has the scale of the paper when asked', () => {
    const call = callOf(backprop(), kinds.mlp!());
    const [own, raw] = [false, true].map((isRaw) =>
      numbersOf(creditOf(predictiveCodingNudge({ nudge: 0.5, raw: isRaw }), call).credit),
    );
    expect(
      distance(
        raw!,
        own!.map((g) => g * 0.5 * 4),
      ),
    ).toBeLessThan(1e-6); // λ·B
  });

  it('refuses options that mean nothing', () => {
    expect(() => predictiveCodingNudge({ nudge: 0 })).toThrow(/nudge is 0/);
    expect(() => predictiveCodingNudge({ steps: 0 })).toThrow(/steps is 0/);
    expect(() => inferenceLearning({ rate: Number.NaN })).toThrow(/rate is NaN/);
  });
});

describe('inference learning', () => {
  it('is not backprop', () => {
    expect(inF64(() => errorOf(inferenceLearning({ steps: 300 })))).toBeGreaterThan(0.05);
  });

  it('leaves an output error of e·(I + WᵀW)⁻¹ on a linear net, however small e is', () => {
    inF64(() => {
      const call = callOf(backprop(), model([4], [dense({ units: 5 }), dense({ units: 3 })]), {
        loss: mse({ features: 'half-sum' }),
      });
      const w = (call.params as unknown as { w: Tensor }[])[1]!.w; // (5, 3)
      const { errors, free } = infer(
        networkOf(call.model),
        surroundingsOf(call),
        { ...call, nudge: 1 },
        { steps: 2000, rate: 0.1 },
      );
      const left = errors.at(-1)!; // (B, 3)
      const rebuilt = add(left, matmul(left, matmul(w, w, { transposeX: true })));
      const error = outputError(call.loss, call.batch, free.at(-1)!);
      expect(distance(numbersOf(rebuilt), numbersOf(error))).toBeLessThan(1e-10);
    });
  });
});

describe.each([
  ['Z-IL', zeroDivergence],
  ['lean Z-IL', () => zeroDivergence({ lean: true })],
  ['Fa-Z-IL', autonomousInferenceLearning],
] as const)('%s', (_, rule) => {
  const convolutional = () =>
    model(
      [1, 6, 6],
      [
        conv2d({ filters: 3, kernel: 3, activation: 'tanh' }),
        conv2d({ filters: 2, kernel: 3, activation: 'relu' }),
        flatten(),
        dense({ units: 3 }),
      ],
    );

  it.each(Object.entries({ ...kinds, 'conv net': convolutional }))('is backprop to rounding, %s', (__, make) => {
    inF64(() => {
      expect(errorOf(rule(), make)).toBeLessThan(1e-12);
      expect(errorOf(rule(), make, mse({ batch: 'sum' }))).toBeLessThan(1e-12);
    });
  });
});

describe('Z-IL', () => {
  it('needs all three conditions', () => {
    inF64(() => {
      expect(errorOf(zeroDivergence({ step: 0.9 }))).toBeGreaterThan(1e-2);
      expect(errorOf(zeroDivergence({ step: 0.99999 }))).toBeGreaterThan(1e-7);
      expect(errorOf(zeroDivergence({ startNoise: 0.1 }))).toBeGreaterThan(1e-2);
      expect(errorOf(zeroDivergence({ timing: 'late' }))).toBeGreaterThan(1e-2);
      expect(errorOf(zeroDivergence({ timing: 'last' }))).toBeGreaterThan(1e-2);
    });
  });

  it('adds up what several uses of one weight learn', () => {
    inF64(() => {
      const call = callOf(backprop(), model([4], [dense({ units: 4, activation: 'tanh' }), dense({ units: 4 })]));
      const chain = networkOf(call.model).vertices;
      const tied: Network = {
        vertices: [
          chain[0]!,
          { ...chain[0]!, parents: [0] },
          { ...chain[0]!, parents: [1] },
          { ...chain[1]!, parents: [2] },
        ],
      };
      expect(distanceOn(levelled(tied), call)).toBeLessThan(1e-12);
    });
  });

  it('is wrong on a residual net without identity vertices, and right with them', () => {
    inF64(() => {
      const call = callOf(backprop(), kinds['residual net']!());
      const net = networkOf(call.model);
      expect(distanceOn(net, call)).toBeGreaterThan(0.1);
      expect(distanceOn(levelled(net), call)).toBeLessThan(1e-12);
    });
  });

  it('is the in-place rule of the paper, written out in plain loops', () => {
    inF64(() => {
      const loss = mse({ features: 'half-sum', batch: 'sum' });
      const layers = [5, 4, 3].map((units, i) =>
        dense({ units, activation: i < 2 ? 'tanh' : 'identity', bias: false }),
      );
      const call = callOf(backprop(), model([4], layers), { loss });
      const weights = (call.params as unknown as { w: Tensor }[]).map(({ w }) => w.toArray() as Matrix);
      const targets = oneHot(call.batch.y, 3, 'f64').toArray() as Matrix;
      const changes = inPlace(weights, call.batch.x.toArray() as Matrix, targets, 0.01);
      const { credit } = creditOf(zeroDivergence(), call);
      expect(
        distance(
          numbersOf(credit),
          changes.flat(2).map((v) => -v),
        ),
      ).toBeLessThan(1e-14);
    });
  });

  it('refuses to be lean where a condition is broken', () => {
    expect(() => zeroDivergence({ lean: true, step: 0.5 })).toThrow(/one is broken/);
    expect(() => zeroDivergence({ timing: 'soon' as 'late' })).toThrow(/timing is "soon"/);
    expect(() => zeroDivergence({ startNoise: -1 })).toThrow(/startNoise is -1/);
  });
});

describe('Fa-Z-IL', () => {
  it('fires at the depth of each vertex, from the error alone', () => {
    const call = callOf(backprop(), kinds.mlp!());
    const { metrics } = creditOf(autonomousInferenceLearning({ steps: 6 }), call);
    expect(Object.entries(metrics).map(([name, at]) => [name, at.item()])).toEqual([
      ['firedAt.dense0', 2],
      ['firedAt.dense1', 1],
      ['firedAt.dense2', 0],
    ]);
  });

  it('leaves what lies deeper than its steps unchanged', () => {
    const call = callOf(backprop(), kinds.mlp!());
    const { credit, metrics } = creditOf(autonomousInferenceLearning({ steps: 2 }), call);
    expect(metrics['firedAt.dense0']!.item()).toBe(-1);
    expect(numbersOf((credit as readonly Tensor[])[0]!).every((g) => g === 0)).toBe(true);
  });
});

/** Z-IL as printed: predictions from tanh of the layer below (the input as it is), all moves from one moment, and each weight changed at its own step while inference goes on. Returns Δθ/α from the input on. */
function inPlace(start: readonly Matrix[], input: Matrix, targets: Matrix, alpha: number): Matrix[] {
  const theta = start.map((w) => w.map((row) => [...row]));
  const sends = (x: Matrix, k: number): Matrix => (k === 0 ? x : x.map((row) => row.map(Math.tanh)));
  const zip = (a: Matrix, b: Matrix, f: (x: number, y: number) => number): Matrix =>
    a.map((row, i) => row.map((v, j) => f(v, b[i]![j]!)));
  const x = [input];
  for (const [k, w] of theta.entries()) x.push(product(sends(x[k]!, k), w));
  x[theta.length] = targets;
  const changes: Matrix[] = [];
  for (let t = 0; t < theta.length; t++) {
    const errors = theta.map((w, k) => zip(x[k + 1]!, product(sends(x[k]!, k), w), (a, b) => a - b));
    const moves = theta.slice(1).map((w, k) => {
      const back = product(errors[k + 1]!, transposed(w));
      const slopes = x[k + 1]!.map((row) => row.map((v) => 1 - Math.tanh(v) ** 2));
      return zip(
        zip(back, slopes, (a, b) => a * b),
        errors[k]!,
        (a, b) => a - b,
      );
    });
    const at = theta.length - 1 - t;
    changes[at] = product(transposed(sends(x[at]!, at)), errors[at]!);
    theta[at] = zip(theta[at]!, changes[at]!, (w, d) => w + alpha * d);
    moves.forEach((move, k) => {
      x[k + 1] = zip(x[k + 1]!, move, (a, b) => a + b);
    });
  }
  return changes;
}
