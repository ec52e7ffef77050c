/** Kolen–Pollack: what W gets, B gets, so their difference obeys a law that knows no data. */
import { describe, expect, it } from 'vitest';
import { tensorsOf } from '../engine/tree-algebra.ts';
import type { Optimizer } from '../optim/index.ts';
import { adam, momentum, sgd } from '../optim/index.ts';
import { applyCredit } from '../run/trainer.ts';
import { weightsOf } from './feedback.ts';
import { feedbackAlignment } from './feedback-alignment.ts';
import type { KolenPollackState } from './kolen-pollack.ts';
import { kolenPollack } from './kolen-pollack.ts';
import type { CreditRule } from './rule.ts';
import { callOf, creditOf, distance, inF64, kinds, numbersOf } from './testing/cases.ts';

const rule = kolenPollack();

/** B − W before training and after each of some steps. */
function differences(kind: string, optimizer: Optimizer, steps: number): number[][] {
  const call = callOf(rule, kinds[kind]!());
  let { params, modelState, state } = call;
  let memory = optimizer.init(params);
  let feedbackMemory = optimizer.init(state.feedback);
  const gap = (): number[] => {
    const w = numbersOf(weightsOf(call.model, params));
    return numbersOf(state.feedback).map((b, i) => b - w[i]!);
  };
  const seen = [gap()];
  for (let t = 0; t < steps; t++) {
    const result = creditOf(rule, { ...call, params, modelState, state });
    const before = { params, modelState, rule: state, optimizer: memory, feedbackOptimizer: feedbackMemory };
    const { state: next } = applyCredit({ rule: rule as CreditRule, optimizer }, before, result);
    ({ params, modelState, optimizer: memory, feedbackOptimizer: feedbackMemory } = next);
    state = next.rule as KolenPollackState;
    seen.push(gap());
  }
  return seen;
}

describe('Kolen–Pollack learning', () => {
  it.each(Object.keys(kinds))('shrinks B − W by 1 − ηλ a step under decay: %s', (kind) => {
    inF64(() => {
      const [rate, decay] = [0.1, 0.5];
      const seen = differences(kind, sgd({ learningRate: rate, weightDecay: decay }), 10);
      seen.forEach((gap, t) => {
        const expected = seen[0]!.map((x) => x * (1 - rate * decay) ** t);
        expect(distance(gap, expected)).toBeLessThan(1e-12);
      });
    });
  });

  it.each([
    ['sgd', sgd({ learningRate: 0.1 })],
    ['momentum', momentum({ learningRate: 0.1 })],
    ['adam', adam({ learningRate: 0.01 })],
  ])('keeps B − W as it was drawn without decay: %s', (_, optimizer) => {
    inF64(() => {
      const seen = differences('mlp', optimizer, 5);
      expect(distance(seen.at(-1)!, seen[0]!)).toBeLessThan(1e-12);
    });
  });

  it('uses B as feedback alignment does, and hands it the credit of W', () => {
    const call = callOf(rule, kinds.mlp!());
    const result = creditOf(rule, call);
    const aligned = creditOf(feedbackAlignment(), call);
    expect(numbersOf(result.credit)).toEqual(numbersOf(aligned.credit));
    expect(numbersOf(result.feedback)).toEqual(numbersOf(weightsOf(call.model, result.credit)));
    expect(tensorsOf(result.feedback).map((x) => x.shape)).toEqual(tensorsOf(call.state.feedback).map((x) => x.shape));
  });
});
