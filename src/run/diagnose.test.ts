/** Angles, lengths, bias and variance against closed forms. */
import { describe, expect, it } from 'vitest';
import type { Tensor } from '../engine/index.ts';
import { mapTree, mul, sum, tensor, zerosLike } from '../engine/index.ts';
import { keyFrom } from '../engine/threefry.ts';
import { backprop } from '../methods/backprop.ts';
import { forwardGradient } from '../methods/forward-gradient.ts';
import { lengthFactor } from '../methods/perturbation/law.ts';
import type { CreditResult, CreditRule } from '../methods/rule.ts';
import type { Batch, Loss, Tree } from '../nn/index.ts';
import { dense, model, mse } from '../nn/index.ts';
import { sgd } from '../optim/index.ts';
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

describe('bias and variance over keys', () => {
  it('are zero for backprop', async () => {
    const { diagnostics, state } = diagnosisOf(backprop() as CreditRule);
    const { bias, variance } = await diagnostics.spread(state, batch, key, 4);
    expect([bias, variance]).toEqual([[0], [0]]);
  });

  it('tell a fixed error from a random one', async () => {
    const { diagnostics, state } = diagnosisOf(altered((credit) => mapTree((g: Tensor) => mul(g, 1.5), credit)));
    const { bias, variance } = await diagnostics.spread(state, batch, key, 4);
    expect(bias[0]!).toBeCloseTo(0.5, 6);
    expect(variance[0]!).toBeCloseTo(0, 6);
  });

  it('show forward gradients as unbiased: variance c − 1, bias falling like 1/√draws', async () => {
    const wide = model([40], [dense({ units: 1, bias: false })]);
    const x = tensor([Array.from({ length: 40 }, (_, i) => Math.cos(i))]);
    const rule = forwardGradient({ law: 'rademacher' }) as CreditRule;
    const { diagnostics, state } = diagnosisOf(rule, wide);
    const spread = (draws: number) => diagnostics.spread(state, { ...batch, x }, key, draws);
    const [few, many] = [await spread(16), await spread(256)];
    const c = lengthFactor('rademacher', 40);
    expect(many.variance[0]! / (c - 1)).toBeCloseTo(1, 0);
    for (const [{ bias }, draws] of [
      [few, 16],
      [many, 256],
    ] as const) {
      expect(bias[0]!).toBeLessThan(2 * Math.sqrt((c - 1) / draws));
      expect(bias[0]!).toBeGreaterThan(0.3 * Math.sqrt((c - 1) / draws));
    }
  });
});
