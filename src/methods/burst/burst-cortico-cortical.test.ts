import { describe, expect, it } from 'vitest';
import { random, type Tensor } from '../../engine/index.ts';
import { activation, avgPool, conv2d, crossEntropy, dense, flatten, type Model, model, mse } from '../../nn/index.ts';
import type { Layer, Tree } from '../../nn/layer.ts';
import { backprop } from '../backprop.ts';
import { creditThrough } from '../feedback.ts';
import type { CreditRule } from '../rule.ts';
import { callOf, creditOf, distance, inDtype, inF64, numbersOf } from '../testing/cases.ts';
import { type BurstCorticoCorticalOptions, type BurstState, burstCorticoCortical } from './burst-cortico-cortical.ts';

const sigmoid = (units: number): Layer =>
  dense({ units, activation: 'logistic', init: { distribution: 'normal', mode: 'fanAverage', gain: 3.6 } });

const net = (): Model => model([6], [sigmoid(8), sigmoid(7), sigmoid(5), sigmoid(3)]);

const convNet = (): Model =>
  model(
    [1, 7, 7],
    [
      conv2d({ filters: 3, kernel: 3, stride: 2, activation: 'logistic' }),
      conv2d({ filters: 2, kernel: 2, padding: 1 }),
      activation('logistic'),
      avgPool({ size: 2 }),
      flatten(),
      sigmoid(4),
      sigmoid(3),
    ],
  );

const halfSquares = mse({ features: 'half-sum' });

/** Credit of a rule beside backprop on one call. */
function beside(options: BurstCorticoCorticalOptions, of: Model = net(), loss = halfSquares) {
  const rule = burstCorticoCortical(options);
  const call = callOf(rule, of, { loss });
  const result = creditOf(rule, call);
  const exact = creditOf(backprop(), { ...call, state: null }).credit;
  return { result, exact, call, error: distance(numbersOf(result.credit), numbersOf(exact)) };
}

const slope = (f: (s: number) => number): number => Math.log(f(0.1) / f(0.01)) / Math.log(10);

describe('burst-cortico-cortical', () => {
  it('is silent without a teacher when Q = p_b·Y, in both forms', () => {
    inF64(() => {
      for (const form of ['difference', 'rates'] as const)
        for (const feedback of ['random', 'tied'] as const) {
          const { result } = beside({ feedback, form, teaching: 0, raw: true });
          expect(Math.max(...numbersOf(result.credit).map(Math.abs))).toBe(0);
          expect(numbersOf({ ...result.metrics })).toEqual([0, 0, 0]);
        }
    });
  });

  it('sees apical potentials when Q is left out', () => {
    inF64(() => {
      const { result } = beside({ cancellation: 'random', cancellationScale: 0, teaching: 0, raw: true });
      expect(Math.min(...numbersOf({ ...result.metrics, balance: [] } as never).slice(0, 3))).toBeGreaterThan(0.1);
    });
  });

  it('is backprop up to an error of the second order in s, at every baseline', () => {
    inF64(() => {
      for (const baseline of [0.5, 0.3, 0.1]) {
        const error = (teaching: number): number => beside({ feedback: 'tied', teaching, baseline }).error;
        expect(error(0.01)).toBeLessThan(1e-4);
        expect(slope(error)).toBeCloseTo(2, 2);
      }
    });
  });

  it('is backprop to second order through strides, padding, pooling and reshaping', () => {
    inF64(() => {
      const error = (teaching: number): number => beside({ feedback: 'tied', teaching }, convNet()).error;
      expect(error(0.01)).toBeLessThan(1e-5);
      expect(slope(error)).toBeCloseTo(2, 2);
    });
  });

  it('is feedback alignment to second order when Y is random', () => {
    inF64(() => {
      const error = (teaching: number): number => {
        const { result, call } = beside({ teaching });
        const y = call.state.feedback.y;
        const feedback = [null, ...y.map((w) => ({ w, b: null }))] as unknown as Tree;
        return distance(numbersOf(result.credit), numbersOf(creditThrough(call, feedback).credit));
      };
      expect(error(0.01)).toBeLessThan(1e-3);
      expect(slope(error)).toBeCloseTo(2, 2);
    });
  });

  it('follows ReLU units and softmax outputs to backprop as s falls', () => {
    inF64(() => {
      const relu = model(
        [6],
        [dense({ units: 8, activation: 'relu' }), dense({ units: 5, activation: 'relu' }), dense({ units: 3 })],
      );
      const error = (teaching: number): number => beside({ feedback: 'tied', teaching }, relu, crossEntropy()).error;
      expect(error(1e-4)).toBeLessThan(1e-4);
      expect(error(1e-4)).toBeLessThan(error(1e-2) / 10);
    });
  });

  it('gives equal credit in both forms in f64, and keeps its digits in f32 by the difference form', () => {
    const credit = (form: 'difference' | 'rates', teaching: number): number[] =>
      numbersOf(beside({ feedback: 'symmetric', form, teaching }).result.credit);
    inF64(() => {
      expect(distance(credit('difference', 1), credit('rates', 1))).toBeLessThan(1e-12);
      expect(distance(credit('difference', 0.01), credit('rates', 0.01))).toBeLessThan(1e-9);
    });
    const exact = inF64(() => credit('difference', 0.001));
    expect(
      distance(
        inDtype('f32', () => credit('difference', 0.001)),
        exact,
      ),
    ).toBeLessThan(1e-5);
    expect(
      distance(
        inDtype('f32', () => credit('rates', 0.001)),
        exact,
      ),
    ).toBeGreaterThan(1e-4);
  });

  it('divides p_b·s out unless raw', () => {
    inF64(() => {
      const [own, raw] = [false, true].map((r) => numbersOf(beside({ teaching: 0.5, raw: r }).result.credit));
      expect(
        distance(
          raw!.map((v) => v * 4),
          own!,
        ),
      ).toBeLessThan(1e-14);
    });
  });
});

/** The apical potential of the layer below the output, as plain sums. */
function plainApical(e: Tensor, b: Tensor, y: Tensor, q: Tensor): number[][] {
  const [rows, above] = e.shape as [number, number];
  const below = y.shape[0]!;
  const [ev, bv, yv, qv] = [e, b, y, q].map((t) => t.readSync()) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  return Array.from({ length: rows }, (_, r) =>
    Array.from({ length: below }, (_, i) => {
      let u = 0;
      for (let j = 0; j < above; j++)
        u += bv[r * above + j]! * yv[i * above + j]! - ev[r * above + j]! * qv[i * above + j]!;
      return u;
    }),
  );
}

describe('feedback plasticity', () => {
  it('moves Q by eᵀu of the step, and Y against it', () => {
    inF64(() => {
      const of = model([4], [sigmoid(3), sigmoid(2)]);
      for (const [plasticity, sign] of [
        ['cancellation', 1],
        ['feedback', -1],
      ] as const) {
        const rule = burstCorticoCortical({
          cancellation: 'random',
          plasticity,
          plasticityRate: 0.3,
          teaching: 0,
          raw: true,
        });
        const call = callOf(rule, of, { loss: halfSquares });
        const [y, q] = [call.state.feedback.y[0]!, call.state.feedback.q[0]!];
        const e = of.apply(call.params, call.modelState, call.batch.x)[0];
        const u = plainApical(e, e.mul(0.5), y, q);
        const { feedback } = creditOf(rule, call).state;
        const [moved, start] = plasticity === 'cancellation' ? [feedback.q[0]!, q] : [feedback.y[0]!, y];
        const ev = e.readSync();
        const expected = [0, 1, 2].flatMap((i) =>
          [0, 1].map((j) => (u.reduce((s, row, r) => s + row[i]! * ev[r * 2 + j]!, 0) * (sign * 0.3)) / 4),
        );
        const found = [...moved.readSync()].map((v, k) => v - start.readSync()[k]!);
        expect(distance(found, expected)).toBeLessThan(1e-10);
      }
    });
  });

  it('by Kolen and Pollack gives Y the credit of W and Q p_b times that', () => {
    inF64(() => {
      const rule = burstCorticoCortical({ plasticity: 'kolen-pollack', cancellation: 'symmetric', baseline: 0.4 });
      const { credit, feedback } = creditOf(rule, callOf(rule, net(), { loss: halfSquares }));
      const { y, q } = feedback as unknown as BurstState['feedback'];
      const own = (credit as unknown as { w: Tensor }[]).slice(1).map(({ w }) => numbersOf(w));
      expect(y.map((w) => numbersOf(w))).toEqual(own);
      expect(
        distance(
          numbersOf([...q]),
          own.flat().map((v) => 0.4 * v),
        ),
      ).toBeLessThan(1e-14);
    });
  });
});

describe('what is refused', () => {
  it('names activations with negative rates and layers between that are not linear', () => {
    const reasonOf = (of: Model): unknown => (burstCorticoCortical() as unknown as CreditRule).supports(of);
    expect(reasonOf(model([4], [dense({ units: 3, activation: 'tanh' }), sigmoid(2)]))).toMatchObject({
      reason: expect.stringContaining('tanh'),
    });
    expect(reasonOf(model([4], [sigmoid(3), dense({ units: 2, activation: 'relu' })]))).toMatchObject({
      reason: expect.stringContaining('the output'),
    });
  });

  it('says what to try', () => {
    for (const options of [
      { baseline: 0.6 },
      { baseline: 0 },
      { teaching: 0 },
      { teaching: -1 },
      { feedback: 'none' as never },
      { plasticity: 'cancellation' },
      { plasticity: 'feedback', cancellation: 'tied' },
      { plasticity: 'kolen-pollack', feedback: 'tied' },
    ] as BurstCorticoCorticalOptions[])
      expect(() => burstCorticoCortical(options), JSON.stringify(options)).toThrowError(
        expect.objectContaining({ code: 'ConfigError' }),
      );
    const rule = burstCorticoCortical();
    const call = callOf(rule, model([4], [sigmoid(3), dense({ units: 3 })]), { loss: halfSquares });
    expect(() => rule.credit(call)).toThrowError(expect.objectContaining({ code: 'UnsupportedError' }));
  });

  it('draws other feedback for other keys', () => {
    const of = net();
    const { params } = of.initialise(random.key(1));
    const [a, b] = [1, 2].map((seed) => numbersOf(burstCorticoCortical().init(of, params, random.key(seed)) as never));
    expect(a).not.toEqual(b);
  });
});
