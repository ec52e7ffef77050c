/** Angles, lengths, bias and variance against closed forms. */
import { describe, expect, it } from 'vitest';
import type { Tensor } from '../engine/index.ts';
import { add, mapTree, mul, sum, tensor, zerosLike } from '../engine/index.ts';
import { keyFrom } from '../engine/threefry.ts';
import { backprop } from '../methods/backprop.ts';
import { directFeedbackAlignment } from '../methods/direct-feedback-alignment.ts';
import { forwardGradient } from '../methods/forward-gradient.ts';
import { lengthFactor } from '../methods/perturbation/law.ts';
import type { CreditResult, CreditRule } from '../methods/rule.ts';
import type { Batch, Loss, Tree } from '../nn/index.ts';
import { dense, model, mse } from '../nn/index.ts';
import { sgd } from '../optim/index.ts';
import { logGamma } from '../stats/index.ts';
import { Diagnostics } from './diagnose.ts';
import { initialState } from './trainer.ts';

const key = keyFrom(5);

/** Backprop with its credit passed through a function. */
const altered = (change: (credit: Tree) => Tree): CreditRule => ({
  ...(backprop() as CreditRule),
  credit(call) {
    const result = backprop().credit({ ...call, state: null }) as CreditResult<null>;
    return { ...result, credit: change(result.credit) };
  },
});

/** The loss is the sum of the outputs, so the gradient of w is x, whatever w. */
const total: Loss = { ...mse(), name: 'total', value: (y) => sum(y), perSample: (y) => sum(y, 1) };
const line = model([2], [dense({ units: 1, bias: false })]);
const batch: Batch = { x: tensor([[3, 4]]), y: tensor([[0]]) };

const diagnosisOf = (rule: CreditRule, net = line, loss = total) => ({
  diagnostics: new Diagnostics(net, loss, rule),
  state: initialState({ model: net, rule, optimizer: sgd({ learningRate: 1 }), key }),
});

const measured = async (rule: CreditRule) => {
  const { diagnostics, state } = diagnosisOf(rule);
  return diagnostics.measure(state, batch, key);
};

describe('the angle and the length of credit', () => {
  it.each([
    ['the gradient itself', (g: Tensor) => g, 0, 1],
    ['twice the gradient', (g: Tensor) => mul(g, 2), 0, 2],
    ['its opposite', (g: Tensor) => mul(g, -0.5), 180, 0.5],
    ['(4, 3) beside (3, 4)', () => tensor([[4], [3]]), (Math.acos(24 / 25) * 180) / Math.PI, 1],
    ['(−4, 3) beside (3, 4)', () => tensor([[-4], [3]]), 90, 1],
    ['(1, 0) beside (3, 4)', () => tensor([[1], [0]]), (Math.acos(3 / 5) * 180) / Math.PI, 0.2],
  ] as const)('%s', async (_, change, angle, ratio) => {
    const { angleDeg, normRatio } = await measured(altered((credit) => mapTree(change, credit)));
    expect(angleDeg[0]!).toBeCloseTo(angle, 1);
    expect(normRatio[0]!).toBeCloseTo(ratio, 5);
  });

  it('has no angle where the credit is zero', async () => {
    const { angleDeg, normRatio } = await measured(altered((credit) => mapTree(zerosLike, credit)));
    expect([angleDeg, normRatio]).toEqual([[null], [0]]);
  });

  it('is told layer by layer', async () => {
    const net = model([2], [dense({ units: 3 }), dense({ units: 1 })]);
    const flipLast = altered((credit) => {
      const [first, last] = credit as readonly Tree[];
      return [first!, mapTree((g: Tensor) => mul(g, -3), last!)];
    });
    const { diagnostics, state } = diagnosisOf(flipLast, net);
    const { angleDeg, normRatio } = await diagnostics.measure(state, batch, key);
    expect(angleDeg[0]!).toBeLessThan(0.1);
    expect(angleDeg[1]!).toBeGreaterThan(179.9);
    expect([normRatio[0]!, normRatio[1]!].map((x) => Math.round(x * 1e4) / 1e4)).toEqual([1, 3]);
  });

  it('is unknown for rules that ask the outside world', async () => {
    const outside = { ...altered((credit) => credit), isAsync: true };
    expect(await measured(outside)).toEqual({ angleDeg: [null], normRatio: [null] });
  });
});

/** The relative gradient x of a wide line: 40 weights, gradient cos i. */
const WIDTH = 40;
const wide = model([WIDTH], [dense({ units: 1, bias: false })]);
const wideBatch: Batch = { ...batch, x: tensor([Array.from({ length: WIDTH }, (_, i) => Math.cos(i))]) };

const statisticsOf = async (rule: CreditRule, draws: number, from = key) => {
  const { diagnostics, state } = diagnosisOf(rule, wide);
  return (await diagnostics.statistics(state, wideBatch, from, { draws }))[0]!;
};

const covers = ({ low, high }: { low: number; high: number }, value: number) => low <= value && value <= high;

describe('statistics over keys', () => {
  it('are those of the gradient for backprop', async () => {
    const s = await statisticsOf(backprop() as CreditRule, 4);
    for (const zero of [s.bias, s.variance, s.error]) expect(zero.estimate).toBe(0);
    expect([s.normRatio.estimate, s.snr, s.biasP]).toEqual([1, null, null]);
    expect(s.angleDeg!.estimate).toBeLessThan(1e-4);
  });

  it('tell a fixed error from a random one', async () => {
    const s = await statisticsOf(
      altered((credit) => mapTree((g: Tensor) => mul(g, 1.5), credit)),
      4,
    );
    expect(s.bias.estimate).toBeCloseTo(0.5, 6);
    expect(s.variance.estimate).toBeCloseTo(0, 10);
    expect(s.normRatio.estimate).toBeCloseTo(1.5, 6);
  });

  it('of forward gradients with signs: no bias, error and variance n − 1, signal to noise 1/(n − 1)', async () => {
    const s = await statisticsOf(forwardGradient({ law: 'rademacher' }) as CreditRule, 200);
    expect(covers(s.error, WIDTH - 1)).toBe(true);
    expect(covers(s.variance, WIDTH - 1)).toBe(true);
    expect(s.variance.high - s.variance.low).toBeLessThan(WIDTH);
    expect(covers(s.biasSquared, 0)).toBe(true);
    expect(s.biasP!).toBeGreaterThan(0.01);
    expect(covers(s.snr!, 1 / (WIDTH - 1))).toBe(true);
    expect(s.standardError).toBeCloseTo(Math.sqrt(s.variance.estimate / 200), 9);
    // The mean of all draws points along the gradient, a single one hardly does.
    expect(s.meanAngleDeg!.estimate).toBeLessThan(40);
    expect(s.angleDeg!.estimate).toBeGreaterThan(75);
  });

  it('of forward gradients with gaussian tangents: variance n + 1, cosine Γ(n/2)/(√π·Γ((n + 1)/2))', async () => {
    const s = await statisticsOf(forwardGradient({ law: 'gaussian' }) as CreditRule, 400);
    const cosine = Math.exp(logGamma(WIDTH / 2) - logGamma((WIDTH + 1) / 2)) / Math.sqrt(Math.PI);
    expect(covers(s.cosine!, cosine)).toBe(true);
    expect(s.cosine!.high - s.cosine!.low).toBeLessThan(0.3 * cosine);
    expect(lengthFactor('gaussian', WIDTH)).toBe(WIDTH + 2);
    expect(covers(s.variance, WIDTH + 1)).toBe(true);
  });

  it('find a bias that is far smaller than the noise', async () => {
    // The forward gradient is off by 1.5 times the gradient's length, under noise of √39 of it.
    const plain = forwardGradient({ law: 'rademacher' }) as CreditRule;
    const biased: CreditRule = {
      ...plain,
      credit(call) {
        const result = plain.credit(call) as CreditResult<Tree>;
        const exact = (backprop().credit({ ...call, state: null }) as CreditResult<null>).credit;
        return { ...result, credit: mapTree((c: Tensor, g: Tensor) => add(c, mul(g, 1.5)), result.credit, exact) };
      },
    };
    const s = await statisticsOf(biased, 200);
    expect(s.biasP!).toBeLessThan(0.001);
    expect(covers(s.bias, 1.5)).toBe(true);
    expect(s.bias.low).toBeGreaterThan(0);
  });

  it('of direct feedback: exact in the last layer, biased without noise below', async () => {
    const net = model([2], [dense({ units: 3, activation: 'tanh' }), dense({ units: 2 })]);
    const call = { ...batch, x: tensor([[0.3, -0.4]]), y: tensor([[1, 0]]) };
    const { diagnostics, state } = diagnosisOf(directFeedbackAlignment() as CreditRule, net, mse());
    const [hidden, last] = await diagnostics.statistics(state, call, key, { draws: 4 });
    expect(last!.bias.estimate).toBeLessThan(1e-6);
    expect(hidden!.bias.estimate).toBeGreaterThan(0.1);
    expect(hidden!.variance.estimate).toBe(0);
    expect(hidden!.bias.low).toBeCloseTo(hidden!.bias.high, 9);
  });

  it('are there for rules that ask the outside world, and not where the gradient is 0', async () => {
    const outside = altered((credit) => mapTree((g: Tensor) => mul(g, 2), credit));
    const asked: CreditRule = { ...outside, isAsync: true, credit: async (call) => outside.credit(call) };
    expect((await statisticsOf(asked, 4)).bias.estimate).toBeCloseTo(1, 6);
    const { diagnostics, state } = diagnosisOf(backprop() as CreditRule);
    expect(await diagnostics.statistics(state, { ...batch, x: tensor([[0, 0]]) }, key)).toEqual([null]);
    await expect(diagnostics.statistics(state, batch, key, { draws: 3 })).rejects.toThrow(/3 draws/);
  });
});
